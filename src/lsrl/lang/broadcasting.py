"""Values that fit one another: numbers become values, dimension 1 becomes any dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from lsrl.errors import ShapeError
from lsrl.lang.matrix import diagonal, ones
from lsrl.lang.numbers import exact_vector, whole_number
from lsrl.lang.primitives import Constant, Linear
from lsrl.lang.values import Value, value_of


def as_value(item: Any) -> Value:
    """A value as it is; numbers as a `Constant`.

    >>> as_value([1, 2])
    <Constant 'constant' of dimension 2>
    """
    if isinstance(item, (bool, np.bool_)):
        return value_of(item, "an operation")
    return item if isinstance(item, Value) else Constant(item)


def broadcast(x: Value, dim: int, *, name: str | None = None) -> Value:
    """`x` repeated to dimension `dim`; a value that has it already is returned as it is.

    >>> from lsrl import Input
    >>> broadcast(Input(1), 3).dim
    3
    """
    x, dim = as_value(x), whole_number(dim, "dimension of broadcast")
    if x.dim == dim:
        return x
    if x.dim != 1:
        raise ShapeError(f"{x.label} has dimension {x.dim}; expected 1 or {dim}")
    if isinstance(x, Constant) and x.name is None:
        return Constant(exact_vector(x.numbers, dim, "constant"), name=name)
    return Linear(x, ones(dim, 1), name=name, hint="broadcast")


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
