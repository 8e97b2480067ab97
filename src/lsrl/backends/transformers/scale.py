"""How large the numbers in a residual stream and in front of its activations are.

RMSNorm divides the stream by √(mean square + η), which must be one power of two whatever the values are, for then it
only scales. One channel is 1, all values are stored multiplied by ε = 2⁻ᵏ and stay far below 1. So

- with η = 2²⁶, whose last place is 8, the mean square vanishes beside it: the norm divides by 2¹³, in a stream of any
  width (`ANY`);
- with η = 0 and 4ʲ channels (`FOURFOLD`) the mean square is 4⁻ʲ, as the squares of values vanish beside 1: the norm
  multiplies by 2ʲ. RecurrentGemma multiplies embeddings by the root of the width, which must be a power of two anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from lsrl.backends.float_limits import unbounded
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact, gap_at_zero
from lsrl.circuit.powers_of_two import power, power_of_two_above, power_of_two_below
from lsrl.errors import RangeError
from lsrl.lang.numbers import ONE
from lsrl.placement.residual import MARKS, ResidualStack

FOURFOLD = (4, 4**2, 4**3, 4**4, 4**5)
"""Widths of a stream whose norms have no η. Wider streams are refused: the matrices are dense."""

ANY = tuple(range(MARKS + 16, MARKS + FOURFOLD[-1] + 1, 4))
"""Widths of a stream whose norms have one: beside its marks, numbers that a disguise can mix by fours, some of which
are idle in small programs, so that it hides these, too."""

LARGEST_STACK = 2**27
"""Stages times their channels squared: a network has a few times as many numbers."""

NORM = -13
"""A norm with η multiplies by 2 to this."""

NORM_EPSILON = 2.0 ** (-2 * NORM)
"""η."""

STORED = -20
"""Values are stored below 2 to this: the squares of 4⁵ of them add up to at most 2⁻³⁰, which vanishes beside 1."""

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
    """ε, the number of channels, and what a norm multiplies by before its weights, which make up for it."""

    epsilon: fmpq
    width: int
    norm: fmpq

    @property
    def tiny(self) -> fmpq:
        """Values below this are stored, or normed, as numbers that have lost digits.

        A norm that multiplies by more than 1 is one whose model multiplies embeddings by as much: they are as small.
        """
        return power(-126) / (self.epsilon * min(self.norm, 1 / self.norm))


def scale_of(stack: ResidualStack, widths: Sequence[int]) -> StreamScale:
    """The largest ε for which every value is small enough, and the first of the `widths` that holds all values.

    Raises `RangeError` for a value without a range.
    """
    width = width_of(stack, widths)
    return StreamScale(_epsilon_of(stack), width, power(width.bit_length() // 2 if widths is FOURFOLD else NORM))


def check_size(stack: ResidualStack, widths: Sequence[int]) -> None:
    """Raise `RangeError` for more values than the widest stream holds, or too large a network."""
    if stack.width > widths[-1]:
        raise RangeError(
            f"{stack.name} has {stack.width:,} values for the residual stream; expected at most {widths[-1]:,} that "
            "are still read at any stage; use a smaller program, or target='lstm'"
        )
    width, stages = width_of(stack, widths), len(stack.stages)
    if width * width * stages > LARGEST_STACK:
        raise RangeError(
            f"{stack.name} takes {stages:,} stages of {width:,} channels; expected at most "
            f"{LARGEST_STACK // (width * width):,} of so many; use a smaller program, or target='lstm'"
        )


def _epsilon_of(stack: ResidualStack) -> fmpq:
    largest = ONE
    for unit_id in stack.channels:
        cell = stack.cell(unit_id)
        if cell.fact.magnitude is None:
            raise unbounded(cell.label)
        largest = max(largest, cell.fact.magnitude)
    return power(STORED) / power_of_two_above(largest)


def width_of(stack: ResidualStack, widths: Sequence[int]) -> int:
    """The first of the widths that holds a stack's values; for one that none holds, as many as it has."""
    used = stack.width
    return next((width for width in widths if width >= used), used)


def sharpness(activation: Activation, fact: Fact, label: str) -> fmpq:
    """How many times a form its activation is fed with, a power of two: what is fed stays below 2⁴⁰.

    As a ReLU it is exact on a grid, and all but exact off one. Raises `RangeError` for a form of unknown range.
    """
    magnitude = fact.magnitude
    if magnitude is None:
        raise unbounded(label)
    # Numbers far below 1 are fed with no more, or the weight after a product would be smaller than floats are.
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
