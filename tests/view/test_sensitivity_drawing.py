"""Pictures of what limits a network: bars as long as what they say is bad, worst first."""

import dataclasses
import re

import pytest

import lsrl
from drawn import drawn, overlaps
from lsrl import Input, Program, zoo
from lsrl.lang.words import words_of
from lsrl.view.drawing import MOST


def bars(drawing):
    """The lengths of all bars, by the values they are of."""
    found = re.findall(r'data-value="([^"]*)".*?<rect class="box \w+" x="[\d.]+" y="3" width="([\d.]+)"', drawing.svg)
    return {name: float(width) for name, width in found}


def test_what_flips_first_has_the_longest_bar():
    entry = zoo.get("dictionary_2_to_1")
    found = lsrl.compile(entry.program, "lstm", max_length=entry.max_length).explain()
    lengths = bars(dataclasses.replace(found, noise=None).draw())
    names = list(lengths)
    assert names[0] == "equal(expected, symbol)"
    decided = names[: names.index("answer")] if "answer" in names else names[:5]
    assert [lengths[name] for name in decided] == sorted((lengths[name] for name in decided), reverse=True)
    picture = drawn(found.draw())
    assert picture.page.right <= MOST
    assert not overlaps(picture.texts)
    assert found._repr_svg_() == found.draw().svg


def test_what_noise_loses_first_comes_first():
    found = lsrl.compile(zoo.get("majority").program, "lstm", max_length=20).explain()
    worst = found.noise.limits[0]
    said = [text.what for text in drawn(found.draw()).texts]
    assert any(line.startswith("what noise loses first: σ of relative noise") for line in said)
    assert said.index(f"σ = {worst.tolerance:.2g}") == said.index(words_of(worst.name)) + 1
    assert not any("noise" in text.what for text in drawn(dataclasses.replace(found, noise=None).draw()).texts)


def test_what_rounds_has_its_part_of_the_bound():
    x = Input(1, range=(0, 1), grid="1/8", name="x")
    found = lsrl.compile(Program(lsrl.LinState(x, "9/10", 1, name="smooth")), "hawk", max_length=20).explain()
    said = {text.what for text in drawn(found.draw()).texts}
    assert "what rounds: parts of the largest bound" in said
    assert f"100%, {found.makers[0].share:.2g}" in said


@pytest.mark.parametrize("target", ["lstm", "linear-rnn"])
def test_a_network_that_decides_nothing_has_a_picture_too(target):
    found = lsrl.compile(Program(Input(1, range=(0, 9), integer=True) * 2), target).explain()
    assert "nothing is decided" in found.draw().svg
