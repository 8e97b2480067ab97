"""What floats cannot hold: values without a range, weights beyond a format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lsrl.errors import RangeError


def unbounded(label: str) -> RangeError:
    """The error that this value needs a range."""
    return RangeError(
        f"the range of value {label!r} is not known, and this target needs one for every value; "
        "declare Input(range=(low, high)) and compile(..., max_length=...)"
    )


def bfloat16(numbers: np.ndarray) -> np.ndarray:
    """The numbers of bfloat16 that are nearest, of two the even one, in float32, which has them all.

    >>> bfloat16(np.array([255.0, 257.0, 259.0])).tolist()
    [255.0, 256.0, 260.0]
    """
    mantissas, exponents = np.frexp(numbers)
    nearest: np.ndarray = np.ldexp(np.rint(np.ldexp(mantissas, 8)), exponents - 8)
    return nearest.astype(np.float32)


def held_by(numbers: np.ndarray, dtype: Any, label_of: Callable[[int], str], better: str = "float64") -> np.ndarray:
    """The numbers in a float format, those of bfloat16 in float32. Raises `RangeError` for one beyond it.

    It names the value that the number is for; `better` is what holds more than float32 does.

    >>> held_by(np.array([1.0, 1e40]), "float32", lambda place: ["x", "y"][place])
    Traceback (most recent call last):
    lsrl.errors.RangeError: value 'y' takes a weight of 1e+40, beyond float32; expected smaller numbers, or float64
    """
    with np.errstate(over="ignore"):
        converted: np.ndarray = bfloat16(numbers) if dtype == "bfloat16" else numbers.astype(dtype)
    beyond = np.argwhere(~np.isfinite(converted))
    if len(beyond):
        place = int(beyond[0, 0])
        advice = f", or {better}" if converted.dtype == np.float32 else " in the program"
        raise RangeError(
            f"value {label_of(place)!r} takes a weight of {float(np.abs(numbers[place]).max()):.3g}, beyond {dtype}; "
            f"expected smaller numbers{advice}"
        )
    return converted
