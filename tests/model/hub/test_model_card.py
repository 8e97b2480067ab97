"""Model cards: whatever programs and tokens are called is text in them, and numbers are there to their last digit."""

import re
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import lsrl
from lsrl import Input, Program, Vocabulary
from lsrl.backends.layout import exact_text
from lsrl.lang.words import seen_words
from lsrl.model.hub.card import as_code, card_of

pytest.importorskip("transformers")

TAGS = {"h1", "h2", "p", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
"""What a card is made of: no links, pictures, emphasis, or anything that a text brings along."""

NASTY = [
    '<img src="https://example.org/a.png" onerror="alert(1)">',
    "<script>alert(1)</script>",
    "![a](https://example.org/a.png)",
    "[a](javascript:alert(1))",
    "https://example.org www.example.org a@example.org <https://example.org>",
    "``` `a` `` b",
    "`",
    "``",
    "a | b || c",
    "*a* _b_ **c** ~~d~~ &lt; &amp; $$x$$ :smile:",
    "\\",
    "\\` \\",
    "--- === a",
    "a" * 1000,
]


class Seen(HTMLParser):
    """The tags of a page, and the text in each, inner text included."""

    def __init__(self, markdown):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))

    def handle_starttag(self, tag, attrs):
        self.texts.append([tag, ""])
        self.open.append(self.texts[-1])
        assert tag in TAGS, f"<{tag}>"
        assert all(name in ("class", "style") for name, _ in attrs)

    def handle_endtag(self, _):
        self.open.pop()

    def handle_data(self, data):
        for entry in self.open:
            entry[1] += data

    def all(self, tag):
        return [text for name, text in self.texts if name == tag]


def body_of(model):
    """The card below its header."""
    return card_of(model).partition("\n---\n")[2]


@pytest.mark.parametrize("name", NASTY, ids=lambda name: name[:20])
def test_a_name_of_a_program_is_text(name):
    program = Program(lsrl.cumsum(Input(2, range=(0, 9), integer=True, name="x"), name="sum"), name=name)
    model = lsrl.compile(program, "mamba", max_length=10)
    seen = Seen(body_of(model))
    assert seen.all("h1") == [name]
    assert seen.all("pre")[-1] == f"{model.program}\n"
    assert seen.all("td")[::3] == list(model.layout)


def test_values_without_a_name_are_called_as_they_are_written():
    x, y = Input(2, range=(0, 9), integer=True, name="x")
    program = Program(lsrl.ifelse((x > 4) | (y > 4), lsrl.delay(x), y, name="chosen"), name="p")
    model = lsrl.compile(program, "mamba", max_length=10)
    cells = Seen(body_of(model)).all("td")[::3]
    assert {"(x[0] > 4) | (x[1] > 4)", "delay(x[0])", "chosen"} <= set(cells)
    assert not any("missing" in cell or "progress" in cell for cell in cells)
    assert "larger.progress" in model.layout


def test_tokens_are_text():
    texts = ["".join(name.split(" "))[:200] for name in NASTY]
    tokens = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    symbol = Input(1, range=(0, len(tokens) - 1), integer=True, name="symbol")
    for end, nothing in (("\\", "<none>"), ("`", "```"), ("a|b||c", "<img/src=https://example.org/a>")):
        vocabulary = Vocabulary(tokens, end=end, nothing=nothing)
        model = lsrl.compile(Program(lsrl.delay(symbol, 1), vocabulary=vocabulary), "mamba", max_length=10)
        seen = Seen(body_of(model))
        assert {end, nothing} <= set(seen.all("code"))
        assert seen.all("pre")[-1] == f"{model.program}\n"


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_any_text_is_code(text):
    assert Seen(f"# {as_code(text)}").all("code") == [text]
    assert Seen(as_code(text)).all("code") == [text]


def read_back(text):
    """The number that a card writes."""
    power = re.fullmatch(r"(-?)2\^(-?\d+)", text)
    return float(text) if power is None else (-1 if power[1] else 1) * float(Fraction(2) ** int(power[2]))


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1074, 1023).map(lambda k: 2.0**k))
def test_numbers_read_back_exactly(number):
    assert read_back(exact_text(number)) == number
    assert read_back(exact_text(-number)) == -number
    assert len(exact_text(number)) < 25


@pytest.mark.parametrize("target", ["mamba", "hawk"])
def test_the_read_outs_of_a_card_give_what_the_layout_gives(target):
    x = Input(1, range=(-9, 9), integer=True, name="x")
    total = lsrl.cumsum(x, name="total")
    program = Program(lsrl.Linear(total, "1/3", "1/7", name="third"), lsrl.delay(x, 1, name="past"), name="p")
    model = lsrl.compile(program, target, max_length=1000)
    cells = Seen(body_of(model)).all("td")
    stream = np.random.default_rng(0).standard_normal(model.weights.width)
    names = {words: name for name, words in seen_words(program).items()}
    for words, written in zip(cells[::3], cells[2::3], strict=True):
        read_out = model.layout[names[words]]
        places = {"h": stream, "x": stream}
        for component, terms in enumerate(written.split("; ")):
            found = 0.0
            for term in terms.split(" + "):
                weight, _, place = term.partition("·")
                found += read_back(weight) * (places[place[0]][int(place[2:-1])] if place else 1)
            wanted = sum(w * stream[i] for read in read_out.reads for i, w in read.rows[component])
            assert found == pytest.approx(wanted + read_out.constants[component], rel=1e-13)
