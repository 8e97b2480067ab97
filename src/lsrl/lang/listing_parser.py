"""Reads the text listings that `lsrl.lang.listing` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flint import fmpq

from lsrl.errors import FormatError, LsrlError
from lsrl.lang.listing import blocks
from lsrl.lang.matrix import Matrix, cycle, diagonal, shift
from lsrl.lang.numbers import ONE, ZERO, Vector, exact, exact_vector
from lsrl.lang.primitives import PRIMITIVES
from lsrl.lang.program import Program
from lsrl.lang.records import LARGEST_DIMENSION, Record, check_size, program_of

_TOKEN = re.compile(r"\s*(?:(?P<number>-?\d+(?:/\d+)?)|(?P<name>%?[A-Za-z_][\w.]*)|(?P<sign>[()\[\],:=]))")
_LINE = re.compile(r"(?P<generated>%?)(?P<name>[A-Za-z_][\w.]*)\s*:\s*(?P<dim>\d{1,9})\s*=\s*(?P<operation>.*)\Z")

KEYWORDS = {
    "Input": {"range", "grid"},
    "Constant": set(),
    "Linear": {"A", "b", "comparison"},
    "LinState": {"A", "B", "init", "bias"},
    "ReLU": {"comparison"},
    "Multi": {"via"},
    "Concat": set(),
}


class Call(NamedTuple):
    """name(arguments, keyword=argument, …), as it is written."""

    name: str
    arguments: list[Any]
    keywords: dict[str, Any]


class Name(str):
    """A name of a value, or a word."""


def parse(text: str) -> Program:
    """The program that a listing describes. `#` starts a comment.

    Raises `FormatError`, naming the line.

    >>> parse("program double\\nx: 1 = Input()\\n%y: 1 = Linear(x, A=2)\\nreturn %y").run([[3]]).tolist()
    [[6.0]]
    """
    if not isinstance(text, str):
        raise FormatError(f"a listing is text, not {type(text).__name__}; use Program.load for files")
    lines = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if len(lines) < 3 or not lines[0][1].startswith("program ") or not lines[-1][1].startswith("return "):
        raise FormatError("the listing has no 'program NAME' first or no 'return VALUE' last; expected both")
    definitions = [(f"line {number}", _definition(line, f"line {number}")) for number, line in lines[1:-1]]
    check_size(3 * int(definition["dim"]) for _, definition in definitions)  # a value, and up to two matrices
    records: dict[str, Record] = {}
    for where, definition in definitions:
        record = _record(definition, where)
        if record.name in records:
            raise FormatError(f"{where}: a value is named {record.name!r} already; expected every name once")
        records[record.name] = record
    output = lines[-1][1].removeprefix("return ").strip().removeprefix("%")
    return program_of(lines[0][1].removeprefix("program ").strip(), records.values(), output)


def _definition(line: str, where: str) -> re.Match[str]:
    definition = _LINE.match(line)
    if definition is None:
        raise FormatError(f"{where} is {_short(line)!r}; expected 'name: dimension = Operation(arguments)'")
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
        comparison=parameters.get("comparison") == 1,
        where=where,
    )


def _operation(text: str, dim: int) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The primitive, the names of the arguments, the parameters."""
    call = _Reader(text).whole()
    if not isinstance(call, Call):
        raise FormatError(f"{_short(text)!r} is no operation; expected one of {', '.join(KEYWORDS)}, or x[a:b]")
    if call.name == "[:]":
        return "Slice", (call.keywords["x"],), {"start": call.keywords["start"], "stop": call.keywords["stop"]}
    if call.name not in KEYWORDS:
        raise FormatError(f"{call.name!r} is no operation; expected one of {', '.join(PRIMITIVES)}")
    unknown = set(call.keywords) - KEYWORDS[call.name]
    if unknown:
        raise FormatError(f"{call.name} has no {min(unknown)!r}; expected {', '.join(sorted(KEYWORDS[call.name]))}")
    if call.name == "Constant":
        if len(call.arguments) != 1:
            raise FormatError(f"Constant of {len(call.arguments)} arguments; expected one number or list")
        return "Constant", (), {"numbers": _vector(call.arguments[0], dim, "Constant")}
    names = tuple(argument.removeprefix("%") for argument in call.arguments if isinstance(argument, Name))
    if len(names) != len(call.arguments):
        raise FormatError(f"{call.name} of something that is no name; expected names of values")
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
            parameters = {"A": _matrix(given.get("A", ZERO), dim), "b": _vector(given.get("b", ZERO), dim, "b")}
            return {**parameters, "comparison": given.get("comparison")}
        case "LinState":
            vectors = {key: _vector(given.get(key, ZERO), dim, key) for key in ("init", "bias")}
            return {"A": _matrix(given.get("A", ZERO), dim), "B": _matrix(given.get("B", ZERO), dim), **vectors}
        case "Multi":
            return {"via": str(given.get("via", "auto"))}
        case _:
            return {"comparison": given.get("comparison")}


def _pair(item: Any) -> tuple[Any, Any]:
    if not isinstance(item, tuple) or len(item) != 2:
        raise FormatError("range is no pair; expected range=(low, high)")
    return item[0], item[1]


def _vector(item: Any, dim: int, what: str) -> Vector:
    if isinstance(item, Call) and item.name == "sparse":
        size, *entries = item.arguments or [ZERO]
        if size != dim:
            raise FormatError(f"{what} is sparse({_short(str(size))}, …); expected size {dim}")
        numbers = [ZERO] * dim
        for index, number in _numbers(entries, 2):
            numbers[_whole(index, dim - 1)] = number
        return tuple(numbers)
    if not isinstance(item, (fmpq, list)):
        raise FormatError(f"{what} is no number, list of numbers or sparse(size, (index, number), …)")
    return exact_vector(item, dim, what)


def _matrix(item: Any, dim: int) -> Any:
    """A matrix with `dim` rows; a number, whose meaning depends on the shape, and rows as they are."""
    if isinstance(item, (fmpq, list)):
        return item
    if not isinstance(item, Call) or not item.arguments:
        raise FormatError(
            "a matrix is a number, rows of numbers, blocks(…), cycle(n), shift(n, by), diagonal or sparse"
        )
    first, *others = item.arguments
    if item.name in ("cycle", "shift", "sparse") and first != dim:
        raise FormatError(f"{item.name}({_short(str(first))}, …); expected {dim} rows")
    match item.name:
        case "blocks":
            ((*factors,),) = _numbers([tuple(item.arguments)], len(item.arguments))
            return blocks(factors, dim)
        case "diagonal":
            return diagonal(_vector(first, dim, "diagonal"))
        case "cycle":
            return cycle(dim)
        case "shift":
            return shift(dim, _whole(others[0] if others else ONE, dim))
        case "sparse":
            columns, *entries = others or [ZERO]
            places = {(_whole(i, dim - 1), _whole(j)): number for i, j, number in _numbers(entries, 3)}
            return Matrix.from_entries((dim, _whole(columns)), places)
        case _:
            raise FormatError(f"{item.name!r} is no matrix; expected blocks, cycle, shift, diagonal or sparse")


def _numbers(items: Sequence[Any], count: int) -> Sequence[tuple[fmpq, ...]]:
    for item in items:
        if not isinstance(item, tuple) or len(item) != count or not all(isinstance(part, fmpq) for part in item):
            raise FormatError(f"{_short(str(item))} in a matrix or vector; expected {count} numbers in brackets")
    return items


def _whole(item: Any, highest: int = LARGEST_DIMENSION) -> int:
    if not isinstance(item, fmpq) or item.q != 1 or not 0 <= item <= highest:
        raise FormatError(f"{_short(str(item))} is no size or place; expected a whole number from 0 to {highest:,}")
    return int(item.p)


class _Reader:
    """A recursive reader of one operation; nothing nests deeper than rows in a matrix."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    def whole(self) -> Any:
        """The text as one item; raises `FormatError` if more follows."""
        item = self.item(0)
        if self.position < len(self.tokens):
            raise FormatError(f"{_short(self.tokens[self.position])!r} follows the operation; expected the line's end")
        return item

    def item(self, depth: int) -> Any:
        """A number, name, list, tuple, call or slice."""
        if depth > 4:
            raise FormatError("brackets nest too deeply; expected at most rows of a matrix in a call")
        token = self.next()
        if token == "[":
            return self.until("]", depth)[0]
        if token == "(":
            return tuple(self.until(")", depth)[0])
        if token[0].isalpha() or token[0] in "_%":
            return self.named(token, depth)
        if token[-1].isdigit():
            return exact(token)
        raise FormatError(f"{token!r} in {_short(self.text)!r}; expected a number, a name or a bracket")

    def named(self, token: str, depth: int) -> Any:
        """What starts with a name: a call, a slice, or the name itself."""
        following = self.tokens[self.position] if self.position < len(self.tokens) else ""
        if following == "(":
            self.position += 1
            arguments, keywords = self.until(")", depth)
            return Call(token, arguments, keywords)
        if following == "[":
            self.position += 1
            start, colon, stop, close = (*self.tokens[self.position : self.position + 4], "", "", "", "")[:4]
            self.position += 4
            if colon != ":" or close != "]" or not (start.isdigit() and stop.isdigit()):
                raise FormatError(f"slice in {_short(self.text)!r}; expected x[start:stop]")
            return Call("[:]", [], {"x": token.removeprefix("%"), "start": int(start), "stop": int(stop)})
        return Name(token)

    def until(self, close: str, depth: int) -> tuple[list[Any], dict[str, Any]]:
        """Items and keyword=item up to a closing bracket."""
        items: list[Any] = []
        keywords: dict[str, Any] = {}
        while not self.found(close):
            if (items or keywords) and not self.found(","):
                raise FormatError(f"{self.next()!r} in {_short(self.text)!r}; expected ',' or {close!r}")
            item = self.item(depth + 1)
            if isinstance(item, Name) and self.found("="):
                keywords[str(item)] = self.item(depth + 1)
            else:
                items.append(item)
        return items, keywords

    def found(self, token: str) -> bool:
        """Whether this token comes next; it is then read."""
        here = self.position < len(self.tokens) and self.tokens[self.position] == token
        self.position += here
        return here

    def next(self) -> str:
        """The next token."""
        if self.position >= len(self.tokens):
            raise FormatError(f"{_short(self.text)!r} ends too early; expected a closing bracket")
        self.position += 1
        return self.tokens[self.position - 1]


def _tokens(text: str) -> list[str]:
    return list(_scanned(text))


def _scanned(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if not text[position:].strip():
                return
            raise FormatError(f"{_short(text[position:])!r} is not readable; expected numbers, names and brackets")
        yield match.group().strip()
        position = match.end()


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
