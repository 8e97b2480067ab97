"""Remainders: right for every number that ranges allow, of either sign; a promise that ranges contradict is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program, RangeError
from lsrl.backends.registry import TARGETS


def whole(low, high, name="x"):
    return Input(1, range=(low, high), integer=True, name=name)


def everywhere(value, low, high, target="linear-rnn"):
    """What a network makes of every whole number in a range."""
    model = lsrl.compile(Program(value), target)
    assert model.guarantee.kind == "exact"
    return model.run(np.arange(low, high + 1)[:, None]).ravel().tolist()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("low", "high"), [(0, 20), (-20, -1), (-7, 50)])
def test_remainders_need_no_promise_where_ranges_are_known(low, high, target):
    x = whole(low, high)
    found = everywhere(lsrl.Concat([lsrl.modulo(x, 3), lsrl.modulo(x, 8)]), low, high, target)
    assert found == [number % n for number in range(low, high + 1) for n in (3, 8)]


@settings(max_examples=60, deadline=None)
@given(st.integers(-90, 90), st.integers(0, 150), st.integers(1, 40))
def test_remainders_are_python_s(low, size, n):
    assert everywhere(lsrl.modulo(whole(low, low + size), n), low, low + size) == [
        number % n for number in range(low, low + size + 1)
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_remainders_of_sums_are_right_up_to_max_length(target):
    x = whole(-2, 3)
    program = Program(lsrl.modulo(lsrl.cumsum(x), 5))
    model = lsrl.compile(program, target, max_length=40)
    assert model.guarantee.kind == "exact"
    for stream in (np.full((40, 1), 3), np.full((40, 1), -2), np.random.default_rng(0).integers(-2, 4, (40, 1))):
        assert model.run(stream).ravel().tolist() == (np.cumsum(stream) % 5).tolist()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("below", [1, 8, 20])
def test_a_promise_that_ranges_contradict_is_refused(below, target):
    message = rf"'rest' is a remainder of what can be 0 … 20, and below={below} promises 0 … {below - 1}"
    with pytest.raises(RangeError, match=message):
        lsrl.compile(Program(lsrl.modulo(whole(0, 20), 3, below=below, name="rest")), target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_promise_is_held_against_how_far_a_sum_gets(target):
    program = Program(lsrl.modulo(lsrl.cumsum(whole(0, 4)), 3, below=21))
    x = np.full((5, 1), 4)
    assert lsrl.compile(program, target, max_length=5).run(x).ravel().tolist() == [1, 2, 0, 1, 2]
    with pytest.raises(RangeError, match=r"what can be 0 … 24, and below=21 promises 0 … 20.*max_length"):
        lsrl.compile(program, target, max_length=6)


@pytest.mark.parametrize("below", [8, None])
def test_a_promise_of_no_negative_numbers_is_held_too(below):
    program = Program(lsrl.modulo(whole(-1, 7), 3, below=below))
    if below is None:
        assert lsrl.compile(program).run([[-1]]).item() == 2
        return
    with pytest.raises(RangeError, match="what can be -1 … 7"):
        lsrl.compile(program)


UNKNOWN = [
    (lsrl.modulo(Input(1, range=(0, 9)), 3, name="rest"), "'rest' is a remainder of what may not be whole"),
    (lsrl.modulo(Input(1, range=(0, 9), grid="1/2"), 3, name="rest"), "may not be whole"),
    (lsrl.modulo(Input(1, integer=True), 3, name="rest"), r"'rest'.*range is not known; declare Input\(range="),
    (lsrl.modulo(lsrl.cumsum(whole(0, 1)), 3, below=9), "range is not known; declare .*max_length"),
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("value", "message"), UNKNOWN)
def test_remainders_of_what_is_not_known_are_refused(value, message, target):
    with pytest.raises(RangeError, match=message):
        lsrl.compile(Program(value), target)
