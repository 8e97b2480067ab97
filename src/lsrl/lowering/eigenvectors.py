"""Rational eigenvectors: the basis in which a state matrix is diagonal, where it has one without roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from flint import fmpq, fmpq_mat

from lsrl.lang.numbers import ONE, ZERO

Vectors: TypeAlias = list[list[fmpq]]


class Basis(NamedTuple):
    """Eigenvalues, eigenvectors P (one a column), and P⁻¹."""

    values: list[fmpq]
    vectors: Vectors
    inverse: Vectors


def eigenvectors(matrix: Sequence[Mapping[int, fmpq]]) -> Basis | None:
    """A = P D P⁻¹ for a matrix of rows {column: entry}; None where it takes numbers that are not rational.

    >>> half, quarter = fmpq(1, 2), fmpq(1, 4)
    >>> eigenvectors([{0: half, 1: quarter}, {0: quarter, 1: half}])
    Basis(values=[3/4, 1/4], vectors=[[1, -1], [1, 1]], inverse=[[1/2, 1/2], [-1/2, 1/2]])
    >>> eigenvectors([{1: ONE}, {0: -ONE}])
    """
    size = len(matrix)
    A = fmpq_mat([[row.get(column, ZERO) for column in range(size)] for row in matrix])
    values: list[fmpq] = []
    vectors: Vectors = []
    for value, _ in A.charpoly().roots():
        found = _nullspace(A - fmpq_mat([[value * (i == j) for j in range(size)] for i in range(size)]))
        values += [value] * len(found)
        vectors += found
    if len(values) < size:
        return None
    P = fmpq_mat(vectors).transpose()
    return Basis(values, P.tolist(), P.inv().tolist())


def _nullspace(matrix: fmpq_mat) -> Vectors:
    """A basis of what the matrix maps to zero: a vector for each column without a pivot."""
    reduced, rank = matrix.rref()
    rows, size = reduced.tolist(), matrix.ncols()
    pivots = [next(column for column in range(size) if rows[i][column]) for i in range(rank)]
    basis = []
    for free in set(range(size)) - set(pivots):
        vector = [ZERO] * size
        vector[free] = ONE
        for i, pivot in enumerate(pivots):
            vector[pivot] = -rows[i][free]
        basis.append(vector)
    return basis
