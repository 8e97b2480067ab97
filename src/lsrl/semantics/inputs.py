"""What a program accepts as input: shapes, finite numbers, the declared range and grid.

Floats given at run time are taken bit for bit, with one exception: where a range or grid is declared
that floats cannot hold (0.1, say), the float nearest to an end or grid point stands for that point.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
from flint import fmpq

from lsrl.errors import NumberError, RangeError, ShapeError
from lsrl.lang import Input
from lsrl.lang.numbers import as_float, as_fraction, exact


class Declared(Protocol):
    """What is declared of one input component; None: nothing."""

    @property
    def low(self) -> fmpq | None: ...
    @property
    def high(self) -> fmpq | None: ...
    @property
    def grid(self) -> fmpq | None: ...


class Declaration(NamedTuple):
    """What an `Input` declares of one of its components."""

    low: fmpq | None
    high: fmpq | None
    grid: fmpq | None


def declarations(source: Input) -> list[Declaration]:
    """The declaration of every component of an input.

    >>> declarations(Input(1, range=(0, 9)))
    [Declaration(low=0, high=9, grid=None)]
    """
    parameters: Any = source.parameters
    columns = [parameters[key] or (None,) * source.dim for key in ("low", "high", "grid")]
    return [Declaration(*component) for component in zip(*columns, strict=True)]


def checked_floats(x: Any, declared: Sequence[Declared], name: str, dtype: str = "float64") -> tuple[np.ndarray, bool]:
    """`x` as floats of shape (batch, T, dim), and whether it came without the batch axis.

    Raises `ShapeError`, `NumberError` or `RangeError`, naming the input and the place.

    >>> checked_floats([[1], [2]], [Declaration(None, None, None)], "x")[0].shape
    (1, 2, 1)
    """
    given, single = _shaped(_as_array(x, name), len(declared), name)
    floats = _converted(given, np.dtype(dtype), name)
    _require(np.isfinite(floats), floats, name, NumberError, "expected finite numbers")
    for i, component in enumerate(declared):
        _check_component(floats[..., i], component, f"{name}[{i}]")
    return floats, single


def checked_fractions(x: Any, declared: Sequence[Declared], name: str) -> tuple[np.ndarray, bool]:
    """As `checked_floats`, but an object array of exact `Fraction`s.

    >>> checked_fractions([["1/3"]], [Declaration(None, None, None)], "x")[0].tolist()
    [[[Fraction(1, 3)]]]
    """
    array = _as_array(x, name)
    if array.dtype.kind == "f":
        floats, single = checked_floats(array, declared, name, "float32" if array.itemsize <= 4 else "float64")
        columns = [_stands_for(floats[..., i], component) for i, component in enumerate(declared)]
        return np.stack(columns, axis=-1), single
    given, single = _shaped(array, len(declared), name)
    fractions = np.empty(given.shape, dtype=object)
    for place in np.ndindex(given.shape):
        fractions[place] = number = _fraction(given[place], f"{name}{list(place)}")
        component = declared[place[-1]]
        if _outside(number, component):
            raise RangeError(f"{name}{list(place)} is {number}; {_expectation(component)}")
    return fractions, single


def _as_array(x: Any, name: str) -> np.ndarray:
    """An array of numbers that keeps every number as it is given."""
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "biuf" or (not hasattr(x, "__array__") and _may_be_rounded(array)):
            array = np.array(x, dtype=object)
    except (ValueError, TypeError):
        raise ShapeError(f"{name} is not an array: expected numbers in rows of equal length") from None
    return array


def _may_be_rounded(array: np.ndarray) -> bool:
    """NumPy turns lists that mix floats and whole numbers into floats, whatever their size."""
    return array.dtype.kind == "f" and bool((np.abs(array) >= 2.0**53).any())


def _shaped(array: np.ndarray, dim: int, name: str) -> tuple[np.ndarray, bool]:
    if array.ndim not in (2, 3) or (array.shape[-1] != dim and array.size):
        raise ShapeError(
            f"{name} is an array of shape {array.shape}; expected (T, {dim}) or (batch, T, {dim}), T time steps"
        )
    if not array.size:
        raise ShapeError(f"{name} is empty (shape {array.shape}); expected at least one time step")
    single = array.ndim == 2
    return (array[None] if single else array), single


def _converted(given: np.ndarray, dtype: np.dtype[Any], name: str) -> np.ndarray:
    if given.dtype == object:
        numbers = [_nearest_float(number, f"{name}{list(place)}") for place, number in np.ndenumerate(given)]
        given = np.array(numbers).reshape(given.shape)
    with np.errstate(over="ignore"):
        floats = given.astype(dtype)
    if given.dtype.kind in "iu":
        _require(
            floats.astype(given.dtype) == given,
            given,
            name,
            NumberError,
            f"expected a whole number that {dtype} can hold",
        )
    return floats


def _nearest_float(number: Any, what: str) -> float:
    return float(number) if isinstance(number, (float, np.floating)) else as_float(exact(number, what))


def _fraction(number: Any, what: str) -> Fraction:
    if isinstance(number, (float, np.floating)) and np.isfinite(number):
        return Fraction(float(number))
    return as_fraction(exact(number, what))


def _outside(number: Fraction, component: Declared) -> bool:
    low, high, grid = (
        None if end is None else as_fraction(end) for end in (component.low, component.high, component.grid)
    )
    too_low, too_high = low is not None and number < low, high is not None and number > high
    return too_low or too_high or (grid is not None and (number / grid).denominator != 1)


def _check_component(floats: np.ndarray, component: Declared, name: str) -> None:
    inside = np.ones(floats.shape, dtype=bool)
    if component.low is not None:
        inside &= floats >= floats.dtype.type(as_float(component.low))
    if component.high is not None:
        inside &= floats <= floats.dtype.type(as_float(component.high))
    if component.grid is not None:
        points = _grid_points(floats, component.grid)
        inside &= grid_floats(points, component.grid).astype(floats.dtype) == floats
    _require(inside, floats, name, RangeError, _expectation(component))


def _grid_points(floats: np.ndarray, grid: fmpq) -> np.ndarray:
    """The number of the grid point nearest to each float."""
    return np.rint(floats.astype(np.float64) / as_float(grid))


def grid_floats(points: np.ndarray, grid: fmpq) -> np.ndarray:
    """The floats nearest to points · grid: the product is exact below 2⁵³, and the division rounds correctly.

    >>> from flint import fmpq
    >>> grid_floats(np.array([3.0]), fmpq(1, 10)).tolist()  # where 3 * 0.1 is 0.30000000000000004
    [0.3]
    """
    return points * float(int(grid.p)) / float(int(grid.q))


def _stands_for(floats: np.ndarray, component: Declared) -> np.ndarray:
    """The rational that each checked float stands for."""
    if component.grid is not None:
        grid = as_fraction(component.grid)
        numbers = [int(point) * grid for point in _grid_points(floats, component.grid).ravel()]
    else:
        ends = [end for end in (component.low, component.high) if end is not None]
        special = {float(floats.dtype.type(as_float(end))): as_fraction(end) for end in ends}
        numbers = [special[number] if number in special else Fraction(number) for number in floats.ravel().tolist()]
    fractions = np.empty(floats.size, dtype=object)
    fractions[:] = numbers
    return fractions.reshape(floats.shape)


def _require(
    holds: np.ndarray, numbers: np.ndarray, name: str, error: type[NumberError | RangeError], expectation: str
) -> None:
    if not holds.all():
        place = [int(i) for i in np.argwhere(~holds)[0]]
        raise error(f"{name} is {numbers[tuple(place)]} at {_place(place)}; {expectation}")


def _place(place: list[int]) -> str:
    words = ("batch", "step", "component")
    return ", ".join(f"{word} {index}" for word, index in zip(words, place, strict=False))


def _expectation(component: Declared) -> str:
    ends = [f"{end}" if end is not None else "any" for end in (component.low, component.high)]
    multiple = "a number" if component.grid is None else f"a whole multiple of {component.grid}"
    within = "" if ends == ["any", "any"] else f" in the declared range {ends[0]} … {ends[1]}"
    return f"expected {multiple}{within}"
