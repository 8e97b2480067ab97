"""Input sequences as CSV: one time step a row, one component a column."""

from __future__ import annotations

import csv
from pathlib import Path

from flint import fmpq

from lsrl.errors import FormatError, NumberError
from lsrl.lang.numbers import exact


def read_sequence(path: str | Path, dim: int) -> list[list[fmpq]]:
    """The rows of a CSV file as exact numbers, each row `dim` long.

    Raises `FormatError` with the line number for ragged rows, text, or an empty file.
    """
    rows = []
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            for line, cells in enumerate(csv.reader(file), start=1):
                if not cells:
                    continue
                if len(cells) != dim:
                    raise FormatError(
                        f"{path}, line {line} has {len(cells)} columns; expected {dim}, the input's dimension"
                    )
                try:
                    rows.append(
                        [exact(cell.strip(), f"{path}, line {line}, column {i + 1}") for i, cell in enumerate(cells)]
                    )
                except NumberError as problem:
                    raise FormatError(f"{problem} (rows are time steps, without a header)") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise FormatError(f"cannot read {path}: {reason}; expected a CSV file of numbers") from None
    if not rows:
        raise FormatError(f"{path} has no rows; expected one row per time step")
    return rows
