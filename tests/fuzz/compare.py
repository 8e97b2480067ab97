"""Numbers of the oracle beside numbers of LSRL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from .cases import Case, Rows
from .running import Run, Steps, size
from .verdicts import FoundError


def floats(rows: Rows) -> Any:
    """A sequence as an array of floats."""
    return np.array([[float(number) for number in row] for row in rows])


def exactly(given: Any) -> Steps:
    """An array as exact numbers; infinities and NaN are failures."""
    if not np.isfinite(np.asarray(given, dtype=float)).all():
        raise FoundError("a result that is not finite", "numbers", given)
    return [tuple(Fraction(number) for number in row) for row in np.asarray(given).tolist()]


def largest(run: Run) -> float:
    """The largest number of the run in any value."""
    return float(max((size(part) for steps in run.values.values() for row in steps for part in row), default=0))


def compare(kind: str, expected: Steps, given: Any, bounds: Sequence[float]) -> None:
    """Every number is as close to the oracle's as its bound says."""
    steps = exactly(given)
    if [len(row) for row in expected] != [len(row) for row in steps]:
        raise FoundError(f"{kind}: the shape", [len(row) for row in expected], np.shape(given))
    for t, (right, found) in enumerate(zip(expected, steps, strict=True)):
        for i, (a, b) in enumerate(zip(right, found, strict=True)):
            if math.isfinite(bounds[i]) and size(a - b) > Fraction(bounds[i]):
                within = f" ± {bounds[i]:g}" if bounds[i] else ""
                raise FoundError(f"{kind}: a value", f"{a}{within} at step {t}, component {i}", f"{b} = {float(b)!r}")


def expected_of(case: Case, run: Run) -> Steps:
    """The oracle's outputs."""
    parts = zip(*(run.values[node] for node in case.outputs), strict=True)
    return [tuple(number for vector in step for number in vector) for step in parts]
