"""What a stage of an architecture does to numbers: declared by its file, read by the bounds of rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsrl.backends.transformers.scale import Activation


@dataclass(frozen=True, slots=True)
class StageArithmetic:
    """What an architecture does to numbers.

    `pairs`: all but what is selected goes through the activation, so that a signed value is a difference of two that
    are not, and a state adds up each by itself. Without, signed values pass as they are. `decay_errors(a)`: how far off
    a decay of a, and the gain that makes up for the input's, can be at one step, relative to what they multiply; that
    their products and the sums of a state round is counted apart. `opened(δ)`: how many times too much a latch may take
    that is opened by a boolean which is off by δ. `taken` is e where what a latch takes passes as it is, of either
    sign, but for numbers below 2ᵉ times the largest (or 1): these are scaled to what floats lose. `chosen` is the same
    of what a boolean is multiplied by.

    Of all architectures it is taken for granted that what scales a number on its way is a power of two and leaves it
    above the smallest normal float, so that nothing but sums, products and what is named here rounds. Nobody checks
    that a block is so but tests: the fuzzer, and bounds against what is seen in full passes and in cached steps.
    """

    activation: Activation
    pairs: bool
    decay_errors: Callable[[float], tuple[float, float]]
    opened: Callable[[float], float] = lambda off: 8 * off
    taken: int | None = None
    chosen: int | None = None
