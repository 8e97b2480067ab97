"""How far states that are scanned in blocks can be from the exact ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lsrl.backends.linear.scan import block_powers
from lsrl.circuit.stable_powers import StablePowers, stable_powers
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import as_float
from lsrl.rounding.error_calculus import accumulated
from lsrl.rounding.recurrences import Step
from lsrl.rounding.sums import LARGEST

Floats = NDArray[np.float64]

ROOM = 1 + 2.0**-20
"""More than norms lose by being computed in float64."""


def scan_error(A: Sequence[Row], step: Step, length: float) -> list[float]:
    """Bounds on the errors of sₜ = A sₜ₋₁ + uₜ as `scan_in_blocks` evaluates it, for states that all read one another.

    All that follows is of vectors, and |M| is a matrix of absolute values. With Sⱼ = |A⁰| + … + |Aʲ⁻¹| and steps that
    round by e, a block that starts from zero is off by Sⱼ e after j steps. The end of a block of K is that, plus Aᴷ
    times the end before it, which rounds by r_K: so ends are off by (|A⁰| + |Aᴷ| + |A²ᴷ| + …)(S_K e + r_K) = E, and
    the steps between them by Sⱼ e + rⱼ + |Aʲ| E. In rⱼ are a sum of products with a row of Aʲ, and what that power is
    off, a product of j matrices: in norms, γ Σᵢ nᵢ n₁ nⱼ₋₁₋ᵢ.

    What a block holds is s − Aʲ s', and no more than Sⱼ |u|: where that can be larger than states, steps round more.
    """
    if not all(map(math.isfinite, (*step.local, *step.size, *step.drive))):
        return [math.inf] * len(A)
    powers = _Powers(_dense(A), _as_floats(stable_powers(A)), length)
    size, unit = np.array(step.size), 2.0**-step.precision * ROOM
    again = powers.off(np.full(len(A), step.gamma), powers.rounded(np.ones(len(A)), unit), np.zeros(len(A)))
    if not again.max() < 1 / 2:  # what is off already is rounded, too
        return [math.inf] * len(A)
    rounded = powers.rounded(size, unit) + (len(A) + 1) / LARGEST[step.precision]
    more = step.gamma * powers.beyond(size, np.array(step.drive))
    found = powers.off(np.array(step.local) + more, rounded, np.array(step.start))
    return [float(error) for error in found + again * found.max() / (1 - again.max())]


def _as_floats(powers: StablePowers | None) -> tuple[float, float] | None:
    return None if powers is None else (as_float(powers.largest), as_float(powers.total))


def _dense(A: Sequence[Row]) -> Floats:
    matrix = np.zeros((len(A), len(A)))
    for i, row in enumerate(A):
        for j, weight in row:
            matrix[i, j] = as_float(weight)
    return matrix


@dataclass(frozen=True)
class _Powers:
    """The powers of a matrix in a block, without their signs.

    `stable` are the largest norm of any power, and what all of them add up to, if that is known.
    """

    matrix: Floats
    stable: tuple[float, float] | None
    length: float

    @cached_property
    def sizes(self) -> Floats:
        """|A⁰| … |Aᴷ| (K + 1, m, m)."""
        found: Floats = np.abs(block_powers(self.matrix[None])[:, 0]) * ROOM
        return found

    @cached_property
    def norms(self) -> Floats:
        """Their ∞-norms."""
        found: Floats = self.sizes.sum(axis=-1).max(axis=-1)
        return found

    @cached_property
    def sums(self) -> Floats:
        """S₀ … S_K."""
        return np.concatenate([np.zeros((1, *self.matrix.shape)), np.cumsum(self.sizes[:-1], axis=0)])

    @cached_property
    def moves(self) -> bool:
        """Whether they only move numbers, and double or halve them, so that nothing is rounded."""
        exponents_only = np.isin(np.frexp(self.matrix)[0], (0.0, 0.5, -0.5)).all()
        return bool(exponents_only and (np.count_nonzero(self.matrix, axis=1) <= 1).all())

    def rounded(self, size: Floats, unit: float) -> Floats:
        """r₀ … r_K for states of that size: a power is stored, multiplied, added up, and what comes out is added."""
        if self.moves:
            return np.broadcast_to(unit * size, (len(self.sizes), len(size)))
        entries = np.stack([np.linalg.matrix_power(self.matrix != 0, j).sum(axis=1) for j in range(len(self.sizes))])
        pairs = np.concatenate([[0.0], self.norms[1] * np.convolve(self.norms, self.norms)[: len(self.norms) - 1]])
        found: Floats = unit * ((entries + 2) * (self.sizes @ size) + size + len(size) * pairs[:, None] * size.max())
        return found

    def beyond(self, size: Floats, drive: Floats) -> Floats:
        """What a step multiplies in a block that is larger than the states, at most."""
        pieces = np.minimum(self.sizes @ size + size, self.sums @ drive)
        found: Floats = self.sizes[1] @ np.maximum(pieces - size, 0).max(axis=0)
        return found

    def off(self, local: Floats, rounded: Floats, start: Floats) -> Floats:
        """The errors of all steps; states evaluated beside these can make blocks shorter, so of the worst length."""
        found = self._summed(1, local, start)  # blocks of one step are the recurrence itself
        for K in range(2, len(self.sizes)):
            ends = self._summed(K, self.sums[K] @ local + rounded[K], start)
            if not np.isfinite(ends).all():
                return np.full(len(local), np.inf)
            within = slice(1, K + 1)
            steps = self.sums[within] @ local + rounded[within] + self.sizes[within] @ ends
            found = np.maximum(found, steps.max(axis=0))
        return found

    def _summed(self, K: int, added: Floats, start: Floats) -> Floats:
        """What `added` comes to that is made at every Kth step, from `start` on."""
        blocks = math.ceil(self.length / K) if math.isfinite(self.length) else math.inf
        total = accumulated(added.max(), start.max(), self.norms[K], blocks)
        if self.stable is not None:
            total = min(total, self.stable[0] * start.max() + self.stable[1] * added.max())
        settled = self._settled(K)
        return np.full(len(added), total) if settled is None else np.minimum(total, settled @ (added + start))

    def _settled(self, K: int) -> Floats | None:
        """|A⁰| + |Aᴷ| + |A²ᴷ| + …: the first few, as much again times the next, and so on, if that is small."""
        count = max(1, (len(self.sizes) - 1) // K)
        last = self.sizes[K * count]
        if last.sum(axis=-1).max() > 3 / 4:
            return None
        first = self.sizes[: K * count : K].sum(axis=0)
        found: Floats = first @ np.linalg.inv(np.eye(len(last)) - last) * ROOM
        return found
