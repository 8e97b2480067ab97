"""Pictures of programs: what they show, and that every program of the zoo is readable on a page."""

from xml.etree import ElementTree

import pytest

import lsrl
from drawn import drawn, overlaps
from lsrl import FormatError, Input, Program, ProgramError, zoo
from lsrl.view.drawing import MOST
from lsrl.view.program_drawing import MOST_BOXES
from lsrl.view.program_graph import program_graph


def graph_of(program, *options):
    """The names of boxes, who reads whom in this step, and who of the last."""
    graph = program_graph(program, *options)
    names = [box.name for box in graph.boxes]
    read = {(names[reading.read], names[reading.reader], reading.last) for reading in graph.readings}
    return names, {pair[:2] for pair in read if not pair[2]}, {pair[:2] for pair in read if pair[2]}


def test_a_call_is_a_box_and_a_state_reads_itself_of_the_last_step():
    x = Input(2, name="x")
    names, now, last = graph_of(Program(lsrl.ifelse(x[0] > 1, lsrl.cumsum(x[1], name="sum"), 0, name="y")))
    assert names == ["x", "sum", "y"]
    assert now == {("x", "sum"), ("x", "y"), ("sum", "y")}
    assert last == {("sum", "sum")}


def test_a_state_within_an_expression_has_a_box_of_its_own():
    names, now, last = graph_of(Program(lsrl.cumsum(Input(1, name="x")) % 2))
    assert names == ["x", "cumsum", "modulo"]
    assert now == {("x", "cumsum"), ("cumsum", "modulo")}
    assert last == {("cumsum", "cumsum")}


def test_a_loop_leads_from_the_state_to_what_reads_its_past():
    x = Input(1, name="x")
    peak = lsrl.recur(lambda last: lsrl.maximum(last * "9/10", x, name="higher"), name="peak")
    names, now, last = graph_of(Program(peak))
    assert names == ["x", "higher", "peak"]
    assert now == {("x", "higher"), ("higher", "peak")}
    assert last == {("peak", "higher")}
    names, _, last = graph_of(Program(peak), "primitives")
    assert ("peak", "peak.previous") in last
    assert set(names) == set(Program(peak).names.values())


def test_the_inside_of_a_call_is_drawn_on_demand():
    program = Program(lsrl.equal(lsrl.cumsum(Input(1, name="x")), 3, name="third"), name="three")
    names, _, _ = graph_of(program, "library", "third")
    assert names[0] == "cumsum"
    assert names[-1] == "third"
    assert {"third.above", "third.below"} < set(names)
    assert program.draw(inside="third").title == "third of three"
    with pytest.raises(ProgramError, match="'x' is no call of a library function; expected one"):
        program.draw(inside="x")


def test_kinds_of_values_have_their_own_classes_and_boxes_their_names():
    x = Input(2, name="x")
    program = Program(lsrl.GatedState(x[1], lsrl.larger(x[0], 1, name="open"), name="kept"))
    assert [box.kind for box in program_graph(program).boxes] == ["input", "boolean", "state"]
    root = ElementTree.fromstring(program.draw().svg)
    assert [element.get("data-value") for element in root.iter() if element.get("data-value")] == ["x", "open", "kept"]


@pytest.mark.parametrize("name", zoo.names())
def test_every_zoo_program_fits_a_page_without_overlaps(name):
    found = drawn(zoo.get(name).program.draw())
    assert found.page.right <= MOST
    assert all(text.is_within(found.page) for text in found.texts)
    assert not overlaps([box for box, _ in found.boxes.values()])
    assert not overlaps(found.texts)
    for box, texts in found.boxes.values():
        assert texts
        assert all(text.is_within(box) for text in texts)


@pytest.mark.parametrize("name", ["dictionary_2_to_1", "sort_window", "modular_brackets"])
def test_primitives_fit_a_page_too(name):
    found = drawn(zoo.get(name).program.draw("primitives"))
    assert found.page.right <= MOST
    assert not overlaps([box for box, _ in found.boxes.values()])


def test_what_nobody_could_read_is_refused_and_a_notebook_shows_the_text():
    y = Input(1, name="x")
    for _ in range(MOST_BOXES):
        y = lsrl.cumsum(y)
    program = Program(y, name="long")
    with pytest.raises(ProgramError, match=r"a picture of long has 501 boxes; expected at most 500: draw\(inside"):
        program.draw()
    assert program._repr_svg_() is None


def test_pictures_are_written_in_formats_that_are_known(tmp_path):
    program = zoo.get("parity").program
    assert program.draw().save(tmp_path / "new" / "p.svg").read_bytes().startswith(b"<svg")
    assert program.draw().save(tmp_path / "p.PNG").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FormatError, match=r"ends in '.gif'; expected a file name with .svg or .png"):
        program.draw().save(tmp_path / "p.gif")
    with pytest.raises(FormatError, match=r"None is not a path; expected a file name with .svg or .png"):
        program.draw().save(None)
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot write"):
        program.draw().save(tmp_path / "file" / "p.svg")


def test_another_level_is_refused():
    with pytest.raises(ProgramError, match="level='lib' of a drawing; expected 'library' or 'primitives'"):
        zoo.get("parity").program.draw("lib")
