"""Signals through triggers, limiters and detectors."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from statistics import median

from lsrl.lang import (
    Value,
    absolute,
    and_,
    at_least,
    broadcast,
    clip,
    cumsum,
    delay,
    equal,
    ifelse,
    latch,
    maximum,
    minimum,
    not_,
    not_equal,
    or_,
    recur,
    reset_sum,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import sticky, wandering, waves
from lsrl.zoo.specifications import of_windows, remembering
from lsrl.zoo.streams import BITS, reals

FAMILY = Family("signals", "triggers, limiters and detectors", ("Horowitz and Hill, The art of electronics",))

SIGNAL, GATED = reals((-4, 4)), reals((-4, 4), (0, 1))
WAVES, WALK = waves(SIGNAL, 12), wandering(SIGNAL, 0.5)


@FAMILY.program(
    "a Schmitt trigger: on above 1, off below -1, else what it was",
    SIGNAL,
    remembering(0, lambda on, x: (1 if x > 1 else 0 if x < -1 else on,) * 2),
    difficulty=2,
    sampler=wandering(SIGNAL, 1),
)
def schmitt_trigger(signal: Value) -> Value:
    """It reads what it was itself."""
    high, low = signal > 1, signal < -1
    return recur(lambda on: or_(high, and_(on, not_(low))), name="on")


def _debounced(x: list[int]) -> list[int]:
    state, answers = 0, []
    for t in range(len(x)):
        if t >= 2 and x[t] == x[t - 1] == x[t - 2]:
            state = x[t]
        answers.append(state)
    return answers


@FAMILY.program(
    "a debouncer: the bit that was last there three times in a row",
    BITS,
    _debounced,
    difficulty=2,
    sampler=sticky(BITS, 0.4),
)
def debouncer(symbol: Value) -> Value:
    """A latch that a window writes."""
    recent = shift_register(symbol, 3, init=-1, name="recent")
    return latch(symbol, and_(equal(recent[0], recent[1]), equal(recent[1], recent[2])), name="state")


@FAMILY.program(
    "rising edges", BITS, of_windows(2, lambda w: int(w == [0, 1])), difficulty=1, sampler=sticky(BITS, 0.3)
)
def rising_edge(symbol: Value) -> Value:
    """On, and off before."""
    return and_(symbol, not_(delay(symbol)), name="edge")


def _dead_time(x: list[int]) -> list[int]:
    answers: list[int] = []
    for bit in x:
        answers.append(int(bit and not any(answers[-2:])))
    return answers


@FAMILY.program("pulses, but none within two steps after one that came through", BITS, _dead_time, difficulty=3)
def refractory(symbol: Value) -> Value:
    """Dead time: how many steps are left of it."""
    waiting = recur(
        lambda left: ifelse(left >= 1, left - 1, ifelse(symbol, 2, 0)),
        name="waiting",
    )
    return equal(waiting, 2, name="pulse")


@FAMILY.program(
    "how long the signal has been above 1",
    SIGNAL,
    remembering(0, lambda n, x: ((n + 1 if x > 1 else 0),) * 2),
    difficulty=4,
    sampler=WAVES,
)
def pulse_width(signal: Value) -> Value:
    """A sum that begins anew."""
    high = signal > 1
    return reset_sum(high, not_(high), name="width")


@FAMILY.program(
    "how often the signal has changed its sign",
    SIGNAL,
    lambda x: list(accumulate(int((a > 0) != (b > 0)) for a, b in zip([Fraction(0), *x], x, strict=False))),
    difficulty=4,
    sampler=WAVES,
)
def zero_crossings(signal: Value) -> Value:
    """Changes of a comparison, counted."""
    positive = signal > 0
    return cumsum(not_equal(positive, delay(positive)), name="crossings")


@FAMILY.program("the absolute value", SIGNAL, lambda x: [abs(s) for s in x], difficulty=1, sampler=WAVES)
def rectifier(signal: Value) -> Value:
    """Two ReLUs."""
    return absolute(signal, name="rectified")


@FAMILY.program("the signal, cut at -1 and 1", SIGNAL, lambda x: [min(1, max(-1, s)) for s in x], difficulty=1)
def limiter(signal: Value) -> Value:
    """A clip."""
    return clip(signal, -1, 1, name="limited")


@FAMILY.program(
    "what of the signal is beyond -1 and 1",
    SIGNAL,
    lambda x: [s - 1 if s > 1 else s + 1 if s < -1 else 0 for s in x],
    difficulty=1,
)
def dead_zone(signal: Value) -> Value:
    """The signal, less what a limiter leaves."""
    return signal - clip(signal, -1, 1)


@FAMILY.program(
    "the signal’s level of nine: rounded down to a whole number",
    SIGNAL,
    lambda x: [s.numerator // s.denominator for s in x],
    difficulty=1,
    sampler=WALK,
)
def quantizer(signal: Value) -> Value:
    """How many thresholds are reached."""
    return total(at_least(broadcast(signal, 8), list(range(-3, 5))), name="level") - 4


@FAMILY.program("the median of the last three", SIGNAL, of_windows(3, median), difficulty=1, sampler=WAVES)
def median_filter(signal: Value) -> Value:
    """The middle one: single outliers do not come through."""
    a, b, c = signal, delay(signal), delay(signal, 2)
    return maximum(minimum(a, b), minimum(maximum(a, b), c), name="median")


@FAMILY.program(
    "the signal as it was when the gate was last above 1/2",
    GATED,
    remembering(Fraction(0), lambda s, x: (x[0] if x[1] > Fraction(1, 2) else s,) * 2),
    difficulty=2,
)
def sample_and_hold(signals: Value) -> Value:
    """A latch of a real."""
    return latch(signals[0], signals[1] > "1/2", name="held")
