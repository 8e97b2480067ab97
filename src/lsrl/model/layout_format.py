"""Layouts in files: as plain JSON types, and read back with every index checked."""

from __future__ import annotations

from collections.abc import Sequence
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


def layout_in_file(entry: dict[str, Any], where: str) -> Layout:
    """The layout that a manifest describes; the schema leaves the check of its long lists to this.

    Raises `FormatError`.
    """
    reads = {}
    for name, value in entry["values"].items():
        try:
            reads[name] = ReadOut(tuple(map(_read, value["reads"])), tuple(map(_number, value["constants"])))
        except (TypeError, ValueError):
            raise FormatError(
                f"{where}: layout of {shortened(name)} has something other than numbers and pairs of index and weight"
            ) from None
    if not all(isinstance(name, str) for name in entry["absent"]):
        raise FormatError(f"{where}: a value that is absent in the layout has no name; expected text")
    return Layout(reads, tuple(entry["absent"]))


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
