"""Delays without a convolution: a filter that is rounded, a sum less its last step, two latches in turn."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, RangeError
from lsrl.circuit.units import DelayUnit, LatchUnit
from lsrl.lowering.rounded_delays import LARGEST
from passes_and_steps import check_pass_and_steps

TARGET = "xlstm"
LONG = 1024


def check(program, x, **options):
    """Exact, in one pass over many chunks, and step by step beyond the first of them."""
    model = lsrl.compile(program, TARGET, **options)
    assert model.guarantee.kind == "exact"
    check_pass_and_steps(model, x, program.run(x))
    return model


def kinds(model):
    """Which kinds of units the network has."""
    return {type(unit) for unit in model.circuit.units}


def whole_numbers(low, high, length=LONG):
    return np.random.default_rng(0).integers(low, high + 1, (2, length, 1)).astype(float)


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-int(LARGEST), int(LARGEST)), (0, int(LARGEST)), (-3, -1)])
def test_few_whole_numbers_are_remembered_at_any_length(low, high, steps):
    x = Input(1, range=(low, high), integer=True, name="x")
    model = check(Program(lsrl.Concat([lsrl.delay(x, steps), x])), whole_numbers(low, high))
    assert model.guarantee.max_length is None
    assert DelayUnit in kinds(model)


def test_extremes_that_alternate_leave_nothing_behind():
    """The largest number beside the smallest, of which the filter has the most to round away."""
    most = int(LARGEST)
    x = Input(1, range=(-most, most), integer=True, name="x")
    sent = np.random.default_rng(1).choice([-most, 1 - most, -1, 0, 1, most - 1, most], (2, LONG, 1)).astype(float)
    check(Program(lsrl.delay(x, 1)), sent)


@pytest.mark.parametrize("grid", [Fraction(1, 2), Fraction(1, 64), 3, 80])
def test_few_multiples_of_any_number_are_remembered(grid):
    x = Input(1, range=(-grid, 3 * grid), grid=grid, name="x")
    model = check(Program(lsrl.delay(x, 1)), whole_numbers(-1, 3) * float(grid))
    assert DelayUnit in kinds(model)


@pytest.mark.parametrize("high", [int(LARGEST) + 1, 10_000])
def test_more_numbers_take_turns_up_to_a_length(high):
    x = Input(1, range=(-high, high), integer=True, name="x")
    program = Program(lsrl.delay(x, 2))
    model = check(program, whole_numbers(-high, high), max_length=LONG)
    assert LatchUnit in kinds(model)
    with pytest.raises(RangeError, match=r"not whole ones up to 256, and this target, without a convolution"):
        lsrl.compile(program, TARGET)


def test_reals_take_turns_with_no_more_error_than_they_come_with():
    x = Input(1, range=(-1, 1), name="x")
    program = Program(lsrl.delay(x, 1))
    model = lsrl.compile(program, TARGET, max_length=LONG)
    sent = np.random.default_rng(0).uniform(-1, 1, (2, LONG, 1)).astype(np.float32)
    assert np.abs(model.run(sent) - program.run(sent)).max() <= model.guarantee.bound < 1e-6


def test_what_a_sum_was_is_what_it_is_less_its_last_step():
    x = Input(1, range=(-5, 5), integer=True, name="x")
    model = check(Program(lsrl.delay(lsrl.cumsum(x), 1)), whole_numbers(-5, 5), max_length=LONG)
    assert not {DelayUnit, LatchUnit} & kinds(model)


@pytest.mark.parametrize("grid", [1, Fraction(1, 2**15), Fraction(1, 2**20)])
def test_what_is_whole_only_as_a_sum_is_added_up_first(grid):
    """Of fine numbers that add up to 1, the thousandfold is no longer exact in float32."""
    x = Input(4, range=(0, 1), grid=grid, name="x")
    chosen, rest = x[3] > 0, 1 - x[0] - x[1] - x[2]
    program = Program(lsrl.delay(sum(lsrl.ifelse(chosen, part, 0) for part in (x[0], x[1], x[2], rest)), 1))
    points = int(1 / grid)
    sent = np.random.default_rng(0).integers(0, points + 1, (2, 500, 4)) / points
    sent[..., 3] = np.round(sent[..., 3])
    check(program, sent)


def test_small_differences_of_large_sums_are_rounded_as_one_number():
    x = Input(1, range=(0, 9), integer=True, name="x")
    total = lsrl.cumsum(x)
    program = Program(lsrl.delay(lsrl.modulo(total, 10), 1))
    check(program, whole_numbers(0, 9, 512), max_length=512)
