"""Real states that read their own past through something that bends: peaks, limiters, modulators, neurons."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from lsrl.lang import (
    Concat,
    Linear,
    ReLU,
    Value,
    absolute,
    clip,
    ifelse,
    larger,
    maximum,
    recur,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import wandering, waves
from lsrl.zoo.specifications import remembering
from lsrl.zoo.streams import reals

FAMILY = Family(
    "dynamics",
    "real states that read their own past through something that bends",
    ("Gerstner et al. 2014, Neuronal dynamics", "Horowitz and Hill, The art of electronics"),
)

SIGNAL = reals((-4, 4))
WAVES, WALK = waves(SIGNAL, 12), wandering(SIGNAL, 0.5)


@FAMILY.program(
    "the largest so far, or 0",
    SIGNAL,
    lambda x: list(accumulate(x, max, initial=Fraction(0)))[1:],
    difficulty=2,
    sampler=WALK,
)
def peak_hold(signal: Value) -> Value:
    """A running maximum of reals."""
    return recur(lambda peak: maximum(peak, signal), name="peak")


@FAMILY.program(
    "a peak that fades: the signal, or 7/8 of what it was",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: (max(s * 7 / 8, x),) * 2),
    difficulty=2,
    sampler=WAVES,
)
def fading_peak(signal: Value) -> Value:
    """A maximum with decay."""
    return recur(lambda peak: maximum(peak * "7/8", signal), name="peak")


@FAMILY.program(
    "the envelope: the absolute value, or 3/4 of what it was",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: (max(s * 3 / 4, abs(x)),) * 2),
    difficulty=2,
    sampler=WAVES,
)
def envelope(signal: Value) -> Value:
    """A rectifier, and a maximum with decay."""
    size = absolute(signal)
    return recur(lambda level: maximum(level * "3/4", size), name="envelope")


@FAMILY.program(
    "an output that follows the signal by no more than 1/4 a step",
    SIGNAL,
    remembering(Fraction(0), lambda y, x: (y + min(max(x - y, Fraction(-1, 4)), Fraction(1, 4)),) * 2),
    difficulty=2,
    sampler=WAVES,
)
def slew_rate_limiter(signal: Value) -> Value:
    """What it was, and a clip of what is missing."""
    return recur(lambda y: y + clip(signal - y, "-1/4", "1/4"), name="output")


@FAMILY.program(
    "a sum that never leaves -8 … 8",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: (min(max(s + x, -8), 8),) * 2),
    difficulty=2,
)
def clamped_integrator(signal: Value) -> Value:
    """An integrator with anti-windup."""
    return recur(lambda s: clip(s + signal, -8, 8), name="integral")


@FAMILY.program(
    "delta modulation: an output that goes up 1/4 where the signal is above it, and down 1/4 elsewhere",
    SIGNAL,
    remembering(Fraction(0), lambda y, x: (y + Fraction(1 if x > y else -1, 4),) * 2),
    difficulty=2,
    sampler=WAVES,
)
def delta_modulator(signal: Value) -> Value:
    """A comparison with itself."""
    return recur(lambda y: y + larger(signal, y) / 2 - "1/4", name="staircase")


def _modulated(x: list[Fraction]) -> list[int]:
    error, answers = Fraction(0), []
    for s in x:
        error += s
        answers.append(1 if error > 0 else -1)
        error -= answers[-1]
    return answers


@FAMILY.program(
    "sigma-delta modulation: ones and minus ones whose mean is the signal’s, which lies in -1 … 1",
    reals((-1, 1)),
    _modulated,
    difficulty=4,
    sampler=waves(reals((-1, 1)), 30),
)
def sigma_delta(signal: Value) -> Value:
    """The sum of what is missing; its sign goes out, and comes off it."""
    missing = recur(lambda e: e - (2 * (e > 0) - 1) + signal, 1, name="missing")
    return 2 * (missing > 0) - 1


def _fired(x: list[Fraction]) -> list[int]:
    charge, answers = Fraction(0), []
    for current in x:
        charge = max(charge - Fraction(1, 8) + current, Fraction(0))
        answers.append(int(charge >= 1))
        if charge >= 1:
            charge = Fraction(0)
    return answers


@FAMILY.program(
    "a spiking neuron: its charge leaks by 1/8 a step, not below 0, and starts anew when it has reached 1",
    reals((0, 1)),
    _fired,
    difficulty=2,
    sampler=wandering(reals((0, 1)), 0.3),
    references=("Lapicque 1907",),
)
def spiking_neuron(signal: Value) -> Value:
    """Integrate and fire: what decides on the reset is what the charge was one step ago."""
    charge = recur(lambda u: ReLU(ifelse(u >= 1, 0, u) - "1/8" + signal), name="charge")
    return charge >= 1


def _elman(x: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    a = b = Fraction(0)
    answers = []
    for s in x:
        a, b = max(a / 2 - b / 4 + s, Fraction(0)), max(a / 4 + b / 2 - s, Fraction(0))
        answers.append((a, b))
    return answers


@FAMILY.program(
    "a recurrent network of two ReLUs",
    SIGNAL,
    _elman,
    difficulty=2,
    sampler=WAVES,
    references=("Elman 1990, Finding structure in time",),
)
def two_relus(signal: Value) -> Value:
    """What the architecture is made of, written down."""

    def step(h: Value) -> Value:
        recurrent = Linear(h, [["1/2", "-1/4"], ["1/4", "1/2"]])
        return ReLU(recurrent + Concat([signal, -signal]))

    return recur(step, [0, 0], name="hidden")
