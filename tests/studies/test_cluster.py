"""Sweeps on a Dask cluster: the same results, whatever becomes of its workers, and never a wait without an end."""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from sample_sweep import (
    CELLS,
    bits,
    fails_at_two,
    in_flight,
    leaves_at_two,
    one_fails_while_another_runs,
    one_line,
    run,
    stored,
    takes_its_worker_down,
    wait_until,
)

from lsrl.studies import cluster as dask_cluster
from lsrl.studies.cells import SweepError

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")


def local_cluster(**more):
    return distributed.LocalCluster(threads_per_worker=1, dashboard_address=":0", **more)


@pytest.fixture(scope="module")
def processes():
    """The address of a scheduler with two workers, each a process of its own."""
    with local_cluster(n_workers=2) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def threads():
    """A scheduler and a worker in this process, which are quick to start and to take away."""
    with local_cluster(n_workers=1, processes=False, protocol="tcp") as cluster:
        yield cluster


@pytest.fixture
def impatient(monkeypatch):
    """Shortens limits, from the moment it is called. How short they are decides nothing but how long a test takes."""

    def shorten(*limits):
        for limit in limits:
            monkeypatch.setattr(dask_cluster, f"SECONDS_{limit}", 0.5)

    return shorten


def after(number, act):
    """Progress that acts once so many cells are finished."""
    return lambda done, total: done == number and act()


def test_a_cluster_finds_the_same_bits(tmp_path, expected, processes):
    assert bits(run(tmp_path, cluster=processes).frame) == expected
    assert stored(tmp_path) == len(CELLS)


@pytest.mark.parametrize("measure", [fails_at_two, leaves_at_two])
def test_a_failure_is_one_line_and_names_its_cell(tmp_path, measure, processes):
    with one_line(SweepError, r"the cell noise\(.*target=2\) failed: \w+: .*kept in") as failure:
        run(tmp_path, measure, cluster=processes)
    assert "Traceback" in failure.value.details


def test_cells_in_flight_are_stored_after_a_failure(tmp_path, processes):
    with pytest.raises(SweepError, match="at once"):
        run(tmp_path, one_fails_while_another_runs, in_flight(tmp_path), cluster=processes)
    assert stored(tmp_path) == 1


def test_workers_with_another_version_are_refused(tmp_path, processes, monkeypatch):
    monkeypatch.setattr(dask_cluster, "__version__", "9.9")
    with one_line(SweepError, r"the worker tcp://.* has LSRL .*; expected 9\.9: install it there"):
        run(tmp_path, cluster=processes)


def test_workers_that_cannot_import_the_measurement_are_one_line(tmp_path, processes, monkeypatch):
    (tmp_path / "only_here.py").write_text("def measure(cell, seed):\n    return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    with one_line(SweepError, "No module named 'only_here'; expected LSRL and its packages there"):
        run(tmp_path, only_here.measure, cluster=processes)


def test_a_measurement_that_cannot_be_sent_is_one_line(tmp_path, processes):
    lock = threading.Lock()
    with one_line(SweepError, "cannot be sent to a cluster: TypeError: .*; expected a function of a module"):
        run(tmp_path, lambda cell, seed: [{"locked": lock.locked()}], cluster=processes)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "nonsense", "", "http://127.0.0.1:80", "tcp://[", "tcp://a:b"]
)
def test_a_wrong_address_is_one_line_and_leaves_nothing_behind(tmp_path, address, impatient):
    impatient("TO_ANSWER")
    before = set(threading.enumerate())
    with one_line(SweepError, "no Dask scheduler answers.*expected an address such as tcp://"):
        run(tmp_path, cluster=address)
    # An open client would be closed by the garbage collector, in whichever thread and at whatever moment it runs.
    wait_until(lambda: all(one.status == "closed" for one in gc.get_objects() if type(one) is distributed.Client))
    wait_until(lambda: all("Offload" in thread.name for thread in set(threading.enumerate()) - before))


def test_a_scheduler_without_workers_is_one_line(tmp_path, impatient):
    impatient("TO_FIRST_WORKER", "BETWEEN_LOOKS")
    with (
        local_cluster(n_workers=0, processes=False, protocol="tcp") as cluster,
        one_line(SweepError, "no worker of 'tcp://.*' is running; start some with 'dask worker tcp://"),
    ):
        run(tmp_path, cluster=cluster.scheduler_address)


def test_workers_that_do_not_come_back_end_the_sweep(tmp_path, threads, impatient):
    def removed():
        threads.scale(0)
        wait_until(lambda: not threads.scheduler.workers)
        impatient("WITHOUT_WORKERS", "BETWEEN_LOOKS")

    with one_line(
        SweepError, "no worker is left to measure (noise|the other cells).* is running; start some.* kept in"
    ):
        run(tmp_path, cluster=threads.scheduler_address, progress=after(3, removed))
    assert stored(tmp_path) == 3


def test_workers_may_come_and_go(tmp_path, threads, expected):
    def replaced():
        threads.scale(0)
        wait_until(lambda: not threads.scheduler.workers)
        threads.scale(2)

    assert bits(run(tmp_path, cluster=threads.scheduler_address, progress=after(3, replaced)).frame) == expected


def test_workers_that_are_paused_for_want_of_memory_end_the_sweep(tmp_path, impatient):
    impatient("TO_FIRST_WORKER", "BETWEEN_LOOKS")
    with (
        dask.config.set({"distributed.worker.memory.pause": 1e-9}),
        local_cluster(n_workers=1, processes=False, protocol="tcp", memory_limit="4GB") as cluster,
    ):
        wait_until(lambda: not cluster.scheduler.running)
        with one_line(SweepError, "no worker of .* is running"):
            run(tmp_path, cluster=cluster.scheduler_address)


def test_an_interrupted_sweep_leaves_nothing_on_the_cluster(tmp_path, threads):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, cluster=threads.scheduler_address, progress=after(3, interrupt))
    assert stored(tmp_path) == 3
    wait_until(lambda: not threads.scheduler.tasks)


def test_a_cell_that_takes_down_workers_is_named(tmp_path, monkeypatch):
    # Dask gives it up, or it leaves no worker: a nanny starts none that died before it was seen to have started.
    monkeypatch.setattr(dask_cluster, "SECONDS_WITHOUT_WORKERS", 30.0)
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}), local_cluster(n_workers=2) as cluster:
        with one_line(SweepError, r"target=2.*(workers .* died while they measured it|is running; start)"):
            run(tmp_path, takes_its_worker_down, CELLS[:3], cluster=cluster.scheduler_address)
        assert 1 <= stored(tmp_path) <= 2


@contextmanager
def started(folder, *arguments, path=()):
    """A scheduler or a worker of Dask as it is started on the command line: a process of its own."""
    command = [sys.executable, "-m", *arguments, "--scheduler-file", str(folder / "scheduler.json"), "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, *sys.path])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def machines(folder, path=()):
    """The address of a scheduler, its process, and that of its worker, which no nanny starts again."""
    with (
        started(folder, "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1", path=path) as scheduler,
        started(folder, "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", path=path) as worker,
    ):
        file = folder / "scheduler.json"
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False, timeout=120) as client:
            client.wait_for_workers(1, timeout=240)
        yield address, scheduler, worker


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_falls_silent_ends_the_sweep(tmp_path, impatient, end):
    def silenced():
        scheduler.send_signal(end)
        impatient("TO_ANSWER", "WITHOUT_WORKERS", "BETWEEN_LOOKS")

    with (
        machines(tmp_path) as (address, scheduler, _),
        one_line(SweepError, r"no worker is left to measure (noise\(|the other cells).* kept in"),
    ):
        run(tmp_path, cluster=address, progress=after(3, silenced))
    assert 3 <= stored(tmp_path) < len(CELLS)


@pytest.mark.parametrize("finished", [0, 3])
def test_a_worker_that_dies_ends_the_sweep_with_what_to_do(tmp_path, impatient, finished):
    def killed():
        worker.kill()
        impatient("TO_FIRST_WORKER", "WITHOUT_WORKERS", "BETWEEN_LOOKS")

    with (
        machines(tmp_path) as (address, _, worker),
        one_line(SweepError, "no worker is left .*no worker of .* is running; start some with 'dask worker tcp:"),
    ):
        run(tmp_path, cluster=address, progress=after(finished, killed))
    assert finished <= stored(tmp_path) < len(CELLS)


def test_where_lsrl_is_not_installed_is_one_line_and_does_no_harm(tmp_path):
    missing = tmp_path / "path" / "lsrl.py"
    missing.parent.mkdir()
    missing.write_text("raise ModuleNotFoundError(\"No module named 'lsrl'\")")
    with machines(tmp_path, path=[str(missing.parent)]) as (address, _, worker):
        with one_line(SweepError, "cannot measure it: .*No module named 'lsrl'; expected LSRL and its packages there"):
            run(tmp_path, cluster=address)
        with distributed.Client(address, set_as_default=False, timeout=120) as client:
            assert client.submit(pow, 2, 3).result(timeout=240) == 8
        assert worker.poll() is None
