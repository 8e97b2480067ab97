"""Sweeps: the same results however they are made, nothing lost that was finished, errors in one line."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from sample_sweep import (
    CELLS,
    bits,
    fails_at_two,
    in_flight,
    is_not_asked,
    leaves_at_two,
    one_fails_while_another_runs,
    one_line,
    run,
    stored,
    takes_its_worker_down,
    wait_until,
)

from lsrl.errors import FormatError, RangeError
from lsrl.studies.cells import SweepCell, SweepError


def test_rows_follow_the_order_of_cells_with_their_parameters(tmp_path):
    frame = run(tmp_path).frame
    assert frame.columns == ["lowering", "target", "error", "sum"]
    assert frame["target"].to_list() == [0, 0, 1, 1, 2, 2, 3, 3] * 2


def test_two_workers_find_the_same_bits_as_one(tmp_path, expected):
    assert bits(run(tmp_path, workers=2).frame) == expected


def test_what_is_on_disk_is_taken_over(tmp_path, expected):
    told = []
    run(tmp_path, cells=CELLS[:3])
    again = run(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert again.taken_over == 3
    assert told == [(done, 8) for done in range(3, 9)]
    assert bits(again.frame) == expected


def test_a_complete_sweep_measures_nothing(tmp_path, expected):
    run(tmp_path)
    assert bits(run(tmp_path, is_not_asked).frame) == expected


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("measure", [fails_at_two, leaves_at_two])
def test_a_failure_names_its_cell_and_keeps_the_others(tmp_path, measure, workers, expected):
    with one_line(SweepError, r"noise\(lowering='direct', target=2\) failed: \w+: .*kept in") as failure:
        run(tmp_path, measure, CELLS[:6], workers=workers)
    assert "Traceback" in failure.value.details
    again = run(tmp_path, workers=workers)
    assert again.taken_over >= 2
    assert bits(again.frame) == expected


def test_no_cell_is_started_after_a_failure(tmp_path):
    with one_line(SweepError, "target=2"):
        run(tmp_path, fails_at_two)
    assert stored(tmp_path) == 2


def test_cells_in_flight_are_stored_after_a_failure(tmp_path):
    with one_line(SweepError, "at once"):
        run(tmp_path, one_fails_while_another_runs, in_flight(tmp_path), workers=2)
    assert stored(tmp_path) == 1


def test_a_worker_that_dies_is_one_line_and_its_cell_is_named(tmp_path):
    with one_line(SweepError, "no worker is left to measure .*target=2.*kept in"):
        run(tmp_path, takes_its_worker_down, workers=2)


def test_a_measurement_that_cannot_be_sent_is_one_line(tmp_path):
    lock = threading.Lock()
    with one_line(SweepError, "expected a function of a module"):
        run(tmp_path, lambda cell, seed: [{"locked": lock.locked()}], workers=2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_loses_only_what_was_in_flight(tmp_path, workers, end, expected):
    code = f"""
        import signal, sys
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from sample_sweep import run, third_takes_forever
        run(Path(sys.argv[1]), third_takes_forever, workers=int(sys.argv[2]))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), str(workers)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: stored(tmp_path) >= 2)
        os.killpg(process.pid, end)
        process.communicate(timeout=240)
    finally:
        process.poll() is None and os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    again = run(tmp_path)
    assert 2 <= again.taken_over < len(CELLS)
    assert bits(again.frame) == expected


def test_an_unwritable_directory_is_one_line_before_anything_is_measured(tmp_path):
    (tmp_path / "file").write_text("")
    with one_line(FormatError, r"cannot write .*file/cells: "):
        run(tmp_path / "file", is_not_asked)


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"seed": -1}, {"seed": 2**63}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with one_line(RangeError, "expected"):
        run(tmp_path, **wrong)


def test_a_cell_may_not_come_twice(tmp_path):
    with one_line(SweepError, "appears twice"):
        run(tmp_path, cells=[*CELLS, CELLS[0]])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"error": [1.0]}, "column error: expected"),
        ({"target": 1}, "column target is measured"),
        ({"error": 2**63}, "column error: expected an integer of at most 64 bits"),
        ({"error": "\ud800"}, "column error: expected text that files can hold"),
        ({"\ud800": 1}, "expected text that files can hold"),
        ({1: 1}, "column 1: expected a text as its name"),
        (3, "AttributeError"),
    ],
)
def test_rows_are_plain_and_have_their_own_columns(tmp_path, row, message):
    with one_line(SweepError, message):
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
    cell = SweepCell("noise", {"lowering": "direct", "target": 3})
    assert cell.seed(0) == SweepCell("noise", {"target": np.int64(3), "lowering": "direct"}).seed(0)
    others = [SweepCell("drift", cell.parameters), SweepCell("noise", {"lowering": "direct", "target": 4})]
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
    with one_line(SweepError, "parameter widths of study noise is"):
        SweepCell("noise", {"widths": [1, 2]})


def test_cells_are_equal_if_their_keys_are(tmp_path):
    one, other = (SweepCell("noise", {"sigma": float("nan")}) for _ in range(2))
    assert one == other
    assert SweepCell("noise", {"sigma": 1}) != SweepCell("noise", {"sigma": 1.0}) != SweepCell("noise", {"sigma": True})
    frame = run(tmp_path, lambda cell, seed: [{"seed": seed}], [one], workers=2).frame
    assert list(map(repr, frame.rows())) == ["(nan, 7)"]
