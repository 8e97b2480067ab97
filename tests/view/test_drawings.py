"""Pictures: what they show, in the formats they promise."""

import pytest

import lsrl
from lsrl import FormatError, Input, Program, zoo
from lsrl.view.program_drawing import draw_program, program_graph, program_kind
from lsrl.view.stack_drawing import draw_stack, stack_figure
from strategies import rotated


def texts(figure):
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_a_program_graph_shows_what_the_user_named_and_what_is_not_linear():
    x = Input(2, name="x")
    graph = program_graph(Program(lsrl.ifelse(x[0] > 1, lsrl.cumsum(x[1], name="sum"), 0, name="y")))
    names = [value.label for value in graph.values]
    assert names == ["x", "larger", "sum", "y"]
    assert graph.edges == ((0, 1), (0, 2), (1, 3), (2, 3))
    assert [program_kind(value) for value in graph.values] == ["input", "comparison", "state", "product"]


def test_a_gated_state_is_a_state_that_its_gate_feeds():
    x = Input(2, name="x")
    graph = program_graph(Program(lsrl.GatedState(x[1], lsrl.larger(x[0], 1, name="open"), name="kept")))
    assert [value.label for value in graph.values] == ["x", "open", "kept"]
    assert graph.edges == ((0, 1), (0, 2), (1, 2))
    assert [program_kind(value) for value in graph.values] == ["input", "comparison", "state"]


@pytest.mark.parametrize(("name", "suffix"), rotated(zoo.CLASSICS, ["svg", "png"], 2))
def test_every_zoo_program_and_stack_can_be_drawn(name, suffix, tmp_path):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, max_length=entry.max_length)
    start = {"svg": b"<?xml", "png": b"\x89PNG"}[suffix]
    for path in (
        draw_program(entry.program, tmp_path / f"p.{suffix}"),
        draw_stack(model.stack, tmp_path / f"s.{suffix}"),
    ):
        assert path.read_bytes().startswith(start)


def test_a_stack_names_its_cells():
    words = lsrl.SequenceMap(3, max_pairs=4)
    figure = stack_figure(lsrl.compile(words.program, max_length=words.max_length).stack)
    assert {"slots ×6", "query ×3", "register ×3"} <= texts(figure)


def test_other_formats_are_refused(tmp_path):
    program = zoo.get("parity").program
    with pytest.raises(FormatError, match=r"ends in '.gif'; expected a file name with .svg or .png"):
        draw_program(program, tmp_path / "p.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot write"):
        draw_program(program, tmp_path / "file" / "p.svg")
