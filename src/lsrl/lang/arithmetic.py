"""Numbers made from numbers: extremes, clips, remainders, finite tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsrl.errors import ProgramError, ShapeError
from lsrl.lang.broadcasting import as_value, broadcast, same_dimension
from lsrl.lang.logic import DEFAULT_WIDTH, at_least
from lsrl.lang.matrix import Matrix, beside, identity, ones
from lsrl.lang.numbers import exact_vector, is_sequence, whole_number
from lsrl.lang.primitives import Concat, Constant, Linear, Modulo, ReLU
from lsrl.lang.values import Value, value_of


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
    left, right = same_dimension(as_value(x), as_value(y))
    distance = right - left if sign > 0 else left - right
    beyond = ReLU(distance, hint=f"{name or hint}.beyond")
    return Linear(
        Concat([left, beyond]),
        beside(identity(left.dim), Matrix.of(sign, (left.dim, left.dim))),
        name=name,
        hint=hint,
    )


def absolute(x: Value, *, name: str | None = None) -> Value:
    """|x| = relu(x) + relu(−x).

    >>> from lsrl import Input, Program
    >>> Program(absolute(Input(1))).run([[-2], [3]]).ravel().tolist()
    [2.0, 3.0]
    """
    x = value_of(x, "absolute")
    parts = [ReLU(x, hint=f"{name or 'absolute'}.up"), ReLU(-x, hint=f"{name or 'absolute'}.down")]
    return Linear(Concat(parts), beside(identity(x.dim), identity(x.dim)), name=name, hint="absolute")


def clip(x: Value, low: Any, high: Any, *, name: str | None = None) -> Value:
    """x, but at least `low` and at most `high` (numbers): high − relu(high − low − relu(x − low)).

    >>> from lsrl import Input, Program
    >>> Program(clip(Input(1), 0, 2)).run([[-1], [1], [5]]).ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    x = value_of(x, "clip")
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


def total(x: Value, *, name: str | None = None) -> Value:
    """The sum of the components.

    >>> from lsrl import Input, Program
    >>> Program(total(Input(3))).run([[1, 2, 3]]).tolist()
    [[6.0]]
    """
    x = value_of(x, "total")
    return Linear(x, ones(1, x.dim), name=name, hint="total")


def modulo(x: Value, n: int, *, below: int | None = None, name: str | None = None) -> Value:
    """x mod n for whole x of either sign, from 0 to n − 1.

    Networks take it by long division in binary, so compiling it needs to know how large x gets: declare input ranges,
    and `max_length` where x is a sum. `below` is a promise that 0 ≤ x < below, which compiling checks.

    >>> from lsrl import Input, Program
    >>> Program(modulo(Input(1, integer=True), 3)).run([[2], [3], [14], [-1]]).ravel().tolist()
    [2.0, 0.0, 2.0, 2.0]
    """
    return Modulo(x, n, below, name=name, hint="modulo")


def one_hot(x: Value, n: int, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """n booleans: x = 0, x = 1, …, x = n − 1, for a whole x of dimension 1. All are 0 elsewhere.

    Between whole numbers, x counts as the one below it.

    >>> from lsrl import Input, Program
    >>> Program(one_hot(Input(1), 3)).run([[0], [2], [3]]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    x, n = value_of(x, "one_hot"), whole_number(n, "n of one_hot")
    if x.dim != 1:
        raise ShapeError(f"one_hot of {x.label}, which has dimension {x.dim}; expected 1")
    # [x ≥ i] − [x ≥ i + 1] shares n + 1 comparisons; n equalities would need 2n.
    reached = at_least(broadcast(x, n + 1), list(range(n + 1)), width=width)
    entries = {(i, i): 1 for i in range(n)} | {(i, i + 1): -1 for i in range(n)}
    return Linear(reached, Matrix.from_entries((n, n + 1), entries), comparison=True, name=name, hint="one_hot")


def lookup(x: Value, table: Sequence[Any], *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """table[x] for a whole x in 0 … len(table) − 1; zero for any other x. Entries: numbers or vectors.

    Between whole numbers, x counts as the one below it.

    >>> from lsrl import Input, Program
    >>> Program(lookup(Input(1), [5, 7])).run([[0], [1]]).ravel().tolist()
    [5.0, 7.0]
    """
    x = value_of(x, "lookup")
    if isinstance(table, Mapping) or not is_sequence(table):
        raise ShapeError(f"lookup of {x.label} in {type(table).__name__}; expected a list: entry i is for x = i")
    sizes = {len(entry) if is_sequence(entry) else 1 for entry in table}
    if not sizes:
        raise ShapeError(f"lookup of {x.label} in an empty table; expected at least one entry")
    if len(sizes) != 1:
        raise ShapeError(f"lookup of {x.label} in a table of entries of sizes {sorted(sizes)}; expected one size")
    (dim,) = sizes
    entries = [exact_vector(entry, dim, f"table[{i}]") for i, entry in enumerate(table)]
    columns = Matrix.from_entries(
        (dim, len(entries)), {(row, i): number for i, entry in enumerate(entries) for row, number in enumerate(entry)}
    )
    hot = one_hot(x, len(entries), width=width, name=f"{name}.one_hot" if name else None)
    return Linear(hot, columns, name=name, hint="lookup")
