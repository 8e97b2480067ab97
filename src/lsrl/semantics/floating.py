"""Floating-point arithmetic on whole batches of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import Vector, as_float

DECIDED = 2.0**-32
"""How far rounding may move a decided comparison from 0 or 1."""


@dataclass(frozen=True, slots=True)
class FloatArithmetic:
    """Numbers are arrays of shape (dim, batch, T): float64, or of a longer type."""

    batch: int
    length: int
    dtype: type[np.floating[Any]] = np.float64

    def constant(self, numbers: Vector) -> np.ndarray:
        """The same numbers at every step."""
        column = self._floats(numbers)[:, None, None]
        return np.broadcast_to(column, (len(numbers), self.batch, self.length))

    def linear(self, x: np.ndarray, A: Matrix, b: Vector) -> np.ndarray:
        """A x + b, row by row over the non-zero entries."""
        result = np.empty((len(b), *x.shape[1:]), self.dtype)
        result[:] = self._floats(b)[:, None, None]
        for i, row in enumerate(A.rows):
            for column, weight in row:
                result[i] += self._float(weight) * x[column]
        return result

    def before(self, init: Vector) -> np.ndarray:
        """The one step before the first, with the same numbers in all sequences."""
        return np.broadcast_to(self._floats(init)[:, None, None], (len(init), self.batch, 1))

    def state(self, drive: np.ndarray, A: Matrix, before: np.ndarray) -> np.ndarray:
        """sₜ = A sₜ₋₁ + driveₜ, one step after the other; sums and delays all at once."""
        result: np.ndarray = drive.copy()
        start = before[:, :, 0]
        # A state that reads only states before it in the list, or only sums itself up, needs no loop.
        done: set[int] = set()
        for i, entries in enumerate(A.rows):
            others = [(column, self._float(weight)) for column, weight in entries if column != i]
            if any(column not in done for column, _ in others):
                continue
            own = [weight for column, weight in entries if column == i]
            if own not in ([], [1]):
                continue
            for column, weight in others:
                result[i, :, 0] += weight * start[column]
                result[i, :, 1:] += weight * result[column, :, :-1]
            if own:
                result[i, :, 0] += start[i]
                result[i] = np.cumsum(result[i], axis=-1)
            done.add(i)
        remaining = [i for i in range(len(start)) if i not in done]
        if remaining:
            self._step_by_step(result, A, start, remaining)
        return result

    def gated_state(self, drive: np.ndarray, gate: np.ndarray, before: np.ndarray) -> np.ndarray:
        """sₜ = gateₜ ⊙ sₜ₋₁ + driveₜ, one step after the other: differences of running sums would cancel."""
        result: np.ndarray = drive.copy()
        previous = before[:, :, 0]
        for t in range(drive.shape[-1]):
            result[:, :, t] += gate[:, :, t] * previous
            previous = result[:, :, t]
        return result

    def relu(self, x: np.ndarray) -> np.ndarray:
        """max(x, 0)."""
        result: np.ndarray = np.maximum(x, 0.0)
        return result

    def product(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """left · right."""
        result: np.ndarray = left * right
        return result

    def remainder(self, x: np.ndarray, n: int) -> np.ndarray:
        """x mod n, from 0 up to n."""
        result: np.ndarray = np.mod(x, float(n))
        return result

    def concat(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """The parts one after the other."""
        return np.concatenate(parts)

    def slice(self, x: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Components start … stop − 1."""
        return x[start:stop]

    def replaced(self, x: np.ndarray, steps: Sequence[int], numbers: np.ndarray) -> np.ndarray:
        """x with these numbers, one for each of the steps, in place of its own there."""
        result: np.ndarray = x.copy()
        result[:, :, list(steps)] = numbers
        return result

    def steps(self, x: np.ndarray) -> list[np.ndarray]:
        """x step by step."""
        return [x[:, :, t : t + 1] for t in range(x.shape[-1])]

    def joined(self, steps: Sequence[np.ndarray]) -> np.ndarray:
        """The steps one after the other."""
        return np.concatenate(steps, axis=-1)

    def between(self, x: np.ndarray) -> np.ndarray:
        """Where x is neither 0 nor 1, rounding apart."""
        mask: np.ndarray = np.minimum(np.abs(x), np.abs(x - 1)) > DECIDED
        return mask

    def numbers(self, x: np.ndarray) -> np.ndarray:
        """x as an array (batch, T, dim)."""
        return np.ascontiguousarray(x.transpose(1, 2, 0))

    def _float(self, number: fmpq) -> Any:
        if self.dtype is np.float64:
            return as_float(number)
        return self.dtype(int(number.p)) / self.dtype(int(number.q))

    def _floats(self, numbers: Vector) -> np.ndarray:
        return np.array([self._float(number) for number in numbers], self.dtype)

    def _step_by_step(self, result: np.ndarray, A: Matrix, start: np.ndarray, rows: list[int]) -> None:
        from scipy.sparse import csr_array

        entries = [(i, column, self._float(weight)) for i, row in enumerate(rows) for column, weight in A.rows[row]]
        matrix = csr_array(
            ([weight for *_, weight in entries], ([i for i, *_ in entries], [column for _, column, _ in entries])),
            shape=(len(rows), A.columns),
            dtype=self.dtype,
        )
        previous = start
        for t in range(result.shape[-1]):
            result[rows, :, t] += matrix @ previous
            previous = result[:, :, t]
