"""Networks with changed weights, and the studies of the stock architectures."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import lsrl
from lsrl.cli.commands import app
from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.studies import STUDIES
from lsrl.studies.stored_formats import FORMATS
from lsrl.studies.subjects import ARCHITECTURES, error_of_answer, question, subject
from lsrl.studies.summaries import summary


def counting():
    x = lsrl.Input(1, range=(0, 9), integer=True, name="x")
    return lsrl.Program(lsrl.cumsum(x * 3 + 1), name="counting")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_that_change_by_nothing_leave_the_network_as_it_was(architecture):
    model = lsrl.compile(counting(), architecture, max_length=20)
    x = np.arange(10).reshape(1, 10, 1)
    found = outputs_of(changed(model, relative_noise(0.0, np.random.default_rng(0))), x, model.dtype)
    assert (found == model.run(x)).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_noise_in_the_weights_shows_in_the_outputs(architecture):
    model = lsrl.compile(counting(), architecture, max_length=20)
    x = np.ones((1, 10, 1))
    found = outputs_of(changed(model, relative_noise(1e-3, np.random.default_rng(0))), x, model.dtype)
    assert np.abs(found - model.run(x)).max() > 0


@pytest.mark.parametrize(
    ("name", "number", "rounded"),
    [("float32", 1 + 2**-30, 1.0), ("bfloat16", 1 + 2**-9, 1.0), ("float16", 1 + 2**-12, 1.0), ("float16", 0.5, 0.5)],
)
def test_formats_round_to_their_own_numbers(name, number, rounded):
    assert FORMATS[name](np.array([number])).item() == rounded


def test_int8_has_a_scale_for_each_row():
    rows = FORMATS["int8"](np.array([[127.0, 1.4], [0.0, 0.0], [1.27, 0.01]]))
    assert rows == pytest.approx(np.array([[127.0, 1.0], [0.0, 0.0], [1.27, 0.01]]))


def test_what_a_format_cannot_hold_is_no_network():
    assert changed(lsrl.compile(lsrl.Program(2**20 * lsrl.Input(1, range=(0, 1)))), FORMATS["float16"]) is None


@pytest.mark.parametrize("program", ["function", "dictionary"])
@pytest.mark.parametrize("architecture", ["linear-rnn", "lstm"])
def test_questions_are_answered_right_without_noise(program, architecture):
    model = subject(program, architecture)
    asked = question(program, np.random.default_rng(3))
    assert error_of_answer(program, model.run(asked.x), asked) == 0
    assert error_of_answer(program, None, asked) > 99


def test_the_interval_of_a_mean_holds_it():
    found = summary([1.0, 2.0, 6.0])
    assert found.low <= found.mean == 3.0 <= found.high
    assert found.median == 2.0


@pytest.mark.parametrize("name", STUDIES)
def test_cells_are_all_different_and_quick_is_fewer(name):
    study = STUDIES[name]
    full, quick = ([cell.key for cell in study.cells(how)] for how in (False, True))
    assert len(set(full)) == len(full) >= len(set(quick))


def test_the_command_writes_results_plots_and_a_report(tmp_path):
    result = CliRunner().invoke(app, ["study", "formats", "--quick", "-o", str(tmp_path), "--workers", "1", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"] == str(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Number formats" in page
    assert "bfloat16" in page
