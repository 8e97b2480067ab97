"""How far sums in floating point can be from exact sums, once and step after step.

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
from lsrl.circuit.facts import Fact, constant_fact, union
from lsrl.circuit.state_graph import components
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO, as_float

PRECISION = {"float32": 24, "float64": 53}
LARGEST = {24: 2**126, 53: 2**1022}
"""Magnitudes from one over this to this are normal floats of that precision."""

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
    """What numbers that are stored small lose; without it, only results that are no normal floats lose anything."""

    def error(self, precision: int) -> float:
        """A bound on |computed − exact|: inherited errors, rounded weights, rounded additions."""
        if self._is_exact(precision):
            return 0.0
        inherited = sum(abs(as_float(weight)) * error for weight, _, error in self.terms if error)
        if self._is_copy():
            return inherited + as_float(self.tiny)
        if self.size > LARGEST[precision]:
            return math.inf
        unit = 2.0**-precision
        roundings = self._roundings()
        gamma = roundings * unit / (1 - roundings * unit)
        return inherited + gamma * (self.size + inherited) + self._underflow(precision)

    def _roundings(self) -> int:
        """One for every addition; where weights are no powers of two, two for storing them and one for multiplying."""
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
    return total <= step * fmpq(2) ** precision and least <= step and total <= LARGEST[precision]


def is_float(number: fmpq, precision: int) -> bool:
    return fits(abs(number), abs(number), precision) if number else True


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


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a recurrence is evaluated: how large pieces of sums and of other states get, and how often it rounds."""

    sums: int = 1
    others: int = 1
    roundings: int = 1


def recurrent_errors(
    A: Sequence[Row],
    states: Sequence[tuple[Fact, fmpq]],
    drives: Sequence[tuple[Terms, fmpq]],
    precision: int,
    max_length: int | None,
    how: Recurrence,
    tiny: fmpq = ZERO,
) -> list[float]:
    """Errors of sₜ = A sₜ₋₁ + driveₜ: one step's error, and what A makes of earlier ones.

    `states` are facts and initial values, `drives` terms and constants.
    """
    found = [0.0] * len(A)
    starts = [stored_error(init, precision) for _, init in states]
    read = {j for row in A for j, _ in row}
    before = {j: union([states[j][0], constant_fact(states[j][1])]) for j in read}
    for members in components(A):
        inside = set(members)
        loops = [sum((abs(weight) for j, weight in A[i] if j in inside), ZERO) for i in members]
        simple = len(members) == 1 and loops[0] in (0, 1)
        for i in members:
            earlier = [(weight, before[j], 0.0 if j in inside else max(found[j], starts[j])) for j, weight in A[i]]
            terms, constant = drives[i]
            row = Sum([*earlier, *terms], constant, how.sums if simple else how.others, tiny)
            found[i] = row.error(precision)
        norm, local, start = max(map(as_float, loops)), max(found[i] for i in members), max(starts[i] for i in members)
        if norm and (local or start):
            steps = _accumulated(norm, max_length) * (1 if simple else how.roundings) if local else 0.0
            total = local * steps + start * _grown(norm, max_length)
            for i in members:
                found[i] = total
    return found


def stored_error(number: fmpq, precision: int) -> float:
    """How far the float nearest to a number can be from it."""
    return 0.0 if is_float(number, precision) else abs(as_float(number)) * 2.0**-precision + 1 / LARGEST[precision]


def _grown(norm: float, max_length: int | None) -> float:
    """The largest power of the norm over the steps."""
    if norm <= 1:
        return 1.0
    try:
        return math.inf if max_length is None else norm**max_length
    except OverflowError:
        return math.inf


def _accumulated(norm: float, max_length: int | None) -> float:
    """1 + ρ + ρ² + … over the steps."""
    if norm < 1:
        return min(1 / (1 - norm), math.inf if max_length is None else max_length)
    if max_length is None:
        return math.inf
    try:
        return max_length * norm ** (max_length - 1)
    except OverflowError:
        return math.inf
