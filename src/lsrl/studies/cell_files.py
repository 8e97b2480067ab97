"""Finished cells on disk: one JSON file each, which appears whole or not at all, and counts only as it was written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsrl.errors import FormatError
from lsrl.files import read_file, write_whole
from lsrl.studies.cells import SweepCell
from lsrl.studies.exact_json import Scalar, as_scalar, from_text, sealed, to_text, unsealed

Row = dict[str, Scalar]


@dataclass(frozen=True)
class Finished:
    """What a cell measured: its rows, and the seconds that took."""

    rows: tuple[Row, ...]
    seconds: float


@dataclass(frozen=True)
class Shelf:
    """Where a sweep keeps its cells, and what a cell must have been made with to count: root seed and version."""

    directory: Path
    seed: int
    version: str

    def path(self, cell: SweepCell) -> Path:
        """The file of a cell."""
        return self.directory / f"{cell.key}.json"

    def prepare(self) -> None:
        """Make the directory, and see that files can be written there. Raises `FormatError`."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.directory):
                pass
        except (OSError, ValueError) as problem:
            raise _unwritable(self.directory, problem) from None

    def store(self, cell: SweepCell, finished: Finished) -> None:
        """Write a cell's file. Raises `FormatError` when it cannot be written."""
        content = {**self._label(cell), "seconds": finished.seconds, "rows": finished.rows}
        write_whole(self.path(cell), (to_text(sealed(content)) + "\n").encode())

    def stored(self, cell: SweepCell) -> Finished | None:
        """What the cell's file says, or None: no file, a changed one, or one made with another seed or version.

        Raises `FormatError` for what is not a file that can be read: it would neither be taken over nor replaced.
        """
        path = self.path(cell)
        if not os.path.lexists(path):
            return None
        content = read_file(path, "the file of a finished cell, or none: move it away")
        try:
            data = unsealed(from_text(content.decode()))
        except ValueError:
            return None  # Making a cell again is always right, and cheaper than asking.
        label = self._label(cell)
        if to_text({name: data.get(name) for name in label}) != to_text(label):
            return None
        return Finished(tuple(as_row(row) for row in data["rows"]), float(data["seconds"]))

    def _label(self, cell: SweepCell) -> dict[str, Any]:
        """What a cell's file says about how it was made."""
        parameters = dict(cell.parameters)
        return {"study": cell.study, "version": self.version, "seed": self.seed, "parameters": parameters}


def as_row(row: Any) -> Row:
    """A measured row with plain scalars. Raises `TypeError`, naming the column, and `AttributeError` for a non-mapping.

    >>> as_row({"error": 0.5, "decided": True})
    {'error': 0.5, 'decided': True}
    """
    plain: Row = {}
    for name, value in row.items():
        try:
            if not isinstance(as_scalar(name), str):
                raise TypeError("expected a text as its name")
            plain[name] = as_scalar(value)
        except TypeError as problem:
            raise TypeError(f"column {name}: {problem}") from None
    return plain


def _unwritable(path: Path, problem: Exception) -> FormatError:
    reason = getattr(problem, "strerror", None) or "a name that files cannot hold"
    return FormatError(f"cannot write {path}: {reason}; expected a place where files can be written")
