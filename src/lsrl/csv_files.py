"""CSV files: rows of text, or rows of exact numbers, with the line named in every error."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from flint import fmpq

from lsrl.errors import FormatError, NumberError, shortened
from lsrl.files import check_file
from lsrl.lang.numbers import MOST, exact

LONGEST_NUMBER = 4000
"""Characters that a number has at most, as in the JSON of programs: what reading it takes grows with their square."""


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
    """The rows of a CSV file as exact numbers.

    Raises `FormatError` as `read_rows` does, for text, numbers of more than `LONGEST_NUMBER` characters, and more
    than `MOST` numbers.
    """
    rows: list[list[fmpq]] = []
    for line, cells in read_rows(path, columns, meaning):
        if (len(rows) + 1) * len(cells) > MOST:
            raise FormatError(f"{path} has more than {MOST:,} numbers; expected fewer ({meaning})")
        rows.append([_number(cell, f"{path}, line {line}, column {i + 1}") for i, cell in enumerate(cells)])
    return rows


def _number(cell: str, where: str) -> fmpq:
    if len(cell) > LONGEST_NUMBER:
        raise FormatError(
            f"{where} is {shortened(cell)} of {len(cell):,} characters; expected a number of at most {LONGEST_NUMBER:,}"
        )
    try:
        return exact(cell, where)
    except NumberError as problem:
        raise FormatError(f"{problem} (rows are numbers, without a header)") from None
