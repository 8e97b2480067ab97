"""Automata as data and as values: against runs in plain Python, patterns against `re`, mistakes in one line."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Automaton, Input, Program, ProgramError
from lsrl.automata import pattern_automaton

FEEDING_BACK = ("rnn-relu", "rnn-tanh", "lstm", "gru")
bit = Input(1, range=(0, 1), integer=True, name="bit")
WORDS = [word for length in range(7) for word in itertools.product((0, 1), repeat=length)]


@st.composite
def tables(draw, states=6, symbols=2):
    """Rows of next states, some of them missing."""
    n = draw(st.integers(1, states))
    after = st.one_of(st.integers(0, n - 1), st.none())
    return draw(st.lists(st.lists(after, min_size=symbols, max_size=symbols), min_size=n, max_size=n))


@given(tables(), st.data())
@settings(max_examples=30, deadline=None)
def test_products_and_the_smallest_automaton_accept_what_is_said(table, data):
    final = data.draw(st.sets(st.integers(0, len(table) - 1)))
    one, other = Automaton.of(table, accepting=final), Automaton.of([[1, 0], [0, 1]], accepting=[1])
    smallest = one.minimal()
    assert len(smallest.states) <= len(one.completed().states)
    for word in WORDS:
        accepted = one.accepts(word)
        assert smallest.accepts(word) == accepted
        assert one.complement().accepts(word) == (not accepted)
        assert one.union(other).accepts(word) == (accepted or other.accepts(word))
        assert one.intersection(other).accepts(word) == (accepted and other.accepts(word))


def test_tables_dicts_nested_dicts_and_functions_are_one_automaton():
    table = [[0, 1], [1, 0]]
    pairs = {(state, symbol): after for state, row in enumerate(table) for symbol, after in enumerate(row)}
    nested = {state: dict(enumerate(row)) for state, row in enumerate(table)}
    written = [
        Automaton.of(table),
        Automaton.of(pairs),
        Automaton.of(nested),
        Automaton.of(lambda state, symbol: state ^ symbol, start=0, alphabet=[0, 1]),
    ]
    assert all(one == written[0] for one in written)


@pytest.mark.parametrize("pattern", ["1*", "(10)*", "0*1*0*1*", "(0|1)*00", "(0|1){2,3}", "1?0+", ".1.", "[01]1"])
@pytest.mark.parametrize("target", FEEDING_BACK)
def test_patterns_match_what_python_matches(pattern, target):
    model = lsrl.compile(Program(lsrl.regex(pattern, bit, name="matches")), target)
    x = np.array([word for word in WORDS if len(word) == 6])[..., None]
    expected = [[bool(re.fullmatch(pattern, "".join(map(str, row[: t + 1, 0])))) for t in range(6)] for row in x]
    np.testing.assert_array_equal(model.run(x)[..., 0], np.array(expected, dtype=float))
    assert str(model.guarantee) == "exact: bit for bit, any length"


@given(tables(states=5, symbols=3), st.sampled_from(FEEDING_BACK), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_states_outputs_and_acceptance_are_those_of_the_automaton(table, target, seed):
    digit = Input(1, range=(0, 2), integer=True, name="digit")
    machine = Automaton.of(table, accepting=[0])
    outputs = {(q, a): 3 * q - a for q in range(len(table)) for a in range(3)}
    program = Program(
        lsrl.automaton(digit, machine),
        lsrl.moore(digit, machine, [[q, -q] for q in range(len(table))]),
        lsrl.mealy(digit, machine, outputs),
        lsrl.accepts(digit, machine),
    )
    word = np.random.default_rng(seed).integers(0, 3, 30).tolist()
    expected, state = [], 0
    for symbol, after in zip(word, machine.run(word), strict=True):
        made = 0 if state is None else outputs[state, symbol]
        one_hot = [float(after == q) for q in range(len(table))]
        expected.append([*one_hot, *((0, 0) if after is None else (after, -after)), made, float(after == 0)])
        state = after
    x = [[symbol] for symbol in word]
    assert program.run(x, exact=True).tolist() == expected
    model = lsrl.compile(program, target)
    assert model.guarantee.kind == "exact"
    assert model.run(x).tolist() == expected


def test_the_word_problem_of_s5_is_one_layer():
    swap, cycle = (1, 0, 2, 3, 4), (1, 2, 3, 4, 0)
    unit = (0, 1, 2, 3, 4)
    times = lambda p, a: tuple((swap, cycle)[a][i] for i in p)  # noqa: E731
    group = Automaton.of(times, start=unit, alphabet=[0, 1], accepting=[unit])
    assert len(group.states) == 120
    model = lsrl.compile(Program(lsrl.accepts(bit, group)), "lstm")
    word = np.random.default_rng(0).integers(0, 2, 3000).tolist()
    found = model.run([[symbol] for symbol in word]).ravel().tolist()
    assert found == [float(state == unit) for state in group.run(word)]
    assert (model.network.sizes.layers, str(model.guarantee)) == (1, "exact: bit for bit, any length")


MISTAKES = {
    "unknown state": (lambda: Automaton.of({("a", 0): "b"}), r"\('a', 0\) leads to 'b', which has no transitions"),
    "unknown start": (lambda: Automaton.of([[0]], start=3), "starts in 3"),
    "unknown accepting": (lambda: Automaton.of([[0]], accepting=["x"]), "accepts in 'x'"),
    "unknown symbol": (lambda: Automaton.of({("a", 7): "a"}, alphabet=[0, 1]), "reads 7, which is not in the alphabet"),
    "empty alphabet": (lambda: Automaton.of([[]]), "empty alphabet"),
    "nothing": (lambda: Automaton.of([]), "empty alphabet"),
    "ragged": (lambda: Automaton.of([[0], [0, 1]]), "1 and 2 symbols"),
    "nondeterminism": (lambda: Automaton.of({("a", 0): {"a", "b"}}), "expected one state"),
    "function alone": (lambda: Automaton.of(lambda s, a: s), "expected start=… and alphabet"),
    "endless": (lambda: Automaton.of(lambda s, a: s + 1, start=0, alphabet=[0]), "over 1,024 states"),
    "number": (lambda: Automaton.of(5), "transitions are 5"),
    "word": (lambda: Automaton.of([[0]]).run([1]), "1 is not in the alphabet"),
    "alphabets": (lambda: Automaton.of([[0]]).union(Automaton.of([[0, 0]])), "expected the same"),
    "bracket": (lambda: pattern_automaton("(ab", "ab"), r"pattern '\(ab' over 'ab'"),
    "foreign character": (lambda: pattern_automaton("abc", "ab"), "pattern 'abc' over 'ab'"),
    "no alphabet": (lambda: pattern_automaton("a", ""), "expected one or more characters"),
    "twice": (lambda: pattern_automaton("a", "aa"), "twice"),
    "long": (lambda: pattern_automaton("a" * 2000, "a"), "at most 1,000"),
    "many places": (lambda: pattern_automaton("(a{99}){99}", "a"), "repeats to"),
    "many states": (lambda: pattern_automaton("(a|b)*a(a|b){12}", "ab"), "over 1,024 states"),
    "vector": (lambda: lsrl.automaton(Input(2), [[0]]), "has 2 components"),
    "no number": (lambda: lsrl.automaton(bit, {("s", "up"): "s"}), "'up' is no number"),
    "start beside": (lambda: lsrl.automaton(bit, Automaton.of([[0]]), start=0), "beside an Automaton"),
    "outputs missing": (lambda: lsrl.moore(bit, [[0, 1], [0, 1]], [1]), "nothing for state 1"),
    "outputs too many": (lambda: lsrl.moore(bit, [[0, 0]], {0: 1, 1: 1}), "outputs of 2 states"),
    "outputs uneven": (lambda: lsrl.moore(bit, [[0, 1], [0, 1]], [1, [1, 2]]), "1 to 2 numbers"),
    "transition missing": (lambda: lsrl.mealy(bit, [[0, 0]], {(0, 0): 1}), r"transition \(0, 1\)"),
    "transition unknown": (lambda: lsrl.mealy(bit, [[0, 0]], {(0, 0): 1, (0, 1): 1, (9, 9): 1}), r"\(9, 9\)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_line_with_the_users_value(mistake):
    make, message = MISTAKES[mistake]
    with pytest.raises(ProgramError, match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)
