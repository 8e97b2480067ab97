"""Random inputs inside what a program declares, for differential tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import as_float

UNDECLARED = (-9.0, 9.0)
"""The range to draw from where an input declares none."""


def sampled_inputs(facts: Sequence[Fact], rng: np.random.Generator, batch: int, length: int) -> np.ndarray:
    """Inputs of shape (batch, length, dim), one fact per component: inside its range and on its grid.

    One sequence in four stays at the ends of the ranges, where mistakes like to be.

    >>> from lsrl.circuit.facts import BOOLEAN
    >>> sampled_inputs([BOOLEAN], np.random.default_rng(0), 1, 4).shape
    (1, 4, 1)
    """
    extreme = rng.random((batch, 1)) < 0.25
    columns = []
    for fact in facts:
        low = UNDECLARED[0] if fact.low is None else as_float(fact.low)
        high = max(low, UNDECLARED[1]) if fact.high is None else as_float(fact.high)
        low = min(low, high)
        if fact.grid is None:
            ends = np.array([low, high])
            drawn: np.ndarray = rng.uniform(low, high, (batch, length))
        else:
            grid = as_float(fact.grid)
            first, last = int(np.ceil(low / grid)), int(np.floor(high / grid))
            ends = np.array([first, last]) * grid
            drawn = rng.integers(first, last, (batch, length), endpoint=True) * grid
        columns.append(np.where(extreme, rng.choice(ends, (batch, length)), drawn))
    return np.stack(columns, axis=-1)
