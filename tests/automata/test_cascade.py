"""Cascades of resets and counters: they run as the automaton does, and name the groups that known automata have."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsrl import Automaton, UnsupportedProgram
from lsrl.automata import pattern_automaton
from lsrl.automata.cascade import cascade
from lsrl.automata.groups import cyclic_steps, generated

S3, A4, S4, D4 = (
    [(1, 0, 2), (1, 2, 0)],
    [(1, 2, 0, 3), (0, 2, 3, 1)],
    [(1, 0, 2, 3), (1, 2, 3, 0)],
    [(1, 2, 3, 0), (0, 3, 2, 1)],
)
Q8 = [(2, 3, 1, 0, 6, 7, 5, 4), (4, 5, 7, 6, 1, 0, 2, 3)]
A5, S5 = [(1, 2, 0, 3, 4), (0, 1, 3, 4, 2)], [(1, 0, 2, 3, 4), (1, 2, 3, 4, 0)]


def word_problem(generators):
    """The automaton that multiplies the generators that it reads."""
    times = lambda element, symbol: tuple(generators[symbol][i] for i in element)  # noqa: E731
    return Automaton.of(times, start=tuple(range(len(generators[0]))), alphabet=list(range(len(generators))))


@st.composite
def automata(draw):
    """Tables of any kind, of permutations, and of permutations with resets."""
    n, k = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    column = st.one_of(
        st.permutations(range(n)),
        st.integers(0, n - 1).map(lambda target: [target] * n),
        st.lists(st.integers(0, n - 1), min_size=n, max_size=n),
    )
    columns = draw(st.lists(column, min_size=k, max_size=k))
    return Automaton.of([list(row) for row in zip(*columns, strict=True)], start=draw(st.integers(0, n - 1)))


@settings(max_examples=100, deadline=None)
@given(automata(), st.randoms(use_true_random=False))
def test_a_cascade_runs_as_its_automaton(automaton, random):
    word = [random.randrange(len(automaton.alphabet)) for _ in range(100)]
    try:
        found = cascade(automaton)
    except UnsupportedProgram as refusal:
        reason = str(refusal)
    else:
        assert found.run(word) == automaton.run(word)
        return
    assert "over 4,096" in reason or ("not solvable" in reason and len(automaton.states) == 5)


GROUPS = {
    "S₃": (S3, 6),
    "A₄": (A4, 12),
    "S₄": (S4, 24),
    "D₄": (D4, 8),
    "Q₈": (Q8, 8),
    "Z₁₂": ([(*range(1, 12), 0)], 12),
}


@pytest.mark.parametrize("name", GROUPS)
def test_solvable_groups_are_counters_whose_orders_multiply_to_theirs(name):
    generators, order = GROUPS[name]
    automaton = word_problem(generators)
    assert len(automaton.states) == order
    assert math.prod(cascade(automaton).orders) == order


@pytest.mark.parametrize("generators", [A5, S5])
def test_groups_that_are_not_solvable_are_refused_by_name(generators):
    with pytest.raises(UnsupportedProgram, match=r"not solvable, as it contains A₅.*Krohn and Rhodes 1965"):
        cascade(word_problem(generators))


@pytest.mark.parametrize("pattern", ["(0|1)*11(0|1)*", "0*1*0*1*", "(10)*", "1*", "0*10*10*"])
def test_star_free_patterns_need_no_counter(pattern):
    assert cascade(pattern_automaton(pattern, "01")).orders == ()


@pytest.mark.parametrize(("pattern", "orders"), [("(00)*", (2,)), ("(0*10*10*10*)*", (3,)), ("((0|1)(0|1))*1", (2,))])
def test_patterns_that_count_need_counters(pattern, orders):
    assert cascade(pattern_automaton(pattern, "01").completed()).orders == orders


def test_steps_of_a_group_are_normal_and_of_prime_order():
    for generators in (S3, A4, S4, D4, Q8):
        degree = len(generators[0])
        whole = generated(generators, degree)
        for step in cyclic_steps(generators, degree):
            assert len(whole) == step.order * len(step.normal)
            assert all(step.order % p for p in range(2, step.order))
            whole = step.normal
        assert len(whole) == 1


def test_what_would_explode_is_refused_with_its_number():
    shuffles = [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0), (1, 0, 2, 3, 4, 5, 6, 7, 8, 9), (0, 0, 2, 3, 4, 5, 6, 7, 8, 9)]
    table = [[column[state] for column in shuffles] for state in range(10)]
    with pytest.raises(UnsupportedProgram, match="over [0-9,]+"):
        cascade(Automaton.of(table))


def test_the_more_levels_there_are_the_fewer_combinations_are_followed(monkeypatch):
    automaton = word_problem(S4)
    whole = cascade(automaton)
    monkeypatch.setattr("lsrl.automata.cascade.MOST_VALUES", len(whole.states) * len(whole.levels) // 2)
    with pytest.raises(UnsupportedProgram, match="over [0-9]+ combinations"):
        cascade(automaton)
