"""Pictures of automata: every state and symbol is there, and each label is beside its own arrow."""

import math
from xml.etree import ElementTree

import pytest

from drawn import drawn, overlaps
from lsrl import Automaton, ProgramError
from lsrl.automata import pattern_automaton, word_problem
from lsrl.view.automaton_drawing import MOST_STATES
from lsrl.view.automaton_layout import arcs_of, circles_of, labels_of
from lsrl.view.drawing import MOST

SMALL = [Automaton.of([[1, 0], [0, 1]]), pattern_automaton("((a|bb)*b)?", "ab"), word_problem((1, 0, 2), (1, 2, 0))]
LARGE = [Automaton.of([[(i + 1) % states, (i * 7) % states] for i in range(states)]) for states in (20, MOST_STATES)]


def elements(machine, tag, kind):
    root = ElementTree.fromstring(machine.draw().svg)
    found = [element for element in root.iter() if element.tag.endswith(f"}}{tag}")]
    return [element for element in found if kind in (element.get("class") or "").split()]


def pairs_of(machine):
    return {(i, after) for i, row in enumerate(machine.table) for after in row}


@pytest.mark.parametrize("machine", SMALL + LARGE)
def test_accepting_states_have_two_lines_and_an_arrow_leads_to_the_first(machine):
    assert len(elements(machine, "circle", "box")) == len(machine.states) + len(machine.accepting)
    assert len(elements(machine, "path", "edge")) == len(pairs_of(machine)) + 1


@pytest.mark.parametrize("machine", SMALL)
def test_labels_are_apart_and_each_is_at_its_own_arrow(machine):
    found = drawn(machine.draw())
    assert not overlaps(found.texts)
    assert all(text.is_within(found.page) for text in found.texts)
    edges = [pair for pair in pairs_of(machine) if pair[0] != pair[1]]
    circles = circles_of(len(machine.states), edges)
    arcs = arcs_of(circles, edges)
    for pair, label in zip(edges, labels_of(dict.fromkeys(edges, "a"), circles, arcs), strict=True):
        distances = {
            other: min(math.dist(arc.at(t / 100), (label.x, label.y)) for t in range(101))
            for other, arc in arcs.items()
        }
        assert distances[pair] == min(distances.values()) < 1


@pytest.mark.parametrize("machine", LARGE)
def test_many_states_fit_a_page(machine):
    found = drawn(machine.draw())
    assert found.page.right <= MOST
    assert all(text.is_within(found.page) for text in found.texts)


def test_symbols_that_lead_the_same_way_share_an_arrow_and_long_names_are_in_a_list():
    machine = Automaton.of(
        lambda state, symbol: "waiting" if symbol < 7 else "done", start="waiting", alphabet=range(9)
    )
    said = {text.what for text in drawn(machine.draw()).texts}
    assert {"0 … 6", "7, 8", "0", "done", "0: waiting"} <= said


def test_more_states_than_anybody_reads_are_refused_and_a_notebook_shows_the_text():
    large = Automaton.of([[(i + 1) % (MOST_STATES + 1)] for i in range(MOST_STATES + 1)])
    with pytest.raises(ProgramError, match=r"65 states; expected at most 64: .*minimal"):
        large.draw()
    assert large._repr_svg_() is None
    assert SMALL[0]._repr_svg_() == SMALL[0].draw().svg


def test_more_arrows_than_anybody_reads_are_refused():
    dense = Automaton.of([[(i * 3 + symbol) % 40 for symbol in range(13)] for i in range(40)])
    with pytest.raises(ProgramError, match=r"a picture of 520 arrows; expected at most 500"):
        dense.draw()


def test_no_two_states_look_the_same():
    machine = Automaton.of({("waiting", 1): "0", ("0", 1): "waiting"}, start="waiting")
    said = {text.what for text in drawn(machine.draw()).texts}
    assert {"0", "1", "0: waiting", "1: 0"} <= said


@pytest.mark.parametrize("name", ["\0", "\x1b[31m", "\ud800", "\ufffe", "</g>", "]]>", "a\nb", '"&', "\u202e"])
def test_pictures_are_xml_whatever_states_and_symbols_are_called(name):
    machine = Automaton.of({(name, name): "on", ("on", name): name}, start=name)
    root = ElementTree.fromstring(machine.draw().svg.encode())
    assert len([element for element in root.iter() if element.get("data-state")]) == 2
