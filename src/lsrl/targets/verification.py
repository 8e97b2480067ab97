"""Differential tests: a compiled model against the exact interpreter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.lang.numbers import whole_number
from lsrl.targets.sampling import sampled_inputs

if TYPE_CHECKING:
    from lsrl.targets.model import CompiledModel

LENGTH, LONGEST = 64, 1024
"""Steps per case unless the caller says otherwise: the model's `max_length` up to `LONGEST`, `LENGTH` without one."""


@dataclass(frozen=True, slots=True)
class Verification:
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
        """Whether something was compared and nothing broke the guarantee."""
        return self.mismatches == 0 and self.cases > self.skipped

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {**asdict(self), "passed": self.passed}


def verified(
    model: CompiledModel,
    *,
    cases: int,
    length: int | None = None,
    seed: int = 0,
    sample: Callable[[np.random.Generator, int], np.ndarray] | None = None,
    progress: Callable[[], None] | None = None,
) -> Verification:
    """Run `cases` random sequences through the model and the exact interpreter and compare.

    `sample(rng, length)` makes one (length, dim) input; by default inputs are drawn from the
    declared ranges. Without a `length` a case is as long as the model allows, up to 1,024 steps.
    A model that guarantees nothing is held to equality.
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
    for _ in range(cases):
        drawn = sampled_inputs(model.inputs, rng, 1, steps, model.dtype)[0] if sample is None else sample(rng, steps)
        x = np.asarray(drawn, dtype=model.dtype)
        trace = model.program.trace(x, exact=True)
        if trace.undecided:
            skipped += 1
        else:
            errors = absolute_errors(model.run(x), trace.output)
            allowed = [bound if math.isfinite(bound) else 0.0 for bound in model.guarantee.bounds]
            mismatches += int((errors > allowed).sum())
            worst = max(worst, float(errors.max(initial=0.0)))
        if progress is not None:
            progress()
    return Verification(cases, skipped, steps, mismatches, worst, str(model.guarantee))


def absolute_errors(computed: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """|computed − exact| for floats against an array of Fractions, 0 only where they are equal.

    >>> from fractions import Fraction
    >>> absolute_errors(np.array([0.5]), np.array([Fraction(1, 2)])).tolist()
    [0.0]
    """
    from fractions import Fraction

    differences = [
        abs(Fraction(float(number)) - true) if np.isfinite(number) else np.inf
        for number, true in zip(computed.ravel(), exact.ravel(), strict=True)
    ]
    return np.array([float(difference) for difference in differences]).reshape(computed.shape)
