"""Exact, sparse, immutable matrices: the constants of a program's linear maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq

from lsrl.errors import ShapeError
from lsrl.lang.numbers import ONE, exact, is_sequence, plain

Row: TypeAlias = tuple[tuple[int, fmpq], ...]
"""The non-zero entries of one row as (column, number), columns ascending."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A `len(rows)` × `columns` matrix of rationals, stored by its non-zero entries.

    >>> Matrix.of([[1, 0], [0, "1/2"]], (2, 2)).rows
    (((0, 1),), ((1, 1/2),))
    """

    rows: tuple[Row, ...]
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.rows), self.columns

    @property
    def nonzeros(self) -> int:
        """How many entries are not zero."""
        return sum(len(row) for row in self.rows)

    @staticmethod
    def of(entries: Any, shape: tuple[int, int], what: str = "matrix") -> Matrix:
        """`entries` as a matrix of the given shape: a `Matrix`, rows of numbers, a sparse matrix, or one number.

        One number means that number times the identity where the shape is square, and a
        matrix full of it where one side is 1; plain numbers one after the other are a column, where the
        shape is one. Raises `ShapeError` when the shape is another.
        """
        rows = _rows(entries)
        if shape[1] == 1 and isinstance(rows, (list, tuple)) and rows and not any(map(is_sequence, rows)):
            rows = [[number] for number in rows]
        if isinstance(rows, Matrix):
            matrix = rows
        elif isinstance(rows, (list, tuple)):
            matrix = _dense(rows, what)
        else:
            matrix = _filled(exact(rows, what), shape, what)
        if matrix.shape != shape:
            raise ShapeError(
                f"{what} is {matrix.shape[0]}×{matrix.shape[1]}; expected {shape[0]}×{shape[1]} (rows × columns)"
            )
        return matrix

    @staticmethod
    def from_entries(shape: tuple[int, int], entries: Mapping[tuple[int, int], Any]) -> Matrix:
        """The matrix with the given (row, column) → number entries and zero elsewhere.

        >>> Matrix.from_entries((2, 2), {(1, 0): 3}).rows
        ((), ((0, 3),))
        """
        rows: list[list[tuple[int, fmpq]]] = [[] for _ in range(shape[0])]
        for (row, column), number in sorted(entries.items()):
            if not (0 <= row < shape[0] and 0 <= column < shape[1]):
                raise ShapeError(f"entry ({row}, {column}) is outside a {shape[0]}×{shape[1]} matrix")
            value = exact(number, f"entry ({row}, {column})")
            if value:
                rows[row].append((column, value))
        return Matrix(tuple(map(tuple, rows)), shape[1])

    def dense(self) -> list[list[fmpq]]:
        """All entries, row by row."""
        full = []
        for row in self.rows:
            numbers = [fmpq(0)] * self.columns
            for column, number in row:
                numbers[column] = number
            full.append(numbers)
        return full


def _rows(entries: Any) -> Any:
    """Arrays and matrices of other packages as rows, sparse ones (SciPy's) as a `Matrix`."""
    if hasattr(entries, "tocoo") and len(entries.shape) == 2:
        coordinates = entries.tocoo()
        places = zip(coordinates.row.tolist(), coordinates.col.tolist(), strict=True)
        summed: dict[tuple[int, int], Any] = {}
        for place, number in zip(places, coordinates.data.tolist(), strict=True):
            summed[place] = exact(number) + summed.get(place, 0)  # SciPy adds up what is there twice
        return Matrix.from_entries(entries.shape, summed)
    entries = plain(entries)
    return list(entries) if isinstance(entries, np.ndarray) and entries.shape else entries


def rows_of(entries: Any, *, otherwise: int) -> int:
    """How many rows a matrix has; `otherwise` for one number.

    >>> rows_of([[1, 2]], otherwise=5), rows_of(3, otherwise=5)
    (1, 5)
    """
    if isinstance(entries, Matrix):
        return len(entries.rows)
    shape = getattr(entries, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else otherwise
    return len(entries) if is_sequence(entries) else otherwise


def _filled(number: fmpq, shape: tuple[int, int], what: str) -> Matrix:
    rows, columns = shape
    if not number:
        return zeros(rows, columns)
    if rows == columns:
        return diagonal([number] * rows)
    if 1 in shape:
        return Matrix((tuple((column, number) for column in range(columns)),) * rows, columns)
    raise ShapeError(f"{what} is the single number {number}; expected a {rows}×{columns} matrix")


def _dense(entries: Sequence[Any], what: str) -> Matrix:
    width = {len(row) if is_sequence(row) else -1 for row in entries}
    if len(width) != 1 or -1 in width:
        raise ShapeError(f"{what} is not a matrix: expected rows of equal length")
    rows = []
    for r, row in enumerate(entries):
        numbers = (exact(number, f"{what}[{r}][{c}]") for c, number in enumerate(row))
        rows.append(tuple((c, number) for c, number in enumerate(numbers) if number))
    return Matrix(tuple(rows), width.pop())


@lru_cache(maxsize=64)
def identity(dim: int) -> Matrix:
    """The identity.

    >>> identity(2).rows
    (((0, 1),), ((1, 1),))
    """
    return diagonal([ONE] * dim)


def diagonal(numbers: Iterable[Any]) -> Matrix:
    """The square matrix with `numbers` on its diagonal."""
    values = [exact(number) for number in numbers]
    return Matrix(tuple(((i, v),) if v else () for i, v in enumerate(values)), len(values))


@lru_cache(maxsize=64)
def zeros(rows: int, columns: int) -> Matrix:
    """A matrix of zeros."""
    return Matrix(((),) * rows, columns)


@lru_cache(maxsize=64)
def ones(rows: int, columns: int) -> Matrix:
    """A matrix of ones: a row of them adds up, a column of them repeats."""
    return Matrix((tuple((column, ONE) for column in range(columns)),) * rows, columns)


@lru_cache(maxsize=64)
def shift(dim: int, by: int = 1) -> Matrix:
    """Moves component i to component i + `by`; the last `by` fall off.

    >>> shift(3).rows
    ((), ((0, 1),), ((1, 1),))
    """
    return Matrix(tuple(((i - by, ONE),) if i >= by else () for i in range(dim)), dim)


@lru_cache(maxsize=64)
def cycle(dim: int) -> Matrix:
    """Moves component i to component i + 1, and the last one to the first.

    >>> cycle(3).rows
    (((2, 1),), ((0, 1),), ((1, 1),))
    """
    return Matrix(tuple((((i - 1) % dim, ONE),) for i in range(dim)), dim)


def beside(*blocks: Matrix) -> Matrix:
    """The blocks next to each other: [A B …].

    >>> beside(identity(1), identity(1)).rows
    (((0, 1), (1, 1)),)
    """
    rows: list[Row] = [()] * len(blocks[0].rows)
    offset = 0
    for block in blocks:
        if len(block.rows) != len(rows):
            raise ShapeError(f"blocks side by side have {len(rows)} and {len(block.rows)} rows; expected equal numbers")
        rows = [
            left + tuple((column + offset, number) for column, number in right)
            for left, right in zip(rows, block.rows, strict=True)
        ]
        offset += block.columns
    return Matrix(tuple(rows), offset)
