"""Programs as JSON, checked against a schema before anything is made of them."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from flint import fmpq

from lsrl.errors import FormatError, LsrlError
from lsrl.files import check_file, write_whole
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import exact
from lsrl.lang.program import Program
from lsrl.lang.records import Record, check_size, program_of, records_of, vocabulary_of
from lsrl.lang.vocabulary import Vocabulary

FORMAT = "lsrl-program"
VERSION = 1
PROGRAM_SCHEMA = "lsrl.lang", "program.schema.json"

_VECTORS = ("low", "high", "grid", "numbers", "b", "init", "bias")


def to_json(program: Program) -> dict[str, Any]:
    """The program as plain JSON types; the schema is `program.schema.json`.

    >>> from lsrl import Input
    >>> to_json(Program(Input(1, name="x")))["values"]
    [{'name': 'x', 'kept': True, 'primitive': 'Input', 'dim': 1, 'arguments': []}]
    """
    vocabulary = program.vocabulary
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": program.name,
        **({} if vocabulary is None else {"vocabulary": _vocabulary_fields(vocabulary)}),
        "values": [_fields(record) for record in records_of(program)],
        "output": program.names[program.output],
    }


def from_json(data: Any, what: str = "the program") -> Program:
    """The program that JSON data describes. Raises `FormatError`.

    >>> from lsrl import Input
    >>> from_json(to_json(Program(Input(1) + 1))).run([[1]]).tolist()
    [[2.0]]
    """
    checked = validated(data, *PROGRAM_SCHEMA, what=what)
    shapes = (entry[key]["shape"][0] for entry in checked["values"] for key in ("A", "B") if key in entry)
    check_size([*shapes, *(entry["dim"] for entry in checked["values"])])
    records: dict[str, Record] = {}
    for i, entry in enumerate(checked["values"]):
        if entry["name"] in records:
            raise FormatError(f"{what}, value {i}: the name {entry['name']!r} is taken; expected every name once")
        records[entry["name"]] = _record(entry, f"{what}, value {i}")
    vocabulary = _vocabulary(checked["vocabulary"], f"{what}, vocabulary") if "vocabulary" in checked else None
    return program_of(checked["name"], records.values(), checked["output"], vocabulary)


def save(program: Program, path: Path) -> None:
    """Write the program as JSON. Raises `FormatError` when it cannot be written."""
    text = json.dumps(to_json(program), indent=1, ensure_ascii=False)
    write_whole(path, f"{text}\n".encode())


def load(path: Path) -> Program:
    """Read a program saved as JSON. Raises `FormatError`."""
    return from_json(read_json(path), what=str(path))


def read_json(path: Path) -> Any:
    """The JSON data in a file. Raises `FormatError` for missing, huge, malformed or too deeply nested files."""
    check_file(path, "a JSON file")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except OSError as problem:
        raise FormatError(f"cannot read {path}: {problem.strerror}; expected a JSON file") from None
    except FormatError:
        raise
    except RecursionError:
        raise FormatError(f"{path} is nested too deeply; expected JSON that LSRL wrote") from None
    except ValueError as problem:
        raise FormatError(f"{path} is not JSON ({_shortened(str(problem))}); expected a file that LSRL wrote") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond every float")
    return number


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def validated(data: Any, package: str, schema: str, *, what: str) -> Any:
    """The data, if it has the form that a schema file of a package describes; `FormatError` if not."""
    from jsonschema.exceptions import relevance

    # The first few are enough to name one that matters, and a hostile file has millions.
    problems = islice(_validator(package, schema).iter_errors(data), 10)
    problem = min(problems, key=relevance, default=None)
    if problem is not None:
        place = problem.json_path.removeprefix("$.").removeprefix("$") or "the top"
        raise FormatError(f"{what}: at {_shortened(place)}: {_shortened(problem.message)}")
    return data


@lru_cache
def _validator(package: str, schema: str) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # JSON Schema calls 1.0 an integer; as a size or an index it is none.
    kinds = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, item: type(item) is int)
    validator = extend(Draft202012Validator, type_checker=kinds)  # type: ignore[no-untyped-call]
    return validator(json.loads(files(package).joinpath(schema).read_text(encoding="utf-8")))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:78]} … {line[-78:]}"


def _vocabulary_fields(vocabulary: Vocabulary) -> dict[str, Any]:
    """The tokens as pairs: readers of JSON may reorder an object's fields, and the order is kept."""
    end = {} if vocabulary.end is None else {"end": vocabulary.end}
    return {"tokens": [list(pair) for pair in vocabulary.pairs], **end, "nothing": vocabulary.nothing}


def _vocabulary(fields: dict[str, Any], where: str) -> Vocabulary:
    pairs = [(text, number) for text, number in fields["tokens"]]
    return vocabulary_of(pairs, fields.get("end"), fields["nothing"], where)


def _fields(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": record.name,
        "kept": record.kept,
        "primitive": record.primitive,
        "dim": record.dim,
        "arguments": list(record.arguments),
    }
    fields |= {key: _plain(number) for key, number in record.parameters.items() if number is not None}
    if record.comparison:
        fields["comparison"] = True
    return fields


def _plain(parameter: Any) -> Any:
    if isinstance(parameter, Matrix):
        entries = [[i, column, _number(number)] for i, row in enumerate(parameter.rows) for column, number in row]
        return {"shape": list(parameter.shape), "entries": entries}
    if isinstance(parameter, tuple):
        return [_number(number) for number in parameter]
    return parameter


def _number(number: fmpq) -> int | str:
    """Whole numbers that every JSON reader keeps as numbers, all others as text."""
    return int(number.p) if number.q == 1 and abs(number) < 2**53 else str(number)


def _record(entry: dict[str, Any], where: str) -> Record:
    try:
        parameters = _parameters(entry)
    except LsrlError as problem:
        raise FormatError(f"{where}: {problem}") from None
    return Record(
        name=entry["name"],
        kept=entry["kept"],
        primitive=entry["primitive"],
        dim=entry["dim"],
        arguments=tuple(entry["arguments"]),
        parameters=parameters,
        comparison=entry.get("comparison", False),
        where=where,
    )


def _parameters(entry: dict[str, Any]) -> dict[str, Any]:
    parameters = {key: number for key, number in entry.items() if key in ("via", "start", "stop", "n", "below")}
    for key in _VECTORS:
        if key in entry:
            parameters[key] = [exact(number) for number in entry[key]]
    for key in ("A", "B"):
        if key in entry:
            shape = tuple(entry[key]["shape"])
            places = {(i, column): number for i, column, number in entry[key]["entries"]}
            if len(places) != len(entry[key]["entries"]):
                raise FormatError(f"{key} has two entries in one place; expected every place once")
            parameters[key] = Matrix.from_entries(shape, places)
    return parameters
