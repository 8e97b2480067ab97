"""Finished cells on disk: one JSON file each, which appears whole or not at all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsrl.errors import FormatError
from lsrl.files import write_whole
from lsrl.studies.cells import Cell
from lsrl.studies.exact_json import Scalar, as_scalar, from_text, to_text

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

    def path(self, cell: Cell) -> Path:
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

    def store(self, cell: Cell, finished: Finished) -> None:
        """Write a cell's file. Raises `FormatError` when it cannot be written."""
        content = {**self._label(cell), "seconds": finished.seconds, "rows": finished.rows}
        write_whole(self.path(cell), (to_text(content) + "\n").encode())

    def stored(self, cell: Cell) -> Finished | None:
        """What the cell's file says, or None: no file, a damaged one, or one made with another seed or version."""
        try:
            data = from_text(self.path(cell).read_bytes().decode())
        except (OSError, ValueError):
            return None  # To make a cell again is always right, and cheaper than to ask.
        if not isinstance(data, dict) or to_text({name: data.get(name) for name in LABEL}) != to_text(
            self._label(cell)
        ):
            return None
        try:
            return Finished(tuple(as_row(row) for row in data["rows"]), float(data["seconds"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def _label(self, cell: Cell) -> dict[str, Any]:
        values = (cell.study, self.version, int(self.seed), dict(cell.parameters))
        return dict(zip(LABEL, values, strict=True))


LABEL = ("study", "version", "seed", "parameters")
"""What a cell's file says about how it was made."""


def as_row(row: Any) -> Row:
    """A measured row with plain scalars. Raises `TypeError`, naming the column, and `AttributeError` for no mapping.

    >>> as_row({"error": 0.5, "decided": True})
    {'error': 0.5, 'decided': True}
    """
    plain: Row = {}
    for name, value in row.items():
        try:
            plain[name] = as_scalar(value)
        except TypeError as problem:
            raise TypeError(f"column {name}: {problem}") from None
    return plain


def _unwritable(path: Path, problem: Exception) -> FormatError:
    reason = getattr(problem, "strerror", None) or "a name that files cannot hold"
    return FormatError(f"cannot write {path}: {reason}; expected a place where files can be written")
