"""How far states that are scanned in blocks can be from the exact ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsrl.backends.linear.scan import block_powers
from lsrl.circuit.stable_powers import stable_powers
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import as_float
from lsrl.rounding.error_calculus import accumulated
from lsrl.rounding.recurrences import Step
from lsrl.rounding.sums import LARGEST

ROOM = 1 + 2.0**-20
"""More than norms lose by being computed in float64."""


def scan_error(A: Sequence[Row], step: Step, length: float) -> float:
    """A bound on the error of sₜ = A sₜ₋₁ + uₜ as `scan_in_blocks` evaluates it, for states that all read one another.

    With nⱼ = ‖Aʲ‖ and a step that rounds by e, a block that starts from zero is off by e (n₀ + … + nⱼ₋₁) = e Sⱼ after
    j steps. The end of a block of K is that, plus Aᴷ times the end before it, which rounds by r_K: so ends are off by
    (e S_K + r_K) (1 + n_K + n_K² + …) = E, and the steps between them by e Sⱼ + rⱼ + nⱼ E. In rⱼ are a sum of products
    with a row of Aʲ, and what that power is off, a product of j matrices: γ Σᵢ nᵢ n₁ nⱼ₋₁₋ᵢ.
    """
    if not (math.isfinite(step.local) and math.isfinite(step.size)):
        return math.inf
    matrix = np.zeros((len(A), len(A)))
    for i, row in enumerate(A):
        for j, weight in row:
            matrix[i, j] = as_float(weight)
    norms = np.abs(block_powers(matrix[None])[:, 0]).sum(axis=-1).max(axis=-1) * ROOM
    sums = np.concatenate([[0.0], np.cumsum(norms[:-1])])
    unit = 2.0**-step.precision * ROOM
    rounded = unit * ((len(A) + 2) * (norms + 1) + len(A) * _powers_are_off(matrix, norms))

    powers = stable_powers(A)

    def summed(added: float, start: float, rate: float, blocks: float) -> float:
        total = float(accumulated(added, start, rate, blocks))
        if powers is None:
            return total
        return min(total, as_float(powers.largest) * start + as_float(powers.total) * added)

    def off(local: float, rounded: NDArray[np.float64], start: float) -> float:
        # States that are evaluated beside these can make the blocks shorter: the worst of all lengths.
        found = summed(local, start, norms[1], length)  # blocks of one step are the recurrence itself
        for K in range(2, len(norms)):
            blocks = length if math.isinf(length) else math.ceil(length / K)
            ends = summed(local * sums[K] + rounded[K], start, norms[K], blocks)
            within = slice(1, K + 1)
            found = max(found, float((local * sums[within] + rounded[within] + norms[within] * ends).max()))
        return found

    again = off(step.gamma, rounded, 0.0)  # what is off already is rounded, too
    if not again < 1 / 2:
        return math.inf
    return off(step.local, rounded * step.size + (len(A) + 1) / LARGEST[step.precision], step.start) / (1 - again)


def _powers_are_off(matrix: NDArray[np.float64], norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σᵢ nᵢ n₁ nⱼ₋₁₋ᵢ for each power: by how many γ it is off; 0 where it only moves and doubles or halves numbers."""
    exponents_only = np.isin(np.frexp(matrix)[0], (0.0, 0.5, -0.5)).all()
    if exponents_only and (np.count_nonzero(matrix, axis=1) == 1).all():
        return np.zeros_like(norms)
    pairs = np.convolve(norms, norms)[: len(norms) - 1]
    return np.concatenate([[0.0], norms[1] * pairs])
