"""Numbers made from numbers: extremes, clips, remainders."""

from __future__ import annotations

from typing import Any

from lsrl.errors import ProgramError
from lsrl.lang.broadcasting import broadcast, same_dimension
from lsrl.lang.constants import Constant, as_value
from lsrl.lang.matrix import Matrix, beside, identity, ones
from lsrl.lang.numbers import exact_vector
from lsrl.lang.primitives import Concat, Linear, Modulo, ReLU
from lsrl.lang.values import Value


def constant(numbers: Any, *, dim: int | None = None, name: str | None = None) -> Value:
    """The same numbers at every step; a single number is repeated to `dim`.

    >>> constant(1, dim=3).dim
    3
    """
    if dim is None:
        return Constant(numbers, name=name)
    return broadcast(Constant(numbers, name=name if dim == 1 else None), dim, name=name)


def maximum(x: Any, y: Any, *, name: str | None = None) -> Value:
    """The larger of x and y: x + relu(y − x).

    >>> from lsrl import Input, Program
    >>> Program(maximum(Input(1), 2)).run([[1], [3]]).ravel().tolist()
    [2.0, 3.0]
    """
    return _moved(x, y, 1, name, "maximum")


def minimum(x: Any, y: Any, *, name: str | None = None) -> Value:
    """The smaller of x and y: x − relu(x − y).

    >>> from lsrl import Input, Program
    >>> Program(minimum(Input(1), 2)).run([[1], [3]]).ravel().tolist()
    [1.0, 2.0]
    """
    return _moved(x, y, -1, name, "minimum")


def _moved(x: Any, y: Any, sign: int, name: str | None, hint: str) -> Value:
    """x + sign · relu(sign · (y − x))."""
    left, right = same_dimension(as_value(x, hint), as_value(y, hint))
    distance = right - left if sign > 0 else left - right
    beyond = ReLU(distance, hint=f"{name or hint}.beyond")
    return Linear(
        Concat([left, beyond]),
        beside(identity(left.dim), Matrix.of(sign, (left.dim, left.dim))),
        name=name,
        hint=hint,
    )


def absolute(x: Any, *, name: str | None = None) -> Value:
    """|x| = relu(x) + relu(−x).

    >>> from lsrl import Input, Program
    >>> Program(absolute(Input(1))).run([[-2], [3]]).ravel().tolist()
    [2.0, 3.0]
    """
    x = as_value(x, "absolute")
    parts = [ReLU(x, hint=f"{name or 'absolute'}.up"), ReLU(-x, hint=f"{name or 'absolute'}.down")]
    return Linear(Concat(parts), beside(identity(x.dim), identity(x.dim)), name=name, hint="absolute")


def clip(x: Any, low: Any, high: Any, *, name: str | None = None) -> Value:
    """x, but at least `low` and at most `high` (numbers): high − relu(high − low − relu(x − low)).

    >>> from lsrl import Input, Program
    >>> Program(clip(Input(1), 0, 2)).run([[-1], [1], [5]]).ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    x = as_value(x, "clip")
    lower, upper = exact_vector(low, x.dim, "low"), exact_vector(high, x.dim, "high")
    if any(a > b for a, b in zip(lower, upper, strict=True)):
        raise ProgramError(f"clip of {x.label} has low {low} above high {high}; expected low ≤ high")
    label = name or "clip"
    above = ReLU(x - list(lower), hint=f"{label}.above")
    missing = ReLU(
        Linear(above, Matrix.of(-1, (x.dim, x.dim)), [b - a for a, b in zip(lower, upper, strict=True)]),
        hint=f"{label}.missing",
    )
    return Linear(missing, Matrix.of(-1, (x.dim, x.dim)), list(upper), name=name, hint="clip")


def total(x: Any, *, name: str | None = None) -> Value:
    """The sum of the components.

    >>> from lsrl import Input, Program
    >>> Program(total(Input(3))).run([[1, 2, 3]]).tolist()
    [[6.0]]
    """
    x = as_value(x, "total")
    return Linear(x, ones(1, x.dim), name=name, hint="total")


def modulo(x: Any, n: int, *, below: int | None = None, name: str | None = None) -> Value:
    """x mod n for whole x of either sign, from 0 to n − 1.

    Networks take it by long division in binary, so compiling it needs to know how large x gets: declare input ranges,
    and `max_length` where x is a sum. `below` is a promise that 0 ≤ x < below, which compiling checks.

    >>> from lsrl import Input, Program
    >>> Program(modulo(Input(1, integer=True), 3)).run([[2], [3], [14], [-1]]).ravel().tolist()
    [2.0, 0.0, 2.0, 2.0]
    """
    return Modulo(as_value(x, "modulo"), n, below, name=name, hint="modulo")
