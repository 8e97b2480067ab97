"""The tutorials are notebooks that run, and come out as their text says."""

import nbformat
import pytest

from website.tutorials import FOLDER, ORDER, executed

TEXTS = {
    "first_program": ("exact: bit for bit, up to 100 steps", "passed", "<iframe", "refused by gru"),
    "language_model": ("BUL SOF", "ITA <none>", "ROM", "passed"),
    "method_check": ("oracle: IIA 1.00 of 'recent'", "largest difference: IIA 0.0", "IIA 1.00 of 'lead'"),
}


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def stored(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def test_every_tutorial_is_on_the_site():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(ORDER) == sorted(TEXTS)


@pytest.mark.parametrize("name", ORDER)
def test_a_tutorial_shows_what_it_speaks_of(name):
    shown = [
        str(output.get("data", output.get("text")))
        for cell in code(executed(FOLDER / f"{name}.ipynb"))
        for output in cell.outputs
    ]
    for text in TEXTS[name]:
        assert any(text in each for each in shown), text


@pytest.mark.parametrize("name", ORDER)
def test_a_tutorial_is_stored_without_what_comes_out(name):
    assert all(not cell.outputs and cell.execution_count is None for cell in code(stored(name)))


def test_to_define_draw_trace_change_and_compare_takes_ten_lines():
    lines = [line for cell in code(stored("first_program"))[:5] for line in cell.source.splitlines() if line]
    assert len(lines) <= 10
    for call in ("Program(", "program.draw()", "program.trace(", 'compare(program, ["lstm", "gru"]'):
        assert any(call in line for line in lines)
