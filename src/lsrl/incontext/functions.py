"""In-context functions: one network that approximates whatever function its prompt describes in cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.errors import RangeError, ShapeError, shortened
from lsrl.incontext.cells import Box, cells_a_side, checked_function, even_cells, uneven_cells
from lsrl.incontext.sequences import Runs
from lsrl.lang import (
    Concat,
    Input,
    Linear,
    Matrix,
    Multi,
    Program,
    Value,
    and_,
    at_least,
    clip,
    constant,
    counter,
    cumsum,
    ifelse,
    smaller,
)
from lsrl.lang.logic import BranchVia
from lsrl.lang.numbers import as_float, exact, whole_number

VALUE_BITS = 20
"""Values in a prompt are rounded to 2⁻²⁰ of the range, so that sums of them are exact."""

SLOPE_BITS = 12
"""Slopes are rounded to 2⁻¹² of the range."""

LARGEST_IN_DIM = 16
"""Variables of a function: a cell is fitted at two points a side at least."""

SMALLEST, LARGEST = 2.0**-500, 2.0**500
"""Widths of value ranges between these leave room for steps and slopes."""

CHUNK = 128
"""Points evaluated together: what a batch of prompts of ordinary length needs little memory for."""


@dataclass(frozen=True)
class FunctionApproximator:
    """Any function from [0, 1]ⁿ to ℝᵐ, given by cells in the prompt: piecewise constant or linear.

    The first token holds the query; every other token a cell: its lower and upper corner, the
    value in it and, for `order=1`, the slope. The answer appears at the last step. Points and
    corners are multiples of 1/`resolution`, a power of two, so that every comparison is decided;
    queries are rounded to it. Values lie in `value_range`.

    Order 0 is the paper's (Petrov et al. 2024, Listing 1), with box-shaped cells of any size.
    Order 1 multiplies a slope by an offset, so it needs a target with products.

    >>> square = FunctionApproximator(1, 1, max_cells=64)
    >>> prompt = square.prompt(lambda x: x**2, 64)
    >>> square.evaluate(square.program, prompt, [[0.5]]).round(2).tolist()
    [[0.26]]
    """

    in_dim: int
    out_dim: int
    order: int = 0
    max_cells: int = 1024
    resolution: int = 1024
    value_range: tuple[Any, Any] = (-4, 4)
    via: BranchVia = "auto"
    short: bool = True

    def __post_init__(self) -> None:
        for what in ("in_dim", "out_dim", "max_cells", "resolution"):
            whole_number(getattr(self, what), what)
        if self.order not in (0, 1):
            raise RangeError(f"order is {self.order!r}; expected 0 (constant cells) or 1 (linear cells)")
        if self.resolution & (self.resolution - 1):
            raise RangeError(f"resolution is {self.resolution}; expected a power of two")
        if self.in_dim > LARGEST_IN_DIM:
            raise RangeError(f"in_dim is {self.in_dim}; expected at most {LARGEST_IN_DIM}: a grid of cells has Nⁿ")
        low, high = self._ends
        if low >= high or not SMALLEST <= as_float(high - low) <= LARGEST:
            raise RangeError(f"value_range is {shortened(self.value_range)}; expected low < high, as floats hold them")

    @property
    def max_length(self) -> int:
        """The steps of a query with `max_cells` cells."""
        return 1 + self.max_cells

    @property
    def token_dim(self) -> int:
        """Numbers in a token."""
        return 2 * self.in_dim + self.out_dim * (1 + self.order * self.in_dim)

    @cached_property
    def program(self) -> Program:
        """The program: outputs the function at the query, from all cells so far."""
        n, m = self.in_dim, self.out_dim
        token = self._token()
        lower, upper, value = token[:n], token[n : 2 * n], token[2 * n : 2 * n + m]
        grid = f"1/{self.resolution}"
        count = counter(1, name="count")
        prompting = at_least(count, 2)
        query = cumsum(self._branch(smaller(count, 2), lower), name="query")
        above, below = at_least(query, lower, width=grid), smaller(query, upper, width=grid)
        inside = and_(prompting, *above, *below, name="inside")
        if self.order:
            # The offset doubled is x − low + x − high: on the grid without halving it.
            # The query is in [0, 1] anyway; the clip tells the compiler, whose range for a sum is a long one.
            offset = (clip(query, 0, 1) * 2 - lower - upper) / 2
            repeated = Linear(offset, _repeated(n, m), name="offsets")
            rises = Multi(Concat([token[2 * n + m :], repeated]), name="rises")
            value = value + Linear(rises, _row_sums(n, m))
        answer = cumsum(self._branch(inside, value), name="answer")
        return Program(answer, name=f"function_{n}_to_{m}_order_{self.order}")

    def prompt(self, f: Any, cells: int, *, uneven: bool = False) -> np.ndarray:
        """Tokens of shape (T, token_dim) that describe `f` in at most `cells` cells.

        `f` is a callable from points (k, n) to values (k, m), or an array of samples
        (s₁, …, sₙ[, m]) that are joined by straight lines. The cells are the largest regular grid
        of at most that many, with f at their centres (the paper's); or, `uneven`, boxes fitted by
        least squares, small where the function bends most.

        Raises `RangeError` for values outside `value_range` or more than `max_cells`.
        """
        if isinstance(cells, bool) or not isinstance(cells, int) or not 1 <= cells <= self.max_cells:
            raise RangeError(f"cells is {cells!r}; expected a whole number from 1 to max_cells={self.max_cells}")
        divide = uneven_cells if uneven else even_cells
        function = checked_function(f, self.in_dim, self.out_dim)
        return np.stack(
            [self._cell_token(cell) for cell in divide(function, self.in_dim, cells, self.order, self.resolution)]
        )

    def queries(self, prompt: np.ndarray, points: Any) -> np.ndarray:
        """One sequence (1 + T, token_dim) for each point (k, n) of [0, 1]ⁿ: its query, then the prompt."""
        try:
            given = np.asarray(points, dtype=np.float64)
        except (TypeError, ValueError):
            raise ShapeError(f"points are {shortened(points)}; expected numbers of shape (k, {self.in_dim})") from None
        if given.ndim != 2 or given.shape[1] != self.in_dim:
            raise ShapeError(f"points have shape {given.shape}; expected (k, {self.in_dim})")
        if not ((given >= 0) & (given <= 1)).all():
            raise RangeError(f"points reach from {given.min():g} to {given.max():g}; expected all in [0, 1]")
        if not isinstance(prompt, np.ndarray) or prompt.ndim != 2 or prompt.shape[1] != self.token_dim:
            raise ShapeError(f"prompt has shape {np.shape(prompt)}; expected (T, {self.token_dim}), from .prompt()")
        sequences = np.zeros((len(given), 1 + len(prompt), self.token_dim))
        sequences[:, 0, : self.in_dim] = np.rint(given * self.resolution) / self.resolution
        sequences[:, 1:] = prompt
        return sequences

    def evaluate(
        self, model: Runs, prompt: np.ndarray, points: Any, progress: Callable[[int], object] | None = None
    ) -> np.ndarray:
        """What a model of `.program` makes of points (k, n) after the prompt: (k, m).

        `progress` is told how many points are done, now and then. Raises as `queries` does.
        """
        answers = []
        for start in range(0, len(points), CHUNK):
            answers.append(model.run(self.queries(prompt, points[start : start + CHUNK]))[:, -1])
            if progress is not None:
                progress(len(answers[-1]))
        return np.concatenate(answers) if answers else np.empty((0, self.out_dim))

    def error_bound(self, lipschitz: float, cells: int) -> float:
        """The largest error |answer − f| of a value, at any point, with a regular grid of cells.

        With N cells a side: order 0, `lipschitz` a Lipschitz constant of f: L·√n / (2N), as in the
        paper. Order 1, of its gradient: n·H / (4N²), at points on the resolution grid. Both with
        what rounding corners, values, slopes and (order 0) queries to their grids adds.

        >>> FunctionApproximator(2, 1, max_cells=64).error_bound(lipschitz=1, cells=64) < 0.09
        True
        """
        if not 0 <= lipschitz < math.inf:
            raise RangeError(f"lipschitz is {lipschitz}; expected a number from 0")
        whole_number(cells, "cells")
        n, step = self.in_dim, 1 / self.resolution
        radius = (1 / cells_a_side(cells, n) + step) / 2
        if self.order:
            slope = n * radius * self._slope_step / 2
            return n * lipschitz * radius**2 + slope + self._value_step / 2
        return float(lipschitz * np.sqrt(n) * (radius + step / 2) + self._value_step / 2)

    @cached_property
    def _ends(self) -> tuple[fmpq, fmpq]:
        if not isinstance(self.value_range, (tuple, list)) or len(self.value_range) != 2:
            raise RangeError(f"value_range is {shortened(self.value_range)}; expected a pair (low, high)")
        low, high = (exact(end, "value_range") for end in self.value_range)
        return low, high

    @cached_property
    def _span_exponent(self) -> int:
        """Two to this is the power of two at or above the width of the value range."""
        width = self._ends[1] - self._ends[0]
        exponent = int(width.p).bit_length() - int(width.q).bit_length() - 1
        while fmpq(2) ** exponent < width:
            exponent += 1
        return exponent

    @property
    def _value_step(self) -> float:
        return 2.0 ** (self._span_exponent - VALUE_BITS)

    @property
    def _slope_step(self) -> float:
        return 2.0 ** (self._span_exponent - SLOPE_BITS)

    def _token(self) -> Value:
        n, m, slopes = self.in_dim, self.out_dim, self.order * self.in_dim * self.out_dim
        low, high = self._ends
        # A corner may lie one step beyond 1: cells leave out their upper faces, and 1 must be in one.
        # A cell is at least a grid step wide, so no slope is steeper than the whole range over one.
        # All exact: as floats, powers of two far from 1 would be read at their shortest decimals.
        span = fmpq(2) ** self._span_exponent
        steepest, step = span * self.resolution, fmpq(1, self.resolution)
        # Values are rounded, perhaps past ends that are not on their grid; those of planes at the edge are taken
        # half a step further.
        value_step = span / 2**VALUE_BITS
        on_grid = all((end / value_step).q == 1 for end in (low, high))
        room = span if self.order else fmpq(0) if on_grid else value_step
        lows = [fmpq(0)] * 2 * n + [min(low, fmpq(0)) - room] * m + [-steepest] * slopes
        highs = [1 + step] * 2 * n + [max(high, fmpq(0)) + room] * m + [steepest] * slopes
        grids = [step] * 2 * n + [value_step] * m + [span / 2**SLOPE_BITS] * slopes
        return Input(len(lows), range=(lows, highs), grid=grids, name="token")

    def _branch(self, cond: Value, then: Value) -> Value:
        return ifelse(cond, then, constant(0), via=self.via, short=self.short)

    def _cell_token(self, cell: Box) -> np.ndarray:
        upper = np.where(cell.high == 1, 1 + 1 / self.resolution, cell.high)
        # A least-squares plane across a jump may be steeper than f's whole range over the cell.
        steepest = 2.0**self._span_exponent * self.resolution
        cell = replace(cell, slope=np.clip(cell.slope, -steepest, steepest))
        at_centre = cell.value + cell.slope @ ((cell.low + upper) / 2 - cell.centre)
        low, high = (as_float(end) for end in self._ends)
        if not (low <= cell.value.min() and cell.value.max() <= high and np.isfinite(cell.slope).all()):
            raise RangeError(
                f"f reaches from {cell.value.min():g} to {cell.value.max():g} at {cell.centre.tolist()}; "
                f"expected values in value_range={self.value_range}"
            )
        value = np.rint(at_centre / self._value_step) * self._value_step
        slope = np.rint(cell.slope / self._slope_step) * self._slope_step
        return np.concatenate([cell.low, upper, value, slope.ravel() if self.order else []])


def _repeated(n: int, m: int) -> Matrix:
    """The n offsets, m times over."""
    return Matrix.from_entries((m * n, n), {(i, i % n): 1 for i in range(m * n)})


def _row_sums(n: int, m: int) -> Matrix:
    """The sums of m groups of n."""
    return Matrix.from_entries((m, m * n), {(i // n, i): 1 for i in range(m * n)})
