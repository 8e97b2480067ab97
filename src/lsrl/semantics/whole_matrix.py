"""Matrices of rationals as whole numbers over one denominator, for exact arithmetic on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import lcm

import numpy as np

from lsrl.lang.matrix import Matrix


@dataclass(frozen=True, slots=True)
class WholeMatrix:
    """A matrix of rationals as whole numbers over one denominator."""

    rows: tuple[tuple[tuple[int, int], ...], ...]
    denominator: int

    @staticmethod
    def of(matrix: Matrix) -> WholeMatrix:
        denominator = reduce(lcm, {int(number.q) for row in matrix.rows for _, number in row}, 1)
        rows = tuple(
            tuple((column, int(number.p) * (denominator // int(number.q))) for column, number in row)
            for row in matrix.rows
        )
        return WholeMatrix(rows, denominator)

    @property
    def norm(self) -> int:
        """The largest sum of |entries| of a row."""
        return max((sum(abs(number) for _, number in row) for row in self.rows), default=0)

    def times(self, numerators: np.ndarray, factor: int = 1) -> np.ndarray:
        """factor · matrix @ numerators, over the non-zero entries."""
        result = np.zeros((len(self.rows), *numerators.shape[1:]), dtype=numerators.dtype)
        for i, row in enumerate(self.rows):
            for column, number in row:
                result[i] += numerators[column] * (number * factor)
        return result
