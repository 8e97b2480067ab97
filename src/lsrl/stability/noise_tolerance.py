"""How much noise in its weights a network tolerates, estimated from what little noise does to it.

Every weight w is w · (1 + σ z), with z drawn from N(0, 1) once for all steps. While nothing flips, errors are
proportional to σ. So some draws of little noise tell the standard deviation s · σ of every number in the network, with
all that adds up or cancels on its way. A number that is d away from where a result changes crosses it in one network
of a hundred at σ = d / (2.58 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from lsrl.circuit.affine import Affine
from lsrl.circuit.units import Circuit
from lsrl.lang.numbers import as_float
from lsrl.stability.decisions import Decision, decisions_of

LostKind: TypeAlias = Literal["decision", "output"]

QUANTILE = 2.5758
"""A normal number is farther from its mean than so many standard deviations once in a hundred times."""

MOST_NOISE = 0.5
"""Noise beyond which nothing is said: some weights change their sign there."""

PART = 0.1
"""Outputs that are on no grid are lost where they are off by this part of the largest."""


class Watched(NamedTuple):
    """A number of the network that must not be far off: a form over the circuit's units.

    `decision` is the comparison that it is the argument of. An output is to stay within `half` its grid, None: it is a
    real number.
    """

    name: str
    form: Affine
    decision: Decision | None = None
    half: float | None = None

    @property
    def kind(self) -> LostKind:
        """What is lost where it is too far off."""
        return "output" if self.decision is None else "decision"

    def distances(self, values: np.ndarray) -> np.ndarray:
        """How far off each value can be; the argument of a comparison that is undecided by as much as it likes."""
        if self.decision is None:
            half = PART * float(np.abs(values).max(initial=0)) if self.half is None else self.half
            return np.full(values.shape, half or np.inf)
        far = np.maximum(self.decision.low - values, values - self.decision.high)
        return np.where(far < self.decision.margin / 2, np.inf, np.maximum(far, 0.0))


@dataclass(frozen=True, slots=True)
class NoiseLimit:
    """One network of a hundred loses this decision, or output, at relative noise of `tolerance` on every weight."""

    name: str
    kind: LostKind
    tolerance: float

    def as_dict(self) -> dict[str, Any]:
        """The limit as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NoiseTolerance:
    """The noise that a network is estimated to tolerate, and what gives way first.

    `limits` are the decisions and outputs that were looked at, worst first, each in its worst component;
    `sequences` of so many `steps` were run, with noise drawn so many times.
    """

    limits: tuple[NoiseLimit, ...]
    sequences: int
    steps: int
    draws: int

    @property
    def tolerance(self) -> float:
        """σ of the relative noise at which the first of them is lost in one network of a hundred; 0.5: that or more."""
        return self.limits[0].tolerance if self.limits else MOST_NOISE

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types."""
        return {**asdict(self), "tolerance": self.tolerance}

    def __str__(self) -> str:
        runs = f"estimated on {self.sequences} sequences of {self.steps} steps"
        if self.tolerance >= MOST_NOISE:
            return f"relative noise on every weight is tolerated up to σ = {MOST_NOISE} and more ({runs})"
        return (
            f"99 of 100 networks tolerate relative noise of σ = {self.tolerance:.2g} on every weight "
            f"({runs}; first lost: {self.limits[0].name!r})"
        )


def watched(circuit: Circuit) -> list[Watched]:
    """What must not be far off in a legalised circuit: the arguments of its decisions, and its outputs."""
    found = [Watched(circuit.origins[i], decision.argument, decision) for i, decision in decisions_of(circuit).items()]
    for i, form in enumerate(circuit.outputs):
        grid = circuit.knowledge.fact(form).grid
        found.append(Watched(f"output[{i}]", form, half=None if grid is None else as_float(grid) / 2))
    return found


def limits_of(numbers: Sequence[Watched], distances: np.ndarray, deviations: np.ndarray) -> tuple[NoiseLimit, ...]:
    """The limits, worst first, given how far off numbers can be and their standard deviations (…, n) for σ = 1.

    >>> from lsrl.circuit.affine import variable
    >>> limits_of([Watched("sum", variable(0))], np.array([[0.5], [0.5]]), np.array([[0.0], [50.0]]))[0].tolerance
    0.0038822...
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        sigmas = np.where(deviations > 0, distances / (QUANTILE * deviations), MOST_NOISE)
    worst: dict[str, NoiseLimit] = {}
    for number, sigma in zip(numbers, sigmas.reshape(-1, len(numbers)).min(axis=0, initial=MOST_NOISE), strict=True):
        known = worst.get(number.name)
        if known is None or sigma < known.tolerance:
            worst[number.name] = NoiseLimit(number.name, number.kind, float(sigma))
    return tuple(sorted(worst.values(), key=lambda limit: limit.tolerance))
