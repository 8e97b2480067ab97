"""Both interpreters against the definitions, and what they say of undecided comparisons."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, LinState, Program, ProgramError, UndecidedComparisonWarning

fractions = st.fractions(min_value=-2, max_value=2, max_denominator=4)


def by_definition(A, B, init, bias, x):
    state, states = list(init), []
    for step in x:
        state = [
            sum(a * s for a, s in zip(A[i], state, strict=True))
            + sum(b * u for b, u in zip(B[i], step, strict=True))
            + bias[i]
            for i in range(len(state))
        ]
        states.append(state)
    return states


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(1, 2), st.integers(1, 8))
def test_linear_states_follow_their_definition(data, dim, inputs, length):
    def table(rows, columns):
        row = st.lists(fractions, min_size=columns, max_size=columns)
        return data.draw(st.lists(row, min_size=rows, max_size=rows))

    A, B, x = table(dim, dim), table(dim, inputs), table(length, inputs)
    (init,), (bias,) = table(1, dim), table(1, dim)
    program = Program(LinState(Input(inputs), A, B, init, bias))
    expected = by_definition(A, B, init, bias, x)
    assert program.run(x, exact=True).tolist() == expected
    np.testing.assert_allclose(program.run(x), np.array(expected, dtype=float), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("growth", [2, 3, "3/2", -7])
def test_exact_numbers_may_grow_beyond_every_machine_word(growth):
    program = Program(LinState(Input(1), growth, 1))
    x = [[1]] + [[0]] * 99
    assert program.run(x, exact=True)[-1, 0] == Fraction(growth) ** 99


def test_products_of_large_numbers_stay_exact():
    x = Input(1)
    square = x * x
    assert Program(square * square * x).run([[10**8 + 1]], exact=True)[0, 0] == (10**8 + 1) ** 5


def test_tiny_numbers_with_huge_denominators_stay_exact():
    x = Input(1)
    tiny = Fraction(-0.0001)
    assert Program(lsrl.ifelse(x > 0, 1, 0)).run([[-0.0001]], exact=True).tolist() == [[0]]
    assert Program(2 * lsrl.ReLU(x)).run([[-0.0001]], exact=True).tolist() == [[0]]
    assert Program(0 * x).run([[1e-4]], exact=True).tolist() == [[0]]
    assert Program(lsrl.Concat([x, lsrl.Constant(1e-20)])).run([[0]], exact=True).tolist() == [[0, Fraction("1e-20")]]
    assert Program(LinState(x, 10**20)).run([[0], [1], [0]], exact=True).ravel().tolist() == [0, 1, 10**20]
    assert Program(x * x).run([[-0.0001]], exact=True).tolist() == [[tiny**2]]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_sums_of_one_tiny_number_stay_exact(steps):
    tiny = 1e-12
    sums = Program(lsrl.cumsum(Input(1))).run([[tiny]] * steps, exact=True)[:, 0]
    assert sums.tolist() == [Fraction(tiny) * (step + 1) for step in range(steps)]


def test_a_trace_has_every_value_by_name():
    x = Input(1, name="x")
    total = lsrl.cumsum(x, name="total")
    program = Program(total > 2, name="p")
    trace = program.trace([[1], [2]])
    assert set(trace) == set(program.names.values())
    assert trace["total"].ravel().tolist() == [1, 3]
    assert trace["x"].ravel().tolist() == [1, 2]
    assert (trace.output == program.run([[1], [2]])).all()
    assert trace.undecided == ()
    with pytest.raises(ProgramError, match="no value is named 'sum'; expected one of x, total"):
        trace["sum"]
    batch = program.trace(np.ones((3, 2, 1)), exact=True)
    assert batch["total"].tolist() == [[[1], [2]]] * 3


def test_an_undecided_comparison_is_reported_with_value_place_and_amount():
    x = Input(2, name="x")
    program = Program(lsrl.larger(x, 1, width="1/2", name="big"))
    batch = np.array([[[0, 0], [1.25, 2]], [[3, 3], [0, 1.125]]])
    for exact in (True, False):
        found = program.undecided(batch, exact=exact)
        assert [(u.value, u.batch, u.step, u.component, u.amount) for u in found] == [
            ("big", 0, 1, 0, 0.5),
            ("big", 1, 1, 1, 0.25),
        ]
        with pytest.warns(UndecidedComparisonWarning, match=r"big is 0\.5 at batch 0, step 1.*and 1 more"):
            program.run(batch, exact=exact)
    assert str(found[1]) == "big is 0.25 at batch 1, step 1, component 1; expected 0 or 1"


def test_rounding_is_no_undecided_comparison():
    x = Input(1)
    program = Program(lsrl.at_least(x * "1/3", "1/3", width="1/10"))
    assert program.undecided([[1], [2], [0]], exact=False) == ()
    assert program.run([[1], [2], [0]]).round(9).ravel().tolist() == [1, 1, 0]
