"""How large the numbers in a network are, chosen from the facts of the program.

Values are stored multiplied by ε = 2⁻ᵏ, so small that tanh(εx) is εx in floating point: the next
term of its series, (εx)³/3, is less than half a unit in the last place. Gates are fed so much that
the sigmoid is exactly 0 or 1 wherever the program decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq

from lsrl.backends.float_limits import unbounded
from lsrl.backends.torch_rnn.signals import Signal, constant
from lsrl.circuit.facts import Fact, constant_fact, gap_at_zero, union
from lsrl.circuit.powers_of_two import exponent, power, power_of_two_above, power_of_two_below
from lsrl.errors import UnsupportedProgram
from lsrl.lang.numbers import HALF, ONE, ZERO, as_float
from lsrl.placement.neurons import Drive, Neuron, NeuronStack


@dataclass(frozen=True, slots=True)
class Format:
    """What matters of a float format, as exponents of two.

    `precision` is the bits of a mantissa; 2^-largest to 2^largest are normal numbers. Up to
    2^identity tanh is the identity: (εx)²/3 is so small there that no library evaluates anything, but
    returns the number. From 2^saturated on, sigmoid and tanh are exactly what they tend to. A real
    number feeds its gate with up to 2^sharpest, which leaves room for the weights that this takes.
    """

    precision: int
    largest: int
    identity: int
    saturated: int
    sharpest: int


FORMATS = {
    "bfloat16": Format(precision=8, largest=126, identity=-26, saturated=8, sharpest=60),  # evaluated as float32's are
    "float32": Format(precision=24, largest=126, identity=-26, saturated=8, sharpest=60),
    "float64": Format(precision=53, largest=1022, identity=-57, saturated=11, sharpest=400),
}


@dataclass(frozen=True, slots=True)
class HiddenScale:
    """ε and what saturates a gate.

    >>> scale = HiddenScale(fmpq(1, 2**40), FORMATS["float32"])
    >>> scale.open.shift, scale.closed.shift
    (256, -256)
    """

    epsilon: fmpq
    format: Format

    @property
    def open(self) -> Signal:
        """Feeds a sigmoid so that it is exactly 1."""
        return constant(power(self.format.saturated))

    @property
    def closed(self) -> Signal:
        """Feeds a sigmoid so that it is exactly 0."""
        return constant(-power(self.format.saturated))

    def small(self, drive: Drive) -> Signal:
        """Feeds a tanh so that it is ε times the drive."""
        return Signal(drive, self.epsilon)

    def positive(self, neuron: Neuron) -> Signal:
        """Feeds a sigmoid that is 1 where the neuron's drive is positive, 0 where it is negative.

        At 0, where it does not matter, it is one of the two, if the drive has a grid.
        """
        factor, shift = self.sharpness(neuron)
        return Signal(neuron.drive, factor, shift)

    def sharpness(self, neuron: Neuron) -> tuple[fmpq, fmpq]:
        """How much of its drive (shifted by so much) a gate is fed with, for a step or ReLU."""
        # Weights are up to factor / ε: where drives or margins are small, that is what limits the factor.
        room = power(self.format.largest - self.format.precision) * self.epsilon
        margin, shift = margin_of(neuron)
        if margin is not None:
            return min(self._sharp(margin), room), shift
        magnitude = neuron.fact.magnitude
        if magnitude is None:
            raise unbounded(neuron.cell.label)
        return min(power(self.format.sharpest) / power_of_two_above(magnitude), room), shift

    def surely(self, drive: Drive) -> Signal:
        """Feeds a tanh that is 0 where the drive is exactly 0, and 1 wherever floats of size 1 differ from 0."""
        return Signal(drive, power(2 * self.format.saturated + self.format.precision))

    def chosen(self, gate: Drive) -> Signal:
        """Feeds a sigmoid that is 1 where a boolean is 1, 0 where it is 0."""
        return Signal(gate, self._sharp(HALF), -HALF)

    def ramp(self, factor: fmpq) -> float:
        """How close to 0 a drive must be for a gate that is fed with so much of it to be neither 0 nor 1."""
        return float(2.0**self.format.saturated) / as_float(factor)

    def check(self, label: str, size: float, factor: fmpq) -> None:
        """Refuse a gate that would be fed with `factor` times too large numbers: infinities of two signs make NaN."""
        if math.isinf(size):
            raise unbounded(label)
        needed = math.ceil(math.log2(size or 1) + math.log2(as_float(factor)))
        if needed >= self.format.largest:
            what = f"value {label!r} decides among numbers up to {size:.3g}"
            raise beyond(self.format, what, needed, self.format.largest)

    def _sharp(self, margin: fmpq) -> fmpq:
        """Half the margin is enough to saturate: that much error does not matter."""
        return 2 * power(self.format.saturated) / power_of_two_below(margin)

    @property
    def tiny(self) -> fmpq:
        """Values below this are stored as numbers that have lost digits; 0 where values are stored as they are."""
        return ZERO if self.epsilon == 1 else power(-self.format.largest) / self.epsilon


def margin_of(neuron: Neuron) -> tuple[fmpq | None, fmpq]:
    """How far off 0 the drive of a step or ReLU stays, None where it has no grid; and what is added to it for that."""
    if neuron.kind == "step":
        return neuron.margin, ZERO
    gap = gap_at_zero(neuron.fact)
    return (None, ZERO) if gap is None else (gap.width / 2, -gap.middle)


def opposite(signal: Signal) -> Signal:
    """What feeds a sigmoid with the opposite result."""
    held = tuple((index, -weight) for index, weight in signal.held)
    plus = None if signal.plus is None else opposite(signal.plus)
    return Signal(signal.drive, -signal.factor, signal.shift, held, plus)


def scale_of(stack: NeuronStack, dtype: str) -> HiddenScale:
    """The largest ε for which every value in the stack is small enough.

    Raises `RangeError` for a value without a range, and `UnsupportedProgram` for values that reach
    further than the float format does.
    """
    format = FORMATS[dtype]
    facts = list(_stored(stack))
    for label, fact in facts:
        if fact.magnitude is None:
            raise unbounded(label)
    largest, culprit = max(((fact.magnitude, label) for label, fact in facts if fact.magnitude), default=(ONE, ""))
    smallest = min((fact.measure for _, fact in facts if fact.measure is not None), default=largest)
    epsilon = power(format.identity) / power_of_two_above(max(largest, ONE))
    room = format.largest + format.identity
    needed = exponent(power_of_two_above(max(largest, ONE)) / power_of_two_below(smallest))
    if needed > room:
        raise beyond(format, f"values reach from {_text(smallest)} to {_text(largest)} in {culprit!r}", needed, room)
    return HiddenScale(epsilon, format)


def unscaled(_: NeuronStack, dtype: str) -> HiddenScale:
    """Values are stored as they are."""
    return HiddenScale(ONE, FORMATS[dtype])


def beyond(format: Format, what: str, needed: int, room: int) -> UnsupportedProgram:
    """The error that a program's numbers do not fit into a format, with both sizes."""
    dtype = next(name for name, known in FORMATS.items() if known == format)
    better = "use smaller numbers" if dtype == "float64" else "use dtype='float64'"
    return UnsupportedProgram(
        f"the program's {what}, which needs a dynamic range of 2^{needed}; {dtype} has 2^{room}; {better}"
    )


def _stored(stack: NeuronStack) -> Iterator[tuple[str, Fact]]:
    """Every number that goes through a tanh, with the name to call it by."""
    for layer in stack.layers:
        for neuron in layer:
            if neuron.kind not in ("step", "bit"):
                yield neuron.cell.label, neuron.fact
            yield neuron.cell.label, union([neuron.cell.fact, constant_fact(neuron.init)])


def _text(number: fmpq) -> str:
    return f"{float(number):.3g}" if exponent(power_of_two_above(number)) < 1000 else "beyond every float"
