"""Gated states in both interpreters against their definition."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import GatedState, Input, Program, UndecidedComparisonWarning

numbers = st.fractions(min_value=-2, max_value=2, max_denominator=4)


def by_definition(x, gates, init):
    state, states = list(init), []
    for step, gate in zip(x, gates, strict=True):
        kept = list(gate) * len(step) if len(gate) == 1 else gate
        state = [g * s + u for g, s, u in zip(kept, state, step, strict=True)]
        states.append(state)
    return states


def gated(dim, gate_dim, init=0):
    """A program that reads what to add and then the gates."""
    stream = Input(dim + gate_dim)
    return Program(GatedState(stream[:dim], stream[dim:], init))


def side_by_side(x, gates):
    return [[*step, *gate] for step, gate in zip(x, gates, strict=True)]


@st.composite
def cases(draw, gate):
    """A batch of two sequences, their gates (one a step, or one a component) and an initial state."""
    dim, length = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    gate_dim = draw(st.sampled_from([1, dim]))

    def table(columns, entries):
        row = st.lists(entries, min_size=columns, max_size=columns)
        return [draw(st.lists(row, min_size=length, max_size=length)) for _ in range(2)]

    init = draw(st.lists(numbers, min_size=dim, max_size=dim))
    return table(dim, numbers), table(gate_dim, gate), init


@settings(max_examples=60, deadline=None)
@given(cases(gate=st.integers(0, 1)))
def test_gated_states_follow_their_definition(case):
    xs, gates, init = case
    program = gated(len(init), len(gates[0][0]), init)
    batch = [side_by_side(x, gate) for x, gate in zip(xs, gates, strict=True)]
    expected = [by_definition(x, gate, init) for x, gate in zip(xs, gates, strict=True)]
    assert program.run(batch, exact=True).tolist() == expected
    np.testing.assert_allclose(program.run(batch), np.array(expected, dtype=float), rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")
@settings(max_examples=40, deadline=None)
@given(cases(gate=numbers))
def test_they_do_so_for_gates_that_are_neither_0_nor_1(case):
    xs, gates, init = case
    program = gated(len(init), len(gates[0][0]), init)
    batch = [side_by_side(x, gate) for x, gate in zip(xs, gates, strict=True)]
    expected = [by_definition(x, gate, init) for x, gate in zip(xs, gates, strict=True)]
    assert program.run(batch, exact=True).tolist() == expected
    np.testing.assert_allclose(program.run(batch), np.array(expected, dtype=float), rtol=1e-9, atol=1e-9)


def test_both_interpreters_agree_bit_for_bit_on_whole_numbers_over_many_steps():
    rng = np.random.default_rng(0)
    stream = np.concatenate([rng.integers(-9, 10, (3, 2000, 2)), rng.random((3, 2000, 2)) < 0.9], axis=-1)
    program = gated(2, 2, [3, -4])
    assert (program.run(stream) == program.run(stream, exact=True)).all()


def test_init_is_kept_until_the_gate_first_closes():
    program = gated(1, 1, init="1/2")
    found = program.run([[0, 1], [1, 1], [1, 0], [1, 1]], exact=True).ravel().tolist()
    assert found == [Fraction(1, 2), Fraction(3, 2), 1, 2]
    assert gated(1, 1, init=5).run([[1, 0]], exact=True).tolist() == [[1]]


def test_a_gate_of_dimension_1_gates_every_component():
    program = gated(3, 1, init=[10, 20, 30])
    found = program.run([[1, 2, 3, 1], [1, 2, 3, 0], [1, 2, 3, 1]], exact=True)
    assert found.tolist() == [[11, 22, 33], [1, 2, 3], [2, 4, 6]]


@pytest.mark.parametrize("weight", [2**40, 2**62, 10**30, Fraction(10**20, 3)])
def test_exact_sums_may_grow_beyond_every_machine_word(weight):
    stream = Input(2)
    program = Program(GatedState(stream[0] * weight, stream[1], init=-weight))
    length = 2**23 // 1000
    gates = [1] * length + [0] + [1] * length
    x = [[1000, gate] for gate in gates]
    found = program.run(x, exact=True).ravel().tolist()
    assert found[length - 1] == (1000 * length - 1) * weight
    assert found[length] == 1000 * weight
    assert found[-1] == 1000 * (length + 1) * weight


def test_a_float_state_keeps_nothing_of_what_it_dropped():
    stream = Input(2)
    program = Program(GatedState(stream[0], stream[1]))
    assert program.run([[1e300, 1], [0.1, 0], [0.2, 1]]).ravel().tolist()[1:] == [0.1, 0.1 + 0.2]


def test_an_undecided_gate_is_reported_and_computed_with_as_it_stands():
    stream = Input(2, name="stream")
    program = Program(GatedState(stream[0], stream[1], name="memory"))
    x = [[4, 1], [1, 0.5], [0, 1]]
    for exact in (True, False):
        (undecided,) = program.undecided(x, exact=exact)
        assert (undecided.value, undecided.step, undecided.amount) == ("memory.gate", 1, 0.5)
        with pytest.warns(UndecidedComparisonWarning, match=r"memory\.gate is 0\.5 at batch 0, step 1"):
            assert program.run(x, exact=exact).ravel().tolist() == [4, 3, 3]


def test_a_comparison_that_gates_or_selects_is_reported_once():
    x = Input(1, name="x")
    large = lsrl.larger(x, 1, width=1, name="large")
    states = [GatedState(x, large), GatedState(x, ~large), lsrl.reset_sum(x, large), lsrl.latch(x, large)]
    for value in (*states, lsrl.ifelse(~large, x, 0)):
        assert [undecided.value for undecided in Program(value).undecided([[0], [1.5], [2]])] == ["large"]
