"""Programs as JSON, checked against a schema before anything is made of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from flint import fmpq

from lsrl.errors import FormatError, LsrlError, NumberError, shortened
from lsrl.files import read_file, write_whole
from lsrl.lang.listing_parser import parse
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import number_in_file, text_in_file
from lsrl.lang.program import Program
from lsrl.lang.records import LARGEST_DIMENSION, Record, check_size, program_of, records_of, vocabulary_of
from lsrl.lang.values import LONGEST_LABEL
from lsrl.lang.vocabulary import Vocabulary

FORMAT = "lsrl-program"
VERSION = 1
PROGRAM_SCHEMA = "lsrl.lang", "program.schema.json"

LARGEST_JSON = 2**26
"""JSON files with more bytes than this are neither written nor read."""

MOST_VALUES = 2**16
"""So are programs of more values than this."""

LARGEST_LISTING = 2**22
"""Listings of more characters than this are not written beside the values that say the same."""

_VECTORS = ("low", "high", "grid", "numbers", "b", "init", "bias")


def to_json(program: Program) -> dict[str, Any]:
    """The program as plain JSON types; the schema is `program.schema.json`.

    Raises `FormatError` for names, numbers and sizes that `from_json` would refuse.

    >>> from lsrl import Input
    >>> to_json(Program(Input(1, name="x")))["values"]
    [{'name': 'x', 'kept': True, 'primitive': 'Input', 'dim': 1, 'arguments': []}]
    """
    _check_count(program.values)
    vocabulary, values = program.vocabulary, [_fields(record) for record in records_of(program)]
    _check_sizes(values)
    listing = program.listing()
    listing = "" if listing == program.listing("primitives") else listing  # what the values say by themselves
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": program.name,
        **({} if vocabulary is None else {"vocabulary": _vocabulary_fields(vocabulary)}),
        **({"listing": listing.splitlines()} if 0 < len(listing) <= LARGEST_LISTING else {}),
        "values": values,
        "output": program.names[program.output],
    }


def from_json(data: Any, what: str = "the program") -> Program:
    """The program that JSON data describes. Raises `FormatError`.

    What counts are its values. Its listing says which library calls made them, if it says so of just these values: a
    file of another version, whose functions made others, is the same program without calls.

    >>> from lsrl import Input
    >>> from_json(to_json(Program(Input(1) + 1))).run([[1]]).tolist()
    [[2.0]]
    """
    if isinstance(data, dict) and isinstance(data.get("values"), list):
        _check_count(data["values"])
    checked = validated(data, *PROGRAM_SCHEMA, what=what)
    for i, entry in enumerate(checked["values"]):
        validated(entry, *PROGRAM_SCHEMA, what=f"{what}, value {i}", part=entry["primitive"])
    _check_sizes(checked["values"])
    records: dict[str, Record] = {}
    for i, entry in enumerate(checked["values"]):
        if entry["name"] in records:
            raise FormatError(f"{what}, value {i}: the name {entry['name']!r} is taken; expected every name once")
        records[entry["name"]] = _record(entry, f"{what}, value {i}")
    vocabulary = _vocabulary(checked["vocabulary"], f"{what}, vocabulary") if "vocabulary" in checked else None
    program = program_of(checked["name"], records.values(), checked["output"], vocabulary)
    return _with_calls(program, "\n".join(checked.get("listing", ())))


def _with_calls(program: Program, listing: str) -> Program:
    """The program as the listing has it, if that is the same one."""
    if 0 < len(listing) <= LARGEST_LISTING:
        with suppress(LsrlError):
            written = parse(listing)
            return written if written == program else program
    return program


def save(program: Program, path: Path) -> None:
    """Write the program as JSON, whole or not at all. Raises `FormatError` when it cannot be written."""
    write_whole(path, as_json_file(to_json(program), str(path)))


def as_json_file(data: Any, what: str) -> bytes:
    """The content of a file with this data. Raises `FormatError` if it is too large to be read again."""
    content = f"{json.dumps(data, indent=1, ensure_ascii=False)}\n".encode()
    if len(content) > LARGEST_JSON:
        raise FormatError(
            f"cannot write {what}: it would have {len(content):,} bytes; expected at most {LARGEST_JSON:,}, "
            "as many as are read; use a smaller program"
        )
    return content


def load(path: Path) -> Program:
    """Read a program saved as JSON. Raises `FormatError`."""
    return from_json(read_json(path), what=str(path))


def read_json(path: Path) -> Any:
    """The JSON data in a file. Raises `FormatError` for missing, huge, malformed or too deeply nested files."""
    content = read_file(path, "a JSON file", LARGEST_JSON)
    try:
        return json.loads(content.decode(), parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise FormatError(f"{path} is nested too deeply; expected JSON that LSRL wrote") from None
    except ValueError as problem:
        raise FormatError(f"{path} is not JSON ({_shortened(str(problem))}); expected a file that LSRL wrote") from None


def _check_count(values: Sequence[Any]) -> None:
    if len(values) > MOST_VALUES:
        raise FormatError(f"the program has {len(values):,} values; expected at most {MOST_VALUES:,} in a file")


def _check_sizes(values: list[dict[str, Any]]) -> None:
    """Raise `FormatError` for values that are, or claim to be, larger than those that are read."""
    matrices = [entry[key] for entry in values for key in ("A", "B") if key in entry]
    for entry in values:
        if entry["dim"] > LARGEST_DIMENSION:
            raise FormatError(
                f"{entry['name']} has dimension {entry['dim']:,}; expected at most {LARGEST_DIMENSION:,} in a file"
            )
    check_size([*(matrix["shape"][0] for matrix in matrices), *(entry["dim"] for entry in values)])
    check_size(len(matrix["entries"]) for matrix in matrices)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond every float")
    return number


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def validated(data: Any, package: str, schema: str, *, what: str, part: str | None = None) -> Any:
    """The data, if it has the form that a schema file of a package describes, or a part of it; `FormatError` if not."""
    return _checked(data, _validator_of_file(package, schema, part), what)


def validated_by(form: Mapping[str, Any], data: Any, *, what: str) -> Any:
    """The data, if it has the form that a schema describes; `FormatError` if not."""
    return _checked(data, _validator(form), what)


def _checked(data: Any, validator: Any, what: str) -> Any:
    from jsonschema.exceptions import relevance

    # The first few are enough to name one that matters, and a hostile file has millions.
    problems = islice(validator.iter_errors(data), 10)
    problem = min(problems, key=relevance, default=None)
    if problem is not None:
        place = problem.json_path.removeprefix("$.").removeprefix("$") or "the top"
        raise FormatError(f"{what}: at {_shortened(place)}: {_shortened(problem.message)}")
    return data


@lru_cache
def _validator_of_file(package: str, schema: str, part: str | None) -> Any:
    form = json.loads(files(package).joinpath(schema).read_text(encoding="utf-8"))
    return _validator(form if part is None else {"$ref": f"#/$defs/{part}", "$defs": form["$defs"]})


def _validator(form: Mapping[str, Any]) -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    # JSON Schema calls 1.0 an integer; as a size or an index it is none.
    kinds = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, item: type(item) is int)
    return extend(Draft202012Validator, type_checker=kinds)(form)  # type: ignore[no-untyped-call]


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
    if len(record.name) > LONGEST_LABEL:
        raise FormatError(
            f"the name {shortened(record.name)} has {len(record.name):,} characters; "
            f"expected at most {LONGEST_LABEL:,} in a file"
        )
    fields: dict[str, Any] = {
        "name": record.name,
        "kept": record.kept,
        "primitive": record.primitive,
        "dim": record.dim,
        "arguments": list(record.arguments),
    }
    try:
        fields |= {key: _plain(number) for key, number in record.parameters.items() if number is not None}
    except NumberError as problem:
        raise FormatError(f"{record.name} cannot be saved: {problem}") from None
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
    return int(number.p) if number.q == 1 and abs(number) < 2**53 else text_in_file(number)


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
            parameters[key] = [number_in_file(number) for number in entry[key]]
    for key in ("A", "B"):
        if key in entry:
            parameters[key] = _read_matrix(entry[key], key)
    return parameters


def _read_matrix(fields: dict[str, Any], key: str) -> Matrix:
    places: dict[tuple[int, int], fmpq] = {}
    for entry in fields["entries"]:
        if type(entry) is not list or len(entry) != 3 or type(entry[0]) is not int or type(entry[1]) is not int:
            raise FormatError(f"{key} has the entry {shortened(entry)}; expected [row, column, number]")
        places[entry[0], entry[1]] = number_in_file(entry[2])
    if len(places) != len(fields["entries"]):
        raise FormatError(f"{key} has two entries in one place; expected every place once")
    rows, columns = fields["shape"]
    return Matrix.from_entries((rows, columns), places)
