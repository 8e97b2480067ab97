"""Finite automata on targets that feed back no decision: exact, or refused with what stands in the way."""

import numpy as np
import pytest

import lsrl
from lsrl import Automaton, Input, Program, RangeError, UnsupportedProgram
from lsrl.automata import word_problem
from lsrl.backends.registry import targets_with
from strategies import rotated

DIAGONAL = tuple(targets_with(lambda target: target.tokens and "reflections" not in target.abilities))
LINEAR = ("linear-rnn", "gated-linear-rnn")
FLIP_FLOP = Automaton.of([[0, 0, 1], [1, 0, 1]])
STAR_FREE = Automaton.of([[1, 0, None], [1, 2, 0], [2, 2, 1]])
SWAPS = Automaton.of([[1, 0], [0, 2], [2, 1]])  # generate S₃
MIXED = Automaton.of([[1, 2, 0], [2, 0, 0], [0, 1, 0]])  # counts modulo 3 either way, and can start anew


def compiled(automaton, target, **options):
    """The states of an automaton, one-hot, on a target."""
    symbol = Input(1, range=(0, len(automaton.alphabet) - 1), integer=True, name="symbol")
    return lsrl.compile(Program(lsrl.automaton(symbol, automaton, name="state")), target, **options)


def check(model, automaton, length, seed=0):
    word = np.random.default_rng(seed).integers(0, len(automaton.alphabet), length).tolist()
    expected = [[float(state == after) for state in automaton.states] for after in automaton.run(word)]
    assert model.guarantee.kind == "exact"
    x = [[symbol] for symbol in word]
    assert model.run(x).tolist() == expected
    assert model.read("state", x).tolist() == expected


@pytest.mark.parametrize(("automaton", "target"), rotated([FLIP_FLOP, STAR_FREE], DIAGONAL, 2))
def test_resets_are_latches_at_any_length(automaton, target):
    model = compiled(automaton, target)
    assert model.guarantee.max_length is None
    check(model, automaton, 300)


@pytest.mark.parametrize(("automaton", "target"), rotated([SWAPS, MIXED], DIAGONAL, 2))
def test_solvable_groups_are_sums_up_to_a_length(automaton, target):
    check(compiled(automaton, target, max_length=200), automaton, 200)
    with pytest.raises(RangeError, match=r"'state' is a finite automaton that counts modulo [23].*max_length"):
        compiled(automaton, target)


@pytest.mark.parametrize("target", LINEAR)
def test_linear_networks_count_and_cannot_be_reset(target):
    check(compiled(SWAPS, target, max_length=200), SWAPS, 200)
    with pytest.raises(UnsupportedProgram, match="'state'.*use target="):
        compiled(FLIP_FLOP, target, max_length=200)


@pytest.mark.parametrize("target", [*DIAGONAL, *LINEAR])
def test_a5_is_refused_by_name_with_the_targets_that_have_it(target):
    a5 = Automaton.of(
        lambda p, a: tuple(((1, 2, 0, 3, 4), (0, 1, 3, 4, 2))[a][i] for i in p), start=(0, 1, 2, 3, 4), alphabet=[0, 1]
    )
    with pytest.raises(UnsupportedProgram, match=r"'state'.*contains A₅.*use target='rnn-relu', 'rnn-tanh', 'lstm'"):
        compiled(a5, target, max_length=100)


@pytest.mark.parametrize("seed", range(6))
def test_random_automata_run_on_mamba(seed):
    rng = np.random.default_rng(seed)
    automaton = Automaton.of(rng.integers(0, 4, (4, 2)).tolist())
    check(compiled(automaton, "mamba", max_length=100), automaton, 100)


@pytest.mark.parametrize(
    ("target", "became"),
    [("lstm", "in 12 cells"), ("mamba", "as a cascade of counters modulo 2, 3, 6 combinations")],
)
def test_the_report_says_what_an_automaton_became_also_of_a_loaded_model(target, became, tmp_path):
    s3 = word_problem((1, 0, 2), (1, 2, 0))
    model = compiled(s3, target, max_length=50)
    model.save(tmp_path / "model")
    said = f"'state' is an automaton of 6 states and 2 symbols, {became}"
    for found in (model, lsrl.load(tmp_path / "model")):
        assert found.report().automata == (said,)
        assert said in str(found.report())


@pytest.mark.parametrize(("target", "automaton"), [("mamba", FLIP_FLOP), ("hawk", SWAPS), ("linear-rnn", SWAPS)])
def test_a_cascade_streams_and_is_saved_as_other_programs(target, automaton, tmp_path):
    model = compiled(automaton, target, max_length=40)
    model.save(tmp_path / "cascade")
    loaded, state, outputs = lsrl.load(tmp_path / "cascade"), None, []
    word = np.random.default_rng(5).integers(0, len(automaton.alphabet), 40)
    for symbol in word:
        output, state = loaded.step([symbol], state)
        outputs.append(output.tolist())
    assert outputs == [[float(s == after) for s in automaton.states] for after in automaton.run(word.tolist())]
