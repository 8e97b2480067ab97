"""Values that fit one another: numbers become values, dimension 1 becomes any dimension."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from lsrl.errors import ShapeError
from lsrl.lang.matrix import diagonal, ones
from lsrl.lang.numbers import exact_vector
from lsrl.lang.primitives import Constant, Linear
from lsrl.lang.values import Value


def as_value(item: Any) -> Value:
    """A value as it is; numbers as a `Constant`.

    >>> as_value([1, 2])
    <Constant 'constant' of dimension 2>
    """
    return item if isinstance(item, Value) else Constant(item)


def broadcast(x: Value, dim: int, *, name: str | None = None) -> Value:
    """`x` repeated to dimension `dim`; a value that has it already is returned as it is.

    >>> broadcast(Input(1), 3).dim
    3
    """
    if x.dim == dim:
        return x
    if x.dim != 1:
        raise ShapeError(f"{x.label} has dimension {x.dim}; expected 1 or {dim}")
    if isinstance(x, Constant):
        return Constant(exact_vector(x.parameters["numbers"], dim, "constant"), name=name)
    return Linear(x, ones(dim, 1), name=name, hint="broadcast")


def same_dimension(*values: Value) -> list[Value]:
    """The values, those of dimension 1 repeated to the others' dimension.

    >>> [value.dim for value in same_dimension(Input(1), Constant([1, 2]))]
    [2, 2]
    """
    dim = max(value.dim for value in values)
    for value in values:
        if value.dim not in (1, dim):
            sizes = ", ".join(f"{v.label} has {v.dim}" for v in values)
            raise ShapeError(f"dimensions differ: {sizes}; expected equal ones, or 1")
    return [broadcast(value, dim) for value in values]


def scaled(x: Value, factor: fmpq, hint: str = "scaled") -> Value:
    """`factor` times `x`.

    >>> scaled(Input(2), fmpq(3)).dim
    2
    """
    return Linear(x, diagonal([factor] * x.dim), hint=hint)
