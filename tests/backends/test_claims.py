"""Conditions, gates and operands are 0 or 1: compiling refuses what can be something else, runs report the rest.

A comparison of numbers on a grid is 0 or 1 and nothing has to be reported; one of reals can be inside its ramp.
"""

import itertools
import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import GatedState, Input, Program, ProgramError, RangeError, UndecidedComparisonWarning, Vocabulary
from lsrl.backends.registry import TARGETS, target_named
from strategies import HUB, rotated

SELECTIVE = [target for target in TARGETS if "selective_states" in target_named(target).abilities]
x = Input(2, range=(0, 7), integer=True, name="x")
few = Input(1, range=(0, 2), integer=True, name="few")
real = Input(1, range=(0, 1), name="real")
halves = Input(1, range=(0, 1), grid="1/2", name="halves")
signed = Input(1, range=(-1, 1), integer=True, name="signed")
free = Input(1, name="free")
undeclared = Input(1, integer=True, name="undeclared")

READ_AS_BOOLEAN = {
    "a write": (lsrl.latch(few, few, name="held"), "'held.write'.*'few', which can be 0 … 2"),
    "a reset": (lsrl.reset_sum(few, few), r"'reset_sum\(few, few\)'.*'few'"),
    "a gate": (GatedState(few, few, name="state"), "'state.gate'.*'few'"),
    "a gate that forgets a part": (GatedState(few, 0 * few + "9/10"), "'state.gate'.*always 9/10.*LinState"),
    "an operand of and_": (lsrl.and_(x[0], x[1]), r"'x\[0\] & x\[1\]'.*'x\[0\]', which can be 0 … 7"),
    "an operand of or_": (lsrl.or_(x[0] > 3, x[1], name="any"), "'any.operand'.*0 … 7"),
    "an operand of not_": (lsrl.not_(x), r"'~x'.*'x'\[0\], which can be 0 … 7"),
    "an operand of &": ((x[0] > 3) & x[1], r"'\(x\[0\] > 3\) & x\[1\]'.*'x\[1\]', which can be 0 … 7"),
    "an operand of |": (x[0] | x[1], r"'x\[0\] \| x\[1\]'.*0 … 7"),
    "an operand of ~": (~x[0], r"'~x\[0\]'.*0 … 7"),
    "a condition": (lsrl.ifelse(few, 1, 0, name="choice"), "'choice.condition'.*'few'"),
    "a condition by big-M": (lsrl.ifelse(few, few, 0, via="relu"), r"'ifelse\(few, few, 0, via=.relu.\)'.*'few'"),
    "a condition that is made sharp": (lsrl.ifelse(few, few, 0, via="relu-step"), r"'ifelse\(few, .*\)'.*'few'"),
    "a negative number": (lsrl.ifelse(signed, 1, 0), "'signed', which can be -1 … 1"),
    "a real": (lsrl.ifelse(real, 1, 0), "'real', which can be 0 … 1,.*declare integer=True"),
    "a half": (lsrl.ifelse(halves, 1, 0), "'halves', which can be 0 … 1 in steps of 1/2"),
    "a number of any size": (lsrl.ifelse(free, 1, 0), "'free', which can be any number at all.*declare Input"),
    "a whole number of any size": (lsrl.ifelse(undeclared, 1, 0), "'undeclared', which can be any number"),
    "a sum of comparisons": (
        lsrl.ifelse((x[0] > 3) + (x[1] > 3), 1, 0),
        r"'\(x.* > 3\) \+ .*', which can be 0 … 2",
    ),
    "a difference of comparisons": (lsrl.ifelse((x[0] > 3) - (x[1] > 3), 1, 0), "which can be -1 … 1"),
    "a sum that grows": (lsrl.ifelse(lsrl.cumsum(few, name="sum"), 1, 0), "'sum', which can be 0 … 18"),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", READ_AS_BOOLEAN)
def test_what_can_be_something_else_than_0_or_1_is_refused_by_name(case, target):
    value, message = READ_AS_BOOLEAN[case]
    with pytest.raises(RangeError, match=message) as caught:
        lsrl.compile(Program(value), target, max_length=9)
    assert "expected 0 or 1" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("most", [2, 9])
def test_tokens_that_are_no_booleans_are_refused_too(most, target):
    token = Input(1, range=(0, most), integer=True, name="token")
    program = Program(lsrl.ifelse(token, 1, 0, name="choice"), vocabulary=Vocabulary.of_numbers(0, most))
    with pytest.raises(RangeError, match=f"'choice.condition'.*'token', which can be 0 … {most}"):
        lsrl.compile(program, target, max_length=9)


@pytest.mark.parametrize("number", ["9/10", 0.5, 2, -1])
def test_a_constant_that_is_no_boolean_is_refused_where_it_is_written(number):
    constant = lsrl.constant(number)
    for write in (
        lambda: GatedState(few, constant),
        lambda: lsrl.ifelse(constant, few, 0),
        lambda: lsrl.and_(few > 1, constant),
        lambda: lsrl.latch(few, constant),
    ):
        with pytest.raises(ProgramError, match="expected a boolean, 0 or 1"):
            write()


COMPARED = [
    x[0] > 3,
    x[0] > 5,
    x[1] >= 2,
    lsrl.equal(x[0], 4),
    lsrl.not_equal(x[1], 0),
    lsrl.bump(x[0], 1, 4),
    x[0] < x[1],
]
GRID = [list(point) for point in itertools.product(range(8), repeat=2)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(COMPARED), st.sampled_from([1, 1, -1])), min_size=1, max_size=3),
    st.sampled_from([0, 0, 1]),
)
def test_a_sum_of_comparisons_is_a_condition_exactly_if_it_is_always_0_or_1(parts, constant):
    condition = sum((sign * compared for compared, sign in parts), start=lsrl.constant(constant))
    always = set(Program(condition + 0 * x[0]).run(GRID, exact=True).ravel().tolist()) <= {0, 1}
    program = Program(lsrl.ifelse(condition, x[0], -1))
    if not always:
        with pytest.raises(RangeError, match="expected 0 or 1"):
            lsrl.compile(program)
        return
    assert (lsrl.compile(program).run(GRID) == program.run(GRID, exact=True)).all()


level = Input(1, range=(0, 3), name="level")
above = lsrl.larger(level, 1, width="1/2", name="above")
REPORTED = {
    "a condition": lambda: lsrl.ifelse(above, 5, 0),
    "an output": lambda: above + 0,
    "an operand": lambda: lsrl.and_(above, ~lsrl.larger(level, 2, width="1/8")),
    "a state": lambda: lsrl.cumsum(lsrl.ifelse(above, 1, 0)),
    "a gate": lambda: lsrl.latch(level, above),
    "a reset": lambda: lsrl.reset_sum(lsrl.constant(1), above),
}


def reported(run):
    """What a run warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    assert {warning.category for warning in caught} <= {UndecidedComparisonWarning}
    return [str(warning.message) for warning in caught]


RUNS = [
    (case, target) for case in REPORTED for target in (SELECTIVE if case in ("a gate", "a reset") else list(TARGETS))
]


@pytest.mark.parametrize(("case", "target"), RUNS)
def test_a_network_reports_the_undecided_comparisons_that_its_program_reports(case, target):
    program = Program(REPORTED[case]())
    model = lsrl.compile(program, target, max_length=4)
    undecided, decided = [[0], [1.25], [2.5]], [[0], [1], [1.5], [3]]
    found = reported(lambda: model.run(undecided))
    assert found == reported(lambda: program.run(undecided))
    assert len(found) == 1
    assert "above is 0.5 at batch 0, step 1" in found[0]
    assert reported(lambda: model.run([decided, [[0], [0], [1.25], [3]]])) == reported(
        lambda: program.run([decided, [[0], [0], [1.25], [3]]])
    )
    assert reported(lambda: model.run(decided)) == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_loaded_network_reports_them_too(target, tmp_path):
    lsrl.compile(Program(REPORTED["a condition"]()), target, max_length=4).save(tmp_path)
    model = lsrl.load(tmp_path)
    assert "above is 0.5 at batch 0, step 1" in "".join(reported(lambda: model.run([[0], [1.25]])))
    assert reported(lambda: model.run([[0], [2]])) == []


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_looked_for_where_everything_is_decided(target):
    whole = Input(1, range=(0, 3), integer=True)
    program = Program(lsrl.ifelse(lsrl.larger(whole, 1, width=1), 5, 0))
    assert lsrl.compile(program, target, max_length=4).undecidable == ()


@pytest.mark.parametrize("target", TARGETS)
def test_a_bump_between_values_of_unknown_order_compiles_and_reports_where_low_is_above_high(target):
    ends = Input(3, range=(0, 7), integer=True, name="ends")
    program = Program(lsrl.bump(ends[0], ends[1], ends[2], name="inside"), ends)
    model = lsrl.compile(program, target, max_length=8)
    ordered = np.array([[3, 1, 5], [1, 1, 5], [6, 1, 5], [4, 4, 4], [5, 4, 5]])
    assert reported(lambda: model.run(ordered)) == []
    assert model.run(ordered)[:, 0].tolist() == [1, 0, 0, 0, 1]
    crossed = [[3, 1, 5], [4, 5, 2]]
    found = reported(lambda: model.run(crossed))
    assert found == reported(lambda: program.run(crossed))
    assert "inside is -1 at batch 0, step 1" in found[0]


def test_a_bump_between_numbers_of_the_wrong_order_is_refused_where_it_is_written():
    with pytest.raises(ProgramError, match="low 5 above high 2"):
        lsrl.bump(few, 5, 2)


BUMPS = list(product([(-2, 0), (-2, 1), (-1, 1), (-2, -2)], ["1/1024", "1/2", "2/3"], [None, "1/4"]))


@pytest.mark.parametrize(("ends_width_grid", "target"), rotated(BUMPS, TARGETS, 3))
def test_a_bump_may_begin_and_end_where_the_range_does(ends_width_grid, target):
    (low, high), width, grid = ends_width_grid
    inside = Program(lsrl.bump(Input(1, range=(-2, 1), grid=grid), low, high, width=width))
    model = lsrl.compile(inside, target, max_length=8)
    x = [[-2], [-1], [0], [1]]
    assert model.run(x).tolist() == inside.run(x).tolist()
