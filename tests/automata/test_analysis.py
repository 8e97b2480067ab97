"""What is said of an automaton before anything is compiled for good: its algebra, and a row of targets."""

import json

import pytest

import lsrl
from lsrl import Automaton, ProgramError
from lsrl.automata import pattern_automaton, word_problem
from lsrl.backends.registry import TARGETS, targets_with

FEEDING_BACK = set(targets_with(lambda target: "automata" in target.abilities))
REFLECTING = set(targets_with(lambda target: "reflections" in target.abilities))
HUB = set(targets_with(lambda target: target.tokens))

STAR_FREE = pattern_automaton("(ab)*", "ab")
PAIRS = pattern_automaton("(aa)*", "ab")
S3 = word_problem((1, 0, 2), (1, 2, 0))
A5 = word_problem((1, 2, 0, 3, 4), (0, 1, 3, 4, 2))


@pytest.mark.parametrize(
    ("machine", "kind", "counters", "elsewhere", "linear"),
    [
        (STAR_FREE, "aperiodic", (), "exact", "refused"),
        (PAIRS, "solvable: counts modulo 2", (2,), "exact to `max_length`", "refused"),
        (S3, "solvable: counts modulo 2, 3", (2, 3), "exact to `max_length`", "exact to `max_length`"),
        (A5, "not solvable", (), "refused", "refused"),
    ],
    ids=["(ab)*", "(aa)*", "S3", "A5"],
)
def test_the_algebra_of_an_automaton_says_who_can_track_it(machine, kind, counters, elsewhere, linear):
    found = lsrl.analyse(machine)
    assert found.kind.startswith(kind)
    assert found.counters == counters
    assert list(found.targets) == list(TARGETS)
    for target, answer in found.targets.items():
        expected = "exact" if target in FEEDING_BACK else elsewhere if target in HUB else linear
        if target in REFLECTING and expected == "exact to `max_length`":
            expected = "exact"
        assert answer == expected, target


def test_sizes_are_those_of_the_monoid_and_the_smallest_automaton():
    twice = Automaton.of([[1, 0], [2, 1], [3, 2], [0, 3]], accepting=[1, 3])  # counts to 4, of which 2 are told apart
    found = lsrl.analyse(twice)
    assert (found.states, found.minimal, found.elements) == (4, 2, 4)
    accepted = lsrl.analyse(twice, what="accepts")
    assert (accepted.states, accepted.minimal, accepted.elements) == (4, 2, 2)


def test_an_analysis_is_text_and_json():
    found = lsrl.analyse(S3)
    assert json.loads(json.dumps(found.as_dict()))["targets"]["lstm"] == "exact"
    lines = str(found).splitlines()
    assert lines[0].startswith("6 states")
    assert lines[1] == "cascade: counters modulo 2, 3, 6 combinations"
    assert lines[2:] == [f"{target}: {answer}" for target, answer in found.targets.items()]


def test_a_symbol_may_be_no_number():
    assert lsrl.analyse(PAIRS, what="accepts").targets["gru"] == "exact"


@pytest.mark.parametrize("mistake", [lambda: lsrl.analyse([[0]]), lambda: lsrl.analyse(S3, what="words")])
def test_mistakes_are_one_line(mistake):
    with pytest.raises(ProgramError, match=r"analyse .*expected") as refusal:
        mistake()
    assert "\n" not in str(refusal.value)
