"""Dividing [0, 1]ⁿ into box-shaped cells, on each of which a function is constant or linear."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lsrl.errors import NumberError, RangeError, ShapeError

Function: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From points (…, n) to values (…, m)."""

PROBES = 256
"""Points at which a cell is fitted, if not more are needed for two a side."""

THINNEST = 2
"""Sides this many times shorter than the longest are not halved. One halving at a time does not see
that a strip is a dead end: without this, constant cells on the demo's map end up as long strips, and
their error is 34 % larger (61.1 m instead of 45.5 m at 1,024 cells)."""

NEGLIGIBLE = 1e-24
"""Squared errors below this are rounding, not worth a cell."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box low ≤ x < high, and what stands for the function there: value + slope (x − centre)."""

    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    slope: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """The middle of the box."""
        middle: np.ndarray = (self.low + self.high) / 2
        return middle


def central(function: Function, low: np.ndarray, high: np.ndarray, order: int) -> Box:
    """The function's value at the cell's centre and, for order 1, its slope from central differences.

    With H a Lipschitz constant of the gradient and r the largest half side, the error in the cell
    is at most n·H·r²: n·H·r²/2 from Taylor's theorem, as much again from the differences.
    """
    centre, radius = (low + high) / 2, (high - low) / 2
    value = function(centre[None])[0]
    if not order:
        return Box(low, high, value, np.zeros((len(value), len(low))))
    ahead, behind = function(centre + np.diag(radius)), function(centre - np.diag(radius))
    return Box(low, high, value, ((ahead - behind) / (2 * radius[:, None])).T)


def fitted(function: Function, low: np.ndarray, high: np.ndarray, order: int) -> tuple[float, Box]:
    """The constant or linear function nearest to `function` on the cell, and the squared error left.

    Nearest in least squares over a lattice of probes. The error is integrated over the cell.
    """
    dim = len(low)
    inside = (np.arange(probes := probes_a_side(dim)) + 0.5) / probes - 0.5
    lattice = np.stack(np.meshgrid(*[inside] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    offsets = lattice * (high - low)
    values = function((low + high) / 2 + offsets)
    # The lattice is symmetric, so that mean and slopes are found one by one.
    slope = values.T @ offsets / (offsets**2).sum(axis=0) * order
    cell = Box(low, high, values.mean(axis=0), slope)
    residuals = values - cell.value - offsets @ slope.T
    return float((residuals**2).sum(axis=-1).mean() * np.prod(high - low)), cell


def probes_a_side(dim: int) -> int:
    """Sixteen where that is affordable, two at least.

    >>> [probes_a_side(dim) for dim in (1, 2, 4, 20)]
    [16, 16, 4, 2]
    """
    return max(2, min(16, cells_a_side(PROBES, dim)))


def even_cells(function: Function, dim: int, count: int, order: int, resolution: int) -> list[Box]:
    """The largest regular grid of at most `count` cells, corners on multiples of 1/resolution.

    >>> len(even_cells(lambda x: x[..., :1], dim=2, count=20, order=0, resolution=64))
    16
    """
    side = cells_a_side(count, dim)
    if side > resolution:
        raise RangeError(f"{side} cells a side; expected at most resolution={resolution}")
    edges = np.rint(np.arange(side + 1) * resolution / side) / resolution
    boxes = itertools.product(*[list(itertools.pairwise(edges))] * dim)
    return [
        central(function, np.array(low), np.array(high), order)
        for low, high in (zip(*box, strict=True) for box in boxes)
    ]


def cells_a_side(count: int, dim: int) -> int:
    """The largest N with Nⁿ ≤ count.

    >>> cells_a_side(20, 2)
    4
    """
    side: int = round(float(count) ** (1 / dim))
    return side if side**dim <= count else side - 1


def uneven_cells(function: Function, dim: int, count: int, order: int, resolution: int) -> list[Box]:
    """`count` fitted cells, made by halving the one with the largest squared error again and again.

    Each is halved across the side where that helps most. Stops early when no cell has an error or
    all are as small as the resolution allows.

    >>> bend = uneven_cells(lambda x: np.abs(x - 0.25), dim=1, count=9, order=1, resolution=64)
    >>> sorted(cell.low.item() for cell in bend)
    [0.0, 0.25, 0.5]
    """
    serial = itertools.count()  # ties in error are broken by age, never by comparing cells
    error, whole = fitted(function, np.zeros(dim), np.ones(dim), order)
    queue = [(-error, next(serial), whole)]
    done: list[Box] = []
    while queue and len(queue) + len(done) < count:
        left, _, cell = heapq.heappop(queue)
        halves = _best_halves(function, cell, order, resolution) if left < -NEGLIGIBLE else None
        if halves is None:
            done.append(cell)
            continue
        for error, half in halves:
            heapq.heappush(queue, (-error, next(serial), half))
    return done + [cell for _, _, cell in queue]


def _best_halves(function: Function, cell: Box, order: int, resolution: int) -> list[tuple[float, Box]] | None:
    candidates = []
    sides = cell.high - cell.low
    for axis in np.flatnonzero(sides * THINNEST >= sides.max()):
        middle = np.floor(cell.centre[axis] * resolution) / resolution
        if cell.low[axis] < middle < cell.high[axis]:
            lower_end, upper_start = cell.high.copy(), cell.low.copy()
            lower_end[axis] = upper_start[axis] = middle
            boxes = (cell.low, lower_end), (upper_start, cell.high)
            candidates.append([fitted(function, low, high, order) for low, high in boxes])
    return min(candidates, key=lambda halves: halves[0][0] + halves[1][0], default=None)


def checked_function(f: Any, in_dim: int, out_dim: int) -> Function:
    """A callable or an array of samples as a function from points (k, n) to values (k, m).

    A callable gets points (k, n) and returns (k, m), or (k,) where m is 1. Samples are an array
    (s₁, …, sₙ) or (s₁, …, sₙ, m): values at the points i/(s − 1), with straight lines between.
    Raises `ShapeError` or `NumberError` for anything else.
    """
    function = f if callable(f) else _interpolated(_array(f), in_dim, out_dim)

    def checked(points: np.ndarray) -> np.ndarray:
        values = np.asarray(function(points))
        if values.shape == (len(points),) and out_dim == 1:
            values = values[:, None]
        if values.shape != (len(points), out_dim):
            raise ShapeError(
                f"f of {len(points)} points gave an array of shape {values.shape}; expected ({len(points)}, {out_dim})"
            )
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise NumberError("f gave NaN, infinity or no number; expected finite numbers on all of [0, 1]ⁿ")
        return values.astype(np.float64)

    return checked


def _array(samples: Any) -> np.ndarray:
    try:
        return np.asarray(samples)
    except ValueError:
        raise ShapeError("samples are rows of unequal length; expected a regular grid of numbers") from None


def _interpolated(samples: np.ndarray, in_dim: int, out_dim: int) -> Function:
    from scipy.interpolate import RegularGridInterpolator

    shaped = samples if samples.ndim == in_dim + 1 else samples[..., None]
    if shaped.ndim != in_dim + 1 or shaped.shape[-1] != out_dim or min(shaped.shape[:-1], default=0) < 2:
        raise ShapeError(
            f"samples have shape {samples.shape}; expected {in_dim} axes of at least 2 points, "
            f"and then {out_dim} values a point"
        )
    if shaped.dtype.kind not in "biuf" or not np.isfinite(shaped).all():
        raise NumberError("samples hold NaN, infinity or no numbers; expected finite numbers")
    axes = [np.linspace(0, 1, count) for count in shaped.shape[:-1]]
    function: Function = RegularGridInterpolator(axes, shaped.astype(np.float64))
    return function
