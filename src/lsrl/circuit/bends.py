"""Functions of one number that bend: ReLUs of ReLUs of a number as a sum of ReLUs of the number itself.

A layer feeds back one cell a step. Where what a cell reads of its own layer is a piecewise linear function of a single
form z, max(that, 0) is one, too, and every such function is a + b·z + Σ d·relu(z − t): cells side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, multiple_of
from lsrl.lang.numbers import ONE, ZERO

MOST_BENDS = 1024
"""Cells side by side; what bends more often is no function that a layer feeds back."""


@dataclass(frozen=True, slots=True)
class Bent:
    """level + slope · z + Σ bend · relu(z − place), places ascending; z is a form without a constant."""

    z: Affine
    level: fmpq
    slope: fmpq
    bends: tuple[tuple[fmpq, fmpq], ...]

    def at(self, ascending: Iterable[fmpq]) -> list[fmpq]:
        """The function's values."""
        values, passed, level, slope = [], 0, self.level, self.slope
        for z in ascending:
            while passed < len(self.bends) and self.bends[passed][0] < z:
                place, bend = self.bends[passed]
                level, slope, passed = level - bend * place, slope + bend, passed + 1
            values.append(level + slope * z)
        return values

    def on_grid(self, grid: fmpq, offset: fmpq) -> Bent:
        """What has the same values at offset + a multiple of the grid, and bends there alone.

        A ramp in a ramp bends where neither is decided, at numbers that no float is; what z is never there.
        """
        if all((place - offset) / grid == ((place - offset) / grid).floor() for place, _ in self.bends):
            return self
        cells = {((place - offset) / grid).floor() for place, _ in self.bends}
        knots = sorted({offset + grid * number for cell in cells for number in (cell, cell + 1)})
        return _through(self.z, knots, self.at([knots[0] - ONE, *knots, knots[-1] + ONE]))


def relu_of_bends(argument: Affine, cells: Mapping[UnitId, Affine]) -> Bent | None:
    """max(argument, 0), where `cells` are the ReLUs in it with their arguments; None if it is no function of one form.

    >>> clip = relu_of_bends(Affine({1: -ONE}, ONE), {1: Affine({0: -ONE}, ONE)})  # relu(1 − relu(1 − z))
    >>> str(clip.z), clip.level, clip.slope, clip.bends
    ('-%0', 1, 0, ((-1, -1), (0, 1)))
    """
    bent = _as_bent(argument, cells)
    return None if bent is None or len(bent.bends) > MOST_BENDS else _positive(bent)


def _as_bent(form: Affine, cells: Mapping[UnitId, Affine]) -> Bent | None:
    z = Affine(next(iter(cells.values())).terms)
    rest = combination([(ONE, form), *((-form.terms[unit], Affine({unit: ONE})) for unit in cells)])
    factors = {unit: multiple_of(argument, z) for unit, argument in cells.items()}
    slope, level = multiple_of(rest, z), rest.constant
    if slope is None or not all(factors.values()):
        return None
    bends: dict[fmpq, fmpq] = {}
    for unit, factor in factors.items():
        assert factor is not None
        # relu(f·z + c) is f · relu(z − t) where f > 0; where f < 0 it is |f| · (relu(z − t) − (z − t)).
        weight, place = form.terms[unit], -cells[unit].constant / factor
        bends[place] = bends.get(place, ZERO) + weight * abs(factor)
        if factor < 0:
            slope, level = slope + weight * factor, level - weight * factor * place
    return Bent(z, level, slope, tuple(sorted((place, bend) for place, bend in bends.items() if bend)))


def _positive(bent: Bent) -> Bent:
    """max(f, 0): where f crosses 0 there is one more place, and where f is below 0 there is nothing."""
    places = [place for place, _ in bent.bends]
    knots = sorted({*places, *_crossings(bent, places)})
    ends = [knots[0] - ONE, *knots, knots[-1] + ONE] if knots else [-ONE, ONE]
    return _through(bent.z, knots, [max(value, ZERO) for value in bent.at(ends)])


def _through(z: Affine, knots: Sequence[fmpq], values: Sequence[fmpq]) -> Bent:
    """What is linear between the knots, and has these values there and one before and behind them."""
    ends = [knots[0] - ONE, *knots, knots[-1] + ONE] if knots else [-ONE, ONE]
    slopes = [(high - low) / (b - a) for (a, b), (low, high) in zip(pairwise(ends), pairwise(values), strict=True)]
    bends = [(knot, after - before) for knot, (before, after) in zip(knots, pairwise(slopes), strict=True)]
    level = values[0] - slopes[0] * ends[0]
    return Bent(z, level, slopes[0], tuple((place, bend) for place, bend in bends if bend))


def _crossings(bent: Bent, places: list[fmpq]) -> list[fmpq]:
    """Where the function is 0 strictly between its places, or beyond them."""
    found, slope, values = [], bent.slope, bent.at(places or [ZERO])
    for i in range(len(places) + 1):
        left, right = (places[i - 1] if i else None), (places[i] if i < len(places) else None)
        anchor = left if left is not None else right if right is not None else ZERO
        if slope:
            crossing = anchor - values[max(i - 1, 0)] / slope
            if (left is None or left < crossing) and (right is None or crossing < right):
                found.append(crossing)
        if i < len(places):
            slope = slope + bent.bends[i][1]
    return found
