"""Facts about values: a range and a grid for every unit and every affine form.

A fact holds on every input inside the program's declaration, up to `max_length` steps, wherever
no comparison is undecided (a comparison is then 0 or 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from flint import fmpq

from lsrl.circuit.affine import common_measure
from lsrl.lang.numbers import ONE, ZERO

MOST_STEPS = 2**20
"""Numbers with at most this many grid steps are whole numbers, times a power of two, that float32 adds up exactly:
a signed value with such a range travels as one line, lifted by its low end, and gates can tell its sign."""


FINEST = 128
"""Grids with more than 2 to this points in a range are left out: sums of 1, 1/2, … 1/309 have one."""


@dataclass(frozen=True, slots=True)
class Fact:
    """low ≤ value ≤ high (None: unbounded), and value ∈ offset + grid · ℤ (grid None: any real).

    >>> Fact(ZERO, fmpq(1), fmpq(1)).is_boolean
    True
    """

    low: fmpq | None = None
    high: fmpq | None = None
    grid: fmpq | None = None
    offset: fmpq = ZERO

    def __str__(self) -> str:
        if self.is_boolean:
            return "0 or 1"
        low, high = ("any number" if end is None else str(end) for end in (self.low, self.high))
        offset = "" if self.grid is None or (self.offset / self.grid).q == 1 else f" from {self.offset}"
        return f"{low} … {high}" + ("" if self.grid is None else f" in steps of {self.grid}{offset}")

    @property
    def is_boolean(self) -> bool:
        """Whether only 0 and 1 are possible."""
        return self.low == 0 and self.high == 1 and self.grid == 1 and self.offset.q == 1

    @property
    def is_bit(self) -> bool:
        """Whether nothing but 0 and 1 is possible, one of them perhaps not."""
        return self.is_boolean or (self.low == self.high and self.low in (ZERO, ONE))

    @property
    def is_clipped(self) -> bool:
        """Whether the value is never outside 0 … 1."""
        return self.is_nonnegative and self.high is not None and self.high <= 1

    @property
    def is_nonnegative(self) -> bool:
        """Whether the value is never below zero."""
        return self.low is not None and self.low >= 0

    @property
    def magnitude(self) -> fmpq | None:
        """The largest |value|, or None."""
        if self.low is None or self.high is None:
            return None
        return max(-self.low, self.high)

    @property
    def steps(self) -> fmpq | None:
        """How many grid steps the range spans, or None without a grid or a range."""
        if self.low is None or self.high is None or self.grid is None:
            return None
        return (self.high - self.low) / self.grid

    @property
    def two_values(self) -> tuple[fmpq, fmpq] | None:
        """The only two possible values, low first, if there are just two."""
        if self.low is None or self.high is None or self.steps != 1:
            return None
        return self.low, self.high

    @property
    def measure(self) -> fmpq | None:
        """The rational of which every possible value is a whole multiple, or None."""
        if self.grid is None:
            return None
        return common_measure((self.grid, self.offset))


BOOLEAN = Fact(ZERO, ONE, ONE)


def constant_fact(value: fmpq) -> Fact:
    """What is known of a number."""
    return Fact(value, value, abs(value) if value else ONE)


def weighted_sum(parts: Iterable[tuple[fmpq, Fact]], constant: fmpq) -> Fact:
    """The fact of Σ weight · value + constant, by interval and lattice arithmetic.

    >>> weighted_sum([(fmpq(2), BOOLEAN), (fmpq(-1), BOOLEAN)], fmpq(0))
    Fact(low=-1, high=2, grid=1, offset=0)
    """
    low: fmpq | None = constant
    high: fmpq | None = constant
    grids: list[fmpq] | None = []
    offset = constant
    for weight, fact in parts:
        bottom, top = (fact.low, fact.high) if weight > ZERO else (fact.high, fact.low)
        low = None if low is None or bottom is None else low + weight * bottom
        high = None if high is None or top is None else high + weight * top
        if fact.grid is None:
            grids = None
        elif grids is not None:
            grids.append(weight * fact.grid)
            if fact.offset:
                offset = offset + weight * fact.offset
    measure = None if grids is None else common_measure(grids)
    if measure is None or _is_too_fine(measure, low, high):
        return Fact(low, high)
    return Fact(low, high, measure, offset)


def multiple(factor: fmpq, fact: Fact) -> Fact:
    """The fact of factor · value."""
    return fact if factor == ONE else weighted_sum([(factor, fact)], ZERO)


def _is_too_fine(grid: fmpq, low: fmpq | None, high: fmpq | None) -> bool:
    """Whether a grid has so many points that no float format tells them apart."""
    if grid.height_bits() <= FINEST or low is None or high is None:
        return False
    return bool(high - low > grid * fmpq(2) ** FINEST)


def on_grid(low: fmpq | None, high: fmpq | None, grid: fmpq | None, offset: fmpq = ZERO) -> Fact:
    """The fact with its range shrunk to the outermost grid points.

    Facts keep their ends on their grid: sums, products and ReLUs of such ends are on the grid of
    the result. Where ends come from elsewhere, they go through here.

    >>> on_grid(fmpq(1, 2), fmpq(5, 2), fmpq(1))
    Fact(low=1, high=2, grid=1, offset=0)
    """
    if grid is not None and low is not None:
        low = offset + grid * ((low - offset) / grid).ceil()
    if grid is not None and high is not None:
        high = offset + grid * ((high - offset) / grid).floor()
    return Fact(low, high, grid, offset)


class Gap(NamedTuple):
    """No value is above −`below` and below `above`, but for 0 where `below` is 0."""

    below: fmpq
    above: fmpq

    @property
    def width(self) -> fmpq:
        """From one end to the other."""
        return self.below + self.above

    @property
    def middle(self) -> fmpq:
        """Half-way between the ends."""
        return (self.above - self.below) / 2


def gap_at_zero(fact: Fact) -> Gap | None:
    """The gap between the values up to 0 and those above; None without a grid.

    >>> gap_at_zero(Fact(grid=fmpq(1), offset=fmpq(-1, 4)))
    Gap(below=1/4, above=3/4)
    """
    if fact.grid is None:
        return None
    below = -fact.offset - fact.grid * (-fact.offset / fact.grid).floor()
    return Gap(below, fact.grid - below)


def ramp_gap(fact: Fact) -> Gap | None:
    """The same where it reaches from 0 or less to 1 or more; None where values can be inside a ramp from 0 to 1."""
    gap = gap_at_zero(fact)
    return gap if gap is not None and gap.above >= 1 else None


def ramp_fact(fact: Fact) -> Fact:
    """The fact of clip(value, 0, 1)."""
    if ramp_gap(fact) is not None:
        return BOOLEAN
    low = ZERO if fact.low is None else max(fact.low, ZERO)
    high = ONE if fact.high is None else min(fact.high, ONE)
    return Fact(low, high, None if fact.measure is None else common_measure((fact.measure, ONE)))


def relu_fact(fact: Fact) -> Fact:
    """The fact of max(value, 0)."""
    low = ZERO if fact.low is None or fact.low < 0 else fact.low
    high = None if fact.high is None else max(fact.high, ZERO)
    return Fact(low, high, fact.measure)


def product_fact(left: Fact, right: Fact) -> Fact:
    """The fact of left · right."""
    measures = left.measure, right.measure
    grid = measures[0] * measures[1] if measures[0] is not None and measures[1] is not None else None
    for one, other in ((left, right), (right, left)):
        if one.is_boolean:  # either 0 or the other factor, even where that one is unbounded
            low = None if other.low is None else min(other.low, ZERO)
            high = None if other.high is None else max(other.high, ZERO)
            return Fact(low, high, grid)
    if left.low is None or left.high is None or right.low is None or right.high is None:
        return Fact(ZERO if left.is_nonnegative and right.is_nonnegative else None, None, grid)
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    return Fact(min(corners), max(corners), grid)


def union(facts: Iterable[Fact]) -> Fact:
    """What is known of a value that is one of several."""
    first, *others = facts
    low, high, grid, offset = first.low, first.high, first.grid, first.offset
    for fact in others:
        low = None if low is None or fact.low is None else min(low, fact.low)
        high = None if high is None or fact.high is None else max(high, fact.high)
        if grid is not None and fact.grid is not None:
            grid = common_measure((grid, fact.grid, offset - fact.offset))
        else:
            grid = None
    return Fact(low, high, grid, offset) if grid is not None else Fact(low, high)


def is_empty(fact: Fact) -> bool:
    """Whether no value is possible."""
    return fact.low is not None and fact.high is not None and fact.low > fact.high


def intersection(one: Fact, other: Fact) -> Fact:
    """What is known of a value of which both facts hold (the finer grid is kept)."""
    low = other.low if one.low is None else one.low if other.low is None else max(one.low, other.low)
    high = other.high if one.high is None else one.high if other.high is None else min(one.high, other.high)
    coarser = other if one.grid is None or (other.grid is not None and other.grid > one.grid) else one
    return on_grid(low, high, coarser.grid, coarser.offset)
