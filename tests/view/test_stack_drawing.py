"""Pictures of networks: every cell of every layer, no wider than a page."""

import re

import pytest

import lsrl
from drawn import drawn, overlaps
from lsrl import Input, Program, UnsupportedProgram, zoo
from lsrl.view import stack_drawing
from lsrl.view.drawing import MOST
from strategies import rotated


@pytest.mark.parametrize(("name", "target"), rotated(zoo.CLASSICS, ["linear-rnn", "lstm", "mamba", "gru"], 2))
def test_networks_of_the_zoo_fit_a_page_without_overlaps(name, target):
    entry = zoo.get(name)
    try:
        model = lsrl.compile(entry.program, target, max_length=entry.max_length)
    except UnsupportedProgram:
        pytest.skip("refused")
    found = drawn(model.draw())
    assert found.page.right <= MOST
    assert not overlaps(found.texts)
    assert all(text.is_within(found.page) for text in found.texts)


def test_a_picture_names_its_cells_and_says_how_many_they_are():
    words = lsrl.SequenceMap(3, max_pairs=4)
    picture = lsrl.compile(words.program, max_length=words.max_length).draw()
    assert {"slots ×6", "query ×3", "register ×3"} <= {text.what for text in drawn(picture).texts}
    assert picture.title.startswith("sequence_map_3_to_3 on linear-rnn (float64): 17 layers")


def cells(description):
    """How many cells each row of a picture has."""
    rows = (line.partition(": ") for line in description.splitlines())
    return {
        name: sum(int((re.search(r"×(\d+)$", block) or [0, 1])[1]) for block in said.split(", "))
        for name, _, said in rows
    }


def test_all_neurons_of_a_network_are_there():
    x = Input(1, range=(0, 9), integer=True, name="x")
    model = lsrl.compile(Program(lsrl.delay(x, 40, name="late"), name="late"), "lstm", max_length=50)
    found = cells(model.draw().description)
    assert [found[f"layer {i}"] for i in range(model.stack.depth)] == [len(layer) for layer in model.stack.layers]


def test_layers_alike_are_drawn_once_and_long_rows_are_broken():
    entry = zoo.get("parity")
    folded = lsrl.compile(entry.program, "lstm", max_length=entry.max_length).draw()
    assert "layers 2 to 11, alike" in {text.what for text in drawn(folded).texts}
    x = Input(60, range=(0, 9), integer=True, name="x")
    named = [lsrl.cumsum(x[i], name=f"the_sum_of_component_{i}") for i in range(60)]
    wide = drawn(lsrl.compile(Program(*named, name="wide"), "lstm", max_length=9).draw())
    assert wide.page.right <= MOST
    assert not overlaps(wide.texts)
    tops = {text.top for text in wide.texts if text.what.startswith("the_sum")}
    assert len(tops) > 3


def test_a_saved_model_can_be_drawn(tmp_path):
    entry = zoo.get("parity")
    model = lsrl.compile(entry.program, "gru", max_length=entry.max_length)
    model.save(tmp_path / "model")
    assert lsrl.load(tmp_path / "model").draw() == model.draw()


def test_more_than_anybody_reads_is_refused_and_a_notebook_shows_the_text(monkeypatch):
    monkeypatch.setattr(stack_drawing, "MOST_BLOCKS", 3)
    model = lsrl.compile(zoo.get("dictionary_2_to_1").program, "lstm", max_length=20)
    with pytest.raises(UnsupportedProgram, match=r"blocks of cells; expected at most 3: print\(model.layout\)"):
        model.draw()
    assert model._repr_svg_() is None
