"""Finite tables: what is read at an index, what stands for a case, and quotients by few numbers.

A table's entries are numbers or values. A sum over the entries, each times the boolean that says whether it is meant,
reads one of them: numbers are its weights, values are multiplied by their booleans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from flint import fmpq

from lsrl.errors import NumberError, ProgramError, ShapeError, shortened
from lsrl.lang.arithmetic import total
from lsrl.lang.broadcasting import broadcast, same_dimension, scaled
from lsrl.lang.constants import Constant, as_value, is_number
from lsrl.lang.logic import DEFAULT_WIDTH, at_least, equal
from lsrl.lang.matrix import Matrix, beside, identity
from lsrl.lang.numbers import HALF, ZERO, exact, exact_vector, is_sequence, plain, whole_number
from lsrl.lang.primitives import Concat, Linear, Multi, ReLU, complement
from lsrl.lang.values import Value


def one_hot(x: Any, n: int, *, width: Any = DEFAULT_WIDTH, name: str | None = None) -> Value:
    """n booleans: x = 0, x = 1, …, x = n − 1, for a whole x. All are 0 elsewhere.

    Between whole numbers, x counts as the one below it. Of several components of x, one after the other.

    >>> from lsrl import Input, Program
    >>> Program(one_hot(Input(1), 3)).run([[0], [2], [3]]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    x, n = as_value(x, "one_hot"), whole_number(n, "n of one_hot")
    if x.dim > 1:
        return Concat([one_hot(part, n, width=width) for part in x], name=name, hint="one_hot")
    # [x ≥ i] − [x ≥ i + 1] shares n + 1 comparisons; n equalities would need 2n.
    reached = at_least(broadcast(x, n + 1), list(range(n + 1)), width=width)
    entries = {(i, i): 1 for i in range(n)} | {(i, i + 1): -1 for i in range(n)}
    return Linear(reached, Matrix.from_entries((n, n + 1), entries), comparison=True, name=name, hint="one_hot")


def lookup(
    x: Any, table: Sequence[Any], *, grid: Any = None, width: Any = DEFAULT_WIDTH, name: str | None = None
) -> Value:
    """table[x] for a whole x in 0 … len(table) − 1; zero for any other x. Entries: numbers, vectors or values.

    Between whole numbers, x counts as the one below it. Of several components of x, table[x₀], table[x₁], … one after
    the other, as NumPy has it; a table of two indices is one list, read at i · columns + j. `grid` rounds the numbers
    of the table to whole multiples of it: those of a table of 1/n have no other that floats hold.
    Raises `ShapeError` for a table that is no list, is empty, or has entries of several sizes.

    >>> from lsrl import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> Program(lookup(x, [5, 7])).run([[0], [1], [2]]).ravel().tolist()
    [5.0, 7.0, 0.0]
    >>> Program(lookup(x, ["1/3", 10 * x], grid="1/4")).run([[0], [1]]).ravel().tolist()
    [0.25, 10.0]
    """
    x = as_value(x, "lookup")
    if isinstance(table, Mapping) or not is_sequence(table):
        instead = "lsrl.switch takes a dict" if isinstance(table, Mapping) else "entry i is for x = i"
        raise ShapeError(f"lookup of {x.label} in {type(table).__name__}; expected a list: {instead}")
    if not len(table):
        raise ShapeError(f"lookup of {x.label} in an empty table; expected at least one entry")
    if x.dim > 1:
        parts = [lookup(part, table, grid=grid, width=width) for part in x]
        return Concat(parts, name=name, hint="lookup")
    entries = _entries(plain(table), f"lookup of {x.label} with an entry")
    if grid is not None:
        entries = [_rounded(entry, grid) for entry in entries]
    hot = one_hot(x, len(entries), width=width, name=f"{name}.one_hot" if name else None)
    return _meant(hot, entries, [ZERO], name, "lookup")


def select(
    x: Any, index: Any, parts: int | None = None, *, width: Any = DEFAULT_WIDTH, name: str | None = None
) -> Value:
    """Part `index` of the `parts` equal parts of x, counted from 0; zero for any other index. Written `x[index]`.

    A part is one component, unless `parts` says how many there are. Of several components of `index`, the parts one
    after the other. Raises `ShapeError` where x has no so many equal parts.

    >>> from lsrl import Input, Program
    >>> x = Input(4, range=(0, 9), integer=True)
    >>> Program(select(x[1:], x[0])).run([[0, 7, 8, 9], [2, 7, 8, 9], [3, 7, 8, 9]]).ravel().tolist()
    [7.0, 9.0, 0.0]
    """
    x = as_value(x, "select")
    parts = x.dim if parts is None else whole_number(parts, "parts of select")
    if x.dim % parts:
        raise ShapeError(f"select of {x.label}, of dimension {x.dim}, in {parts} parts; expected a divisor of {x.dim}")
    size = x.dim // parts
    slices = [x[start : start + size] for start in range(0, x.dim, size)]
    return lookup(as_value(index, "select"), slices, width=width, name=name)


def switch(
    x: Any, cases: Mapping[Any, Any], default: Any = 0, *, width: Any = DEFAULT_WIDTH, name: str | None = None
) -> Value:
    """The result in `cases` of the number that x is; `default` where it is none of them.

    Cases are numbers, results are numbers, vectors or values; x has dimension 1, and is compared as by `equal`.
    Raises `ProgramError` for no cases, or two that are nearer to each other than `width`.

    >>> from lsrl import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> Program(switch(x, {1: 10, 4: x + 1}, default=-x)).run([[1], [4], [5]]).ravel().tolist()
    [10.0, 5.0, -5.0]
    """
    x, label = as_value(x, "switch"), name or "switch"
    if x.dim != 1:
        raise ShapeError(f"switch on {x.label}, which has dimension {x.dim}; expected 1: select one of its components")
    if not isinstance(cases, Mapping) or not cases:
        raise ProgramError(f"cases of {label} are {shortened(cases)}; expected a dict of results, as in {{0: x, 1: y}}")
    numbers = [exact(case, f"a case of {label}") for case in cases]
    _check_apart(numbers, exact(width, "width"), label)
    *results, otherwise = _entries([*cases.values(), default], f"{label} with a result")
    hot = equal(broadcast(x, len(numbers)), numbers, width=width, name=f"{name}.case" if name else None)
    if is_number(otherwise):
        return _meant(hot, results, otherwise.numbers, name, "switch")
    none = ReLU(complement(total(hot)), comparison=True, hint=f"{label}.none")
    return _meant(Concat([hot, none]), [*results, otherwise], [ZERO], name, "switch")


def quotient(
    x: Any,
    y: Any,
    most: int,
    *,
    grid: Any = None,
    via: Literal["select", "multi"] = "select",
    name: str | None = None,
) -> Value:
    """x / y for a whole y in 1 … `most`; zero for any other y.

    `via="select"` reads x/1, x/2, … from a table, which every target can; `"multi"` multiplies x by 1/y from a table:
    one product instead of `most` selections, for targets with products. `grid` rounds the factors 1/y to whole
    multiples of it, since floats hold no 1/3: with `grid=2**-12` networks are exact while they hold x · 2¹².

    >>> from lsrl import Input, Program, counter, cumsum
    >>> mean = quotient(cumsum(Input(1)), counter(1), 100)
    >>> Program(mean).run([[1], [4], [4]]).ravel().tolist()
    [1.0, 2.5, 3.0]
    """
    most = whole_number(most, "most of quotient")
    x, y = as_value(x, "quotient"), as_value(y, "quotient")
    if via not in ("select", "multi"):
        raise ProgramError(f"via={via!r} of {name or 'quotient'}; expected 'select' or 'multi'")
    if y.dim > 1:
        pairs = zip(*same_dimension(x, y), strict=True)
        return Concat([quotient(a, b, most, grid=grid, via=via) for a, b in pairs], name=name, hint="quotient")
    factors = [fmpq(1, n) if grid is None else _nearest(fmpq(1, n), grid) for n in range(1, most + 1)]
    if via == "multi":
        return Multi(Concat(same_dimension(x, lookup(y - 1, factors))), name=name, hint="quotient")
    hot = one_hot(y - 1, most, name=f"{name}.one_hot" if name else None)
    return _meant(hot, [scaled(x, factor) for factor in factors], [ZERO], name, "quotient")


def _entries(items: Iterable[Any], what: str) -> list[Value]:
    """The entries, all of one dimension. Truth values of Python are 0 and 1 here: what they are is known."""
    plain_items = [int(item) if isinstance(item, (bool, np.bool_)) else item for item in items]
    values = [as_value(item, what) for item in plain_items]
    sizes = sorted({value.dim for value in values})
    if len(sizes) > 2 or (len(sizes) == 2 and sizes[0] != 1):
        raise ShapeError(f"{what} of sizes {sizes}; expected one size, or 1")
    return [broadcast(value, sizes[-1]) for value in values]


def _rounded(entry: Value, grid: Any) -> Value:
    return Constant([_nearest(number, grid) for number in entry.numbers]) if is_number(entry) else entry


def _nearest(number: fmpq, grid: Any) -> fmpq:
    """The whole multiple of `grid` that is nearest."""
    spacing = exact(grid, "grid of a table")
    if spacing <= 0:
        raise NumberError(f"grid of a table is {spacing}; expected a positive number, as 2**-16")
    return (number / spacing + HALF).floor() * spacing


def _check_apart(numbers: Sequence[fmpq], width: fmpq, label: str) -> None:
    for lower, upper in pairwise(sorted(numbers)):
        if upper - lower < width:
            raise ProgramError(
                f"cases {lower} and {upper} of {label} are nearer than its width {width}; expected others"
            )


def _meant(hot: Value, entries: Sequence[Value], default: Sequence[fmpq], name: str | None, hint: str) -> Value:
    """The entry whose boolean in `hot` is 1, of which at most one is; `default` where none is."""
    dim = entries[0].dim
    bias = exact_vector(default, dim, "default")
    values = [(i, entry) for i, entry in enumerate(entries) if not is_number(entry)]
    numbers = {
        (row, i): number - bias[row]
        for i, entry in enumerate(entries)
        for row, number in enumerate(entry.numbers if is_number(entry) else [ZERO] * dim)
    }
    weights = Matrix.from_entries((dim, len(entries)), numbers)
    if not values:
        return Linear(hot, weights, bias, name=name, hint=hint)
    count = len(values) * dim
    each = Matrix.from_entries(
        (count, hot.dim), {(j * dim + k, i): 1 for j, (i, _) in enumerate(values) for k in range(dim)}
    )
    chosen = Multi(
        Concat([Linear(hot, each, hint="meant"), *(value for _, value in values)]), hint=f"{name or hint}.chosen"
    )
    sums = beside(*[identity(dim)] * len(values))
    if not weights.nonzeros:
        return Linear(chosen, sums, bias, name=name, hint=hint)
    return Linear(Concat([hot, chosen]), beside(weights, sums), bias, name=name, hint=hint)
