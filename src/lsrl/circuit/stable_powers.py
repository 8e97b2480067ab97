"""Powers of a state matrix that make everything smaller in the end, though a single step may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flint import fmpq

from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO

MOST_STATES, MOST_POWERS = 16, 64
"""States whose matrix is looked at, and up to which power of it."""


class StablePowers(NamedTuple):
    """What ‖Aᵗ‖ is at most for any t, and what all of them add up to, in the ∞-norm."""

    largest: fmpq
    total: fmpq


def stable_powers(rows: Sequence[Row]) -> StablePowers | None:
    """Bounds on all powers of a matrix of which an early one is below 1; None for others, and for large ones.

    With ‖Aᵏ‖ = q < 1 every Aᵗ is at most the largest of the first k, and those after them add up to as much again,
    times q, and so on.

    >>> turning = [((0, ONE), (1, fmpq(-1, 2))), ((0, ONE),)]  # sₜ = sₜ₋₁ − sₜ₋₂/2, whose norm is 3/2
    >>> stable_powers(turning)
    StablePowers(largest=3/2, total=20/3)
    """
    if len(rows) > MOST_STATES:
        return None
    power: list[Row] = [((i, ONE),) for i in range(len(rows))]
    norms: list[fmpq] = []
    while len(norms) <= MOST_POWERS:
        norm = norm_of(power)
        if norm < 1:
            return StablePowers(max(norms), sum(norms, ZERO) / (ONE - norm))
        norms.append(norm)
        power = [_times(row, power) for row in rows]
    return None


def norm_of(rows: Sequence[Row]) -> fmpq:
    """The ∞-norm."""
    return max(sum((abs(weight) for _, weight in row), ZERO) for row in rows)


def _times(row: Row, matrix: Sequence[Row]) -> Row:
    made: dict[int, fmpq] = {}
    for i, weight in row:
        for j, entry in matrix[i]:
            made[j] = made.get(j, ZERO) + weight * entry
    return tuple(sorted(made.items()))
