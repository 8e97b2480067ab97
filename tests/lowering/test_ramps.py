"""Comparisons, as circuits print them: one unit until a target's rule writes it."""

import pytest

import lsrl
from lsrl import Input, Program, ReLU
from lsrl.circuit.builder import kept_ramp
from lsrl.circuit.listing import listing
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import RampUnit, ReLUUnit, StepUnit
from lsrl.lang.primitives import complement
from lsrl.lowering.legalise import legalised
from lsrl.lowering.ramps import by_held_steps, by_relus, by_steps
from lsrl.lowering.rule_kinds import Rules
from lsrl.lowering.rules import BY_GATES, DIAGONAL, WITHOUT_PRODUCTS, by_gates

KEPT = Rules(by_gates, kept_ramp)
digit = Input(1, range=(0, 9), integer=True, name="x")
real = Input(1, range=(0, 9), name="x")


def units(value, rules=KEPT, **declared):
    """The units after the input, and the output, of what a rule makes of a value's circuit."""
    lines = listing(legalised(circuit_of(Program(value), **declared), rules)).splitlines()
    return [line.split(":")[0].split(" = ")[-1] for line in lines if " = Input" not in line and "claim" not in line]


def test_a_decided_comparison_goes_from_one_possible_value_to_the_next():
    assert units(digit > 4) == ["Ramp(%0 - 4)", "return %1"]
    assert units(lsrl.larger(digit, 4, width="1/3")) == ["Ramp(%0 - 4)", "return %1"]
    assert units(2 * digit > 9) == ["Ramp(%0 - 4)", "return %1"]


def test_an_undecided_comparison_keeps_the_ramp_of_the_program():
    assert units(real > 4) == ["Ramp(1024 %0 - 4096)", "return %1"]


def test_the_opposite_is_one_minus_the_same_unit():
    assert units((digit > 4) + 3 * (digit <= 4)) == ["Ramp(%0 - 4)", "return -2 %1 + 3"]
    assert units((digit > 4) + 3 * ~(digit > 4)) == ["Ramp(%0 - 4)", "return -2 %1 + 3"]
    assert units((real > 4) + 3 * ~(real > 4)) == ["Ramp(1024 %0 - 4096)", "return -2 %1 + 3"]


@pytest.mark.parametrize("form", ["nested", "difference"])
def test_both_forms_of_a_step_are_one_comparison(form):
    assert units(lsrl.step(digit - 4, form=form)) == ["Ramp(%0 - 4)", "return %1"]


def test_a_comparison_written_by_hand_is_one():
    by_hand = ReLU(complement(ReLU(complement(3 * real))), comparison=True)
    assert units(by_hand) == ["Ramp(3 %0)", "return %1"]


def test_a_clip_of_reals_stays_relus_and_one_of_whole_numbers_is_a_comparison():
    assert units(lsrl.clip(real, 1, 2)) == ["ReLU(%0 - 1)", "ReLU(-%1 + 1)", "return -%2 + 2"]
    assert units(lsrl.clip(digit, 4, 5)) == ["Ramp(-%0 + 5)", "return -%1 + 5"]


def test_booleans_are_compared_with_how_many_there_must_be():
    bits = Input(3, range=(0, 1), integer=True, name="x")
    assert units(lsrl.and_(*bits)) == ["Ramp(%0 + %1 + %2 - 2)", "return %3"]
    assert units(lsrl.or_(*bits)) == ["Ramp(-%0 - %1 - %2 + 1)", "return -%3 + 1"]


@pytest.mark.parametrize(
    ("rule", "value", "written"),
    [
        (by_relus, digit > 4, ["ReLU(-%0 + 37/8)", "ReLU(-4 %1 + 1)", "return %2"]),
        (by_relus, digit > 0, ["ReLU(-%0 + 1)", "return -%1 + 1"]),
        (by_relus, digit > 8, ["ReLU(%0 - 8)", "return %1"]),
        (by_relus, real > 4, ["ReLU(-%0 + 32773/8192)", "ReLU(-4096 %1 + 1)", "return %2"]),
        (by_steps, digit > 4, ["Step(%0 - 9/2, 1/2)", "return %1"]),
        (by_steps, real > 4, ["Step(%0 - 8193/2048, 1/2048)", "return %1"]),
        (by_held_steps, digit > 4, ["Step(%0 - 9/2, 1/2)", "return %1"]),
        (by_held_steps, digit / 3 > 1, ["Step(%0 - 7/2, 1/2)", "return %1"]),
        (by_held_steps, real > 4, ["ReLU(-%0 + 32773/8192)", "ReLU(-4096 %1 + 1)", "return %2"]),
    ],
)
def test_what_each_rule_makes_of_a_comparison(rule, value, written):
    assert units(value, Rules(by_gates, rule)) == written


@pytest.mark.parametrize("rules", [KEPT, DIAGONAL])
def test_a_comparison_stays_one_however_often_a_circuit_is_rewritten(rules):
    x = Input(2, range=(0, 9), integer=True)
    once = legalised(circuit_of(Program(lsrl.ifelse(lsrl.equal(x[0], x[1]), x[0], 0))), rules)
    assert once.count(RampUnit) == 2
    assert listing(legalised(once, rules)) == listing(once)


@pytest.mark.parametrize("rules", [WITHOUT_PRODUCTS, BY_GATES])
def test_no_comparison_is_left_where_a_target_has_none(rules):
    circuit = legalised(circuit_of(Program(lsrl.cumsum(digit) % 5), max_length=9), rules)
    assert circuit.count(RampUnit) == circuit.count(StepUnit) == 0 < circuit.count(ReLUUnit)


def test_a_relu_that_is_read_by_a_comparison_only_is_none():
    assert units(1 - ReLU(5 - digit) > 0) == ["Ramp(%0 - 4)", "return %1"]
    assert units(3 - ReLU(5 - digit) > 0) == ["Ramp(%0 - 2)", "return %1"]


def test_thresholds_of_a_chain_may_have_different_ramps():
    x = Input(1, range=(0, 9), integer=True)
    chain = lsrl.larger(x, 2, width=1) - lsrl.larger(x, 6, width="1/2")
    assert units(lsrl.ifelse(chain, x, 0))[:2] == ["Ramp(%0 - 2)", "Ramp(%0 - 6)"]
