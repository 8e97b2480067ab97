"""Results of a study: a table, as Parquet and CSV, and how it was made, as JSON."""

from __future__ import annotations

import hashlib
import io
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsrl.errors import FormatError, MissingPackage
from lsrl.files import read_file, write_whole
from lsrl.machine import machine
from lsrl.notebook import MOST_ROWS, html_table
from lsrl.studies.cell_files import Row
from lsrl.studies.cells import SweepCell, SweepError
from lsrl.studies.exact_json import Scalar, from_text, sealed, to_text, unsealed

if TYPE_CHECKING:
    import polars

TABLE, TEXT_TABLE, METADATA = "results.parquet", "results.csv", "metadata.json"
REPAIR = "run that study again, which takes its finished cells over"


class Results(NamedTuple):
    """What `read_results` returns."""

    frame: polars.DataFrame
    metadata: dict[str, Any]

    def _repr_html_(self) -> str:
        rows = self.frame.head(MOST_ROWS).to_dicts()
        return html_table(rows, f"{self.frame.height:,} rows: {self.metadata.get('command', 'a study')}")


def frame_of(measured: Iterable[tuple[SweepCell, Sequence[Row]]]) -> polars.DataFrame:
    """One line for each row: its cell's parameters, then its own columns; what a row lacks is null.

    Integers and floats in one column become floats. Raises `SweepError` for columns of mixed types; `MissingPackage`.

    >>> frame_of([(SweepCell("noise", {"sigma": 0.5}), [{"error": 1}, {"error": 0.25}])]).rows()
    [(0.5, 1.0), (0.5, 0.25)]
    """
    package = polars_or_error()
    lines = [{**cell.parameters, **row} for cell, rows in measured for row in rows]
    names = dict.fromkeys(name for line in lines for name in line)
    frame: polars.DataFrame = package.DataFrame(
        [_column(package, name, [line.get(name) for line in lines]) for name in names]
    )
    return frame


def _column(polars: Any, name: str, values: list[Scalar]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1:
        found = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise SweepError(f"column {name} of the results holds {found}; expected values of one type")
    dtypes = {str: polars.String, bool: polars.Boolean, int: polars.Int64, float: polars.Float64}
    dtype = dtypes[kinds.pop()] if kinds else polars.Null
    plain = [None if value is None else float(value) for value in values] if dtype == polars.Float64 else values
    return polars.Series(name, plain, dtype=dtype)


def described(parameters: Mapping[str, Any], *, seed: int, version: str, cells: int, seconds: float) -> dict[str, Any]:
    """The metadata of results: what was asked for, by which command, when, on which machine and versions.

    `parameters` are the study's own; `seconds` is the time measured in all cells.

    >>> about = described({"sigmas": [0.1, 0.2]}, seed=0, version="1", cells=2, seconds=0.5)
    >>> sorted(about)
    ['cells', 'command', 'date', 'machine', 'parameters', 'seconds', 'seed', 'version']
    """
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "version": version,
        "seed": int(seed),
        "cells": cells,
        "seconds": round(seconds, 3),
        "parameters": dict(parameters),
        "machine": machine(),
    }


def write_results(directory: Path, frame: polars.DataFrame, metadata: Mapping[str, Any]) -> None:
    """Write `results.parquet`, `results.csv` and `metadata.json`, each whole or not at all.

    The metadata hold digests of themselves and of the Parquet file. Parquet keeps every value and type; in CSV, nulls
    are empty, and NaN and the infinities are `NaN`, `inf`, `-inf`.
    Raises `FormatError` when files cannot be written, or the metadata is not JSON.

    >>> import tempfile, polars
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     write_results(Path(directory), polars.DataFrame({"error": [float("inf")]}), {"seed": 0})
    ...     read_results(Path(directory)).frame["error"].to_list(), read_results(Path(directory)).metadata
    ([inf], {'seed': 0})
    """
    table = io.BytesIO()
    frame.write_parquet(table)
    try:
        text = to_text(sealed({**metadata, TABLE: _digest(table.getvalue())}), indent=2)
    except TypeError as problem:
        raise FormatError(f"the metadata of results is not JSON: {problem}") from None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "a name that files cannot hold"
        raise FormatError(f"cannot make the folder {directory}: {reason}; expected a writable place") from None
    write_whole(directory / TABLE, table.getvalue())
    write_whole(directory / TEXT_TABLE, frame.write_csv().encode())
    write_whole(directory / METADATA, (text + "\n").encode())


def read_results(directory: Path) -> Results:
    """The table and metadata that `write_results` wrote.

    Raises `FormatError` for files that cannot be read, were changed, or do not belong together; `MissingPackage`.
    """
    polars = polars_or_error()
    table, about = directory / TABLE, directory / METADATA
    content = read_file(table, f"the results of a study: {REPAIR}")
    text = read_file(about, f"the metadata of results: {REPAIR}")
    try:
        metadata = unsealed(from_text(text.decode()))
    except ValueError as problem:
        raise FormatError(f"cannot read {about}: {problem}; expected it as a study wrote it: {REPAIR}") from None
    if metadata.pop(TABLE, None) != _digest(content):
        raise FormatError(f"cannot read {table}: it is not the table that {METADATA} belongs to: {REPAIR}")
    try:
        frame = polars.read_parquet(io.BytesIO(content))
    except polars.exceptions.PolarsError as problem:  # of another version, perhaps
        raise FormatError(f"cannot read {table}: {' '.join(str(problem).split())}: {REPAIR}") from None
    return Results(frame, metadata)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def polars_or_error() -> Any:
    """The package. Raises `MissingPackage` without it."""
    try:
        import polars
    except ImportError:
        raise MissingPackage("polars", "a table of results", "study") from None
    return polars
