"""How far sums in floating point can be from exact sums.

Forward error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, ch. 3): a sum of
n products is off by at most γₙ Σ|w||x|, γₙ = n·u / (1 − n·u), in whatever order it is added up.
It is exact when all its terms are multiples of some 2⁻ᵏ and Σ|w||x| ≤ 2ᵖ⁻ᵏ, p the float's
precision: then every partial sum is a multiple of 2⁻ᵏ that the float holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import common_measure
from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import ZERO, as_float

PRECISION = {"float32": 24, "float64": 53}
LARGEST = dict.fromkeys(range(8, 25), 2**126) | {53: 2**1022}
"""Magnitudes from one over this to this are normal floats of that precision: bfloat16 (8) has float32's exponents."""

LEAST = {precision: fmpq(1, largest) for precision, largest in LARGEST.items()}

Term: TypeAlias = tuple[fmpq, Fact, float]
"""Weight, what is known of the number it multiplies, and how far off that number can be."""

Terms: TypeAlias = Sequence[Term]


@dataclass(frozen=True, slots=True)
class Sum:
    """A row Σ weight · cell + constant: what its terms look like, and how far off they can be."""

    terms: Terms
    constant: fmpq
    headroom: int = 1
    """How many times larger than the sum itself its evaluation may get."""
    tiny: fmpq = ZERO
    """What numbers that are stored small lose; without it, only results that are not normal floats lose anything."""

    def error(self, precision: int) -> float:
        """A bound on |computed − exact|: inherited errors, rounded weights, rounded additions."""
        inherited, copied = self.inherited, self._is_copy()
        if copied and not self.tiny:
            return inherited
        if self._is_exact(precision):
            return 0.0
        if copied:
            return inherited + as_float(self.tiny)
        if self.size > LARGEST[precision]:
            return math.inf
        return inherited + self.gamma(precision) * (self.size + inherited) + self._underflow(precision)

    def gamma(self, precision: int) -> float:
        """How much of the numbers in it a sum that rounds loses; all, where it rounds too often for a bound."""
        roundings = self._roundings() * 2.0**-precision
        return roundings / (1 - roundings) if roundings < 1 else math.inf

    @property
    def inherited(self) -> float:
        """What the terms' errors add up to."""
        return sum(abs(as_float(weight)) * error for weight, _, error in self.terms if error)

    def _roundings(self) -> int:
        """One for every addition; where weights are not powers of two, two for storing them and one for multiplying."""
        numbers = [weight for weight, _, _ in self.terms] + ([self.constant] if self.constant else [])
        additions = len(numbers) - 1 + (self.headroom > 1)  # one more, where a piece of the sum is added to another
        return additions if all(map(_is_power_of_two, numbers)) else additions + 3

    def _underflow(self, precision: int) -> float:
        """What is lost where a weight, a product or the constant is below the normal floats, or flushed to zero."""
        smallest = max(1 / float(LARGEST[precision]), as_float(self.tiny))
        lost = smallest * (1 + len(self.terms))
        for weight, fact, _ in self.terms:
            if abs(as_float(weight)) < smallest and fact.magnitude is not None:
                lost += smallest * as_float(fact.magnitude)
        return lost

    @property
    def size(self) -> float:
        """The largest |value|, infinite where it is not known."""
        total = abs(as_float(self.constant))
        for weight, fact, _ in self.terms:
            total += math.inf if fact.magnitude is None else abs(as_float(weight)) * as_float(fact.magnitude)
        return total

    @property
    def largest(self) -> fmpq | None:
        """The same as a rational, None where it is not known."""
        sizes = [(abs(weight), fact.magnitude) for weight, fact, _ in self.terms]
        if any(magnitude is None for _, magnitude in sizes):
            return None
        return sum((weight * magnitude for weight, magnitude in sizes if magnitude is not None), abs(self.constant))

    @property
    def is_boolean(self) -> bool:
        """Whether this is a boolean cell, as it is."""
        return self._is_copy() and any(weight == 1 and fact.is_boolean for weight, fact, _ in self.terms)

    def _is_copy(self) -> bool:
        """±1 times one cell: a copy, whatever the number."""
        return not self.constant and len(self.terms) <= 1 and all(abs(weight) == 1 for weight, _, _ in self.terms)

    def _is_exact(self, precision: int) -> bool:
        total = abs(self.constant)
        measures = [self.constant]
        for weight, fact, error in self.terms:
            magnitude, measure = fact.magnitude, fact.measure
            if error or magnitude is None or measure is None or not is_float(weight, precision):
                return False
            total += abs(weight) * magnitude
            measures.append(weight * measure)
        return fits(total * self.headroom, common_measure(measures), precision, self.tiny)


def fits(total: fmpq, measure: fmpq, precision: int, tiny: fmpq = ZERO) -> bool:
    """Whether every multiple of `measure` up to `total` is a float of that precision, and none is below `tiny`."""
    denominator = int(measure.q)
    if denominator & (denominator - 1):
        return False
    numerator = int(measure.p)
    step = fmpq(numerator & -numerator, denominator)  # the power of two in the measure
    least = max(tiny, LEAST[precision]) if tiny else LEAST[precision]
    return total <= step * 2**precision and least <= step and total <= LARGEST[precision]


def is_float(number: fmpq, precision: int) -> bool:
    if number.q == 1 and number.height_bits() <= precision:  # a whole number, and most are
        return True
    return fits(abs(number), abs(number), precision)


def _is_power_of_two(number: fmpq) -> bool:
    return all(int(part) & (int(part) - 1) == 0 for part in (abs(number).p, number.q))


def input_error(fact: Fact, precision: int) -> float:
    """Inputs are the floats that they are, except that floats stand for the ends and grid points nearest to them."""
    points = [number for number in (fact.low, fact.high) if number is not None]
    held = all(is_float(point, precision) for point in points)
    if fact.grid is not None and fact.magnitude is not None:
        held = fits(fact.magnitude, fact.grid, precision)
    elif fact.grid is not None:
        held = is_float(fact.grid, precision)
    if held:
        return 0.0
    return 2.0**-precision * (math.inf if fact.magnitude is None else as_float(fact.magnitude)) + 1 / LARGEST[precision]


def stored_error(number: fmpq, precision: int) -> float:
    """How far the float nearest to a number can be from it."""
    return 0.0 if is_float(number, precision) else abs(as_float(number)) * 2.0**-precision + 1 / LARGEST[precision]
