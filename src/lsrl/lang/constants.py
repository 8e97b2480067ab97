"""Numbers among values: `Constant`, and the rule by which a number may stand where a value is expected."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from lsrl.errors import NumberError, ShapeError, shortened
from lsrl.lang.numbers import Vector, exact_vector, is_sequence, plain
from lsrl.lang.values import Value, value_of


class Constant(Value):
    """The same numbers at every step.

    >>> Constant([1, "1/2"])
    <Constant 'constant' of dimension 2>
    """

    __slots__ = ("numbers",)
    default_hint = "constant"

    numbers: Vector

    def __init__(self, numbers: Any, *, name: str | None = None, hint: str | None = None) -> None:
        numbers = plain(numbers)
        dim = len(numbers) if is_sequence(numbers) else 1
        super().__init__(dim, (), name, hint, numbers=exact_vector(numbers, dim, "constant"))


def is_number(value: Value) -> TypeGuard[Constant]:
    """Whether a value is numbers without a name, which the library may put into a matrix.

    >>> is_number(Constant(1)), is_number(Constant(1, name="one"))
    (True, False)
    """
    return isinstance(value, Constant) and value.name is None


def as_value(item: Any, what: str = "an operation") -> Value:
    """A value as it is; a number, or several, as a `Constant`. Every function of the library takes its values by it.

    Raises `NumberError` or `ShapeError` for what is neither, naming `what` it is for, and `ProgramError` for a truth
    value of Python: that is what x == y would have been.

    >>> as_value([1, 2])
    <Constant 'constant' of dimension 2>
    """
    if isinstance(item, (Value, bool, np.bool_)):
        return value_of(item, what)
    try:
        return Constant(item)
    except (NumberError, ShapeError) as problem:
        expected = "expected a value, or finite numbers like 2, 0.1 or '1/3' (lsrl.Concat joins values)"
        raise type(problem)(f"{what} of {shortened(item)}; {expected}") from None
