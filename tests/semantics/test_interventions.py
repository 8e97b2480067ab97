"""What a program does when some of its values are set: as what a reader of them would do by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program, ProgramError, RangeError, ShapeError, cumsum, delay, recur

X = Input(1, range=(-9, 9), integer=True, name="x")
TOTAL = cumsum(X, name="total")
LAST = recur(lambda last: lsrl.maximum(last - 1, X), name="last")
LATCHED = lsrl.latch(X, X < 0, name="latched")
STATES = {"total": TOTAL, "last": LAST, "latched": LATCHED}


def ran(value, x, **given):
    """The outputs of both interpreters, which agree."""
    program = Program(value)
    exact, floats = (program.run(x, exact=exact, **given) for exact in (True, False))
    assert exact.astype(float).tolist() == floats.tolist()
    return exact[:, 0].tolist()


def test_a_value_that_is_set_is_what_others_read_and_no_more():
    shown = lsrl.Concat([TOTAL * 2, delay(TOTAL), TOTAL])
    assert ran(shown[0], [[1], [1], [1]], do={"total": (1, 9)}) == [2, 18, 6]
    assert ran(shown[1], [[1], [1], [1]], do={"total": (1, 9)}) == [0, 1, 9]


def test_a_state_can_go_on_from_what_it_is_set_to():
    assert ran(TOTAL + 0, [[1], [1], [1]], do={"total": (0, 5)}, kind="continuing") == [5, 6, 7]
    assert ran(LAST + 0, [[0], [0], [0]], do={"last": (0, 5)}) == [5, 0, 0]
    assert ran(LAST + 0, [[0], [0], [0]], do={"last": (0, 5)}, kind="continuing") == [5, 4, 3]


@pytest.mark.parametrize("name", STATES)
@given(data=st.data())
def test_setting_a_state_is_starting_anew_from_there(name, data):
    """The steps before one that is set do not matter to those after it."""
    numbers = st.lists(st.integers(-9, 9), min_size=6, max_size=6)
    one, other, at = data.draw(numbers), data.draw(numbers), data.draw(st.integers(0, 5))
    other[at + 1 :] = one[at + 1 :]
    given_both = [
        ran(STATES[name] * 3, np.array(x)[:, None], do={name: (at, 7)}, kind="continuing") for x in (one, other)
    ]
    assert given_both[0][at:] == given_both[1][at:]
    assert given_both[0][at] == 21


def test_several_values_steps_and_sequences_at_once():
    program = Program(TOTAL + 10 * LATCHED)
    x = np.ones((2, 3, 1))
    found = program.run(x, do={"total": ([0, 2], [[[1], [2]], [[3], [4]]]), "latched": (1, 5)}, exact=True)
    assert found[:, :, 0].tolist() == [[1, 52, 2], [3, 52, 4]]


def test_numbers_are_exact():
    assert ran(TOTAL * 3, [[1]], do={"total": (0, Fraction(1, 3))}) == [1]


def test_traces_show_what_is_set():
    trace = Program(TOTAL * 2).trace([[1], [1]], do={"total": (1, 9)})
    assert trace["total"].ravel().tolist() == [1, 9]


def test_a_comparison_that_reads_what_it_never_could_is_undecided():
    with pytest.warns(lsrl.UndecidedComparisonWarning):
        Program(TOTAL > 3).run([[1]], do={"total": (0, 3 + 2**-11)})


@pytest.mark.parametrize(
    ("do", "kind", "error", "message"),
    [
        ({"nothing": (0, 1)}, "value", ProgramError, "no value is named 'nothing'"),
        ({"x": (0, 1)}, "value", ProgramError, "the input"),
        ({"double": (0, 1)}, "continuing", ProgramError, "not kept from step to step"),
        ({"total": 3}, "value", ProgramError, "expected a pair"),
        ([("total", 3)], "value", ProgramError, "expected a mapping"),
        ({"total": (5, 1)}, "value", RangeError, "expected some of 0 to 2"),
        ({"total": ([1, 1], 1)}, "value", RangeError, "every step once"),
        ({"total": (1.5, 1)}, "value", RangeError, "at steps 1.5"),
        ({"total": (0, [1, 2, 3])}, "value", ShapeError, r"expected \(batch, steps, dim\) = \(1, 1, 1\)"),
        ({"total": (0, 1)}, "for ever", ProgramError, "expected 'value' or 'continuing'"),
    ],
)
def test_what_cannot_be_set_is_refused_in_a_line(do, kind, error, message):
    program = Program(lsrl.Linear(TOTAL, [[2]], name="double") + 1)
    with pytest.raises(error, match=message) as problem:
        program.run([[1], [1], [1]], do=do, kind=kind)
    assert "\n" not in str(problem.value)
