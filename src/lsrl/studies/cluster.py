"""Sweeps on a Dask cluster: joblib hands cells to its workers, and the results come back here to be stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from lsrl.errors import MissingPackage
from lsrl.studies.cells import SweepError
from lsrl.studies.measuring import Measure

SECONDS_TO_CONNECT = 5
"""How long to wait for the scheduler, and again for its first worker."""


@contextmanager
def on_cluster(address: str, measure: Measure) -> Iterator[Any]:
    """A joblib backend whose workers are those of the Dask scheduler at `address`, e.g. `"tcp://10.0.0.5:8786"`.

    Raises `SweepError` when it does not answer within seconds, has no worker, or its workers cannot run `measure`
    with this version of LSRL; `MissingPackage`.
    """
    try:
        import distributed
    except ImportError:
        raise MissingPackage("distributed", "a sweep on a cluster", "cluster") from None
    connect: Any = distributed.Client  # The package has no types.
    try:
        client = connect(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except Exception as problem:
        raise SweepError(
            f"no Dask scheduler answers at {address!r}: {one_line(problem)}; expected an address such as "
            f"tcp://HOST:8786, as 'dask scheduler' prints it"
        ) from None
    with client:
        _check_workers(client, address, measure)
        yield _backend(client)


def _check_workers(client: Any, address: str, measure: Measure) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except Exception:
        raise SweepError(
            f"the Dask cluster at {address!r} has no workers; start some with 'dask worker {address}'"
        ) from None
    try:
        versions = client.run(_version_for, measure)
    except Exception as problem:
        raise SweepError(
            f"the workers of {address!r} cannot run this study: {one_line(problem)}; install LSRL there as it is here"
        ) from None
    for worker, there in versions.items():
        if there != version("lsrl"):
            raise SweepError(
                f"the worker {worker} of {address!r} has LSRL {there}; expected {version('lsrl')}, as here; install it"
            )


def _version_for(_measure: Measure) -> str:
    """The worker's version of LSRL; that it has the function to measure shows in being called."""
    return version("lsrl")


def _backend(client: Any) -> Any:
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Joblib's backend, except that it notices cells that took their workers down.

        Joblib (1.6) waits forever for a task that Dask has given up: it does not report that one as ended.
        """

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)
            if callback is not None:
                future.add_done_callback(lambda ended: ended.exception() and callback(ended.exception()))
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, BaseException):
                raise out
            return super().retrieve_result_callback(out)

    return Backend(client=client)


def one_line(problem: BaseException) -> str:
    """An exception's type and message in one line.

    >>> one_line(ValueError("two\\nlines"))
    'ValueError: two lines'
    """
    return " ".join(f"{type(problem).__name__}: {problem}".split())
