"""Linear filters of real signals: windows, averages that fade, resonators, and estimates of what lies behind noise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from lsrl.lang import Concat, Linear, LinState, Value, cumsum, cyclic, delay, ifelse, shift_register, total
from lsrl.zoo.entry import Family, Specification
from lsrl.zoo.samplers import wandering, waves
from lsrl.zoo.specifications import of_prefixes, of_windows, remembering
from lsrl.zoo.streams import reals

FAMILY = Family("filters", "linear filters of real signals", ("Oppenheim and Schafer, Signal processing",))

SIGNAL, PAIR = reals((-4, 4)), reals((-4, 4), (-4, 4))
WAVES, WALK = waves(SIGNAL, 12), wandering(SIGNAL, 0.5)


def _weighted(weights: Sequence[int | Fraction]) -> Specification:
    """A sum of the last inputs, the newest first."""
    return of_windows(len(weights), lambda w: sum(a * b for a, b in zip(weights, reversed(w), strict=True)))


@FAMILY.program(
    "a quarter, a half and a quarter of the last three",
    SIGNAL,
    _weighted([Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]),
    difficulty=1,
    sampler=WAVES,
)
def fir_smoothing(signal: Value) -> Value:
    """A short filter."""
    return Linear(shift_register(signal, 3, name="taps"), [["1/4", "1/2", "1/4"]], name="smooth")


@FAMILY.program(
    "half of this less the one before the last",
    SIGNAL,
    _weighted([Fraction(1, 2), 0, Fraction(-1, 2)]),
    difficulty=1,
    sampler=WAVES,
)
def central_difference(signal: Value) -> Value:
    """The slope, one step late."""
    return (signal - delay(signal, 2)) / 2


@FAMILY.program(
    "the mean of the last 8", SIGNAL, of_windows(8, lambda w: Fraction(sum(w), 8)), difficulty=1, sampler=WAVES
)
def moving_average(signal: Value) -> Value:
    """A window whose weights are alike."""
    return total(shift_register(signal, 8, name="taps")) / 8


@FAMILY.program(
    "the inner product of the last four with 1, 1, -1, 1 (oldest first)",
    SIGNAL,
    _weighted([1, -1, 1, 1]),
    difficulty=1,
)
def matched_filter(signal: Value) -> Value:
    """Large where the pattern has just been."""
    return Linear(shift_register(signal, 4, name="taps"), [[1, -1, 1, 1]], name="match")


@FAMILY.program("what comes next on a straight line", SIGNAL, _weighted([2, -1]), difficulty=1, sampler=WALK)
def extrapolation(signal: Value) -> Value:
    """Twice this less the last."""
    return 2 * signal - delay(signal)


@FAMILY.program(
    "an exponential average: 7/8 of what it was, and 1/8 of the signal",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: (s + (x - s) / 8,) * 2),
    difficulty=2,
    sampler=WALK,
)
def exponential_average(signal: Value) -> Value:
    """A state that fades."""
    return LinState(signal, "7/8", "1/8", name="average")


@FAMILY.program(
    "an exponential average of an exponential average",
    SIGNAL,
    remembering((Fraction(0), Fraction(0)), lambda m, x: _averaged_twice(m[0], m[1], x)),
    difficulty=2,
    sampler=WALK,
)
def two_poles(signal: Value) -> Value:
    """Two states, one after the other."""
    return LinState(LinState(signal, "3/4", "1/4", name="first"), "3/4", "1/4", name="second")


def _averaged_twice(a: Fraction, b: Fraction, x: Fraction) -> tuple[tuple[Fraction, Fraction], Fraction]:
    a = (3 * a + x) / 4
    b = (3 * b + a) / 4
    return (a, b), b


@FAMILY.program(
    "a fast average less a slow one",
    SIGNAL,
    of_prefixes(
        lambda x: (
            sum(s * Fraction(1, 2) ** (len(x) - i) for i, s in enumerate(x))
            - sum(s * Fraction(7, 8) ** (len(x) - 1 - i) / 8 for i, s in enumerate(x))
        )
    ),
    difficulty=2,
    sampler=WALK,
)
def fast_less_slow(signal: Value) -> Value:
    """Two states side by side: what traders call MACD."""
    return LinState(signal, "1/2", "1/2", name="fast") - LinState(signal, "7/8", "1/8", name="slow")


@FAMILY.program(
    "a leaky integrator: 15/16 of what it was, and the signal",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: (s * 15 / 16 + x,) * 2),
    difficulty=2,
)
def leaky_integrator(signal: Value) -> Value:
    """A sum that forgets."""
    return LinState(signal, "15/16", name="charge")


@FAMILY.program(
    "the signal without its constant part",
    SIGNAL,
    remembering((Fraction(0), Fraction(0)), lambda m, x: ((y := m[0] * 7 / 8 + x - m[1], x), y)),
    difficulty=2,
    sampler=WALK,
)
def dc_blocker(signal: Value) -> Value:
    """A difference that fades."""
    return LinState(signal - delay(signal), "7/8", name="blocked")


def _echoes(x: list[Fraction]) -> list[Fraction]:
    return [sum((x[t - 4 * k] / 2**k for k in range(t // 4 + 1)), Fraction(0)) for t in range(len(x))]


@FAMILY.program("the signal and its echoes, every 4 steps half as loud", SIGNAL, _echoes, difficulty=2)
def comb_filter(signal: Value) -> Value:
    """A register whose end is fed back to its beginning, halved."""
    echo = LinState(signal, [[0, 0, 0, "1/2"], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], [[1], [0], [0], [0]])
    return echo[0]


@FAMILY.program(
    "a resonator of period 8: it rings as it fades",
    SIGNAL,
    remembering((Fraction(0), Fraction(0)), lambda m, x: ((z := ((m[0] - m[1]) / 2 + x, (m[0] + m[1]) / 2)), z[0])),
    difficulty=3,
)
def resonator(signal: Value) -> Value:
    """A rotation by 45 degrees that shrinks."""
    return LinState(signal, [["1/2", "-1/2"], ["1/2", "1/2"]], [[1], [0]], name="phasor")[0]


@FAMILY.program(
    "a second-order low-pass: y = x/4 + y₁ − y₂/2",
    SIGNAL,
    remembering((Fraction(0), Fraction(0)), lambda m, x: ((y := x / 4 + m[0] - m[1] / 2, m[0]), y)),
    difficulty=3,
)
def biquad(signal: Value) -> Value:
    """The last two outputs are the state."""
    return LinState(signal, [[1, "-1/2"], [1, 0]], [["1/4"], [0]], name="outputs")[0]


def _tracked(x: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    place, speed = Fraction(0), Fraction(0)
    answers = []
    for seen in x:
        ahead = place + speed
        surprise = seen - ahead
        place, speed = ahead + surprise / 2, speed + surprise / 4
        answers.append((place, speed))
    return answers


@FAMILY.program(
    "a Kalman filter of constant gain: place and speed of what is seen with noise",
    SIGNAL,
    _tracked,
    difficulty=3,
    sampler=WALK,
    references=("Kalman 1960",),
)
def kalman_filter(signal: Value) -> Value:
    """The prediction, and a half and a quarter of the surprise."""
    return LinState(signal, [["1/2", "1/2"], ["-1/4", "3/4"]], [["1/2"], ["1/4"]], name="estimate")


@FAMILY.program(
    "the area under the signal, by trapezia",
    SIGNAL,
    lambda x: [sum(x[: t + 1]) - x[t] / 2 for t in range(len(x))],
    difficulty=4,
)
def trapezium_rule(signal: Value) -> Value:
    """A sum of means of neighbours."""
    return cumsum((signal + delay(signal)) / 2, name="area")


@FAMILY.program(
    "proportional-integral control: the error, and an eighth of its sum",
    SIGNAL,
    lambda x: [error + area / 8 for error, area in zip(x, accumulate(x), strict=True)],
    difficulty=4,
)
def pi_controller(signal: Value) -> Value:
    """What a controller answers to an error."""
    return signal + cumsum(signal, name="sum") / 8


@FAMILY.program(
    "the signal with every other sign turned over",
    SIGNAL,
    lambda x: [-s if t % 2 else s for t, s in enumerate(x)],
    difficulty=3,
)
def chopper(signal: Value) -> Value:
    """A product with a clock."""
    return ifelse(cyclic(2, name="clock")[0], signal, -signal, name="chopped")


@FAMILY.program("the product of two signals", PAIR, lambda x: [a * b for a, b in x], difficulty=1)
def mixer(signals: Value) -> Value:
    """A product of reals."""
    return signals[0] * signals[1]


@FAMILY.program(
    "the power: an exponential average of the squared signal",
    SIGNAL,
    remembering(Fraction(0), lambda s, x: ((7 * s + x * x) / 8,) * 2),
    difficulty=2,
    sampler=WAVES,
)
def power(signal: Value) -> Value:
    """A product of reals, and a state that fades."""
    return LinState(signal * signal, "7/8", "1/8", name="power")


@FAMILY.program(
    "how much neighbours agree: the sum of products of each with the one before",
    SIGNAL,
    lambda x: [sum((a * b for a, b in pairwise(x[: t + 1])), Fraction(0)) for t in range(len(x))],
    difficulty=4,
)
def autocorrelation(signal: Value) -> Value:
    """Products of reals, and their sum."""
    return cumsum(signal * delay(signal), name="agreement")


@FAMILY.program(
    "two signals rotated by a right angle and shrunk to a half",
    PAIR,
    lambda x: [(-b / 2, a / 2) for a, b in x],
    difficulty=1,
)
def rotation(signals: Value) -> Value:
    """A matrix, and no state."""
    return Concat([-signals[1] / 2, signals[0] / 2])
