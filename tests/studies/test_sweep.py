"""Sweeps: the same results however they are made, nothing lost that was finished, errors in one line."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from lsrl.errors import FormatError, LsrlError, RangeError
from lsrl.studies.cells import Cell, SweepError
from lsrl.studies.sweep import swept

CELLS = [Cell("noise", {"lowering": name, "target": n}) for name in ("direct", "paper") for n in range(4)]


def noise(cell, seed):
    """Two rows of random numbers, some of which are no numbers."""
    numbers = cell.generator(seed).normal(size=1000)
    error = [float("nan"), float("inf"), -float("inf"), -0.0][cell.parameters["target"]]
    return [{"error": error, "sum": float(numbers.sum())}, {"error": float(numbers[0]), "sum": 1 / 3}]


def fails_at_two(cell, seed):
    if cell.parameters["target"] == 2:
        raise ValueError("the state\nis infinite")
    return noise(cell, seed)


def slow_but_for_the_first(cell, seed):
    if cell == CELLS[0]:
        raise ValueError("at once")
    time.sleep(0.5)
    return noise(cell, seed)


def takes_its_worker_down(cell, seed):
    if cell.parameters["target"] == 2:
        os._exit(1)
    return noise(cell, seed)


def bits(frame):
    """A table so that equal means equal bit for bit: NaN is NaN, -0.0 is not 0.0."""
    return frame.columns, frame.dtypes, [tuple(map(repr, row)) for row in frame.rows()]


def run(directory, measure=noise, cells=CELLS, seed=7, version="1", workers=1, **more):
    return swept(cells, measure, directory=directory, seed=seed, version=version, workers=workers, **more)


def in_one_line(failure):
    return "\n" not in str(failure.value) and isinstance(failure.value, LsrlError)


@pytest.fixture
def expected(tmp_path):
    return bits(run(tmp_path / "expected").frame)


def test_rows_follow_the_order_of_cells_with_their_parameters(tmp_path):
    frame = run(tmp_path).frame
    assert frame.columns == ["lowering", "target", "error", "sum"]
    assert frame["target"].to_list() == [0, 0, 1, 1, 2, 2, 3, 3] * 2


def test_two_workers_find_the_same_bits_as_one(tmp_path, expected):
    assert bits(run(tmp_path, workers=2).frame) == expected


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_a_dask_cluster_finds_the_same_bits(tmp_path, expected, cluster):
    assert bits(run(tmp_path, cluster=cluster).frame) == expected
    assert len(list((tmp_path / "cells").glob("*.json"))) == len(CELLS)


def test_a_failure_on_a_cluster_is_one_line_as_well(tmp_path, cluster):
    with pytest.raises(SweepError, match="target=2.* failed: ValueError: the state is infinite") as failure:
        run(tmp_path, fails_at_two, cluster=cluster)
    assert in_one_line(failure)


def test_a_cell_that_takes_down_workers_of_a_cluster_ends_the_sweep(tmp_path, cluster):
    with pytest.raises(SweepError, match="workers stopped while they measured .*target=2") as failure:
        run(tmp_path, takes_its_worker_down, cells=CELLS[:3], cluster=cluster)
    assert in_one_line(failure)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "", "http://127.0.0.1:80"])
def test_a_wrong_address_is_one_line_within_seconds(tmp_path, address):
    start = time.monotonic()
    with pytest.raises(SweepError, match="no Dask scheduler answers") as failure:
        run(tmp_path, cluster=address)
    assert in_one_line(failure)
    assert time.monotonic() - start < 10


def test_what_is_on_disk_is_taken_over(tmp_path, expected):
    told = []
    run(tmp_path, cells=CELLS[:3])
    again = run(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert again.taken_over == 3
    assert told == [(done, 8) for done in range(3, 9)]
    assert bits(again.frame) == expected


def test_a_complete_sweep_measures_nothing(tmp_path, expected):
    run(tmp_path)
    assert bits(run(tmp_path, takes_its_worker_down).frame) == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_names_its_cell_and_keeps_the_others(tmp_path, workers, expected):
    with pytest.raises(SweepError, match=r"noise\(lowering='direct', target=2\) failed: ValueError: the") as failure:
        run(tmp_path, fails_at_two, workers=workers)
    assert in_one_line(failure)
    assert "Traceback" in failure.value.details
    again = run(tmp_path, workers=workers)
    assert again.taken_over >= 2
    assert bits(again.frame) == expected


def test_cells_in_flight_are_stored_after_a_failure(tmp_path):
    with pytest.raises(SweepError, match="at once"):
        run(tmp_path, slow_but_for_the_first, workers=2)
    assert 1 <= len(list((tmp_path / "cells").glob("*.json"))) < len(CELLS) - 1


def test_a_worker_that_dies_is_one_line(tmp_path):
    with pytest.raises(SweepError, match="workers stopped while they measured .*target=2") as failure:
        run(tmp_path, takes_its_worker_down, workers=2)
    assert in_one_line(failure)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_loses_only_what_was_in_flight(tmp_path, workers, end, expected):
    code = f"""
        import signal, sys, time
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_sweep import CELLS, noise, run, third_takes_forever
        run(Path(sys.argv[1]), third_takes_forever, workers=int(sys.argv[2]))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), str(workers)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    try:
        wait_for_files(tmp_path / "cells", 2)
        os.killpg(process.pid, end)
        process.communicate(timeout=20)
    finally:
        process.poll() is None and os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    again = run(tmp_path)
    assert 2 <= again.taken_over < len(CELLS)
    assert bits(again.frame) == expected


def third_takes_forever(cell, seed):
    if cell.parameters["target"] == 2:
        time.sleep(60)
    return noise(cell, seed)


def wait_for_files(directory, number):
    for _ in range(300):
        if len(list(directory.glob("*.json"))) >= number:
            return
        time.sleep(0.1)
    raise AssertionError(f"{directory} has not got {number} files")


@pytest.mark.parametrize("other", [{"seed": 8}, {"version": "2"}])
def test_cells_of_another_seed_or_version_are_made_anew(tmp_path, other):
    run(tmp_path)
    assert run(tmp_path, **other).taken_over == 0


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b"\xff\xfe", b"[" * 100_000, b'{"rows": 3}', "half", "no rows"])
def test_a_damaged_cell_is_made_anew(tmp_path, damage, expected):
    run(tmp_path)
    path = tmp_path / "cells" / f"{CELLS[0].key}.json"
    content = path.read_bytes()
    cut = {"half": content[: len(content) // 2], "no rows": content.replace(b'"rows"', b'"lines"')}
    path.write_bytes(cut.get(damage, damage))
    again = run(tmp_path)
    assert again.taken_over == len(CELLS) - 1
    assert bits(again.frame) == expected


def test_no_parts_of_files_stay(tmp_path):
    run(tmp_path)
    assert sorted(path.name for path in (tmp_path / "cells").iterdir()) == sorted(f"{c.key}.json" for c in CELLS)


def test_an_unwritable_directory_is_one_line_before_anything_is_measured(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match=r"cannot write .*file/cells: ") as failure:
        run(tmp_path / "file", takes_its_worker_down)
    assert in_one_line(failure)


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(RangeError, match="expected"):
        run(tmp_path, **wrong)


def test_a_cell_may_not_come_twice(tmp_path):
    with pytest.raises(SweepError, match="comes twice"):
        run(tmp_path, cells=[*CELLS, CELLS[0]])


@pytest.mark.parametrize(
    ("row", "message"),
    [({"error": [1.0]}, "column error: expected"), ({"target": 1}, "column target is measured"), (3, "AttributeError")],
)
def test_rows_are_plain_and_have_their_own_columns(tmp_path, row, message):
    with pytest.raises(SweepError, match=message):
        run(tmp_path, lambda cell, seed: [row])


def test_a_sweep_leaves_the_threads_of_its_process_alone(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inside = run(tmp_path, lambda cell, seed: [{"threads": torch.get_num_threads()}])
        assert inside.frame["threads"].unique().to_list() == [1]
        assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (2, "5")
    finally:
        torch.set_num_threads(before)


def test_seeds_depend_on_nothing_but_root_study_and_parameters():
    cell = Cell("noise", {"lowering": "direct", "target": 3})
    assert cell.seed(0) == Cell("noise", {"target": np.int64(3), "lowering": "direct"}).seed(0)
    others = [Cell("drift", cell.parameters), Cell("noise", {"lowering": "direct", "target": 4})]
    assert len({cell.seed(0), cell.seed(1), *(other.seed(0) for other in others)}) == 4


def test_a_seed_from_some_parameters_is_shared_by_cells_that_agree_in_them():
    targets = {cell.seed(0, "target") for cell in CELLS}
    assert len(targets) == 4
    with pytest.raises(SweepError, match="no parameter width"):
        CELLS[0].seed(0, "width")


def test_cells_are_values():
    cell = pickle.loads(pickle.dumps(CELLS[0]))
    assert cell == CELLS[0]
    assert hash(cell) == hash(CELLS[0])
    with pytest.raises(TypeError):
        cell.parameters["target"] = 9
    with pytest.raises(SweepError, match="parameter widths of study noise is"):
        Cell("noise", {"widths": [1, 2]})
