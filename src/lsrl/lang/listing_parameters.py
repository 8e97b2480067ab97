"""The parameters of primitives in a listing: vectors, matrices by their short notations, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from lsrl.errors import FormatError
from lsrl.lang.listing import blocks
from lsrl.lang.listing_syntax import Applied, short
from lsrl.lang.matrix import Matrix, cycle, diagonal, shift
from lsrl.lang.numbers import ONE, ZERO, Vector, exact_vector
from lsrl.lang.records import LARGEST_DIMENSION

KEYWORDS = {
    "Input": {"range", "grid"},
    "Constant": set(),
    "Linear": {"A", "b", "comparison"},
    "LinState": {"A", "B", "init", "bias"},
    "GatedState": {"init"},
    "Previous": {"init"},
    "Recur": set(),
    "ReLU": {"comparison"},
    "Multi": {"via"},
    "Modulo": {"n", "below"},
    "Concat": set(),
}
"""The primitives that are written as calls, and what they are given beside their arguments."""

MATRICES = {"blocks": None, "cycle": 1, "shift": 2, "diagonal": 1, "sparse": None}
"""The short notations for matrices, and how many arguments they take (None: any number)."""


def parameters_of(call: Applied, dim: int) -> dict[str, Any]:
    """The parameters of a primitive of this dimension. Raises `FormatError` for others than it has.

    >>> parameters_of(Applied("Modulo", ["x"], {"n": ONE}), 1)
    {'n': 1}
    """
    if unknown := set(call.keywords) - KEYWORDS[call.name]:
        raise FormatError(f"{call.name} has no {min(unknown)!r}; expected {', '.join(sorted(KEYWORDS[call.name]))}")
    if call.keywords.get("comparison", 1) != 1:
        raise FormatError(f"comparison={short(str(call.keywords['comparison']))}; expected comparison=1, or nothing")
    if call.name != "Constant":
        return _parameters(call, dim)
    if len(call.arguments) != 1:
        raise FormatError(f"Constant of {len(call.arguments)} arguments; expected one number or list")
    return {"numbers": _vector(call.arguments[0], dim, "Constant")}


def _parameters(call: Applied, dim: int) -> dict[str, Any]:
    given = call.keywords
    match call.name:
        case "Input":
            low, high = _pair(given["range"]) if "range" in given else (None, None)
            grid = given.get("grid")
            ends = {"low": low, "high": high, "grid": grid}
            return {key: None if end is None else _vector(end, dim, key) for key, end in ends.items()}
        case "Linear":
            if "A" not in given:
                raise FormatError("Linear without A; expected Linear(x, A=…)")
            parameters = {"A": _matrix(given["A"], dim), "b": _vector(given.get("b", ZERO), dim, "b")}
            return {**parameters, "comparison": given.get("comparison")}
        case "LinState":
            if missing := {"A", "B"} - set(given):
                raise FormatError(f"LinState without {min(missing)}; expected LinState(x, A=…, B=…)")
            vectors = {key: _vector(given.get(key, ZERO), dim, key) for key in ("init", "bias")}
            return {"A": _matrix(given.get("A", ZERO), dim), "B": _matrix(given.get("B", ZERO), dim), **vectors}
        case "GatedState" | "Previous":
            return {"init": _vector(given.get("init", ZERO), dim, "init")}
        case "Multi":
            return {"via": str(given.get("via", "auto"))}
        case "Modulo":
            if "n" not in given:
                raise FormatError("Modulo without n; expected Modulo(x, n=…)")
            return {key: _whole(number, 2**62) for key, number in given.items()}
        case _:
            return {"comparison": given.get("comparison")}


def _pair(item: Any) -> tuple[Any, Any]:
    if not isinstance(item, tuple) or len(item) != 2:
        raise FormatError("range is not a pair; expected range=(low, high)")
    return item[0], item[1]


def _vector(item: Any, dim: int, what: str) -> Vector:
    if isinstance(item, Applied) and item.name == "sparse":
        size, *entries = item.arguments or [ZERO]
        if size != dim:
            raise FormatError(f"{what} is sparse({short(str(size))}, …); expected size {dim}")
        places = [(_whole(index, dim - 1), number) for index, number in _numbers(entries, 2)]
        given = _once(places, what)
        return tuple(given.get(i, ZERO) for i in range(dim))
    if not isinstance(item, (fmpq, list)):
        raise FormatError(f"{what} is not a number, list of numbers or sparse(size, (index, number), …)")
    return exact_vector(item, dim, what)


def _matrix(item: Any, dim: int) -> Any:
    """A matrix with `dim` rows; a number, whose meaning depends on the shape, and rows as they are."""
    if isinstance(item, (fmpq, list)):
        return item
    if not isinstance(item, Applied) or item.name not in MATRICES or not item.arguments or item.keywords:
        raise FormatError(f"a matrix is a number, rows of numbers, or one of {', '.join(MATRICES)}")
    most = MATRICES[item.name]
    if most is not None and len(item.arguments) > most:
        raise FormatError(f"{item.name} of {len(item.arguments)} arguments; expected at most {most}")
    first, *others = item.arguments
    if item.name == "diagonal":
        return diagonal(_vector(first, dim, "diagonal"))
    if item.name == "blocks":
        return _blocks(tuple(item.arguments), dim)
    if first != dim:
        raise FormatError(f"{item.name}({short(str(first))}, …); expected {dim} rows")
    if item.name == "cycle":
        return cycle(dim)
    if item.name == "shift":
        return shift(dim, _whole(others[0] if others else ONE, dim))
    columns, *entries = others or [ZERO]
    places = [((_whole(i, dim - 1), _whole(j)), number) for i, j, number in _numbers(entries, 3)]
    return Matrix.from_entries((dim, _whole(columns)), _once(places, "a matrix"))


def _blocks(factors: tuple[Any, ...], dim: int) -> Matrix:
    if len(factors) * dim > LARGEST_DIMENSION:
        raise FormatError(f"blocks of {len(factors) * dim:,} columns; expected at most {LARGEST_DIMENSION:,}")
    (numbers,) = _numbers([factors], len(factors))
    return blocks(numbers, dim)


def _numbers(items: Sequence[Any], count: int) -> Sequence[tuple[fmpq, ...]]:
    for item in items:
        if not isinstance(item, tuple) or len(item) != count or not all(isinstance(part, fmpq) for part in item):
            raise FormatError(f"{short(str(item))} in a matrix or vector; expected {count} numbers in brackets")
    return items


def _once(places: Sequence[tuple[Any, fmpq]], what: str) -> dict[Any, fmpq]:
    found = dict(places)
    if len(found) != len(places):
        raise FormatError(f"{what} has two entries in one place; expected every place once")
    return found


def _whole(item: Any, highest: int = LARGEST_DIMENSION) -> int:
    if not isinstance(item, fmpq) or item.q != 1 or not 0 <= item <= highest:
        raise FormatError(f"{short(str(item))} is not a size or place; expected a whole number from 0 to {highest:,}")
    return int(item.p)
