"""Workers that are processes of this machine: joblib's, which notices when one of them dies."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pickle import PicklingError

from lsrl.errors import MissingPackage
from lsrl.studies.cell_files import Finished
from lsrl.studies.cells import SweepCell
from lsrl.studies.measuring import Failed, Measure, Outcomes, WorkersLostError, measured, one_line, threads_restored


def measured_in_processes(cells: Iterator[SweepCell], measure: Measure, seed: int, workers: int | None) -> Outcomes:
    """Measure cells in so many processes (one for each processor, if None), or in this process if it is one.

    Raises `WorkersLostError` when one of them dies, since that stops the others, too; `MissingPackage`.
    """
    try:
        import joblib
    except ImportError:
        raise MissingPackage("joblib", "a sweep", "study") from None
    # A worker that was replaced because it grew is no problem: its cell is done, and the next has a new worker.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)
    number = joblib.cpu_count() if workers is None else workers
    # One cell at a time is handed out, so that a cell is stored as soon as it is finished. NumPy's matrix products,
    # too, get one thread in each process: see `use_one_thread`.
    with threads_restored(), joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = joblib.Parallel(number, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
        running = parallel(joblib.delayed(_outcome)(measure, cell, seed) for cell in cells)
        try:
            yield from running
        except PicklingError as problem:
            raise WorkersLostError(f"{one_line(problem)}; expected a function of a module to measure with") from None
        except Exception as problem:  # Of joblib or a worker: what the cells raise are outcomes.
            raise WorkersLostError(f"{one_line(problem)}; fewer workers need less memory, if that was short") from None
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Joblib warns of tasks left unfinished: here they are meant to be.
                running.close()


def _outcome(measure: Measure, cell: SweepCell, seed: int) -> tuple[SweepCell, Finished | Failed]:
    return cell, measured(measure, cell, seed)
