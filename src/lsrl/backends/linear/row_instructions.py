"""The instructions that a stack becomes in NumPy: each fills or scans some rows of a workspace.

A workspace is an array (rows, batch, steps): one row per scalar of the stack, a stretch of time
in each. `before` (rows, batch) holds every row one step before that stretch. An instruction reads
rows that earlier ones have filled and works on its own rows, `into`, in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lsrl.backends.linear.scan import scan_in_blocks
from lsrl.backends.linear.weights import Floats

Instruction: TypeAlias = Callable[[Floats, Floats], None]


@dataclass(frozen=True)
class Product:
    """weights @ the rows named by `columns`."""

    weights: csr_array | Floats
    columns: slice | NDArray[np.intp]

    @staticmethod
    def of(matrix: csr_array) -> Product:
        """A matrix over the workspace's first rows, dense over the rows it reads if that is faster.

        Per number, BLAS takes about a quarter of the time of a sparse product; bringing a row
        together with others costs about as much as a sparse entry.
        """
        columns = np.unique(matrix.indices)
        if matrix.nnz <= len(columns) * (matrix.shape[0] / 4 + 1):
            return Product(matrix, slice(0, matrix.shape[1]))
        weights = matrix[:, columns].toarray()
        if columns[-1] - columns[0] + 1 == len(columns):
            return Product(weights, slice(int(columns[0]), int(columns[-1]) + 1))
        return Product(weights, columns)

    def __call__(self, rows: Floats) -> Floats:
        """The product with rows (rows, …) → (outputs, …)."""
        flat = rows.reshape(len(rows), -1)[self.columns]
        return np.asarray(self.weights @ flat).reshape(-1, *rows.shape[1:])


@dataclass(frozen=True)
class AffineRows:
    """into ← product, or relu(product)."""

    product: Product
    into: slice
    rectified: bool = False

    def __call__(self, rows: Floats, _before: Floats) -> None:
        if self.rectified:
            np.maximum(self.product(rows), 0, out=rows[self.into])
        else:
            rows[self.into] = self.product(rows)


@dataclass(frozen=True)
class Gate:
    """into ← into ⊙ product."""

    product: Product
    into: slice

    def __call__(self, rows: Floats, _before: Floats) -> None:
        rows[self.into] *= self.product(rows)


@dataclass(frozen=True)
class Shift:
    """into(t) ← into(t) + product(t − 1)."""

    product: Product
    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        target = rows[self.into]
        target[..., 0] += self.product(before)
        target[..., 1:] += self.product(rows)[..., :-1]


@dataclass(frozen=True)
class SumRows:
    """into(t) ← into(t) + into(t − 1), from the first step on."""

    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        target = rows[self.into]
        target[..., 0] += before[self.into]
        np.cumsum(target, axis=-1, out=target)


@dataclass(frozen=True)
class Decay:
    """into(t) ← into(t) + factor · into(t − 1), from the first step on."""

    factors: Floats
    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        from scipy.signal import lfilter  # a second to import, and few programs need it

        for row, factor in enumerate(self.factors, start=self.into.start):
            recursion = np.array([1, -factor], dtype=rows.dtype)
            rows[row], _ = lfilter(recursion[:1], recursion, rows[row], zi=factor * before[row, :, None])


@dataclass(frozen=True)
class Delay:
    """The first row of into becomes `source` one step ago, every other the row above it one step ago."""

    source: int
    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        # The chain one step ago is the source's own past, so all rows are windows on one history.
        history = np.concatenate([before[self.into][-2::-1], before[[self.source]]])
        past_and_present = np.concatenate([history.T, rows[self.source]], axis=-1)
        _fill_with_windows(rows[self.into], past_and_present)


@dataclass(frozen=True)
class Cycle:
    """Every row of into becomes the row above it one step ago, the first what the last one was."""

    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        target = rows[self.into]
        period, _, steps = target.shape
        _fill_with_windows(target, before[self.into].T[:, (period - 2 - np.arange(period + steps - 1)) % period])


def _fill_with_windows(target: Floats, signal: Floats) -> None:
    """Row i of target (k, batch, steps) ← signal (batch, ≥ k + steps − 1) from position k − 1 − i on."""
    count, _, steps = target.shape
    windows = sliding_window_view(signal, steps, axis=-1)
    target[:] = np.moveaxis(windows, 1, 0)[count - 1 :: -1]


@dataclass(frozen=True)
class Scan:
    """into(t) ← into(t) + A into(t − 1), A block-diagonal and given by the powers of its equal blocks."""

    powers: Floats
    into: slice

    def __call__(self, rows: Floats, before: Floats) -> None:
        longest, (count, m) = len(self.powers) - 1, self.powers.shape[1:3]
        target = rows[self.into]
        _, batch, steps = target.shape
        blocks = -(-steps // longest)
        padded = np.zeros((count, m, batch, blocks * longest), dtype=rows.dtype)
        padded[..., :steps] = target.reshape(count, m, batch, steps)
        by_step = np.ascontiguousarray(padded.reshape(count, m, batch, blocks, longest).transpose(4, 0, 1, 3, 2))
        scan_in_blocks(self.powers, by_step, before[self.into].reshape(count, m, batch))
        scanned = by_step.transpose(1, 2, 4, 3, 0).reshape(count * m, batch, blocks * longest)
        target[:] = scanned[..., :steps]
