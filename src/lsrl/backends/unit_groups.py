"""Groups of numbers of a network that can change places, signs or sizes, if the weights around them go along.

A network computes the same after such a change: what makes a number is changed as the number is, what reads it the
other way round. Which changes a group allows follows from what is between: nothing but sums allows all of them, tanh
and what is multiplied by a gate allow signs, a ReLU allows powers of two, any function of single numbers another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

Change: TypeAlias = Literal["permutation", "signs", "powers", "mixing", "idle"]
"""Another order; other signs; times powers of two; sums of four; random weights for what nothing reads."""

SIGNED: frozenset[Change] = frozenset({"permutation", "signs", "idle"})
"""What units allow whose function is odd: tanh."""

SCALED: frozenset[Change] = frozenset({"permutation", "powers", "idle"})
"""What ReLUs allow."""

LINEAR: frozenset[Change] = frozenset({"permutation", "signs", "powers"})
"""What linear states allow."""

ANY_FUNCTION: frozenset[Change] = frozenset({"permutation", "idle"})
"""What all units allow whose numbers do not disturb one another."""

Arrays: TypeAlias = Mapping[str, np.ndarray]
"""All weights of a network by name, dense."""

HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
"""Symmetric and orthogonal; its entries are powers of two."""


class Along(NamedTuple):
    """Where an axis of a tensor runs over the numbers of a group: from `first` on."""

    tensor: str
    axis: int
    first: int = 0


def along(part: str, names: str, axis: int = 0) -> tuple[Along, ...]:
    """The same axis of several tensors of a part, whose names have spaces between them."""
    return tuple(Along(f"{part}.{name}", axis) for name in names.split())


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """`size` numbers that come out of `modules` of the hooked network, and the weights around them.

    `makes` are the weights that a number is a multiple of, `follows` others that belong to it (gates, decays), `reads`
    those that it is multiplied by. The first `apart` of them keep their sizes and are mixed with none.
    """

    modules: tuple[str, ...]
    size: int
    reads: tuple[Along, ...]
    makes: tuple[Along, ...] = ()
    follows: tuple[Along, ...] = ()
    allows: frozenset[Change] = frozenset({"permutation"})
    apart: int = 0

    def named(self, prefix: str) -> UnitGroup:
        """The same group of tensors whose names begin with `prefix`."""
        made, follow, read = (
            tuple(place._replace(tensor=prefix + place.tensor) for place in places)
            for places in (self.makes, self.follows, self.reads)
        )
        return replace(self, makes=made, follows=follow, reads=read)

    def is_read(self, arrays: Arrays) -> np.ndarray:
        """Which of the numbers anything reads (size,)."""
        return self._in_any(self.reads, arrays)

    def is_made(self, arrays: Arrays) -> np.ndarray:
        """Which of the numbers can be anything but 0 (size,)."""
        return self._in_any(self.makes, arrays)

    def _in_any(self, places: tuple[Along, ...], arrays: Arrays) -> np.ndarray:
        found = np.zeros(self.size, bool)
        for place in places:
            found |= rows_along(arrays, place, self.size).reshape(self.size, -1).any(axis=1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Rearrangement:
    """Numbers mixed by fours (`blocks`), then multiplied by `factor`, then put in another order.

    New number i is factor[order[i]] times mixed number order[i].
    """

    blocks: tuple[tuple[int, ...], ...]
    factor: np.ndarray
    order: np.ndarray

    def column(self, index: int) -> tuple[tuple[int, float], ...]:
        """Where a number went: the new ones that hold it, and how many times."""
        block = next((block for block in self.blocks if index in block), (index,))
        weights = HADAMARD[:, block.index(index)] if len(block) > 1 else [1.0]
        place = np.argsort(self.order)
        return tuple((int(place[i]), float(w * self.factor[i])) for i, w in zip(block, weights, strict=True))

    def apply(self, group: UnitGroup, arrays: dict[str, np.ndarray]) -> None:
        """Change the weights around a group accordingly."""
        for place in group.makes:
            rows = self._mixed(rows_along(arrays, place, group.size))
            put_along(arrays, place, (rows.T * self.factor).T[self.order])
        for place in group.follows:
            put_along(arrays, place, rows_along(arrays, place, group.size)[self.order])
        for place in group.reads:
            rows = self._mixed(rows_along(arrays, place, group.size))
            put_along(arrays, place, (rows.T / self.factor).T[self.order])

    def _mixed(self, rows: np.ndarray) -> np.ndarray:
        mixed: np.ndarray = rows.copy()
        for block in self.blocks:
            mixed[list(block)] = np.tensordot(HADAMARD, rows[list(block)].astype(np.float64), 1)
        return mixed


def rows_along(arrays: Arrays, place: Along, size: int) -> np.ndarray:
    """The part of a tensor that belongs to a group (size, …)."""
    first, last = place.first, place.first + size
    rows: np.ndarray = np.moveaxis(arrays[place.tensor], place.axis, 0)[first:last]
    return rows


def put_along(arrays: dict[str, np.ndarray], place: Along, rows: np.ndarray) -> None:
    """Set that part of the tensor to `rows`."""
    changed = arrays[place.tensor].copy()
    np.moveaxis(changed, place.axis, 0)[place.first : place.first + len(rows)] = rows
    arrays[place.tensor] = changed
