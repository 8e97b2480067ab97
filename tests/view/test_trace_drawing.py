"""Pictures of traces: what every value is at every step, in words, numbers, or as booleans."""

import re

import numpy as np
import pytest

import lsrl
from drawn import drawn, overlaps
from lsrl import Input, Program, ProgramError, ShapeError, zoo
from lsrl.view.drawing import MOST


def words(drawing):
    return re.findall(r"<tspan[^>]*>([^<]*)</tspan>", drawing.svg)


def names(drawing):
    return re.findall(r'data-value="([^"]*)"', drawing.svg)


def balance():
    x = Input(1, range=(-1, 1), integer=True, name="bracket")
    depth = lsrl.cumsum(x, name="depth")
    failed = lsrl.cumsum(depth < 0, name="failed")
    return Program(lsrl.and_(lsrl.equal(depth, 0), failed < 1, name="balanced"), name="balance")


def test_a_trace_shows_the_input_what_has_a_name_and_the_output():
    drawing = balance().trace([[1], [1], [-1]]).draw()
    assert names(drawing) == ["bracket", "depth", "failed", "balanced"]
    assert words(drawing) == ["0", "1", "2", "1", "1", "-1", "1", "2", "1", "0", "0", "0"]
    assert names(Program(lsrl.cumsum(Input(1)) + 1).trace([[1]]).draw()) == ["input", "sum"]


def test_booleans_and_one_hot_vectors_are_colour_and_no_text():
    x = Input(1, range=(0, 3), integer=True, name="x")
    program = Program(lsrl.one_hot(x, 4, name="place"), lsrl.larger(x, 1, name="large"))
    drawing = program.trace([[0], [3]]).draw()
    assert words(drawing) == ["0", "1", "0", "3"]
    green = re.findall(r'<path class="cell boolean" d="([^"]*)"', drawing.svg)
    assert sum(path.count("M") for path in green) == 3  # a place at each step, and one that is large


def test_a_long_one_hot_vector_is_the_place_of_its_one():
    x = Input(1, range=(0, 99), integer=True, name="x")
    drawing = Program(lsrl.one_hot(x, 100, name="place")).trace([[7], [42]]).draw()
    assert words(drawing)[-2:] == ["7", "42"]
    assert "one-hot of 100 output" in {text.what for text in drawn(drawing).texts}


def test_tokens_are_words():
    table = lsrl.TokenMap(1, symbols="AB", max_pairs=2)
    vocabulary = table.program.vocabulary
    drawing = table.program.trace([[vocabulary.number_of(text)] for text in ("A", "A", "B", "=")]).draw()
    found = words(drawing)
    assert found[:8] == ["0", "1", "2", "3", "A", "A", "B", "="]
    assert found[-4:] == ["&lt;none&gt;"] * 3 + ["B"]


def test_undecided_comparisons_are_framed():
    drawing = Program(lsrl.larger(Input(1, name="x"), 1, width=1, name="large")).trace([[0], [1.5], [3]]).draw()
    marks = re.findall(r'<path class="mark" d="([^"]*)"', drawing.svg)
    assert [path.count("M") for path in marks] == [1]
    assert "undecided" in {text.what for text in drawn(drawing).texts}
    assert "0.5" in words(drawing)


@pytest.mark.parametrize("name", ["dictionary_2_to_1", "parity", "sort_window", "modular_brackets", "fibonacci_digit"])
@pytest.mark.parametrize("steps", [1, 60, 300])
def test_traces_of_the_zoo_fit_a_page_without_overlaps(name, steps):
    entry = zoo.get(name)
    x = entry.sample(np.random.default_rng(0), steps)
    found = drawn(entry.program.trace(x).draw())
    assert found.page.right <= MOST
    assert all(text.is_within(found.page) for text in found.texts)
    assert not overlaps(found.texts)


def test_numbers_that_are_not_whole_never_look_so():
    x = Input(1, range=(0, 200), name="x")
    trace = Program(lsrl.Linear(x, -1, name="less"), name="nearly").trace([[0], [0.9999], [123.4], [7]])
    assert words(trace.draw(["x"]))[-4:] == ["0", "≈1", "≈123", "7"]
    assert words(trace.draw(["less"]))[-4:] == ["0", "≈-1", "≈-123", "-7"]


def test_long_traces_say_which_steps_they_show_and_begin_anywhere():
    program = Program(lsrl.cumsum(Input(1, range=(0, 1), integer=True, name="x"), name="sum"), name="long")
    trace = program.trace(np.ones((20_000, 1)))
    assert re.fullmatch(r"long, steps 0 to \d{3} of 20,000", trace.draw().title)
    last = trace.draw(first=19_990)
    assert last.title == "long, steps 19,990 to 19,999 of 20,000"
    assert words(last)[-1] == "20000"


def test_a_title_says_which_steps_there_are_whatever_the_name():
    program = Program(lsrl.cumsum(Input(1, range=(0, 1), integer=True, name="x"), name="sum"), name="long" * 200)
    assert re.search(r"…, steps 0 to \d{3} of 20,000$", program.trace(np.ones((20_000, 1))).draw().title)


def test_values_and_sequences_can_be_chosen():
    trace = balance().trace(np.array([[[1], [-1]], [[-1], [1]]]))
    drawing = trace.draw(["depth"], sequence=1)
    assert names(drawing) == ["depth"]
    assert words(drawing)[-2:] == ["-1", "0"]
    with pytest.raises(ProgramError, match="no value is named 'nosuch'"):
        trace.draw(["nosuch"])
    for wrong in ("depth", [], 3):
        with pytest.raises(ProgramError, match="of draw; expected a list of values' names"):
            trace.draw(wrong)
    with pytest.raises(ShapeError, match="sequence of draw"):
        trace.draw(sequence=2)
    with pytest.raises(ShapeError, match="first of draw"):
        trace.draw(first=2)


def test_an_exact_trace_can_be_drawn_and_a_notebook_shows_it():
    trace = balance().trace([[1], [1]], exact=True)
    assert trace._repr_svg_() == trace.draw().svg
    assert words(trace.draw()) == words(balance().trace([[1], [1]]).draw())
    assert repr(trace) == "<Trace of 'balance': 36 values at 2 steps>"
