"""How far off a layer can get that feeds back what its cells have made, through cells that bend.

Let p be what the layer reads of itself: p = P h over its cells h, and h = D (B p + …) + δ, where D is 1 for a linear
cell and 0 or 1 for a ReLU, and δ is what one step rounds. Errors then follow eₜ = P D B eₜ₋₁ + P δ. What a ReLU takes
away is often what another cell adds: max(p, x) = p + relu(x − p) never widens an error, though its cells do. So the
rate is the largest ∞-norm of P D B over all choices of D, and not that of |P| |B|.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from lsrl.lang.matrix import Row
from lsrl.lang.numbers import as_float
from lsrl.rounding.error_calculus import accumulated

MOST_BENDS = 10
"""ReLUs of one row for which every choice is tried."""


def feedback_errors(
    P: Sequence[Row],
    B: Sequence[Row],
    bends: Sequence[bool],
    local: Sequence[float],
    starts: Sequence[float],
    growth: float,
    steps: float,
) -> list[float]:
    """The errors of the cells of a layer that reads P h of its cells h, the i-th cell by row B[i].

    `bends` says which are ReLUs; `local` is what one step makes in each, `starts` how far off each is before the first
    step, and `growth` how much of what is off already a sum loses, too.

    >>> from flint import fmpq
    >>> one, minus = (0, fmpq(1)), (0, fmpq(-1))  # max(p, x) = p + relu(x − p)
    >>> feedback_errors([(one, (1, fmpq(1)))], [(one,), (minus,)], [False, True], [0.0, 1.0], [0.0, 0.0], 0.0, 10.0)
    [10.0, 11.0]
    """
    made, begun = ([_total(row, errors) for row in P] for errors in (local, starts))
    if not any(made) and not any(begun):
        return list(local)
    rate = max(_norm(row, B, bends, len(P)) for row in P)
    size = max(sum(abs(as_float(w)) * sum(abs(as_float(v)) for _, v in B[i]) for i, w in row) for row in P)
    off = accumulated(max(made), max(begun), rate + growth * size, steps)
    return [error + off * (1 + growth) * sum(abs(as_float(w)) for _, w in B[i]) for i, error in enumerate(local)]


def _total(row: Row, errors: Sequence[float]) -> float:
    return sum(abs(as_float(weight)) * errors[i] for i, weight in row if errors[i])


def _norm(row: Row, B: Sequence[Row], bends: Sequence[bool], size: int) -> float:
    """The largest sum of |entries| of a row of P D B."""
    straight, bent = np.zeros(size), []
    for i, weight in row:
        part = np.zeros(size)
        for k, read in B[i]:
            part[k] += as_float(weight) * as_float(read)
        if bends[i] and part.any():
            bent.append(part)
        else:
            straight += part
    if len(bent) > MOST_BENDS:
        return float(np.abs(straight).sum() + sum(np.abs(part).sum() for part in bent))
    choices = (
        straight + sum((part for part, on in zip(bent, choice, strict=True) if on), np.zeros(size))
        for choice in product((False, True), repeat=len(bent))
    )
    return max(float(np.abs(total).sum()) for total in choices)
