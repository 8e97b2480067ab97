"""What notebooks show of every object that a user meets: a picture or a table, and never an error."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import polars
import pytest

import lsrl
from lsrl import Automaton, Input, Program, interp
from lsrl.benchmark.leaderboard import Leaderboard
from lsrl.notebook import MOST_ROWS, html_table
from lsrl.studies.results import Results
from lsrl.studies.sweep import Swept


@pytest.fixture(scope="module")
def model():
    x = Input(1, range=(-1, 1), integer=True, name="bracket")
    program = Program(lsrl.equal(lsrl.cumsum(x, name="depth"), 0, name="balanced"), name="balance")
    return lsrl.compile(program, "lstm", max_length=20, variables=["depth"])


def cells(shown):
    """The texts of all cells of the tables in a piece of HTML, which must be well-formed."""
    root = ElementTree.fromstring(f"<div>{shown._repr_html_()}</div>")
    return [cell.text for cell in root.iter() if cell.tag in ("td", "th")]


def test_programs_values_networks_traces_and_automata_show_pictures(model):
    program = model.program
    shown = [program, program["depth"], program.trace([[1]]), model, model.explain(), Automaton.of([[1, 0], [0, 1]])]
    shown += [lsrl.compare(program, ["gru"], [[1], [-1]]), program.draw()]
    for picture in shown:
        ElementTree.fromstring(picture._repr_svg_())
    assert 'data-value="balanced"' in program._repr_svg_()
    assert 'data-value="balanced"' not in program["depth"]._repr_svg_()


def test_what_is_no_program_of_its_own_shows_its_text():
    assert (Input(1) + Input(1))._repr_svg_() is None
    assert lsrl.constant(1)._repr_svg_() is None


def test_what_is_known_of_a_network_shows_tables(model):
    assert {"target", "lstm", "parameters"} <= set(cells(model.report()))
    assert "depth" in cells(model.layout)
    assert cells(model.sites["depth"].value) == cells(model.sites["depth"])[: len(cells(model.sites["depth"].value))]
    assert "exact: bit for bit, up to 20 steps" in cells(model.guarantee)
    assert cells(model.verify(3))[-2:] == ["passed", "yes"]


def test_scores_show_tables(model):
    pairs = [
        interp.counterfactuals(
            model.program,
            lambda rng, steps: rng.integers(-1, 2, (steps, 1)).astype(float),
            "depth",
            n=8,
            steps=6,
            split=split,
        )
        for split in ("train", "test")
    ]
    assert "oracle" in cells(interp.score(model, interp.methods.Oracle(), *pairs))
    assert "agreeing" in cells(interp.check_site(model, pairs[0]))


def test_results_of_studies_and_benchmarks_show_tables():
    frame = polars.DataFrame({"sigma": [0.5, 1.0], "error": [0.25, None]})
    swept = Swept(frame, cells=2, taken_over=0, seconds=1.0, seed=0, version="1")
    for shown in (swept, Results(frame, {})):
        assert cells(shown) == ["sigma", "error", "0.5", "0.25", "1", "–"]
    row = {"kind": "variable", "failed": "", "name": "oracle", "form": "plain"}
    row |= dict.fromkeys(("accuracy", "at_site", "isolation", "angle", "rank"), 1.0)
    assert "oracle" in cells(Leaderboard(polars.DataFrame([row]), None, swept))


def test_long_tables_say_that_they_are_cut_and_texts_are_escaped():
    table = html_table([{"<b>": i} for i in range(MOST_ROWS + 1)], "many")
    assert table.count("<tr>") == MOST_ROWS + 1
    assert "the first 200 of 201 rows" in table
    assert "&lt;b&gt;" in table


def test_without_the_packages_for_pictures_a_notebook_shows_the_text(monkeypatch):
    program = Program(lsrl.cumsum(Input(1, range=(0, 9), integer=True, name="x"), name="sum"))
    monkeypatch.setitem(sys.modules, "igraph", None)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert program._repr_svg_() is None
    assert Automaton.of([[1, 0], [0, 1]])._repr_svg_() is None
    with pytest.raises(lsrl.LsrlError, match="drawing a graph needs the package igraph, which is missing; install"):
        program.draw()
    trace = program.trace(np.ones((3, 1)))
    assert trace._repr_svg_() == trace.draw().svg
    with pytest.raises(lsrl.LsrlError, match="a PNG file needs the package resvg-py"):
        trace.draw().save("trace.png")


def test_programs_are_written_and_run_without_loading_what_draws():
    code = "import lsrl, sys; lsrl.Program(lsrl.cumsum(lsrl.Input(1))).trace([[1]]); print('lsrl.view' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
