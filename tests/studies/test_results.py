"""Results on disk: a table that keeps every value, and how it was made."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import polars
import pytest
from sample_sweep import one_line

from lsrl.errors import FormatError
from lsrl.studies import STUDIES, write_report
from lsrl.studies.cells import SweepCell, SweepError
from lsrl.studies.exact_json import from_text, to_text
from lsrl.studies.results import described, frame_of, read_results, write_results

ODD = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1, None]


def frame():
    return frame_of(
        [(SweepCell("noise", {"sigma": 0.5, "none": None}), [{"error": value, "ok": True} for value in ODD])]
    )


def test_every_float_survives(tmp_path):
    write_results(tmp_path, frame(), {"worst": math.inf, "seed": 0, "list": [math.nan, {"float": "word"}]})
    result = read_results(tmp_path)
    assert list(map(repr, result.frame["error"])) == list(map(repr, ODD))
    assert result.frame.dtypes == frame().dtypes
    assert repr(result.metadata) == "{'worst': inf, 'seed': 0, 'list': [nan, {'float': 'word'}]}"


def test_json_files_are_strict(tmp_path):
    def refused(word):
        raise AssertionError(word)

    write_results(tmp_path, frame(), {"worst": math.inf})
    metadata = json.loads((tmp_path / "metadata.json").read_text(), parse_constant=refused)
    assert metadata["worst"] == {"float": "inf"}
    assert [repr(from_text(to_text(value))) for value in ODD] == list(map(repr, ODD))


def test_csv_is_for_every_reader(tmp_path):
    write_results(tmp_path, frame(), {})
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[:3] == ["sigma,none,error,ok", "0.5,,NaN,true", "0.5,,inf,true"]


def test_metadata_says_how_results_were_made():
    about = described({"sigmas": (0.1, 0.2)}, seed=3, version="1", cells=2, seconds=1.23456)
    assert about["seed"] == 3
    assert about["seconds"] == 1.235
    assert {"python", "numpy", "polars", "joblib"} <= set(about["machine"])
    assert json.loads(to_text(about))["parameters"] == {"sigmas": [0.1, 0.2]}


def test_what_a_row_has_not_is_null():
    rows = [
        (SweepCell("a", {"x": 1}), [{"y": 1}]),
        (SweepCell("a", {"x": 2}), [{"z": "word"}]),
        (SweepCell("a", {"x": 3}), []),
    ]
    assert frame_of(rows).rows() == [(1, 1, None), (2, None, "word")]
    assert frame_of([]).is_empty()


def test_columns_have_one_type():
    with pytest.raises(SweepError, match="column y .* int and str"):
        frame_of([(SweepCell("a", {"x": 1}), [{"y": value} for value in (1, "one")])])


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


def loop(path):
    path.unlink()
    path.symlink_to(path.name)


def huge(path):
    os.truncate(path, 2**40)


def halved(path):
    os.truncate(path, path.stat().st_size // 2)


def one_bit_flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def containing(content):
    return lambda path: path.write_bytes(content)


NO_METADATA = [b"[]", b"{}", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"sha256": %s}' % (b"[" * 900 + b"]" * 900)]


@pytest.mark.parametrize(
    "damage", [type(Path()).unlink, fifo, folder, loop, huge, halved, one_bit_flipped, containing(b"")]
)
@pytest.mark.parametrize("file", ["results.parquet", "metadata.json"])
def test_damaged_results_are_one_line_that_says_what_to_do(tmp_path, file, damage):
    write_results(tmp_path, frame(), {"seed": 0})
    damage(tmp_path / file)
    with one_line(FormatError, f"cannot read .*{file}.*: run that study again, which takes its finished cells over"):
        read_results(tmp_path)


@pytest.mark.parametrize("content", NO_METADATA)
def test_what_is_no_metadata_is_one_line(tmp_path, content):
    write_results(tmp_path, frame(), {"seed": 0})
    (tmp_path / "metadata.json").write_bytes(content)
    with one_line(FormatError, "cannot read .*metadata.json.*: run that study again"):
        read_results(tmp_path)


@pytest.mark.parametrize("file", ["results.parquet", "metadata.json"])
def test_tables_and_metadata_of_two_runs_are_told_apart(tmp_path, file):
    write_results(tmp_path, frame(), {"seed": 0})
    write_results(tmp_path / "other", frame().head(1), {"seed": 0})
    (tmp_path / "other" / file).replace(tmp_path / file)
    with one_line(FormatError, "results.parquet: it is not the table that metadata.json belongs to"):
        read_results(tmp_path)


@pytest.mark.parametrize("damage", [fifo, folder, loop, one_bit_flipped, containing(b"{}")])
def test_a_report_of_damaged_results_is_one_line(tmp_path, damage):
    write_results(tmp_path / "formats", frame(), {"version": STUDIES["formats"].version})
    damage(tmp_path / "formats" / "metadata.json")
    with one_line(FormatError, "cannot read .*metadata.json.*: run that study again"):
        write_report(tmp_path, STUDIES.values())


def test_a_report_of_results_by_another_version_is_one_line(tmp_path):
    write_results(tmp_path / "formats", frame(), {"version": "lsrl 0.0.1, formats 0"})
    with one_line(
        FormatError, "cannot show .*formats: it was made by 'lsrl 0.0.1, formats 0'; .*: run that study again"
    ):
        write_report(tmp_path, STUDIES.values())


def test_results_that_cannot_be_written_are_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot make the folder"):
        write_results(tmp_path / "file" / "results", polars.DataFrame(), {})
    with pytest.raises(FormatError, match="the metadata of results is not JSON"):
        write_results(tmp_path, polars.DataFrame(), {"frame": polars.DataFrame()})


def test_importing_lsrl_imports_no_study_package():
    code = "import lsrl, sys; print([p for p in ('polars', 'joblib', 'distributed', 'torch') if p in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
