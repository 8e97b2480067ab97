"""Reads the text listings that `lsrl.lang.listing` writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flint import fmpq

from lsrl.errors import FormatError, LsrlError
from lsrl.lang.listing import blocks
from lsrl.lang.listing_syntax import Call, Name, read, short
from lsrl.lang.matrix import Matrix, cycle, diagonal, shift
from lsrl.lang.numbers import ONE, ZERO, Vector, exact_vector
from lsrl.lang.primitives import PRIMITIVES
from lsrl.lang.program import Program
from lsrl.lang.records import LARGEST_DIMENSION, Record, check_size, program_of, vocabulary_of
from lsrl.lang.vocabulary import Vocabulary

_LINE = re.compile(r"(?P<generated>%?)(?P<name>[A-Za-z_][\w.]*)\s*:\s*(?P<dim>\d{1,9})\s*=\s*(?P<operation>.*)\Z")
_VOCABULARY = re.compile(r"vocabulary\s+(?![\s:])(?P<items>.*)\Z")
_TOKEN = re.compile(r"(?P<number>-?[0-9]{1,9}):(?P<text>.+)\Z")
_WORD = re.compile(r"(?P<key>end|nothing)=(?P<text>.+)\Z")

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


MATRICES = {"blocks": None, "cycle": 1, "shift": 2, "diagonal": 1, "sparse": None}
"""The short notations for matrices, and how many arguments they take (None: any number)."""


def parse(text: str) -> Program:
    """The program that a listing describes. `#` starts a comment, after a blank where it may be in a token.

    Raises `FormatError`, naming the line.

    >>> parse("program double\\nx: 1 = Input()\\n%y: 1 = Linear(x, A=2)\\nreturn %y").run([[3]]).tolist()
    [[6.0]]
    """
    if not isinstance(text, str):
        raise FormatError(f"a listing is text, not {type(text).__name__}; use Program.load for files")
    lines = [(number, _without_comment(line).strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if len(lines) < 3 or not lines[0][1].startswith("program ") or not lines[-1][1].startswith("return "):
        raise FormatError("the listing has no 'program NAME' first or no 'return VALUE' last; expected both")
    inner, vocabulary = lines[1:-1], None
    if tokens := _VOCABULARY.match(inner[0][1]):
        vocabulary = _vocabulary(tokens["items"].split(), f"line {inner[0][0]}")
        inner = inner[1:]
    definitions = [(f"line {number}", _definition(line, f"line {number}")) for number, line in inner]
    check_size(3 * int(definition["dim"]) for _, definition in definitions)  # a value, and up to two matrices
    records: dict[str, Record] = {}
    for where, definition in definitions:
        record = _record(definition, where)
        if record.name in records:
            raise FormatError(f"{where}: a value is named {record.name!r} already; expected every name once")
        records[record.name] = record
    output = lines[-1][1].removeprefix("return ").strip().removeprefix("%")
    return program_of(lines[0][1].removeprefix("program ").strip(), records.values(), output, vocabulary)


def _without_comment(line: str) -> str:
    return re.split(r"(?<!\S)#", line, maxsplit=1)[0] if _VOCABULARY.match(line.strip()) else line.partition("#")[0]


def _vocabulary(items: list[str], where: str) -> Vocabulary:
    pairs: list[tuple[str, int]] = []
    words: dict[str, str] = {}
    for item in items:
        token, word = _TOKEN.match(item), _WORD.match(item)
        if token is not None:
            pairs.append((token["text"], int(token["number"])))
        elif word is not None and word["key"] not in words:
            words[word["key"]] = word["text"]
        else:
            raise FormatError(
                f"{where}: {short(item)!r}; expected 'number:text', and 'end=text' or 'nothing=text' once"
            )
    if not pairs or "nothing" not in words:
        raise FormatError(f"{where}: the vocabulary has no 'number:text' or no 'nothing=text'; expected both")
    return vocabulary_of(pairs, words.get("end"), words["nothing"], where)


def _definition(line: str, where: str) -> re.Match[str]:
    definition = _LINE.match(line)
    if definition is None:
        raise FormatError(f"{where} is {short(line)!r}; expected 'name: dimension = Operation(arguments)'")
    if not 1 <= int(definition["dim"]) <= LARGEST_DIMENSION:
        raise FormatError(f"{where}: dimension {definition['dim']}; expected 1 to {LARGEST_DIMENSION:,}")
    return definition


def _record(definition: re.Match[str], where: str) -> Record:
    dim = int(definition["dim"])
    try:
        primitive, arguments, parameters = _operation(definition["operation"], dim)
    except LsrlError as problem:
        raise FormatError(f"{where}: {problem}") from None
    return Record(
        definition["name"],
        kept=not definition["generated"],
        primitive=primitive,
        dim=dim,
        arguments=arguments,
        parameters=parameters,
        comparison=parameters.get("comparison") is not None,
        where=where,
    )


def _operation(text: str, dim: int) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The primitive, the names of the arguments, the parameters."""
    call = read(text)
    if not isinstance(call, Call):
        raise FormatError(f"{short(text)!r} is not an operation; expected one of {', '.join(KEYWORDS)}, or x[a:b]")
    if call.name == "[:]":
        return "Slice", (call.keywords["x"],), {"start": call.keywords["start"], "stop": call.keywords["stop"]}
    if call.name not in KEYWORDS:
        raise FormatError(f"{call.name!r} is not an operation; expected one of {', '.join(PRIMITIVES)}")
    unknown = set(call.keywords) - KEYWORDS[call.name]
    if unknown:
        raise FormatError(f"{call.name} has no {min(unknown)!r}; expected {', '.join(sorted(KEYWORDS[call.name]))}")
    if call.name == "Constant":
        if len(call.arguments) != 1:
            raise FormatError(f"Constant of {len(call.arguments)} arguments; expected one number or list")
        return "Constant", (), {"numbers": _vector(call.arguments[0], dim, "Constant")}
    if call.keywords.get("comparison", 1) != 1:
        raise FormatError(f"comparison={short(str(call.keywords['comparison']))}; expected comparison=1, or nothing")
    names = tuple(argument.removeprefix("%") for argument in call.arguments if isinstance(argument, Name))
    if len(names) != len(call.arguments):
        raise FormatError(f"{call.name} of something that is not a name; expected names of values")
    return call.name, names, _parameters(call, dim)


def _parameters(call: Call, dim: int) -> dict[str, Any]:
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
    if isinstance(item, Call) and item.name == "sparse":
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
    if not isinstance(item, Call) or item.name not in MATRICES or not item.arguments or item.keywords:
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
