"""Sums without a longest sequence: what only depends on their remainder, or on whether they came so far, is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program

FEEDING_BACK = ("rnn-relu", "rnn-tanh", "lstm", "gru")
digit = Input(1, range=(0, 3), integer=True, name="digit")
signed = Input(1, range=(-2, 2), grid="1/2", name="signed")


def agrees(value, target, seed, low, high, grid):
    """Whether a program compiles to an exact network of any length that computes it."""
    program = Program(value)
    model = lsrl.compile(program, target)
    x = np.random.default_rng(seed).integers(low, high + 1, (200, 1)) * grid
    assert str(model.guarantee) == "exact: bit for bit, any length"
    assert model.run(x).tolist() == program.run(x, exact=True).astype(float).tolist()


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(FEEDING_BACK),
    st.integers(1, 9),
    st.integers(-3, 3).filter(bool),
    st.integers(-5, 5),
    st.integers(-4, 4),
    st.integers(0, 99),
)
def test_remainders_of_sums_are_followed(target, n, weight, shift, init, seed):
    agrees(lsrl.modulo(weight * lsrl.cumsum(digit, init=init) + shift, n), target, seed, 0, 3, 1)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FEEDING_BACK), st.integers(-5, 60), st.booleans(), st.integers(0, 99))
def test_whether_a_sum_that_never_falls_came_so_far_is_followed(target, bound, below, seed):
    total = lsrl.cumsum(digit, init="1/2")
    agrees(total < bound if below else total > bound, target, seed, 0, 3, 1)


@pytest.mark.parametrize("target", FEEDING_BACK)
def test_whole_multiples_of_halves_have_remainders_too(target):
    agrees(lsrl.modulo(2 * lsrl.cumsum(signed), 5), target, 0, -4, 4, 0.5)


@pytest.mark.parametrize("target", ["rnn-tanh", "lstm", "gru"])
def test_a_sum_that_rises_and_falls_has_no_end_and_says_so(target):
    with pytest.raises(lsrl.RangeError, match="max_length"):
        lsrl.compile(Program(lsrl.cumsum(signed) > 1), target)
