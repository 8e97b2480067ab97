"""How far off a layer can get that feeds back what its cells have made, through cells that bend.

Let p be what the layer reads of itself: p = P h over its cells h, and h = D (B p + … + δ), where D is 1 for a linear
cell and from 0 to 1 for a ReLU, and δ is what one step rounds. Errors then follow eₜ = P D B eₜ₋₁ + P D δ. What a ReLU
takes away is often what another cell adds: max(p, x) = p + relu(x − p) never widens an error, though its cells do. And
what a ReLU rounds it adds only where it passes on what was. Both terms are largest with every D of a ReLU 0 or 1: for
each choice an ∞-norm of P D B, the choice's rate, and what it makes in P D δ. A step takes the choice that is worst.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from lsrl.lang.matrix import Row
from lsrl.lang.numbers import as_float
from lsrl.rounding.error_calculus import accumulated

MOST_BENDS = 10
"""ReLUs of one row for which every choice is tried."""


MOST_STEPS = 2**16
"""Steps that are followed one by one."""


class _Choice(NamedTuple):
    """By how much a step with a choice of bends multiplies an error, and what it makes."""

    rate: float
    made: float


def feedback_errors(
    P: Sequence[Row],
    B: Sequence[Row],
    bends: Sequence[bool],
    local: Sequence[float],
    starts: Sequence[float],
    growth: float,
    steps: float,
    *,
    shut: bool = True,
) -> list[float]:
    """The errors of the cells of a layer that reads P h of its cells h, the i-th cell by row B[i].

    `bends` says which are ReLUs; `local` is what one step makes in each, `starts` how far off each is before the first
    step, and `growth` how much of what is off already a sum loses, too. `shut`: a ReLU that is 0 rounds nothing; else
    it may pass a sum that is just below 0.

    >>> from flint import fmpq
    >>> one, minus = (0, fmpq(1)), (0, fmpq(-1))  # max(p, x) = p + relu(x − p)
    >>> feedback_errors([(one, (1, fmpq(1)))], [(one,), (minus,)], [False, True], [0.0, 1.0], [0.0, 0.0], 0.0, 10.0)
    [1.0, 2.0]
    """
    begun = max(_total(row, starts) for row in P)
    if not begun and not any(_total(row, local) for row in P):
        return list(local)
    size = max(sum(abs(as_float(w)) * sum(abs(as_float(v)) for _, v in B[i]) for i, w in row) for row in P)
    choices = [
        _Choice(rate + growth * size, made)
        for row in P
        for rate, made in _choices(row, B, bends, len(P), local, shut=shut)
    ]
    off = _largest(choices, begun, steps)
    return [error + off * (1 + growth) * sum(abs(as_float(w)) for _, w in B[i]) for i, error in enumerate(local)]


def _largest(choices: Sequence[_Choice], start: float, steps: float) -> float:
    """The largest of e₀ = start, eₜ = the worst choice's rate · eₜ₋₁ + made, over so many steps."""
    rate, made = (max(values) for values in zip(*choices, strict=True))
    bound = accumulated(made, start, rate, steps)
    if rate < 1:  # what is beyond all that choices settle at only shrinks
        return min(bound, max(start, *(choice.made / (1 - choice.rate) for choice in choices)))
    if steps > MOST_STEPS or math.isinf(bound):
        return bound
    found = error = start
    worst = sorted(set(choices))
    for _ in range(int(steps)):
        error = max(choice.rate * error + choice.made for choice in worst)
        found = max(found, error)
    return min(bound, found)


def _total(row: Row, errors: Sequence[float]) -> float:
    return sum(abs(as_float(weight)) * errors[i] for i, weight in row if errors[i])


def _choices(
    row: Row, B: Sequence[Row], bends: Sequence[bool], size: int, local: Sequence[float], *, shut: bool
) -> list[_Choice]:
    """The sum of |entries| of a row of P D B, and what is made in P D δ, for every choice of the bends."""
    straight, always, bent = np.zeros(size), 0.0, []
    for i, weight in row:
        part, made = np.zeros(size), _total(((i, weight),), local)
        for k, read in B[i]:
            part[k] += as_float(weight) * as_float(read)
        if bends[i]:
            bent.append((part, made if shut else 0.0))
        else:
            straight += part
        always += 0.0 if bends[i] and shut else made
    if len(bent) > MOST_BENDS:
        norm = np.abs(straight).sum() + sum(np.abs(part).sum() for part, _ in bent)
        return [_Choice(float(norm), always + sum(made for _, made in bent))]
    found = []
    for choice in product((False, True), repeat=len(bent)):
        parts = [pair for pair, on in zip(bent, choice, strict=True) if on]
        total = straight + sum((part for part, _ in parts), np.zeros(size))
        found.append(_Choice(float(np.abs(total).sum()), always + sum(made for _, made in parts)))
    return found
