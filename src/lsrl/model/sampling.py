"""Random inputs inside what a program declares, for differential tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from flint import fmpq

from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import ZERO
from lsrl.semantics.inputs import float_beside, grid_floats

UNDECLARED = fmpq(9)
"""Inputs without a declared range are drawn from minus this to this."""


FARTHEST = fmpq(2) ** 53
"""Wider ranges are sampled up to this, where floats still hold every whole number."""


def sampled_inputs(
    facts: Sequence[Fact], rng: np.random.Generator, batch: int, length: int, dtype: str = "float64"
) -> np.ndarray:
    """Inputs of shape (batch, length, dim), one fact per component: inside its range and on its grid.

    One sequence in four stays at the ends of the ranges, where mistakes like to be.

    >>> from lsrl.circuit.facts import BOOLEAN
    >>> sampled_inputs([BOOLEAN], np.random.default_rng(0), 1, 4).shape
    (1, 4, 1)
    """
    extreme = rng.random((batch, 1)) < 0.25
    columns = []
    for fact in facts:
        low = fact.low if fact.low is not None else min(-UNDECLARED, fact.high or ZERO)
        high = fact.high if fact.high is not None else max(UNDECLARED, low)
        low, high = max(low, min(-FARTHEST, high)), min(high, max(FARTHEST, low))
        if fact.grid is None:
            ends = np.array([float_beside(low, np.inf, dtype), float_beside(high, -np.inf, dtype)])
            drawn: np.ndarray = np.clip(rng.uniform(float(ends.min()), float(ends.max()), (batch, length)), *ends)
        else:
            first, last = int((low / fact.grid).ceil()), int((high / fact.grid).floor())
            first, last = max(first, -int(FARTHEST)), min(last, int(FARTHEST))
            ends = grid_floats(np.array([first, last]), fact.grid)
            drawn = grid_floats(rng.integers(first, last, (batch, length), endpoint=True), fact.grid)
        columns.append(np.where(extreme, rng.choice(ends, (batch, length)), drawn))
    return np.stack(columns, axis=-1).astype(dtype)


def tokens_only(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The inputs of a language model less the highest number, which stands for what is not a token."""
    return tuple(replace(fact, high=None if fact.high is None else fact.high - 1) for fact in facts)
