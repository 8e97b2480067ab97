"""The files of finished cells: taken over as they were written, or not at all; never a wait, never a traceback."""

import json
import os

import pytest
from sample_sweep import CELLS, bits, is_not_asked, noise, one_line, run

from lsrl.errors import FormatError
from lsrl.studies.cells import SweepCell
from lsrl.studies.exact_json import sealed, unsealed


@pytest.fixture
def file(tmp_path):
    """The file of the first cell of a finished sweep."""
    run(tmp_path)
    return tmp_path / "cells" / f"{CELLS[0].key}.json"


@pytest.mark.parametrize("other", [{"seed": 8}, {"version": "2"}])
def test_cells_of_another_seed_or_version_are_made_anew(tmp_path, other):
    run(tmp_path)
    assert run(tmp_path, **other).taken_over == 0


NO_CELLS = [
    b"",
    b"{",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"rows": 3}',
    b'{"sha256": "", "rows": %s}' % (b"[" * 900 + b"]" * 900),
]


@pytest.mark.parametrize("content", NO_CELLS)
def test_what_is_no_cell_is_made_anew(tmp_path, file, content, expected):
    file.write_bytes(content)
    again = run(tmp_path)
    assert again.taken_over == len(CELLS) - 1
    assert bits(again.frame) == expected


def changed(data, **values):
    return {**data, **values}


CHANGES = {
    "a digit": lambda data: changed(data, rows=[{**data["rows"][0], "sum": 0.5}, data["rows"][1]]),
    "no rows": lambda data: changed(data, rows=[]),
    "fewer rows": lambda data: changed(data, rows=data["rows"][:1]),
    "more rows": lambda data: changed(data, rows=data["rows"] * 2),
    "rows in another order": lambda data: changed(data, rows=data["rows"][::-1]),
    "another column": lambda data: changed(data, rows=[{**row, "more": 1} for row in data["rows"]]),
    "another type": lambda data: changed(data, rows=[{**row, "sum": str(row["sum"])} for row in data["rows"]]),
    "NaN for infinity": lambda data: changed(
        data, rows=[{**data["rows"][0], "error": {"float": "inf"}}, data["rows"][1]]
    ),
    "a huge integer": lambda data: changed(data, rows=[{"sum": "HUGE"}]),
    "a deep nest": lambda data: changed(data, rows=json.loads("[" * 500 + "]" * 500)),
    "other seconds": lambda data: changed(data, seconds=1e9),
    "other parameters": lambda data: changed(data, parameters={"lowering": "direct", "target": 1}),
    "something more": lambda data: changed(data, more=1),
    "another digest": lambda data: changed(data, sha256="0" * 64),
    "no text as digest": lambda data: changed(data, sha256=None),
    "no digest": lambda data: {name: value for name, value in data.items() if name != "sha256"},
    "the digest of another cell": lambda data: sealed(
        changed(unsealed(data), parameters={"lowering": "direct", "target": 1})
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_cell_that_was_changed_is_made_anew(tmp_path, file, change, expected):
    text = json.dumps(CHANGES[change](json.loads(file.read_text())))
    file.write_text(text.replace('"HUGE"', "9" * 5000))  # more digits than Python would write
    again = run(tmp_path)
    assert again.taken_over == len(CELLS) - 1
    assert bits(again.frame) == expected


def test_a_cell_that_is_written_in_another_way_is_taken_over(tmp_path, file, expected):
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4))
    again = run(tmp_path)
    assert again.taken_over == len(CELLS)
    assert bits(again.frame) == expected


def device(path):
    path.symlink_to("/dev/zero")


def loop(path):
    path.symlink_to(path.name)


def huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, device, loop, huge])
def test_what_is_no_file_of_a_cell_is_refused_before_anything_is_measured(tmp_path, file, make):
    file.unlink()
    make(file)
    with one_line(FormatError, f"cannot read .*{file.name}: .*expected the file of a finished cell, or none: move it"):
        run(tmp_path, is_not_asked, [CELLS[0], SweepCell("noise", {"target": 2})])


def test_a_file_that_may_not_be_read_is_refused(tmp_path, file):
    file.chmod(0)
    if os.access(file, os.R_OK):  # as root may
        assert run(tmp_path).taken_over == len(CELLS)
    else:
        with one_line(FormatError, f"cannot read .*{file.name}: Permission denied; expected the file"):
            run(tmp_path)


@pytest.mark.parametrize("make", [lambda path: path.write_text(""), os.mkfifo, loop])
def test_a_folder_that_is_none_is_refused_before_anything_is_measured(tmp_path, make):
    make(tmp_path / "cells")
    with one_line(FormatError, "cannot write .*cells: .*expected a place where files can be written"):
        run(tmp_path, is_not_asked)


def test_no_parts_of_files_stay(tmp_path):
    run(tmp_path)
    assert sorted(path.name for path in (tmp_path / "cells").iterdir()) == sorted(f"{c.key}.json" for c in CELLS)


def test_two_sweeps_into_one_folder_find_the_same(tmp_path, expected):
    def while_another_sweeps(cell, seed):
        if cell == CELLS[3]:
            assert bits(run(tmp_path).frame) == expected
        return noise(cell, seed)

    assert bits(run(tmp_path, while_another_sweeps).frame) == expected
    assert run(tmp_path).taken_over == len(CELLS)
