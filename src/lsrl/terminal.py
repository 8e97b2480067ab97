"""How the command line prints: tables or JSON, progress on standard error, errors in one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 120
"""Columns where the output is no terminal."""


def emit(data: Any, as_json: bool, render: Callable[[], object]) -> None:
    """Print data as JSON, or what `render` makes of it."""
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    else:
        # No markup: brackets in names of programs and files are only brackets.
        console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, markup=False, highlight=False)
        console.print(render(), soft_wrap=False)


def print_problem(problem: Exception | str) -> None:
    """An error or warning in one line on standard error, whatever its width."""
    line = Text.assemble((f"{type(problem).__name__}: ", "red"), str(problem))
    Console(stderr=True).print(line, soft_wrap=True)


def table(rows: Sequence[dict[str, Any]], title: str | None = None) -> Table:
    """Rows that share their keys, as a table."""
    result = Table(
        title=None if title is None else Text(title), header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for key in rows[0]:
        numeric = all(isinstance(row[key], (int, float)) for row in rows)
        result.add_column(key.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        result.add_row(*(Text(as_cell(value)) for value in row.values()))
    return result


def as_cell(value: Any) -> str:
    """A value as a table shows it.

    >>> as_cell(12345.6), as_cell(0.00012345), as_cell(True), as_cell(None)
    ('12,346', '0.000123', 'yes', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def progress_bar(quiet: bool) -> Progress:
    """A progress bar on standard error, so that output can be piped."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A moving sign on standard error while something runs whose end is not known."""
    with Console(stderr=True).status(Text(what)):
        yield
