"""Workers of a Dask cluster. Whatever becomes of them or of their scheduler, a sweep does not wait for ever.

Dask itself measures a cell again whose worker died, and gives the cell up when that has happened too often. But a
worker that dies before its nanny has seen it start is not started again (distributed 2026.8), so that a cell that takes
its workers down may leave none; and a scheduler without workers waits for new ones as long as it lives. Here, that has
a limit.
"""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from math import inf
from time import monotonic
from typing import Any, TypeVar

from lsrl.errors import MissingPackage
from lsrl.machine import __version__
from lsrl.studies.cell_files import Finished
from lsrl.studies.cells import SweepCell, SweepError
from lsrl.studies.measuring import Failed, Measure, Outcomes, WorkersLostError, measured, one_line

SECONDS_TO_ANSWER = 20.0
"""How long the scheduler may take to answer."""
SECONDS_TO_FIRST_WORKER = 20.0
"""How long a sweep waits for a running worker to begin with."""
SECONDS_WITHOUT_WORKERS = 120.0
"""How long it goes on while no worker is running any more, or the scheduler does not answer."""
SECONDS_BETWEEN_LOOKS = 5.0
"""How often the scheduler is asked for its workers."""

Loop = asyncio.AbstractEventLoop
Result = TypeVar("Result")


def measured_on_cluster(cells: Iterator[SweepCell], measure: Measure, seed: int, address: str) -> Outcomes:
    """Measure cells on the workers of the Dask scheduler at `address`, e.g. `"tcp://10.0.0.5:8786"`.

    Workers may come and go meanwhile. Raises `WorkersLostError` when the scheduler is lost, or has no running worker
    for `SECONDS_TO_FIRST_WORKER` at the start or `SECONDS_WITHOUT_WORKERS` later; `SweepError` when no scheduler
    answers to begin with; `MissingPackage`.
    """
    in_flight: set[Future[tuple[SweepCell, Finished | Failed]]] = set()
    packed = _packed(measure, seed)
    with _event_loop() as loop, _connected(loop, address) as client:
        watch = _Watch(loop, client, address)
        while True:
            # A cell for each thread: Dask suspects all cells of a worker that died, also those that only waited there.
            for cell in islice(cells, max(watch.threads() - len(in_flight), 0)):
                in_flight.add(asyncio.run_coroutine_threadsafe(_outcome(client, packed, cell), loop))
            if not in_flight:
                return
            ended, in_flight = wait(in_flight, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
            if ended:
                watch.alive = monotonic()
            for future in sorted(ended, key=lambda future: future.exception() is not None):  # first what can be stored
                yield future.result()


def _packed(measure: Measure, seed: int) -> bytes:
    """What is done with a cell, as bytes. Raises `SweepError`, `MissingPackage`."""
    try:
        import cloudpickle
    except ImportError:
        raise MissingPackage("cloudpickle", "a sweep on a cluster", "cluster") from None
    try:
        packed: bytes = cloudpickle.dumps(partial(_measured_there, __version__, measure, seed))
    except Exception as problem:
        reason = f"{one_line(problem)}; expected a function of a module"
        raise SweepError(f"what measures cells cannot be sent to a cluster: {reason}") from None
    return packed


async def _outcome(client: Any, packed: bytes, cell: SweepCell) -> tuple[SweepCell, Finished | Failed]:
    from distributed import KilledWorker

    if client.status == "closed":
        raise WorkersLostError("the connection to the scheduler is lost")
    # Sent as bytes and, since it has no name, by value: a worker that lacks a module says so when it unpacks them.
    # If it could not read the very message, it would stop, and the next one as well.
    unpacked = lambda function, argument: pickle.loads(function)(pickle.loads(argument))  # noqa: E731
    try:
        return cell, await client.submit(unpacked, packed, pickle.dumps(cell), pure=False)
    except (CancelledError, asyncio.CancelledError) as problem:
        raise WorkersLostError(f"the cluster gave up what it was given: {one_line(problem)}") from None
    except KilledWorker as problem:
        times, last = problem.allowed_failures + 1, problem.last_worker.address
        return cell, Failed(f"{times} workers of the cluster died while they measured it, the last one {last}", "")
    except Exception as problem:  # Of Dask: what the cell raises is an outcome.
        reason = f"the cluster cannot measure it: {one_line(problem)}; expected LSRL and its packages there as here"
        return cell, Failed(reason, "")


def _measured_there(expected: str, measure: Measure, seed: int, cell: SweepCell) -> Finished | Failed:
    """What a worker does; one with another version of LSRL might measure something else."""
    if __version__ == expected:
        return measured(measure, cell, seed)
    from distributed import get_worker

    here = get_worker().address
    return Failed(f"the worker {here} has LSRL {__version__}; expected {expected}: install it there", "")


class _Watch:
    """How many threads the workers have, asked now and then, and since when they had none."""

    def __init__(self, loop: Loop, client: Any, address: str) -> None:
        self.loop, self.client, self.address = loop, client, address
        self.found, self.looked, self.seen = 0, -inf, False
        self.alive = monotonic()  # when a worker was last seen running, or a cell ended

    def threads(self) -> int:
        """The threads of running workers, or 1. Raises `WorkersLostError` when there was none for too long."""
        if monotonic() - self.looked >= SECONDS_BETWEEN_LOOKS:
            problem = f"no worker of {self.address!r} is running; start some with 'dask worker {self.address}'"
            try:
                self.found = _in_time(self.loop, _running_threads, self.client)
            except Exception as silence:
                self.found, problem = 0, f"the scheduler at {self.address!r} does not answer: {one_line(silence)}"
            self.looked = monotonic()
            limit = SECONDS_WITHOUT_WORKERS if self.seen else SECONDS_TO_FIRST_WORKER
            if self.found:
                self.alive, self.seen = self.looked, True
            elif self.looked - self.alive >= limit:
                raise WorkersLostError(f"for {limit:g} seconds, {problem}")
        return max(self.found, 1)


async def _running_threads(client: Any) -> int:
    workers = (await client.scheduler.identity())["workers"].values()
    return sum(worker["nthreads"] for worker in workers if worker["status"] == "running")  # not paused, not closing


@contextmanager
def _connected(loop: Loop, address: str) -> Iterator[Any]:
    """A client that is connected to a scheduler. Raises `SweepError`, `MissingPackage`."""
    try:
        import distributed
    except ImportError:
        raise MissingPackage("distributed", "a sweep on a cluster", "cluster") from None
    connect: Any = distributed.Client  # The package has no types.

    async def started() -> Any:
        client: Any = connect(address, asynchronous=True, timeout=SECONDS_TO_ANSWER, set_as_default=False)
        try:
            return await client
        except BaseException:
            await client.close()
            raise

    try:
        client = _in_time(loop, started)
    except Exception as problem:
        raise SweepError(
            f"no Dask scheduler answers at {address!r}: {one_line(problem)}; expected an address such as "
            f"tcp://HOST:8786, as 'dask scheduler' prints it"
        ) from None
    try:
        yield client
    finally:
        with suppress(Exception):  # It may have lost its scheduler, which is not news by now.
            _in_time(loop, client.close)


@contextmanager
def _event_loop() -> Iterator[Loop]:
    """A thread in which asynchronous functions run, so that each can be waited for with a limit: see `_in_time`.

    Dask's synchronous client would start such a thread itself. But when it cannot connect, it is left to the garbage
    collector to be closed, and if that happens while another one starts its thread, both wait for ever.
    """
    ready: Future[tuple[Loop, asyncio.Event]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="client of a Dask cluster", daemon=True)
    thread.start()
    loop, stop = ready.result(SECONDS_TO_ANSWER)
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(SECONDS_TO_ANSWER)


def _in_time(loop: Loop, function: Callable[..., Awaitable[Result]], *arguments: Any) -> Result:
    """What an asynchronous function returns. Raises what it raises, also when it takes over `SECONDS_TO_ANSWER`."""

    async def awaited() -> Result:
        return await function(*arguments)

    future = asyncio.run_coroutine_threadsafe(awaited(), loop)
    try:
        return future.result(SECONDS_TO_ANSWER)
    finally:
        future.cancel()  # Without effect once it has ended.
