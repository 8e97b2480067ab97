"""How large the numbers in a residual stream and in front of its activations are.

The stream's root mean square must be one power of two whatever the values are, for then RMSNorm
only scales by it: one channel is 1, all values are stored multiplied by ε = 2⁻ᵏ, so small that
their squares vanish beside 1. With 4ʲ channels the mean square is 4⁻ʲ and its root is 2⁻ʲ.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from lsrl.backends.float_limits import unbounded
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact, gap_at_zero
from lsrl.circuit.powers_of_two import power, power_of_two_above, power_of_two_below
from lsrl.errors import RangeError
from lsrl.lang.numbers import ONE
from lsrl.placement.residual import ResidualStack

LARGEST_WIDTH = 4**5
"""Wider streams are refused: the matrices are dense."""

STORED = -20
"""Values are stored below 2 to this: the squares of 4⁵ of them add up to at most 2⁻³⁰, which 1 does not feel."""

REAL = 40
"""A real number feeds its activation with up to 2 to this; a product of two such numbers is still a float."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A smooth ReLU: exactly max(x, 0) from |x| = `saturated` on, and never further from it than `off`."""

    saturated: fmpq
    off: float


SILU = Activation(fmpq(2**8), 0.3)
GELU = Activation(fmpq(2**5), 0.2)


@dataclass(frozen=True, slots=True)
class StreamScale:
    """ε and the number of channels."""

    epsilon: fmpq
    width: int

    @property
    def root(self) -> fmpq:
        """The square root of the number of channels."""
        return power(self.width.bit_length() // 2)

    @property
    def tiny(self) -> fmpq:
        """Values below this are stored as numbers that have lost digits."""
        return power(-126) / self.epsilon


def scale_of(stack: ResidualStack) -> StreamScale:
    """The largest ε for which every value is small enough, and 4ʲ channels that hold all that is read later.

    Raises `RangeError` as `epsilon_of` does, and for more channels than `LARGEST_WIDTH`.
    """
    width = width_of(stack)
    if width > LARGEST_WIDTH:
        raise RangeError(
            f"{stack.name} has {stack.width:,} values for the residual stream; expected at most {LARGEST_WIDTH:,} that "
            "are still read at any stage; use a smaller program, or target='lstm'"
        )
    return StreamScale(epsilon_of(stack), width)


def epsilon_of(stack: ResidualStack) -> fmpq:
    """The largest ε for which every value is small enough. Raises `RangeError` for a value without a range."""
    largest = ONE
    for unit_id in stack.channels:
        cell = stack.cell(unit_id)
        if cell.fact.magnitude is None:
            raise unbounded(cell.label)
        largest = max(largest, cell.fact.magnitude)
    return power(STORED) / power_of_two_above(largest)


def width_of(stack: ResidualStack) -> int:
    """The fewest channels, a power of four, that hold a stack's values."""
    width = 4
    while width < stack.width:
        width *= 4
    return width


def sharpness(activation: Activation, fact: Fact, label: str) -> fmpq:
    """How much of a form its activation is fed with: as a ReLU it is exact on a grid, and all but exact off one.

    A power of two that makes the form 2⁴⁰ at most. Raises `RangeError` for a form without a range.
    """
    magnitude = fact.magnitude
    if magnitude is None:
        raise unbounded(label)
    # Numbers far below 1 are fed with no more, or the weight behind a product would be smaller than floats are.
    most = power(REAL) / max(power_of_two_above(magnitude), ONE)
    closest = closest_to_zero(fact)
    if closest is None:
        return most
    return min(power(REAL) / power_of_two_above(magnitude), activation.saturated / power_of_two_below(closest))


def is_saturated(activation: Activation, fact: Fact, factor: fmpq) -> bool:
    """Whether the activation is exactly a ReLU on every value that is known to be possible."""
    closest = closest_to_zero(fact)
    return closest is not None and factor * closest >= activation.saturated


def closest_to_zero(fact: Fact) -> fmpq | None:
    """The smallest |value| that is not 0, or None without a grid."""
    gap = gap_at_zero(fact)
    if gap is None:
        return None
    return min(gap.below or gap.above, gap.above)


def opened(keep: Affine) -> Affine:
    """Where a latch takes its argument; it does not before the first step."""
    return keep.times(-ONE).shifted(ONE)
