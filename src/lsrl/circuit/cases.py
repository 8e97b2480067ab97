"""Facts of forms by cases: what interval arithmetic cannot see because a unit's argument is in the form, too.

max(x, y) is x + relu(y − x), and c·a + (1 − c)·b is a or b: adding up the ranges of the terms
would double the range with every level of a chain of such forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, multiple_of
from lsrl.circuit.facts import Fact, constant_fact, intersection, union, weighted_sum
from lsrl.circuit.units import GateUnit, ProductUnit, RampUnit, ReLUUnit, StateUnit, Unit
from lsrl.lang.numbers import ONE, ZERO

Facts: TypeAlias = Callable[[Affine], Fact]

PARTNERS = 4
"""How many of a form's newest units may be parts of one branch."""


def fact_by_cases(form: Affine, units: Sequence[Unit], fact: Facts) -> Fact | None:
    """What follows from how the form's newest unit was made; None where that is nothing.

    Only the newest unit is looked at: what held of older ones was claimed when they were made.
    """
    if len(form.terms) < 2:
        return None
    newest = max(form.terms)
    match units[newest]:
        case ReLUUnit(argument) | RampUnit(argument):
            return _bent(form, newest, argument, fact, clipped=isinstance(units[newest], RampUnit))
        case ProductUnit(left, right, _):
            condition = left if fact(left).is_boolean else right
            if fact(condition).is_boolean:
                return union([fact_under(form, condition, value, units, fact) for value in (ZERO, ONE)])
        case StateUnit(previous, drive, init, _) if previous == ((newest, ONE),):
            # A running sum is what it was and what this step adds, which others may read, too.
            weight, was = form.terms[newest], union([fact(Affine({newest: ONE})), constant_fact(init)])
            now = combination([(ONE, form), (-weight, Affine({newest: ONE})), (weight, drive)])
            return weighted_sum([(weight, was), (ONE, fact(now))], ZERO)
    return None


def fact_under(form: Affine, condition: Affine, value: fmpq, units: Sequence[Unit], fact: Facts) -> Fact:
    """What is known of a form where a boolean has this value."""
    return fact(form_under(form, condition, value, units, fact))


def fact_where(form: Affine, condition: Affine, units: Sequence[Unit], fact: Facts) -> Fact:
    """What is known of a form where a boolean is 1: if that compares the form itself, on which side of it it is."""
    known, decision = fact(form), decision_of(condition, units)
    factor = None if decision is None else multiple_of(form, Affine(decision.terms))
    if decision is None or not factor:
        return known
    bound = form.constant + factor * (ONE - decision.constant)  # the decision is 1 or more
    return intersection(known, Fact(low=bound) if factor > 0 else Fact(high=bound))


def decision_of(condition: Affine, units: Sequence[Unit]) -> Affine | None:
    """What is 1 or more where a boolean is 1, and 0 or less where it is 0; None unless that is one comparison."""
    if len(condition.terms) != 1:
        return None
    ((unit_id, weight),) = condition.terms.items()
    unit = units[unit_id]
    if not isinstance(unit, RampUnit) or (weight, condition.constant) not in ((ONE, ZERO), (-ONE, ONE)):
        return None
    return unit.argument.times(weight).shifted(condition.constant)


def _bent(form: Affine, newest: UnitId, argument: Affine, fact: Facts, *, clipped: bool) -> Fact:
    """rest + w · relu(g) is the larger (w > 0) or smaller of rest and rest + w · g; a ramp goes no further than w."""
    weight = form.terms[newest]
    first, second = (_larger, _smaller) if weight > 0 else (_smaller, _larger)
    rest = combination([(ONE, form), (-weight, Affine({newest: ONE}))])
    moved = fact(rest.plus(argument.times(weight)))
    return first(fact(rest), second(moved, fact(rest.shifted(weight))) if clipped else moved)


def _larger(one: Fact, other: Fact) -> Fact:
    """The range of the larger of two values."""
    lows = [low for low in (one.low, other.low) if low is not None]
    return Fact(max(lows, default=None), None if one.high is None or other.high is None else max(one.high, other.high))


def _smaller(one: Fact, other: Fact) -> Fact:
    """The range of the smaller of two values."""
    highs = [high for high in (one.high, other.high) if high is not None]
    return Fact(None if one.low is None or other.low is None else min(one.low, other.low), min(highs, default=None))


def form_under(form: Affine, condition: Affine, value: fmpq, units: Sequence[Unit], fact: Facts) -> Affine:
    """The form where the condition, a boolean, has this value: products by it and its multiples are decided."""
    parts = [(ONE, form)]
    for terms, weight, left, right in _products(form, units, fact):
        for factor, other in ((left, right), (right, left)):
            decided = _decided(factor, condition, value)
            if decided is not None:
                parts += [(-ONE, Affine(terms)), (weight * decided, other)]
                break
    reduced = combination(parts)
    multiple = _multiple(reduced, condition)
    return combination([(ONE, reduced), (-multiple, condition)], multiple * value) if multiple else reduced


Product: TypeAlias = tuple[Mapping[UnitId, fmpq], fmpq, Affine, Affine]
"""The terms of a form that are w · left · right, and w, left and right."""


def _products(form: Affine, units: Sequence[Unit], fact: Facts) -> Iterator[Product]:
    """The products among the newest units of a form; a signed one may be made of two gates."""
    newest = sorted(form.terms)[-PARTNERS:]
    for unit_id in newest:
        unit, weight = units[unit_id], form.terms[unit_id]
        match unit:
            case ProductUnit(left, right, _):
                yield {unit_id: weight}, weight, left, right
            case GateUnit(gate, argument) if fact(argument).is_nonnegative:
                yield {unit_id: weight}, weight, gate, argument
            case GateUnit(gate, argument):
                opposite = GateUnit(gate, argument.times(-ONE))
                for other in newest:
                    if form.terms[other] == -weight and other > unit_id and _same_gate(units[other], opposite):
                        yield {unit_id: weight, other: -weight}, weight, gate, argument


def _same_gate(unit: Unit, gate: GateUnit) -> bool:
    return (
        isinstance(unit, GateUnit) and unit.gate.key() == gate.gate.key() and unit.argument.key() == gate.argument.key()
    )


def _decided(factor: Affine, condition: Affine, value: fmpq) -> fmpq | None:
    """The factor's value, if it is the condition or its opposite."""
    if factor.key() == condition.key():
        return value
    opposite = combination([(-ONE, condition)], ONE)
    return ONE - value if factor.key() == opposite.key() else None


def _multiple(form: Affine, condition: Affine) -> fmpq:
    """How many times the condition's terms are in the form, all of them alike; 0 if they are not."""
    factors = {form.terms.get(unit, ZERO) / weight for unit, weight in condition.terms.items()}
    return factors.pop() if len(factors) == 1 else ZERO
