"""How the command line prints: tables or JSON, progress on standard error, problems in one line.

What comes from outside (paths, cells, names) is made printable here, and a stream that cannot be written to ends the
command in one line, too.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any, TextIO

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lsrl.errors import FormatError, one_line, printable

PIPED_WIDTH = 120
"""Columns of a table where the output is not a terminal."""

READER_GONE = 141
"""The exit code when the reader of the output ends, as `head` does: what shells say of SIGPIPE."""


def prepare_streams() -> None:
    """Make the standard streams take every text; a closed one would be the next file that is opened."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_output(text: str) -> None:
    """Write text to standard output. Raises `FormatError` if that fails, `typer.Exit` if its reader is gone."""
    try:
        if sys.stdout is None:
            raise FormatError("standard output is closed; expected a terminal, a pipe or a file to print to")
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
        raise typer.Exit(READER_GONE) from None
    except OSError as problem:
        _discard(sys.stdout)
        raise FormatError(f"cannot write to standard output: {problem.strerror}; expected a place with room") from None


def _discard(stream: TextIO) -> None:
    """Let what is left in the buffer of a stream go nowhere: at exit, Python would try to write it again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def emit(data: Any, as_json: bool, render: Callable[[], Iterable[Rows | str]]) -> None:
    """Print data as JSON, or the tables and lines that `render` makes of it. Raises as `print_output`."""
    if as_json:
        print_json(data)
        return
    width = None if sys.stdout is not None and sys.stdout.isatty() else PIPED_WIDTH
    console = Console(width=width, highlight=False)
    for part in render():
        if isinstance(part, Rows):
            print_output(_rendered(console, part))
        else:
            # Lines are as long as they are where nobody reads them on a screen.
            print_output(_rendered(console, Text(printable(part)), soft_wrap=width is not None))


def print_json(data: Any) -> None:
    """Print strict JSON in ASCII, which every encoding and terminal takes; NaN and the infinities are null."""
    print_output(json.dumps(_strict(data), indent=2, allow_nan=False) + "\n")


def _strict(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _strict(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_strict(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def print_problem(kind: str, message: str) -> None:
    """An error or warning in one line on standard error, whatever the terminal's width."""
    text = Text.assemble((f"{kind}: ", "red"), one_line(message))
    try:
        sys.stderr.write(_rendered(Console(stderr=True), text, soft_wrap=True))
        sys.stderr.flush()
    except OSError:  # nobody can be told; the exit code says it
        _discard(sys.stderr)


def _rendered(console: Console, part: Rows | Text, *, soft_wrap: bool = False) -> str:
    # Not printed by rich, which ends the process where a pipe is closed.
    with console.capture() as capture:
        console.print(part, soft_wrap=soft_wrap)
    return capture.get()


@dataclass(frozen=True)
class Rows:
    """Rows that share their keys: a table or, for one row and where columns would break words, a line for each cell."""

    rows: Sequence[Mapping[str, Any]]
    title: str | None = None

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """What rich prints, for the width that it has."""
        keys = [key.replace("_", " ") for key in self.rows[0]]
        cells = [[as_cell(cell) for cell in row.values()] for row in self.rows]
        # Every column takes two places beside its text.
        widths = fitting_widths(list(zip(keys, *cells, strict=True)), options.max_width - 2 * len(keys))
        if self.title is not None:
            yield Text(printable(self.title), style="italic")
        if widths is None or len(cells) == 1:
            yield from (_record(keys, row) for row in cells)
        else:
            yield self._table(keys, cells, widths)

    def _table(self, keys: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Table:
        result = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for name, key, width in zip(self.rows[0], keys, widths, strict=True):
            numeric = all(row[name] is None or isinstance(row[name], (int, float)) for row in self.rows)
            result.add_column(Text(key), justify="right" if numeric else "left", width=width)
        for row in cells:
            result.add_row(*map(Text, row))
        return result


def _record(keys: Sequence[str], cells: Sequence[str]) -> Table:
    result = Table(show_header=False, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    result.add_column(style="bold", overflow="fold")
    result.add_column(overflow="fold")
    for key, cell in zip(keys, cells, strict=True):
        result.add_row(Text(key), Text(cell))
    return result


def fitting_widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Widths in which columns of texts are printed without breaking a word; None if the room is too small.

    >>> fitting_widths([("zoo:parity",), ("odd number of ones so far",)], 24)
    [10, 14]
    >>> fitting_widths([("zoo:parity",), ("odd number of ones so far",)], 12)
    """
    least = [max((cell_len(word) for text in column for word in text.split()), default=0) for column in columns]
    most = [max(map(cell_len, column)) for column in columns]
    spare, wanted = room - sum(least), sum(most) - sum(least)
    if spare < 0:
        return None
    share = min(1.0, spare / wanted) if wanted else 0.0
    return [low + int(share * (high - low)) for low, high in zip(least, most, strict=True)]


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
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def progress_bar() -> Progress:
    """A progress bar on standard error, so that output can be piped; none where that is not a terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    console.quiet = not console.is_terminal  # in some versions a disabled display still ends with a new line
    return Progress(*columns, console=console, disable=console.quiet, transient=True)


@contextmanager
def live_rows() -> Iterator[Callable[[Sequence[Mapping[str, Any]], str, int, int], None]]:
    """A table on standard error that fills while something runs; none where that is not a terminal.

    It is told the rows so far, what comes next, how many jobs are done, and of how many.
    """
    progress = progress_bar()
    if progress.disable:
        yield lambda *_: None
        return
    task = progress.add_task("starting", total=None)
    with Live(progress, console=progress.console, transient=True) as live:

        def show(rows: Sequence[Mapping[str, Any]], doing: str, done: int, total: int) -> None:
            progress.update(task, description=doing, completed=done, total=total)
            live.update(Group(Rows(rows), progress) if rows else progress, refresh=True)

        yield show


def working(what: str) -> AbstractContextManager[object]:
    """A spinner on standard error while something runs whose end is not known; none where that is not a terminal."""
    console = Console(stderr=True)
    return console.status(Text(printable(what)), spinner="line") if console.is_terminal else nullcontext()
