"""Differential tests: a compiled model against the exact interpreter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lsrl.lang.numbers import as_float, whole_number
from lsrl.lang.numbers import exact as exact_number
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.sampling import sampled_inputs, tokens_only
from lsrl.notebook import Tabulated

LENGTH, LONGEST = 64, 1024
"""Steps per case unless the caller says otherwise: the model's `max_length` up to `LONGEST`, `LENGTH` without one."""

TOGETHER = 2**16
"""Steps of all cases that are computed at once: enough to be fast, few enough that `progress` hears of each."""

SPOILED = 0.25
"""The share of all cases over tokens that hold what is not a token; everything after one is refused."""


@dataclass(frozen=True, slots=True)
class Verification(Tabulated):
    """What a differential test found.

    `mismatches` counts output numbers outside the guarantee; `worst_error` is the largest
    |model − exact|; cases with an undecided comparison are outside every guarantee and `skipped`.
    """

    cases: int
    skipped: int
    steps: int
    mismatches: int
    worst_error: float
    guarantee: str

    @property
    def passed(self) -> bool:
        """Whether at least half of the cases were compared and nothing broke the guarantee."""
        return self.mismatches == 0 and 2 * self.skipped <= self.cases

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {**asdict(self), "passed": self.passed}


def verified(
    model: CompiledNetwork,
    *,
    cases: int,
    length: int | None = None,
    seed: int = 0,
    sample: Callable[[np.random.Generator, int], np.ndarray] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Run `cases` random sequences through the model and the exact interpreter and compare.

    `sample(rng, length)` makes one (length, dim) input; by default inputs are drawn from the
    declared ranges. Without a `length` a case is as long as the model allows, up to 1,024 steps.
    A model that guarantees nothing is held to equality. `progress` is told how many more cases are done.
    """
    for what, count in (("cases", cases), ("length", length)):
        if count is not None:
            whole_number(count, f"{what} of verify")
    whole_number(seed, "seed of verify", least=0, most=2**63)
    rng = np.random.default_rng(seed)
    steps = length or min(model.max_length or LENGTH, LONGEST)
    model.check_length(steps)
    skipped = mismatches = 0
    worst = 0.0
    for first in range(0, cases, together := max(1, TOGETHER // steps)):
        drawn = [_drawn(model, rng, steps, sample) for _ in range(min(together, cases - first))]
        x = np.stack(drawn).astype(model.network.dtype)
        trace = model.program.trace(x, exact=True)
        decided = sorted(set(range(len(x))) - {comparison.batch for comparison in trace.undecided})
        skipped += len(x) - len(decided)
        if decided:
            errors = absolute_errors(model.run(x[decided]), trace.output[decided])
            mismatches += int((errors > _allowed(model)).sum())
            worst = max(worst, float(errors.max()))
        if progress is not None:
            progress(len(x))
    return Verification(cases, skipped, steps, mismatches, worst, str(model.guarantee))


def _allowed(model: CompiledNetwork) -> list[float]:
    return [bound if math.isfinite(bound) else 0.0 for bound in model.guarantee.bounds]


def _drawn(
    model: CompiledNetwork,
    rng: np.random.Generator,
    steps: int,
    sample: Callable[[np.random.Generator, int], np.ndarray] | None,
) -> np.ndarray:
    """One input (steps, dim): the caller's, or random numbers of the declared ranges."""
    if sample is not None:
        return sample(rng, steps)
    facts = model.inputs
    if model.refuses and rng.random() >= SPOILED:
        facts = tokens_only(facts)
    drawn: np.ndarray = sampled_inputs(facts, rng, 1, steps, str(model.network.dtype))[0]
    return drawn


def absolute_errors(computed: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """|computed − exact| for floats against an array of Fractions, 0 only where they are equal.

    >>> from fractions import Fraction
    >>> absolute_errors(np.array([0.5]), np.array([Fraction(1, 2)])).tolist()
    [0.0]
    """
    from fractions import Fraction

    numbers, exactly = computed.astype(np.float64).ravel(), exact.ravel()
    distinct = {id(true): true for true in exactly}
    nearest = {key: as_float(exact_number(true)) for key, true in distinct.items()}
    held = {key: math.isfinite(near) and Fraction(near) == distinct[key] for key, near in nearest.items()}
    as_floats = np.array([nearest[id(true)] for true in exactly])
    inexact = ~np.array([held[id(true)] for true in exactly])
    with np.errstate(invalid="ignore"):
        # Between floats a difference is rounded, and so 0 only for equal ones.
        errors = np.where(np.isfinite(numbers), np.abs(numbers - as_floats), np.inf)
    for i in np.flatnonzero(inexact & np.isfinite(numbers)):
        errors[i] = abs(Fraction(float(numbers[i])) - exactly[i])
    return errors.reshape(computed.shape)
