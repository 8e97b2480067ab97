"""Ranges by cases: chains of branches and extremes keep the range that they have."""

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, RangeError
from lsrl.backends.registry import TARGETS
from lsrl.circuit.translate import circuit_of
from strategies import COMPILABLE

x = Input(1, range=(0, 9), integer=True, name="x")
ALL = np.arange(10.0)[:, None]


def output_range(value):
    circuit = circuit_of(Program(value))
    fact = circuit.knowledge.fact(circuit.outputs[0])
    return int(fact.low), int(fact.high)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lsrl.maximum(x, 4), (4, 9)),
        (lsrl.minimum(x, 4), (0, 4)),
        (lsrl.maximum(x, lsrl.delay(x)), (0, 9)),
        (lsrl.clip(x, 2, 5), (2, 5)),
        (lsrl.ifelse(x > 4, x, 20), (0, 20)),
        (lsrl.ifelse(x > 4, x - 9, 9 - x), (-4, 9)),
        (lsrl.ifelse(lsrl.equal(x, 4), lsrl.delay(x), x), (0, 9)),
        (lsrl.ifelse(x > 4, lsrl.delay(x), 0), (0, 9)),
        (lsrl.ifelse(x > 4, 3, -3), (-3, 3)),
    ],
)
def test_extremes_and_branches_have_the_range_of_their_cases(value, expected):
    assert output_range(value) == expected


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_long_chains_of_branches_stay_exact(target, dtype):
    value = x
    for _ in range(30):
        value = lsrl.ifelse(value > 4, value - 1, value + 1)
    program = Program(value)
    model = lsrl.compile(program, target, dtype=dtype)
    assert model.guarantee.kind == "exact"
    assert (model.run(ALL) == program.run(ALL, exact=True)).all()


def test_long_chains_of_extremes_stay_exact():
    value = x
    for i in range(40):
        value = lsrl.minimum(lsrl.maximum(value + i % 3, 3), 7) - 2
    program = Program(value)
    model = lsrl.compile(program)
    assert model.guarantee.kind == "exact"
    assert (model.run(ALL) == program.run(ALL, exact=True)).all()


a, b = x > 2, x > 6
CONDITIONS = {
    "a table": lsrl.lookup(x, [0, 1, 1, 0, 0, 1, 0, 0, 1, 0]),
    "a branch of booleans": lsrl.ifelse(a, b, lsrl.equal(x, 1)),
    "a difference": lsrl.absolute(a - b),
    "the larger boolean": lsrl.maximum(a, b),
    "exclusive or": a + b - 2 * (a & b),
    "two of a one-hot": lsrl.one_hot(x, 5)[1] + lsrl.one_hot(x, 5)[3],
    "a remainder": lsrl.modulo(x, 2, below=16),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CONDITIONS)
def test_whatever_is_0_or_1_may_be_a_condition(name, target):
    program = Program(lsrl.ifelse(CONDITIONS[name], x, -3))
    assert program.undecided(ALL) == ()
    model = lsrl.compile(program, target)
    assert model.guarantee.kind == "exact"
    assert (model.run(ALL) == program.run(ALL, exact=True)).all()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ends", [(1, 1), (0, 0)])
def test_a_condition_that_never_changes_may_be_one(target, ends):
    pair = Input(2, range=([0, -5], [1, 5]), integer=True)
    program = Program(lsrl.ifelse(pair[0], pair[1], 5))
    model = lsrl.compile(program, target, input_range=([ends[0], -5], [ends[1], 5]))
    assert model.run([[ends[0], -3]]).tolist() == [[-3 if ends[0] else 5]]


def test_a_claim_that_ranges_do_not_bear_out_is_refused():
    pair = Input(2, range=([0, -5], [1, 5]), integer=True)
    asserted = lsrl.Linear(lsrl.Multi(lsrl.Concat([pair[0], pair[1]])), 1, comparison=True)
    with pytest.raises(RangeError, match="can be -5 … 5 in steps of 1"):
        lsrl.compile(Program(lsrl.ifelse(asserted, pair[0] + 1, 3 * pair[1])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(1, 8), (0, 7), (3, 3), (-2, 20)])
def test_clips_of_whole_numbers_are_exact(low, high, dtype):
    program = Program(lsrl.clip(x, low, high))
    model = lsrl.compile(program, dtype=dtype)
    assert model.guarantee.kind == "exact"
    assert (model.run(ALL) == np.clip(ALL, low, high)).all()


def test_a_comparison_that_is_always_undecided_is_compiled_as_it_is():
    program = Program(lsrl.step(Input(1, range=("1/4", "3/4")), width=1))
    assert len(program.undecided([["1/2"]])) == 1
    model = lsrl.compile(program)
    with pytest.warns(lsrl.UndecidedComparisonWarning, match=r"'step\(input, width=1\)' is 0\.5 at batch 0, step 0"):
        assert model.run([["1/2"]]).tolist() == [[0.5]]
