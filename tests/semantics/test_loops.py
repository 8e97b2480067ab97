"""States that read their own past: both interpreters against plain Python, step by step."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program, ProgramError, ShapeError, UndecidedComparisonWarning

x = Input(1, range=(-4, 4), name="x")
inputs = st.lists(st.fractions(-4, 4, max_denominator=4), min_size=1, max_size=9)


def stepped(step, start, stream):
    """What a Python function of state and input makes of a stream."""
    states = []
    for symbol in stream:
        start = step(start, symbol)
        states.append(start)
    return states


LOOPS = {
    "peak with decay": (
        lsrl.recur(lambda last: lsrl.maximum(last * "9/10", x)),
        lambda s, x: max(s * Fraction(9, 10), x),
        0,
    ),
    "neuron with reset": (
        lsrl.recur(lambda v: lsrl.ifelse(v + x >= 3, 0, v + x), init="1/2"),
        lambda s, x: 0 if s + x >= 3 else s + x,
        Fraction(1, 2),
    ),
    "product with itself": (
        lsrl.recur(lambda s: lsrl.clip(s * s + x, -2, 2)),
        lambda s, x: min(max(s * s + x, -2), 2),
        0,
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
@given(inputs)
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")
def test_a_state_is_the_step_of_what_it_was(loop, stream):
    state, step, start = LOOPS[loop]
    program, column = Program(state), [[number] for number in stream]
    undecided = program.undecided(column)
    if not undecided:
        expected = stepped(step, start, stream)
        assert program.run(column, exact=True).ravel().tolist() == expected
        np.testing.assert_allclose(program.run(column).ravel(), np.array(expected, float), rtol=1e-12, atol=1e-12)


def test_states_inside_a_step_remember_too():
    program = Program(lsrl.recur(lambda s: lsrl.clip(lsrl.cumsum(s + x), -1, 1), init=1))
    total, state, expected = 0, 1, []
    for symbol in (1, -3, 2, 0, 4):
        total += state + symbol
        state = min(max(total, -1), 1)
        expected.append(state)
    assert program.run([[symbol] for symbol in (1, -3, 2, 0, 4)], exact=True).ravel().tolist() == expected


def test_loops_in_loops_and_several_states_at_once():
    fibonacci = lsrl.recur(lambda s: lsrl.Concat([s[1], s[0] + s[1] + 0 * x]), init=[0, 1])
    assert Program(fibonacci).run([[0]] * 6, exact=True).tolist()[-1] == [8, 13]
    inner_in_outer = lsrl.recur(lambda s: lsrl.recur(lambda r: r + s + x) * "1/2")
    program = Program(inner_in_outer)
    inner, outer, expected = 0, 0, []
    for symbol in (1, 2, 3, 0):
        inner = inner + outer + symbol
        outer = Fraction(inner, 2)
        expected.append(outer)
    assert program.run([[1], [2], [3], [0]], exact=True).ravel().tolist() == expected


def test_batches_are_sequences_of_their_own():
    program = Program(LOOPS["peak with decay"][0])
    batch = np.random.default_rng(0).uniform(-4, 4, (3, 7, 1))
    np.testing.assert_array_equal(program.run(batch), [program.run(x) for x in batch])


def test_traces_and_undecided_comparisons_are_of_every_step():
    state = lsrl.recur(lambda s: lsrl.larger(s + x, 1, width="1/2", name="over"), name="state")
    program = Program(state)
    found = program.trace([[1], [0], [1]], exact=True)
    assert found["over"].ravel().tolist() == found["state"].ravel().tolist()
    (undecided,) = program.undecided([["5/4"], [-4]])
    assert (undecided.value, undecided.step, undecided.amount) == ("over", 0, Fraction(1, 2))
    with pytest.warns(UndecidedComparisonWarning, match="over"):
        program.run([["5/4"]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lsrl.recur(lambda s: lsrl.Concat([s, s]), name="twice"), "twice goes from 1 numbers to 2"),
        (lambda: lsrl.recur(lambda _: x, name="same"), "step of same does not read the state"),
        (lambda: lsrl.recur(x), "step of recur is <Input 'x'"),
        (lambda: lsrl.recur(lambda s: 3), "recur that steps of 3"),
        (lambda: Program(lsrl.recur(lambda s: s + x + Input(1, name="y"))), "has 2 inputs"),
        (lambda: Program(leaked() + x), "reads 'state.previous'"),
        (lambda: lsrl.recur(endless), "calls itself without end"),
    ],
)
def test_steps_that_are_none_are_refused_in_one_line(make, message):
    with pytest.raises((ProgramError, ShapeError), match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)


def leaked():
    """What a step reads, outside of the loop."""
    kept = []
    lsrl.recur(lambda s: kept.append(s) or s + x, name="state")
    return kept[0]


def endless(state):
    return endless(state + 1)


def test_two_states_cannot_share_what_they_were():
    last = lsrl.Previous(0, hint="last")
    with pytest.raises(ProgramError, match="expected a recur for each"):
        Program(lsrl.Recur(last + x, last) + lsrl.Recur(last - x, last))
