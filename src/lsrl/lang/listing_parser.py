"""Reads the text listings that `lsrl.lang.listing` writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from inspect import signature
from typing import Any, NamedTuple

from flint import fmpq

from lsrl.errors import FormatError, LsrlError
from lsrl.lang.calls import FUNCTIONS, function_named
from lsrl.lang.constants import is_number
from lsrl.lang.listing_parameters import KEYWORDS, parameters_of
from lsrl.lang.listing_syntax import Applied, Name, Text, read, short
from lsrl.lang.numbers import VALUE_ROOM, room_for
from lsrl.lang.program import Program
from lsrl.lang.records import LARGEST_DIMENSION, LARGEST_INSIDE, Record, ValuesInFile, check_size, made, vocabulary_of
from lsrl.lang.values import Value
from lsrl.lang.vocabulary import Vocabulary

_LINE = re.compile(r"(?P<generated>%?)(?P<name>[A-Za-z_][\w.]*)\s*:\s*(?P<dim>\d{1,9})\s*=\s*(?P<operation>.*)\Z")
_VOCABULARY = re.compile(r"vocabulary\s+(?![\s:])(?P<items>.*)\Z")
_TOKEN = re.compile(r"(?P<number>-?[0-9]{1,9}):(?P<text>.+)\Z")
_WORD = re.compile(r"(?P<key>end|nothing)=(?P<text>.+)\Z")
_TEXT_BEFORE_COMMENT = re.compile(r'(?:[^"#]+|"(?:[^"\\]+|\\.)*"?)*')

FOLDED = {"[:]": "Slice", "Concat": "Concat", "ReLU": "ReLU", "Multi": "Multi", "Modulo": "Modulo"}
"""The primitives that may be written where they are read: what they are made of says their dimension."""

OPERATIONS = f"a function of lsrl, one of {', '.join(KEYWORDS)}, or x[a:b]"

TURNED = {"added": "added", "multiplied": "multiplied", "subtracted": "subtracted_from"}
"""What is called the other way round where a number comes first."""

_signature = lru_cache(signature)


class Line(NamedTuple):
    """The definition of a value: its name, whether the user gave it, its dimension, and what it is."""

    name: str
    kept: bool
    dim: int
    operation: str
    where: str


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
    definitions = [_line(line, f"line {number}") for number, line in inner]
    check_size(3 * line.dim for line in definitions)  # a value, and up to two matrices
    output = lines[-1][1].removeprefix("return ").strip().removeprefix("%")
    with room_for(LARGEST_INSIDE + sum(2 * (line.dim + VALUE_ROOM) for line in definitions)):
        return _Parser(definitions).program(lines[0][1].removeprefix("program ").strip(), output, vocabulary)


def _without_comment(line: str) -> str:
    if _VOCABULARY.match(line.strip()):
        return re.split(r"(?<!\S)#", line, maxsplit=1)[0]
    found = None if line.startswith("program ") else _TEXT_BEFORE_COMMENT.match(line)
    return line.partition("#")[0] if found is None else found.group()


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


def _line(line: str, where: str) -> Line:
    definition = _LINE.match(line)
    if definition is None:
        raise FormatError(f"{where} is {short(line)!r}; expected 'name: dimension = Operation(arguments)'")
    name, dim = definition["name"], int(definition["dim"])
    if not 1 <= dim <= LARGEST_DIMENSION:
        raise FormatError(f"{where}: dimension {dim}; expected 1 to {LARGEST_DIMENSION:,}")
    return Line(name, not definition["generated"], dim, definition["operation"], where)


class _Parser:
    """Makes the values that lines define, one after the other."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.found = ValuesInFile({line.name for line in lines})
        self.numbers: set[Value] = set()

    def program(self, name: str, output: str, vocabulary: Vocabulary | None) -> Program:
        """The program of all lines. Raises `FormatError`, naming the line."""
        for line in self.lines:
            if line.name in self.found.values:
                raise FormatError(f"{line.where}: a value is named {line.name!r} already; expected every name once")
            try:
                value = self.defined(line)
            except RecursionError:
                raise FormatError(f"{line.where} nests too deeply; expected a line for each part") from None
            if value.dim != line.dim:
                raise FormatError(f"{line.where}: {line.name} has dimension {value.dim}, not {line.dim}")
            self.found.add(line.name, value, line.where)
        return self.found.program(name, output, vocabulary, self.numbers)

    def defined(self, line: Line) -> Value:
        """What a line defines: a primitive, or what a function of the library makes."""
        try:
            operation = read(line.operation)
            if not isinstance(operation, Applied):
                raise FormatError(f"{short(line.operation)!r} is not an operation; expected {OPERATIONS}")
            if operation.name in KEYWORDS or operation.name in FOLDED:
                return self.primitive(operation, line, line.name, line.dim)
            return self.called(operation, line, line.name if line.kept else None)
        except FormatError as problem:
            said = str(problem)
            raise FormatError(said if said.startswith(line.where) else f"{line.where}: {said}") from None
        except LsrlError as problem:
            raise FormatError(f"{line.where}: {problem}") from None

    def primitive(self, written: Applied, line: Line, name: str, dim: int) -> Value:
        """A primitive; without a name where it is folded into a line."""
        kind = FOLDED.get(written.name, written.name)
        given = written.keywords if kind == "Slice" else parameters_of(written, dim)
        arguments = [] if kind == "Constant" else [self.argument(item, line) for item in written.arguments]
        if not all(isinstance(argument, Value) for argument in arguments):
            raise FormatError(f"{kind} of something that is not a name or a call; expected names of values")
        claim = given.get("comparison") is not None
        return made(Record(name, bool(name) and line.kept, kind, dim, (), given, claim, line.where), arguments)

    def called(self, written: Applied, line: Line, name: str | None) -> Value:
        """What a function of the library makes of the arguments."""
        arguments = [self.argument(item, line) for item in written.arguments]
        options = {key: self.argument(item, line) for key, item in written.keywords.items()}
        function = function_named(written.name)
        if function is None or "name" in options:
            given = f"{written.name} with a name" if function else repr(written.name)
            raise FormatError(f"{given} is not an operation; expected {OPERATIONS}")
        if written.name in TURNED and len(arguments) == 2 and not isinstance(arguments[0], Value):
            function, arguments = FUNCTIONS[TURNED[written.name]], arguments[::-1]
        taken = _signature(function)
        if name is not None:
            if "name" not in taken.parameters:
                raise FormatError(f"what {written.name} makes takes no name of the user's; expected %{name}")
            options["name"] = name
        try:
            taken.bind(*arguments, **options)
            value = function(*arguments, **options)
        except LsrlError:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            raise FormatError(f"{written.name} does not take what it is given in {short(line.operation)!r}") from None
        if name is not None and value.name != name:
            raise FormatError(f"{name!r} would name what {written.name} only passes on; expected %{name}")
        self.numbers.update(() if value.call is None else filter(is_number, value.call.values))
        return value

    def argument(self, item: Any, line: Line) -> Any:
        """An argument of a function: a value, a number, a text, None, or what is made of them."""
        if isinstance(item, Text):
            return str(item)
        if isinstance(item, Name):
            if item == "None" and item not in self.found.names:
                return None
            return self.found.read(item.removeprefix("%"), line.name, line.where)
        if isinstance(item, fmpq):
            return int(item.p) if item.q == 1 else item
        if isinstance(item, Applied):
            if item.name in FOLDED:
                return self.primitive(item, line, "", 0)
            if item.name in KEYWORDS:
                raise FormatError(f"{item.name} within another operation; expected a line of its own")
            return self.called(item, line, None)
        if isinstance(item, dict):
            return {self.argument(key, line): self.argument(part, line) for key, part in item.items()}
        parts = [self.argument(part, line) for part in item]
        return tuple(parts) if isinstance(item, tuple) else parts
