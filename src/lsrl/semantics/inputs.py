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
from lsrl.lang.numbers import as_float, as_fraction, exact, number_text
from lsrl.semantics.exact import made_once


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
    columns = [declared or (None,) * source.dim for declared in (source.low, source.high, source.grid)]
    return [Declaration(*component) for component in zip(*columns, strict=True)]


def checked_floats(x: Any, declared: Sequence[Declared], name: str, dtype: str = "float64") -> tuple[np.ndarray, bool]:
    """`x` as floats of shape (batch, T, dim), and whether it came without the batch axis.

    Numbers that `dtype` does not hold are rounded to it, except whole numbers and grid points,
    which are refused. Raises `ShapeError`, `NumberError` or `RangeError`, naming the input and the
    place.

    >>> checked_floats([[1], [2]], [Declaration(None, None, None)], "x")[0].shape
    (1, 2, 1)
    """
    given, single = _shaped(as_array(x, name), len(declared), name)
    wanted = np.dtype(dtype)
    if given.dtype == object:
        fractions = _read_exactly(given, declared, name)
        floats = np.array([as_float(exact(number)) for number in fractions.flat]).reshape(given.shape)
        _require_held(fractions, floats.astype(wanted), declared, name)
        return floats.astype(wanted), single
    columns = [_component_floats(given[..., i], part, wanted, f"{name}[{i}]") for i, part in enumerate(declared)]
    return np.stack(columns, axis=-1), single


def checked_fractions(x: Any, declared: Sequence[Declared], name: str) -> tuple[np.ndarray, bool]:
    """As `checked_floats`, but an object array of exact `Fraction`s.

    >>> checked_fractions([["1/3"]], [Declaration(None, None, None)], "x")[0].tolist()
    [[[Fraction(1, 3)]]]
    """
    given, single = _shaped(as_array(x, name), len(declared), name)
    if given.dtype == object:
        return _read_exactly(given, declared, name), single
    columns = [_component_fractions(given[..., i], part, f"{name}[{i}]") for i, part in enumerate(declared)]
    return np.stack(columns, axis=-1), single


def float_beside(end: fmpq, direction: float, dtype: str = "float64") -> float:
    """The float nearest to `end` on its side towards `direction`, which is ±infinity.

    >>> float_beside(exact("1/10"), -np.inf) < 0.1 == float_beside(exact("1/10"), np.inf)
    True
    """
    nearest = _nearest(end, np.dtype(dtype))
    if not np.isfinite(nearest):
        return float(nearest)
    held = Fraction(float(nearest))
    beyond = held < as_fraction(end) if direction > 0 else held > as_fraction(end)
    return float(np.nextafter(nearest, nearest.dtype.type(direction)) if beyond else nearest)


def check_outputs(outputs: np.ndarray, name: str) -> None:
    """Raise `RangeError` unless all outputs are finite: beyond the floats, there is no answer."""
    if outputs.dtype != object and not np.isfinite(outputs).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(outputs))[0]]
        raise RangeError(
            f"the output of {name}{_place(place[:2])} is beyond {outputs.dtype}; "
            "expected smaller numbers (program.run(x, exact=True) has no limit)"
        )


def as_array(x: Any, name: str) -> np.ndarray:
    """An array of numbers that keeps every number as it is given. Raises `ShapeError`.

    >>> as_array([[1, "1/3"]], "x").tolist()
    [[1, '1/3']]
    """
    try:
        if isinstance(x, np.ma.MaskedArray):
            raise ShapeError(f"{name} is a masked array; expected a plain one (fill or drop what is masked)")
        array = np.asarray(x)
        if array.dtype.kind == "f" and array.itemsize > 8:
            raise NumberError(f"{name} holds {array.dtype}; expected float64 or smaller")
        if array.dtype.kind not in "biuf" or (not hasattr(x, "__array__") and _may_be_rounded(array)):
            return np.array(x, dtype=object)
        if array.dtype.kind != "f":
            # Whole numbers that every float type holds may go the quick way.
            return array.astype(np.float64 if array.size and _largest(array) <= 2**24 else object)
    except (NumberError, ShapeError):
        raise
    except (ValueError, TypeError, RuntimeError):
        raise ShapeError(f"{name} is not an array: expected numbers in rows of equal length") from None
    return array


def _largest(array: np.ndarray) -> int:
    return max(abs(int(array.min())), abs(int(array.max())))


def _may_be_rounded(array: np.ndarray) -> bool:
    """NumPy turns lists that mix floats and whole numbers into floats, whatever their size."""
    return array.dtype.kind == "f" and bool((np.isfinite(array) & (np.abs(array) >= 2.0**53)).any())


def _shaped(array: np.ndarray, dim: int, name: str) -> tuple[np.ndarray, bool]:
    if array.ndim not in (2, 3) or (array.shape[-1] != dim and array.size):
        raise ShapeError(
            f"{name} is an array of shape {array.shape}; expected (T, {dim}) or (batch, T, {dim}), T time steps"
        )
    if not array.size:
        raise ShapeError(f"{name} is empty (shape {array.shape}); expected at least one time step")
    single = array.ndim == 2
    return (array[None] if single else array), single


def _component_floats(given: np.ndarray, component: Declared, wanted: np.dtype[Any], name: str) -> np.ndarray:
    """One component in another dtype: every number becomes the float nearest to what it stands for."""
    points = _checked_points(given, component, name)
    if points is not None and component.grid is not None:
        floats = grid_floats(points, component.grid).astype(wanted)
        held = _grid_points(floats, component.grid) == points
        _require(held, given, name, NumberError, f"expected a grid point that {wanted} tells from its neighbours")
        return floats
    with np.errstate(over="ignore"):
        floats = given.astype(wanted)
    held = np.isfinite(floats) & ((floats == given) | (given != np.rint(given)))
    _require(held, given, name, NumberError, f"expected a number that {wanted} can hold")
    for end in (component.low, component.high):
        if end is not None:
            floats[given == _nearest(end, given.dtype)] = as_float(end)
    return floats


def _component_fractions(given: np.ndarray, component: Declared, name: str) -> np.ndarray:
    """The rational that each number of one component stands for."""
    points = _checked_points(given, component, name)
    if points is not None and component.grid is not None:
        grid = as_fraction(component.grid)
        return made_once(points, lambda point: int(point) * grid)
    ends = [end for end in (component.low, component.high) if end is not None]
    special = {float(_nearest(end, given.dtype)): as_fraction(end) for end in ends}
    return made_once(given, lambda number: special[number] if number in special else Fraction(number))


def _nearest(end: fmpq, dtype: np.dtype[Any]) -> Any:
    """The float of that type nearest to an end, infinite beyond the type's range."""
    with np.errstate(over="ignore"):
        return dtype.type(as_float(end))


def _checked_points(given: np.ndarray, component: Declared, name: str) -> np.ndarray | None:
    """Which grid points the numbers stand for, if there is a grid; raises for numbers outside the declaration."""
    _require(np.isfinite(given), given, name, NumberError, "expected finite numbers")
    inside = np.ones(given.shape, dtype=bool)
    if component.low is not None:
        inside &= given >= _nearest(component.low, given.dtype)
    if component.high is not None:
        inside &= given <= _nearest(component.high, given.dtype)
    points = None
    if component.grid is not None:
        points = _grid_points(given, component.grid)
        inside &= grid_floats(points, component.grid).astype(given.dtype) == given
    _require(inside, given, name, RangeError, _expectation(component))
    return points


def _read_exactly(given: np.ndarray, declared: Sequence[Declared], name: str) -> np.ndarray:
    """An object array number by number."""
    fractions = np.empty(given.shape, dtype=object)
    for place in np.ndindex(given.shape):
        number, component = given[place], declared[place[-1]]
        where = f"{name}[{place[-1]}]{_place(place[:-1])}"
        if isinstance(number, (float, np.floating)):
            fractions[place] = _component_fractions(np.asarray(number), component, where).item()
            continue
        fractions[place] = as_fraction(exact(number, where))
        if _outside(fractions[place], component):
            raise RangeError(f"{where} is {number_text(exact(number))}; {_expectation(component)}")
    return fractions


def _require_held(fractions: np.ndarray, floats: np.ndarray, declared: Sequence[Declared], name: str) -> None:
    """Whole numbers and points of dyadic grids must not be rounded."""
    for place in np.ndindex(fractions.shape):
        number, component = fractions[place], declared[place[-1]]
        if not np.isfinite(floats[place]):
            kept = False
        elif component.grid is not None:
            grid = as_fraction(component.grid)
            kept = round(Fraction(float(floats[place])) / grid) * grid == number
        else:
            kept = number.denominator != 1 or Fraction(float(floats[place])) == number
        if not kept:
            where, given = f"{name}[{place[-1]}]{_place(place[:-1])}", number_text(exact(number))
            raise NumberError(f"{where} is {given}; expected a number that {floats.dtype} can hold")


def _outside(number: Fraction, component: Declared) -> bool:
    ends = (component.low, component.high, component.grid)
    low, high, grid = (None if end is None else as_fraction(end) for end in ends)
    too_low, too_high = low is not None and number < low, high is not None and number > high
    return too_low or too_high or (grid is not None and (number / grid).denominator != 1)


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


def _require(
    holds: np.ndarray, numbers: np.ndarray, name: str, error: type[NumberError | RangeError], expectation: str
) -> None:
    if not holds.all():
        place = [int(i) for i in np.argwhere(~holds)[0]]
        raise error(f"{name}{_place(place)} is {numbers[tuple(place)]}; {expectation}")


def _place(place: Sequence[int]) -> str:
    words = [f"{word} {index}" for word, index in zip(("batch", "step"), place, strict=False)]
    return f" at {', '.join(words)}" if words else ""


def _expectation(component: Declared) -> str:
    ends = [f"{end}" if end is not None else "any" for end in (component.low, component.high)]
    multiple = "a number" if component.grid is None else f"a whole multiple of {component.grid}"
    within = "" if ends == ["any", "any"] else f" in the declared range {ends[0]} … {ends[1]}"
    return f"expected {multiple}{within}"
