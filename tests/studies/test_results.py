"""Results on disk: a table that keeps every value, and how it was made."""

import json
import math
import subprocess
import sys

import polars
import pytest

from lsrl.errors import FormatError
from lsrl.studies.cells import Cell, SweepError
from lsrl.studies.exact_json import from_text, to_text
from lsrl.studies.results import described, frame_of, read_results, write_results

ODD = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1, None]


def frame():
    return frame_of([(Cell("noise", {"sigma": 0.5, "none": None}), [{"error": value, "ok": True} for value in ODD])])


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
    assert json.loads((tmp_path / "metadata.json").read_text(), parse_constant=refused) == {"worst": {"float": "inf"}}
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
    rows = [(Cell("a", {"x": 1}), [{"y": 1}]), (Cell("a", {"x": 2}), [{"z": "word"}]), (Cell("a", {"x": 3}), [])]
    assert frame_of(rows).rows() == [(1, 1, None), (2, None, "word")]
    assert frame_of([]).is_empty()


@pytest.mark.parametrize(
    ("values", "message"), [((1, "one"), "column y .* int and str"), ((2**64, 1), "expected at most 64 bits")]
)
def test_columns_have_one_type(values, message):
    with pytest.raises(SweepError, match=message):
        frame_of([(Cell("a", {"x": 1}), [{"y": value} for value in values])])


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("results.parquet", b"PAR1"),
        ("results.parquet", b""),
        ("results.parquet", "half"),
        ("metadata.json", b"[]"),
        ("metadata.json", b'{"a": NaN}'),
        ("metadata.json", b"\xff"),
        ("metadata.json", None),
        ("results.parquet", None),
    ],
)
def test_damaged_results_are_one_line(tmp_path, file, content):
    write_results(tmp_path, frame(), {"seed": 0})
    path = tmp_path / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-40] if content == "half" else content)
    with pytest.raises(FormatError, match=f"cannot read .*{file}") as failure:
        read_results(tmp_path)
    assert "\n" not in str(failure.value)


def test_results_that_cannot_be_written_are_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot make the folder"):
        write_results(tmp_path / "file" / "results", polars.DataFrame(), {})
    with pytest.raises(FormatError, match="the metadata of results is no JSON"):
        write_results(tmp_path, polars.DataFrame(), {"frame": polars.DataFrame()})


def test_importing_lsrl_imports_no_study_package():
    code = "import lsrl, sys; print([p for p in ('polars', 'joblib', 'distributed', 'torch') if p in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
