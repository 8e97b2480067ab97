"""Pictures of automata: every state and symbol is there, and each label is beside its own arrow."""

import numpy as np
import pytest
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from lsrl import Automaton, FormatError, ProgramError
from lsrl.automata import pattern_automaton, word_problem
from lsrl.view.automaton_drawing import MOST_STATES, automaton_figure, draw_automaton


def parts(automaton):
    figure = automaton_figure(automaton)
    figure.draw_without_rendering()  # which places everything
    axes = figure.axes[0]
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    return axes.texts, circles, arrows


def test_accepting_states_have_two_lines_and_an_arrow_leads_to_the_first():
    machine = pattern_automaton("((a|bb)*b)?", "ab")
    texts, circles, arrows = parts(machine)
    assert len(circles) == len(machine.states) + len(machine.accepting)
    pairs = {(i, after) for i, row in enumerate(machine.table) for after in row}
    assert len(arrows) == len(pairs) + 1
    assert len(texts) == len(machine.states) + len(pairs)


@pytest.mark.parametrize(
    "machine",
    [Automaton.of([[1, 0], [0, 1]]), pattern_automaton("((a|bb)*b)?", "ab"), word_problem((1, 0, 2), (1, 2, 0))],
)
def test_a_label_is_at_its_own_arrow_and_at_no_other(machine):
    texts, circles, arrows = parts(machine)
    centres = {tuple(circle.center) for circle in circles}
    labels = [np.array(text.get_position()) for text in texts if tuple(text.get_position()) not in centres]
    paths = [np.concatenate(arrow.get_path().to_polygons(closed_only=False)) for arrow in arrows[1:]]
    paths = [Path(path).interpolated(20).vertices for path in paths]
    assert len(labels) == len(paths)
    for label, own in zip(labels, paths, strict=True):
        distances = [np.linalg.norm(path - label, axis=1).min() for path in paths]
        assert min(distances) == np.linalg.norm(own - label, axis=1).min() < 0.2


def test_more_states_than_anybody_reads_are_refused_with_what_to_do():
    large = Automaton.of([[(i + 1) % (MOST_STATES + 1)] for i in range(MOST_STATES + 1)])
    with pytest.raises(ProgramError, match=r"65 states; expected at most 64: .*minimal"):
        automaton_figure(large)


def test_pictures_are_written_in_formats_that_are_known(tmp_path):
    machine = Automaton.of([[1, 0], [0, 1]])
    for suffix in (".svg", ".png"):
        assert machine.draw(tmp_path / f"parity{suffix}").stat().st_size > 1000
    with pytest.raises(FormatError):
        draw_automaton(machine, tmp_path / "parity.txt")
