"""Functions of two variables that come as a grid of samples, approximated in context."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lsrl.csv_files import read_numbers
from lsrl.errors import FormatError
from lsrl.incontext.cells import checked_function
from lsrl.incontext.functions import FunctionApproximator
from lsrl.lang.numbers import as_float
from lsrl.model.compiler import compile as compiled


def read_samples(path: str | Path) -> np.ndarray:
    """A grid of numbers from a CSV file, at least 2 × 2. Raises `FormatError`."""
    rows = read_numbers(path, None, "a grid of numbers, rows of equal length")
    samples = np.array([[as_float(number) for number in row] for row in rows])
    if not np.isfinite(samples).all():
        raise FormatError(f"{path} holds a number beyond the floats; expected smaller ones")
    if min(samples.shape) < 2:
        raise FormatError(f"{path} is a grid of {samples.shape[0]} × {samples.shape[1]}; expected at least 2 × 2")
    return samples


def approximator_of(samples: np.ndarray, *, order: int, max_cells: int) -> FunctionApproximator:
    """The approximator from two variables to one whose value range fits the samples."""
    low, high = float(np.floor(samples.min())), float(np.ceil(samples.max()))
    # Least squares may overshoot the samples, by less than they spread.
    spread = max(high - low, 1.0)
    return FunctionApproximator(2, 1, order=order, max_cells=max_cells, value_range=(low - spread, high + spread))


def approximated_points(
    samples: np.ndarray, points: np.ndarray, *, cells: int, order: int, uneven: bool, target: str
) -> list[dict[str, Any]]:
    """What a compiled network answers at points (k, 2) of [0, 1]², beside the samples themselves."""
    approximator = approximator_of(samples, order=order, max_cells=cells)
    model = compiled(approximator.program, target, max_length=approximator.max_length)
    prompt = approximator.prompt(samples, cells, uneven=uneven)
    answers = approximator.evaluate(model, prompt, points)[:, 0]
    expected = checked_function(samples, 2, 1)(points)[:, 0]
    return [
        {
            "x": float(x),
            "y": float(y),
            "answer": float(answer),
            "samples": float(true),
            "error": float(abs(answer - true)),
        }
        for (x, y), answer, true in zip(points, answers, expected, strict=True)
    ]
