"""Sweeps: many cells measured side by side, each on disk as soon as it is finished.

The results do not depend on how they were made: a cell's random numbers come from its own parameters, each process
computes with one thread, and rows are put in the order of the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lsrl.errors import RangeError, listed
from lsrl.notebook import MOST_ROWS, html_table
from lsrl.studies.cell_files import Finished, Shelf
from lsrl.studies.cells import SweepCell, SweepError
from lsrl.studies.cluster import measured_on_cluster
from lsrl.studies.exact_json import MOST
from lsrl.studies.measuring import Failed, Measure, Outcomes, WorkersLostError
from lsrl.studies.processes import measured_in_processes
from lsrl.studies.results import frame_of

if TYPE_CHECKING:
    import polars

Progress = Callable[[int, int], None]
"""Told the number of finished cells and of all cells: once at the start, then after each cell."""


@dataclass(frozen=True)
class Swept:
    """A finished sweep: its results, and how they came about."""

    frame: polars.DataFrame
    """One line for each measured row: the cell's parameters, then what was measured, in the order of the cells."""
    cells: int
    taken_over: int
    """Cells that an earlier run had finished."""
    seconds: float
    """Time measured in all cells, summed: with several workers more than the time waited."""
    seed: int
    version: str

    def _repr_html_(self) -> str:
        rows = self.frame.head(MOST_ROWS).to_dicts()
        return html_table(rows, f"{self.frame.height:,} rows of {self.cells:,} cells, {self.seconds:.0f} s in all")


def swept(
    cells: Sequence[SweepCell],
    measure: Measure,
    *,
    directory: Path,
    seed: int,
    version: str,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Swept:
    """Measure the cells that `directory` does not hold yet, and return the results of all.

    `seed` is an integer from 0 to 2⁶³ − 1; `version` says what made the cells, e.g. LSRL's version and the study's own
    revision: a cell on disk counts if it has the same seed, version and parameters. `workers` is the number of
    processes (all processors, if None; 1 measures in this process, where BLAS keeps its threads: see
    `use_one_thread`), `cluster` the address of a Dask scheduler to use instead. Finished cells stay on disk when
    the sweep is stopped.

    Raises `SweepError` when a cell fails (after those in flight are stored), a cell appears twice, or no worker is left
    to measure with; `RangeError` for a bad seed or number of workers; `FormatError` when files cannot be
    read or written; `MissingPackage`.

    >>> import tempfile
    >>> def squared(cell, seed):
    ...     return [{"square": cell.parameters["x"] ** 2}]
    >>> cells = [SweepCell("squares", {"x": x}) for x in range(3)]
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     first = swept(cells[:2], squared, directory=Path(directory), seed=0, version="1", workers=1)
    ...     second = swept(cells, squared, directory=Path(directory), seed=0, version="1", workers=1)
    >>> second.taken_over, second.frame.rows()
    (2, [(0, 0), (1, 1), (2, 4)])
    """
    _check(cells, seed, workers)
    shelf = Shelf(Path(directory) / "cells", int(seed), version)
    shelf.prepare()
    found = {cell: shelf.stored(cell) for cell in cells}
    finished = {cell: result for cell, result in found.items() if result is not None}
    taken_over = len(finished)
    report = progress or (lambda _done, _total: None)
    report(taken_over, len(cells))
    pending = [cell for cell in cells if cell not in finished]
    if pending:
        measured = (
            partial(measured_in_processes, workers=workers)
            if cluster is None
            else partial(measured_on_cluster, address=cluster)
        )
        with closing(_stored(partial(measured, measure=measure, seed=seed), pending, shelf)) as results:
            for cell, result in results:
                finished[cell] = result
                report(len(finished), len(cells))
    frame = frame_of((cell, finished[cell].rows) for cell in cells)
    seconds = sum(finished[cell].seconds for cell in cells)
    return Swept(frame, len(cells), taken_over, seconds, shelf.seed, version)


def _check(cells: Sequence[SweepCell], seed: int, workers: int | None) -> None:
    if not 0 <= seed < MOST:
        raise RangeError(f"the seed is {seed}; expected an integer of at least 0 and less than 2⁶³")
    if workers is not None and workers < 1:
        raise RangeError(f"the number of workers is {workers}; expected at least 1")
    seen: set[SweepCell] = set()
    for cell in cells:
        if cell in seen:
            raise SweepError(f"the cell {cell} appears twice in a sweep; expected each cell once")
        seen.add(cell)


def _stored(
    workers: Callable[[Iterator[SweepCell]], Outcomes], pending: Sequence[SweepCell], shelf: Shelf
) -> Generator[tuple[SweepCell, Finished], None, None]:
    """Cells as they are finished, stored. After a failure no cell is started, but those in flight are stored."""
    failures: list[tuple[SweepCell, Failed]] = []
    in_flight: dict[SweepCell, None] = {}

    def started() -> Iterator[SweepCell]:
        for cell in pending:
            if failures:
                return
            in_flight[cell] = None
            yield cell

    try:
        with closing(workers(started())) as outcomes:
            for cell, outcome in outcomes:
                del in_flight[cell]
                if isinstance(outcome, Failed):
                    failures.append((cell, outcome))
                else:
                    shelf.store(cell, outcome)
                    yield cell, outcome
    except WorkersLostError as problem:
        if not failures:
            names = listed([str(cell) for cell in list(in_flight)]) or "the other cells"
            raise SweepError(f"no worker is left to measure {names}: {problem}; {_kept(shelf)}") from None
    if failures:
        cell, failure = failures[0]
        more = f" (and {len(failures) - 1} more cells failed)" if len(failures) > 1 else ""
        raise SweepError(f"the cell {cell} failed: {failure.reason}{more}; {_kept(shelf)}", failure.details)


def _kept(shelf: Shelf) -> str:
    return f"the finished cells are kept in {shelf.directory} for the next run"
