"""Programs as plain records, one a value: what the text listing and the JSON form have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsrl.errors import FormatError, LsrlError, shortened
from lsrl.lang.constants import Constant
from lsrl.lang.matrix import Matrix
from lsrl.lang.primitives import PRIMITIVES, Concat, Linear, LinState, ReLU
from lsrl.lang.program import Program
from lsrl.lang.stream import Input
from lsrl.lang.values import Value
from lsrl.lang.vocabulary import Vocabulary

LARGEST_DIMENSION = 2**20
"""A value or matrix larger than this is refused when it is read."""

LARGEST_TOTAL = 2**22
"""So are programs whose values and matrices have more rows or entries than this in all."""


LARGEST_INSIDE = 2**21
"""Listings whose calls stand for values of more rows than this are refused, too."""


@dataclass(frozen=True, slots=True)
class Record:
    """A value by its name, what made it, and the names of its arguments.

    `kept` tells names that the user gave, which compilers keep alive, from the library's.
    `where` is what an error in this record calls it. Without a name it is called what the primitive is, and it has the
    dimension that it gets.
    """

    name: str
    kept: bool
    primitive: str
    dim: int
    arguments: tuple[str, ...]
    parameters: Mapping[str, Any]
    comparison: bool = False
    where: str = ""


def check_size(rows: Iterable[int]) -> None:
    """Refuse a program before it takes memory: the rows that its values and matrices claim to have."""
    total = sum(rows)
    if total > LARGEST_TOTAL:
        raise FormatError(
            f"the program claims values and matrices of {total:,} rows in all; expected at most {LARGEST_TOTAL:,}"
        )


def records_of(program: Program) -> list[Record]:
    """The records of a program's values, arguments first."""
    return [
        Record(
            name=program.names[value],
            kept=value.name is not None,
            primitive=value.primitive,
            dim=value.dim,
            arguments=tuple(program.names[argument] for argument in value.arguments),
            parameters=value.parameters,
            comparison=value.comparison,
        )
        for value in program.values
    ]


def program_of(name: str, records: Iterable[Record], output: str, vocabulary: Vocabulary | None = None) -> Program:
    """The program that records describe.

    Raises `FormatError`, naming the record, for names that are unknown or used before they are defined, wrong
    dimensions, and whatever the primitives refuse; and as `ValuesInFile.program`.
    """
    known = {record.name: record for record in records}
    values = ValuesInFile(known)
    for record in known.values():
        arguments = [values.read(argument, record.name, record.where) for argument in record.arguments]
        values.add(record.name, made(record, arguments), record.where)
    return values.program(name, output, vocabulary)


class ValuesInFile:
    """The values of a file so far, by their names; `names` are those of all that it defines."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names
        self.values: dict[str, Value] = {}
        self.entries = 0

    def add(self, name: str, value: Value, where: str) -> None:
        """Add a value. Raises `FormatError` where the matrices have more entries than are read."""
        self.values[name] = value
        self.entries += sum(matrix.nonzeros for matrix in value.parameters.values() if isinstance(matrix, Matrix))
        if self.entries > LARGEST_TOTAL:
            raise FormatError(f"{where}: the matrices so far have over {LARGEST_TOTAL:,} entries; expected fewer")

    def read(self, name: str, reader: str, where: str) -> Value:
        """The value of this name. Raises `FormatError` where there is none so far."""
        if name in self.values:
            return self.values[name]
        reason = (
            "comes later or reads it; values come after what they read, and only states reach back in time"
            if name in self.names
            else "is not a value; expected the name of one above"
        )
        raise FormatError(f"{where}: {reader} reads {shortened(name)}, which {reason}")

    def program(
        self, name: str, output: str, vocabulary: Vocabulary | None, numbers: Collection[Value] = ()
    ) -> Program:
        """The program of these values; `numbers` are in matrices, and need not be values of the program.

        Raises `FormatError` for a value that is not needed, or a vocabulary that does not fit.
        """
        if output not in self.values:
            raise FormatError(f"the output is {output!r}, which no value is named; expected one of the values above")
        try:
            program = Program(self.values[output], name=name, vocabulary=vocabulary)
        except LsrlError as problem:
            raise FormatError(str(problem)) from None
        needed = {*program.names, *numbers}
        unused = [name for name, value in self.values.items() if value not in needed]
        if unused:
            raise FormatError(
                f"value {unused[0]!r} is not needed for the output {output!r}; expected it to be left out"
            )
        return program


def vocabulary_of(pairs: Sequence[tuple[str, int]], end: str | None, nothing: str, where: str) -> Vocabulary:
    """The vocabulary that pairs of text and number describe. Raises `FormatError`, naming the place."""
    tokens = dict(pairs)
    try:
        if len(tokens) != len(pairs):
            twice = next(text for text, count in Counter(text for text, _ in pairs).items() if count > 1)
            raise FormatError(f"the token {twice!r} is there twice; expected every token once")
        return Vocabulary(tokens, end=end, nothing=nothing)
    except LsrlError as problem:
        raise FormatError(f"{where}: {problem}") from None


def made(record: Record, arguments: Sequence[Value]) -> Value:
    """The primitive that a record describes, of these arguments. Raises `FormatError`, naming the record."""
    naming: dict[str, Any] = {"name": record.name} if record.kept else {"hint": record.name}
    try:
        value = _made(record, arguments, naming)
    except LsrlError as problem:
        raise FormatError(f"{record.where}: {problem}") from None
    if record.dim and value.dim != record.dim:
        raise FormatError(f"{record.where}: {record.name} has dimension {value.dim}, not {record.dim}")
    return value


def _made(record: Record, arguments: Sequence[Value], naming: dict[str, Any]) -> Value:
    given = record.parameters
    if record.primitive == "Concat":
        return Concat(arguments, **naming)
    expected = {"Input": 0, "Constant": 0, "Previous": 0, "GatedState": 2, "Recur": 2}.get(record.primitive, 1)
    if len(arguments) != expected:
        raise FormatError(f"{record.primitive} of {len(arguments)} values; expected {expected}")
    match PRIMITIVES[record.primitive]:
        case made if made is Input:
            ends = (given.get("low"), given.get("high"))
            return Input(record.dim, range=None if ends == (None, None) else ends, grid=given.get("grid"), **naming)
        case made if made is Constant:
            return Constant(list(given["numbers"]), **naming)
        case made if made is Linear:
            A = Matrix.of(given["A"], (record.dim, arguments[0].dim), "A")
            return Linear(arguments[0], A, given["b"], comparison=record.comparison, **naming)
        case made if made is LinState:
            A = Matrix.of(given["A"], (record.dim, record.dim), "A")
            B = Matrix.of(given["B"], (record.dim, arguments[0].dim), "B")
            return LinState(arguments[0], A, B, given["init"], given["bias"], **naming)
        case made if made is ReLU:
            return ReLU(arguments[0], comparison=record.comparison, **naming)
        case made:
            make: Callable[..., Value] = made
            return make(*arguments, **{key: given[key] for key in made.fields() if key in given}, **naming)
