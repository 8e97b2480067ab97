"""The stream that a program reads, and what is declared of its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpq

from lsrl.errors import NumberError, ProgramError, shortened
from lsrl.lang.numbers import Vector, as_float, exact_vector, whole_number
from lsrl.lang.values import Value

SMALLEST, LARGEST = 2.0**-900, 2.0**900
"""Grids from one to the other can be computed with in floats."""


class Input(Value):
    """The stream a program reads: `dim` numbers at every step.

    `range` declares (low, high), each a number or one per component; `grid` declares that every
    component is an integer multiple of that number (`integer=True` is `grid=1`). Runs refuse
    inputs outside the declaration; the compiler uses it.

    >>> Input(2, range=(0, 1), grid="1/8")
    <Input 'input' of dimension 2>
    """

    __slots__ = ("grid", "high", "low")
    default_hint = "input"

    low: Vector | None
    high: Vector | None
    grid: Vector | None

    def __init__(
        self,
        dim: int = 1,
        *,
        range: tuple[Any, Any] | None = None,
        grid: Any = None,
        integer: bool = False,
        name: str | None = None,
        hint: str | None = None,
    ) -> None:
        dim = whole_number(dim, f"dimension of {name or 'input'}")
        low = high = None
        if range is not None:
            if not isinstance(range, (tuple, list, np.ndarray)) or len(range) != 2:
                raise ProgramError(f"range of {name or 'input'} is {shortened(range)}; expected a pair (low, high)")
            low, high = (exact_vector(bound, dim, "range") for bound in range)
            for lower, upper in zip(low, high, strict=True):
                if lower > upper:
                    raise ProgramError(f"range ({lower}, {upper}) of {name or 'input'} is empty; expected low ≤ high")
        if not isinstance(integer, (bool, np.bool_)):
            raise ProgramError(f"integer of {name or 'input'} is {shortened(integer)}; expected True or False")
        if integer and grid is None:
            grid = 1
        spacing = None if grid is None else exact_vector(grid, dim, "grid")
        for i, step in enumerate(spacing or ()):
            _check_grid(step, low[i] if low else None, high[i] if high else None, name or "input")
        super().__init__(dim, (), name, hint, low=low, high=high, grid=spacing)


def _check_grid(step: fmpq, low: fmpq | None, high: fmpq | None, name: str) -> None:
    if step <= 0:
        raise NumberError(f"grid of {name} is {step}; expected a positive number")
    if not SMALLEST <= as_float(step) <= LARGEST:
        raise NumberError(f"grid of {name} is beyond what floats hold; expected {SMALLEST:g} to {LARGEST:g}")
    if any(as_float(fmpq(part)) != int(part) for part in (step.p, step.q)):
        raise NumberError(f"grid of {name} is {step}; expected numerator and denominator that floats hold, as in 1/10")
    if low is not None and high is not None and (low / step).ceil() * step > high:
        raise ProgramError(f"range ({low}, {high}) of {name} has no multiple of its grid {step}; expected at least one")
