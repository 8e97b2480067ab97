"""Inputs: declarations, and sequences inside them (and outside, to see them refused)."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from .cases import Rows
from .running import numbers
from .syntax import Node, Number, make

FINEST = [Fraction(1, 16), Fraction(1, 16), Fraction(1, 1024), Fraction(1, 2**14)]
"""Reals are drawn as multiples of one of these, which float32 holds: some near to a threshold, or on a ramp."""


UNDECLARED = (-9, 9)
"""Numbers for inputs without a declared range."""


def declared(rng: random.Random, dim: int | None = None) -> Node:
    """A random input with a declared range; most often of whole numbers."""
    dim = dim or rng.choice([1, 1, 1, 2, 2, 3])
    low = rng.choice([-9, -4, -2, -1, 0, 0, 0])
    high = rng.choice([1, 1, 2, 3, 5, 9, 20])
    grids = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 3), Fraction(1, 10), None, None, None]
    grid = rng.choice([1, 1, 1, 1, 1, 1, 1, *grids])
    ends: tuple[Any, Any] | None = (low, high)
    if rng.random() < 0.06:
        ends = None
    elif dim > 1 and rng.random() < 0.3:
        ends = (tuple(low - rng.randint(0, 2) for _ in range(dim)), tuple(high + rng.randint(0, 2) for _ in range(dim)))
    return make("input", dim=dim, range=ends, grid=grid, name="x")


def narrowed(rng: random.Random, x: Node) -> tuple[Any, Any] | None:
    """A range for `lsrl.compile` inside the declared one; mostly none."""
    if x.params["range"] is None:
        return rng.choice([None, (-4, 5), (0, 9)])
    low, high = x.params["range"]
    if rng.random() < 0.85 or isinstance(low, tuple) or high - low < 3:
        return None
    return low + 1, high - 1


def sequence(rng: random.Random, x: Node, steps: int, within: tuple[Any, Any] | None = None) -> Rows:
    """One sequence inside the declaration: random, at its ends, or the same number at every step."""
    low, high = (numbers(end, x.dim) for end in within or x.params["range"] or UNDECLARED)
    kind = rng.random()
    held = tuple(_drawn(rng, x, low[i], high[i]) for i in range(x.dim))
    rows = []
    for _ in range(steps):
        if kind < 0.15:
            rows.append(held)
        elif kind < 0.35:
            rows.append(tuple(_inside(x, rng.choice([low[i], high[i]])) for i in range(x.dim)))
        else:
            rows.append(tuple(_drawn(rng, x, low[i], high[i]) for i in range(x.dim)))
    return tuple(rows)


def _inside(x: Node, end: Number) -> Number:
    grid = x.params["grid"]
    return end if grid is None else Fraction(end // grid) * grid


def _drawn(rng: random.Random, x: Node, low: Number, high: Number) -> Number:
    grid = Fraction(x.params["grid"] or rng.choice(FINEST))
    first, last = -(-low // grid), high // grid
    return Fraction(rng.randint(int(first), int(last))) * grid


def outside(x: Node, rows: Rows, within: tuple[Any, Any] | None) -> list[Rows]:
    """The sequence with its last number above the range, and between two points of the grid."""
    ends, grid, last = within or x.params["range"], x.params["grid"], rows[-1]
    changed = [numbers(ends[1], x.dim)[0] + Fraction(grid or 1)] if ends else []
    changed += [last[0] + Fraction(grid) / 2] if grid else []
    return [(*rows[:-1], (number, *last[1:])) for number in changed]
