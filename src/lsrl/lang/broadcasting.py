"""Values that fit one another: dimension 1 becomes any dimension."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from lsrl.errors import ShapeError
from lsrl.lang.constants import Constant, as_value, is_number
from lsrl.lang.matrix import diagonal, ones
from lsrl.lang.numbers import exact_vector, whole_number
from lsrl.lang.primitives import Linear
from lsrl.lang.values import Value


def broadcast(x: Any, dim: int, *, name: str | None = None) -> Value:
    """`x` repeated to dimension `dim`; a value that has it already is returned as it is.

    >>> from lsrl import Input
    >>> broadcast(Input(1), 3).dim
    3
    """
    value, dim = as_value(x, "broadcast"), whole_number(dim, "dimension of broadcast")
    if value.dim == dim:
        return value
    if value.dim != 1:
        raise ShapeError(f"{value.label} has dimension {value.dim}; expected 1 or {dim}")
    if is_number(value):
        return Constant(exact_vector(value.numbers, dim, "constant"), name=name)
    return Linear(value, ones(dim, 1), name=name, hint="broadcast")


def same_dimension(*items: Any) -> list[Value]:
    """The values, those of dimension 1 repeated to the others' dimension.

    >>> from lsrl import Input
    >>> [value.dim for value in same_dimension(Input(1), Constant([1, 2]))]
    [2, 2]
    """
    values = [as_value(item) for item in items]
    dim = max(value.dim for value in values)
    for value in values:
        if value.dim not in (1, dim):
            sizes = ", ".join(f"{v.label} has {v.dim}" for v in values)
            raise ShapeError(f"dimensions differ: {sizes}; expected equal ones, or 1")
    return [broadcast(value, dim) for value in values]


def scaled(x: Value, factor: fmpq, hint: str = "scaled") -> Value:
    """`factor` times `x`.

    >>> from lsrl import Input
    >>> scaled(Input(2), fmpq(3)).dim
    2
    """
    return Linear(x, diagonal([factor] * x.dim), hint=hint)
