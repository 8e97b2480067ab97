"""Layouts in files: as plain JSON types, and read back with every index checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lsrl.backends.layout import Layout, Read, ReadOut
from lsrl.errors import FormatError, shortened
from lsrl.lang import Program


def layout_fields(layout: Layout) -> dict[str, Any]:
    """The layout as plain JSON types."""
    return {
        "absent": list(layout.absent),
        "values": {name: asdict(read_out) for name, read_out in layout.reads.items()},
    }


def layout_in_file(entry: dict[str, Any], program: Program, where: str) -> Layout:
    """The layout of a program that a manifest describes; the schema leaves the check of its long lists to this.

    Raises `FormatError`.
    """
    reads = {name: _read_out(value, name, where) for name, value in entry["values"].items()}
    if not all(isinstance(name, str) for name in entry["absent"]):
        raise FormatError(f"{where}: a value that is absent in the layout has no name; expected text")
    return Layout(reads, tuple(entry["absent"]), program)


def states_fields(states: Mapping[str, ReadOut | None]) -> dict[str, Any]:
    """How states are read where they are kept, as plain JSON types."""
    return {name: None if read_out is None else asdict(read_out) for name, read_out in states.items()}


def states_in_file(
    manifest: dict[str, Any], program: Program, layout: Layout, sizes: Sequence[int], where: str
) -> dict[str, ReadOut | None]:
    """What `states_fields` wrote, of the variables of a manifest; `sizes` are those of the layers' states.

    Raises `FormatError` for variables that are in no layout, and for states of others, or that are not there.
    """
    variables, entries = manifest.get("variables", []), manifest.get("states", {})
    wrong = next((name for name in [*variables, *entries] if name not in layout or name not in variables), None)
    if wrong is not None:
        raise FormatError(f"{where}: {shortened(wrong)} is no variable that is cut and in the layout; save it again")
    found = {name: None if value is None else _read_out(value, name, where) for name, value in entries.items()}
    dims = {name: value.dim for value, name in program.names.items()}
    for name, read_out in found.items():
        reads = [] if read_out is None else read_out.reads
        rows = [(read.layer, len(read.rows), [index for row in read.rows for index, _ in row]) for read in reads]
        there = all(
            0 <= layer < len(sizes) and dim == dims[name] and all(index < sizes[layer] for index in indices)
            for layer, dim, indices in rows
        )
        if not there or (read_out is not None and len(read_out.constants) != dims[name]):
            raise FormatError(f"{where}: the state of {name!r} is read from numbers that are not there; save it again")
    return found


def _read_out(value: dict[str, Any], name: str, where: str) -> ReadOut:
    try:
        return ReadOut(tuple(map(_read, value["reads"])), tuple(map(_number, value["constants"])))
    except (TypeError, ValueError):
        raise FormatError(
            f"{where}: layout of {shortened(name)} has something other than numbers and pairs of index and weight"
        ) from None


def _read(fields: dict[str, Any]) -> Read:
    return Read(fields["layer"], fields["part"], tuple(tuple(map(_pair, row)) for row in fields["rows"]))


def _pair(item: Any) -> tuple[int, float]:
    index, weight = item
    if type(index) is not int or index < 0:
        raise ValueError
    return index, _number(weight)


def _number(item: Any) -> float:
    if type(item) is not int and type(item) is not float:
        raise TypeError
    return item


def check_layout(layout: Layout, program: Program, sizes: Sequence[tuple[int, int]], where: str) -> None:
    """Raise `FormatError` unless every read-out is of a value that is there, from activations that are there."""
    dims = {name: value.dim for value, name in program.names.items()}
    for name, read_out in layout.reads.items():
        if name not in dims or len(read_out.constants) != dims[name]:
            raise FormatError(f"{where}: layout of {name!r}, which the program does not have in that dimension")
        for read in read_out.reads:
            if (read.part == "input") != (read.layer == -1) or read.layer >= len(sizes) or len(read.rows) != dims[name]:
                raise FormatError(
                    f"{where}: layout of {name!r} reads {read.part} of layer {read.layer}, which is not there"
                )
            size = program.input.dim if read.part == "input" else sizes[read.layer][read.part == "output"]
            beyond = [index for row in read.rows for index, _ in row if index >= size]
            if beyond:
                raise FormatError(f"{where}: layout of {name!r} reads activation {beyond[0]}; expected 0 to {size - 1}")
