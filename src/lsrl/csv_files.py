"""CSV files: rows of text, or rows of exact numbers, with the line named in every error."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from flint import fmpq

from lsrl.errors import FormatError, NumberError
from lsrl.files import check_file
from lsrl.lang.numbers import exact


def read_rows(path: str | Path, columns: int | None, meaning: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file that are not empty, each with its line number.

    Every row has `columns` cells (None: as many as the first). Raises `FormatError` for ragged
    rows, an empty file, and one that cannot be read.
    """
    found = False
    check_file(Path(path), f"a CSV file ({meaning})")
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                if not cells:
                    continue
                columns, found = columns or len(cells), True
                if len(cells) != columns:
                    raise FormatError(
                        f"{path}, line {reader.line_num} has {len(cells)} columns; expected {columns} ({meaning})"
                    )
                yield reader.line_num, [cell.strip() for cell in cells]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise FormatError(f"cannot read {path}: {reason}; expected a CSV file ({meaning})") from None
    if not found:
        raise FormatError(f"{path} has no rows; expected a CSV file ({meaning})")


def read_numbers(path: str | Path, columns: int | None, meaning: str) -> list[list[fmpq]]:
    """The rows of a CSV file as exact numbers. Raises `FormatError` as `read_rows` does, and for text."""
    rows = []
    for line, cells in read_rows(path, columns, meaning):
        try:
            rows.append([exact(cell, f"{path}, line {line}, column {i + 1}") for i, cell in enumerate(cells)])
        except NumberError as problem:
            raise FormatError(f"{problem} (rows are numbers, without a header)") from None
    return rows
