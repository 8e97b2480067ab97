"""Sweeps: many cells measured side by side, each on disk as soon as it is finished.

The results do not depend on how they were made: a cell's random numbers come from its own parameters, each process
computes with one thread, and rows are put in the order of the cells.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.errors import MissingPackage, RangeError, listed
from lsrl.studies.cell_files import Finished, Shelf
from lsrl.studies.cells import Cell, SweepError
from lsrl.studies.cluster import on_cluster, one_line
from lsrl.studies.measuring import Failed, Measure, measured, threads_restored
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


def swept(
    cells: Sequence[Cell],
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

    `seed` is at least 0; `version` says what made the cells, e.g. LSRL's version and the study's own revision: a cell
    on disk counts if it has the same seed, version and parameters. `workers` is the number of processes (all
    processors, if None; 1 measures in this process, where BLAS keeps its threads: see
    `use_one_thread`), `cluster` the address of a Dask scheduler to use instead. Finished cells stay on disk when
    the sweep is stopped.

    Raises `SweepError` when a cell fails (after those in flight are stored), a cell comes twice, or the cluster
    cannot be used; `RangeError` for a seed or number of workers that is none; `FormatError` when files cannot be
    written; `MissingPackage`.

    >>> import tempfile
    >>> def squared(cell, seed):
    ...     return [{"square": cell.parameters["x"] ** 2}]
    >>> cells = [Cell("squares", {"x": x}) for x in range(3)]
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
        with (
            _workers(workers, cluster, measure) as parallel,
            closing(_stored(parallel, pending, measure, shelf)) as results,
        ):
            for cell, result in results:
                finished[cell] = result
                report(len(finished), len(cells))
    frame = frame_of((cell, finished[cell].rows) for cell in cells)
    seconds = sum(finished[cell].seconds for cell in cells)
    return Swept(frame, len(cells), taken_over, seconds, shelf.seed, version)


def _check(cells: Sequence[Cell], seed: int, workers: int | None) -> None:
    if seed < 0:
        raise RangeError(f"the seed is {seed}; expected an integer of at least 0")
    if workers is not None and workers < 1:
        raise RangeError(f"the number of workers is {workers}; expected at least 1")
    seen: set[Cell] = set()
    for cell in cells:
        if cell in seen:
            raise SweepError(f"the cell {cell} comes twice in a sweep; expected each cell once")
        seen.add(cell)


@contextmanager
def _workers(workers: int | None, cluster: str | None, measure: Measure) -> Iterator[Any]:
    """A joblib `Parallel` in this process, in processes of this machine, or on a cluster."""
    try:
        import joblib
    except ImportError:
        raise MissingPackage("joblib", "a sweep", "study") from None
    # One cell at a time is handed out, so that a cell is stored as soon as it is finished.
    how = {"return_as": "generator_unordered", "batch_size": 1, "pre_dispatch": "2 * n_jobs"}
    if cluster is not None:
        with on_cluster(cluster, measure) as backend, joblib.parallel_config(backend=backend):
            yield joblib.Parallel(n_jobs=-1, **how)
        return
    # A worker that was replaced because it grew is no problem: its cell is done, and the next has a new worker.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    number = joblib.cpu_count() if workers is None else workers
    # NumPy's matrix products, too, get one thread in each process: see `use_one_thread`.
    with threads_restored(), joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        yield joblib.Parallel(n_jobs=number, **how)


def _stored(
    parallel: Any, pending: Sequence[Cell], measure: Measure, shelf: Shelf
) -> Generator[tuple[Cell, Finished], None, None]:
    """Cells as they are finished, stored. After a failure no cell is started, but those in flight are stored."""
    stop = threading.Event()
    failures: list[tuple[Cell, Failed]] = []
    with closing(_outcomes(parallel, pending, measure, shelf.seed, stop)) as outcomes:
        for cell, outcome in outcomes:
            if isinstance(outcome, Failed):
                stop.set()
                failures.append((cell, outcome))
            else:
                shelf.store(cell, outcome)
                yield cell, outcome
    if failures:
        cell, failure = failures[0]
        more = f" (and {len(failures) - 1} more cells failed)" if len(failures) > 1 else ""
        raise SweepError(
            f"the cell {cell} failed: {failure.reason}{more}; the finished cells are kept for the next run",
            failure.details,
        )


def _outcomes(
    parallel: Any, pending: Sequence[Cell], measure: Measure, seed: int, stop: threading.Event
) -> Generator[tuple[Cell, Finished | Failed], None, None]:
    """What became of each cell, in the order in which they end; no cell is started once `stop` is set."""
    from joblib import delayed

    in_flight: dict[int, Cell] = {}

    def tasks() -> Iterator[Any]:
        for number, cell in enumerate(pending):
            if stop.is_set():
                return
            in_flight[number] = cell
            yield delayed(_numbered)(number, measure, cell, seed)

    running: Any = None
    try:
        running = parallel(tasks())
        for number, outcome in running:
            yield in_flight.pop(number), outcome
    except Exception as problem:  # Of joblib or a worker: what the cells raise are outcomes.
        cells = listed([str(cell) for cell in in_flight.values()], limit=3)
        raise SweepError(
            f"the workers stopped while they measured {cells}: {one_line(problem)}; the finished cells are kept for "
            f"the next run, which may need fewer workers if memory was short"
        ) from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Joblib warns of tasks left unfinished: here they are meant to be.
            if running is not None:
                running.close()


def _numbered(number: int, measure: Measure, cell: Cell, seed: int) -> tuple[int, Finished | Failed]:
    return number, measured(measure, cell, seed)
