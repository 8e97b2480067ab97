"""What workers do: measure one cell with one thread, say in one line what went wrong, and hand over what came out."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lsrl.studies.cell_files import Finished, as_row
from lsrl.studies.cells import SweepCell

Measure = Callable[[SweepCell, int], list[dict[str, Any]]]
"""Measures a cell, given the root seed, and returns rows of plain scalars. A function of a module, so that other
processes find it."""

THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True)
class Failed:
    """Why a cell has no rows: one line, and the stack trace for whoever repairs it."""

    reason: str
    details: str


Outcomes = Generator[tuple[SweepCell, Finished | Failed], None, None]
"""What became of cells, in the order in which they end.

This is all that a sweep knows of its workers: they are given an iterator of cells, from which they take the next one
when one of them is free, so that no more cells wait than are measured. Once the iterator ends, those in flight are
finished; to close the generator is to give them up. Raises `WorkersLostError`."""


class WorkersLostError(Exception):
    """No worker is left that could measure anything: why, and what to do, in one line."""


def measured(measure: Measure, cell: SweepCell, seed: int) -> Finished | Failed:
    """Measure a cell. Raises neither an `Exception` nor `SystemExit`: a failure must not take other cells with it."""
    use_one_thread()
    start = time.perf_counter()
    try:
        rows = tuple(as_row(row) for row in measure(cell, seed))
        clashes = [name for row in rows for name in row if name in cell.parameters]
        if clashes:
            raise ValueError(f"column {clashes[0]} is measured, and a parameter as well; rename one of them")
    except (Exception, SystemExit) as problem:
        return Failed(one_line(problem), traceback.format_exc())
    return Finished(rows, time.perf_counter() - start)


def one_line(problem: BaseException) -> str:
    """An exception's type and message in one line.

    >>> one_line(ValueError("two\\nlines"))
    'ValueError: two lines'
    """
    return " ".join(f"{type(problem).__name__}: {problem}".split()).removesuffix(":")


def use_one_thread() -> None:
    """Let torch compute with one thread in this process, also when it is imported later.

    Sums are split among threads, and floating-point sums depend on how they are split: only with one thread in each
    process are results the same bit for bit whatever the number of processors and workers. Cells run side by side,
    so more threads would only wait for one another. NumPy's BLAS reads the setting as it is loaded, so in the process
    of the caller it keeps its threads, and sums over tens of thousands of numbers may differ there in the last bits.
    """
    os.environ[THREADS] = "1"
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


@contextmanager
def threads_restored() -> Iterator[None]:
    """Undo `use_one_thread` afterwards: for a sweep in a process that has other work to do."""
    environment = os.environ.get(THREADS)
    torch = sys.modules.get("torch")
    threads = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if environment is None:
            os.environ.pop(THREADS, None)
        else:
            os.environ[THREADS] = environment
        if torch is not None:
            torch.set_num_threads(threads)
