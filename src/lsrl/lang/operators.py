"""What `+ - * /`, comparisons, `& | ~` and `[ ]` on values mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from lsrl.errors import NumberError, ProgramError, ShapeError, shortened
from lsrl.lang.broadcasting import broadcast, same_dimension, scaled
from lsrl.lang.calls import remembered
from lsrl.lang.constants import Constant, is_number
from lsrl.lang.library import absolute, and_, at_least, at_most, larger, modulo, not_, or_, select, smaller
from lsrl.lang.matrix import Matrix, beside, diagonal, identity, ones
from lsrl.lang.numbers import ONE, exact, exact_vector, is_sequence, plain
from lsrl.lang.primitives import Concat, Linear, Multi, Slice
from lsrl.lang.values import Value

__all__ = [
    "absolute",
    "added",
    "and_",
    "at_least",
    "at_most",
    "divided",
    "floor_divided",
    "larger",
    "modulo",
    "multiplied",
    "negative",
    "not_",
    "or_",
    "sliced",
    "smaller",
    "subtracted",
    "subtracted_from",
]


@remembered
def added(x: Value, other: Any) -> Value:
    """x + other."""
    return _sum(x, ONE, other, ONE)


@remembered
def subtracted(x: Value, other: Any) -> Value:
    """x − other."""
    return _sum(x, ONE, other, -ONE)


@remembered
def subtracted_from(x: Value, other: Any) -> Value:
    """other − x."""
    return _sum(x, -ONE, other, ONE)


@remembered
def negative(x: Value) -> Value:
    """−x."""
    return scaled(x, -ONE)


@remembered
def multiplied(x: Value, other: Any) -> Value:
    """x · other: a product of two values, or a multiple by one number or one for each component."""
    if isinstance(other, Value):
        return Multi(Concat(same_dimension(x, other)), hint="product")
    other = plain(other)
    if is_sequence(other):
        factors = exact_vector(other, max(x.dim, len(other)), "factor")
        return Linear(broadcast(x, len(factors)), diagonal(factors), hint="scaled")
    return scaled(x, exact(other, "factor"))


@remembered
def divided(x: Any, other: Any) -> Value:
    """x / other, for a number."""
    if isinstance(other, Value):
        dividend = x.label if isinstance(x, Value) else shortened(x)
        raise ProgramError(
            f"{dividend} / {other.label}: division by a value is not a recurrent program; where it is a whole number "
            f"from 1 to n, write lsrl.quotient({dividend}, {other.label}, n), which reads a table"
        )
    divisor = exact(other, "divisor")
    if not divisor:
        raise NumberError(f"{x.label} is divided by zero; expected a non-zero number")
    return scaled(x, ONE / divisor)


@remembered
def floor_divided(x: Value, n: int) -> Value:
    """⌊x / n⌋, for whole x of either sign and a whole number n."""
    return divided(subtracted(x, modulo(x, n)), n)


def sliced(x: Value, index: int | slice | Value) -> Value:
    """x[index], as Python counts; a value selects the component it says."""
    if isinstance(index, Value):
        return select(x, index)
    if isinstance(index, slice):
        if index.step not in (None, 1):
            raise ShapeError(f"{x.label}[::{shortened(index.step)}]: expected a slice without a step")
        return Slice(x, _position(x, index.start, 0), _position(x, index.stop, x.dim))
    start = _position(x, index)
    return Slice(x, start, start + 1)


def _position(x: Value, index: Any, default: int | None = None) -> int:
    if index is None and default is not None:
        return default
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)):
        raise ShapeError(f"{x.label}[{shortened(index)}]: expected whole numbers")
    return int(index) + x.dim if index < 0 else int(index)


def _sum(x: Value, x_factor: fmpq, other: Any, other_factor: fmpq) -> Value:
    hint = "sum" if x_factor == other_factor else "difference"
    if isinstance(other, Value) and not is_number(other):
        if other is x:
            return scaled(x, x_factor + other_factor, hint)
        left, right = same_dimension(x, other)
        blocks = (diagonal([factor] * left.dim) for factor in (x_factor, other_factor))
        return Linear(Concat([left, right]), beside(*blocks), hint=hint)
    numbers: Any = other.numbers if isinstance(other, Constant) else plain(other)
    dim = max(x.dim, len(numbers) if is_sequence(numbers) else 1)
    bias = [other_factor * number for number in exact_vector(numbers, dim, "number")]
    if x.dim not in (1, dim):
        raise ShapeError(f"dimensions differ: {x.label} has {x.dim}, the numbers have {dim}; expected equal ones, or 1")
    block = ones(dim, 1) if x.dim == 1 and dim > 1 else identity(dim)
    matrix = (
        block if x_factor == 1 else Matrix(tuple(tuple((c, -n) for c, n in row) for row in block.rows), block.columns)
    )
    return Linear(x, matrix, bias, hint=hint)
