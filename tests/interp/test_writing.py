"""What is written must fit: the steps, the numbers, and the network whose site it is."""

import numpy as np
import pytest

import lsrl
from lsrl.interp import Write, run_with

X = lsrl.Input(1, range=(-1, 1), integer=True, name="x")
DEPTH = lsrl.cumsum(X, name="depth")
MODEL = lsrl.compile(lsrl.Program(DEPTH * 2, name="twice"), "lstm", max_length=9, variables=["depth"])
WINDOW = lsrl.Program(lsrl.Linear(lsrl.Concat([X, lsrl.delay(X), DEPTH], name="window"), [[1, 2, 3]]))
ONES = np.ones((2, 4, 1))


def site_of(program, variable, target):
    return lsrl.compile(program, target, max_length=9, variables=[variable]).sites[variable].value


def test_one_number_is_written_to_all_and_each_gets_its_own():
    site = MODEL.sites["depth"].value
    assert run_with(MODEL, ONES, [Write(site, [1, 2], 5)])[..., 0].tolist() == [[2, 10, 10, 8]] * 2
    each = [[["7"]], [["-7"]]]
    assert run_with(MODEL, ONES, [Write(site, [0], each)])[..., 0].tolist() == [[14, 4, 6, 8], [-14, 4, 6, 8]]


@pytest.mark.parametrize(
    ("steps", "numbers", "error", "message"),
    [
        ([4], 0, lsrl.RangeError, r"a write sets 'depth' at steps \[4\]; expected some of 0 to 3"),
        ([-1], 0, lsrl.RangeError, "expected some of 0 to 3"),
        ([0.5], 0, lsrl.RangeError, "expected some of 0 to 3"),
        ([1, 1], 0, lsrl.RangeError, "expected every step once"),
        ([1], np.zeros((3, 1, 1)), lsrl.ShapeError, r"has shape \(3, 1, 1\); expected .* = \(2, 1, 1\)"),
        ([1], np.zeros((2, 2, 1)), lsrl.ShapeError, r"has shape \(2, 2, 1\)"),
        ([1], [[1], [1, 2]], lsrl.ShapeError, "expected numbers in rows of equal length"),
        ([1], np.nan, lsrl.NumberError, "depth.* is nan; expected finite numbers"),
        ([1], "five", lsrl.NumberError, "expected a number like 2"),
    ],
)
def test_what_has_no_room_is_refused_in_a_line(steps, numbers, error, message):
    with pytest.raises(error, match=message) as problem:
        run_with(MODEL, ONES, [Write(MODEL.sites["depth"].value, steps, numbers)])
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (ONES[0], lsrl.ShapeError, r"x has shape \(4, 1\); expected \(batch, T, dim\)"),
        (ONES * 2, lsrl.RangeError, "in the declared range"),
        (np.ones((1, 10, 1)), lsrl.RangeError, "has 10 steps; expected at most max_length=9"),
        ([[1], [1, 2]], lsrl.ShapeError, "expected numbers in rows of equal length"),
    ],
)
def test_inputs_are_those_that_the_model_runs_on(x, error, message):
    with pytest.raises(error, match=message):
        run_with(MODEL, x, [])


def test_a_site_of_another_model_is_refused_in_a_line():
    for site, message in (
        (site_of(lsrl.Program(DEPTH * 2), "depth", "linear-rnn"), "twice on lstm has no module 'layers.0.output'"),
        (site_of(WINDOW, "window", "lstm"), "'window' is number . of a module with .; expected a site of this model"),
    ):
        with pytest.raises(lsrl.ProgramError, match=message) as problem:
            run_with(MODEL, ONES, [Write(site, [1], 0)])
        assert "\n" not in str(problem.value)
