"""Means with confidence intervals of what a study measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import polars


class Summary(NamedTuple):
    """The mean of some measurements, its 95 % confidence interval, and their median."""

    mean: float
    low: float
    high: float
    median: float


RESAMPLES = 2000


def summary(values: Sequence[float]) -> Summary:
    """Mean and median; the interval by bootstrap with a fixed seed, so that equal results look equal.

    >>> summary([1.0, 1.0, 1.0])
    Summary(mean=1.0, low=1.0, high=1.0, median=1.0)
    """
    numbers = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore", invalid="ignore"):
        means = numbers[rng.integers(0, len(numbers), (RESAMPLES, len(numbers)))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975]) if np.isfinite(means).all() else (np.nan, np.nan)
        return Summary(float(numbers.mean()), float(low), float(high), float(np.median(numbers)))


def summaries(frame: polars.DataFrame, keys: Sequence[str], column: str) -> dict[tuple[object, ...], Summary]:
    """The summary of a column for every combination of the keys, in the order in which they first appear."""
    groups: dict[tuple[object, ...], list[float]] = {}
    for *key, value in frame.select([*keys, column]).iter_rows():
        groups.setdefault(tuple(key), []).append(np.nan if value is None else float(value))
    return {key: summary(values) for key, values in groups.items()}
