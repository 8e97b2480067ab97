"""Facts of forms by cases: what interval arithmetic cannot see because a unit's argument is in the form, too.

max(x, y) is x + relu(y − x), and c·a + (1 − c)·b is a or b: adding up the ranges of the terms
would double the range with every level of a chain of such forms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination
from lsrl.circuit.facts import Fact, constant_fact, union, weighted_sum
from lsrl.circuit.units import ProductUnit, ReLUUnit, StateUnit, Unit
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
        case ReLUUnit(argument):
            return _either(form, newest, argument, fact)
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
    return fact(_under(form, condition, value, units))


def _either(form: Affine, relu: UnitId, argument: Affine, fact: Facts) -> Fact:
    """rest + w · relu(g) is the larger (w > 0) or smaller of rest and rest + w · g."""
    weight = form.terms[relu]
    rest = combination([(ONE, form), (-weight, Affine({relu: ONE}))])
    one, other = fact(rest), fact(rest.plus(argument.times(weight)))
    if weight > 0:
        return Fact(
            _larger(one.low, other.low), None if None in (one.high, other.high) else _larger(one.high, other.high)
        )
    return Fact(None if None in (one.low, other.low) else _smaller(one.low, other.low), _smaller(one.high, other.high))


def _larger(one: fmpq | None, other: fmpq | None) -> fmpq | None:
    return max((end for end in (one, other) if end is not None), default=None)


def _smaller(one: fmpq | None, other: fmpq | None) -> fmpq | None:
    return min((end for end in (one, other) if end is not None), default=None)


def _under(form: Affine, condition: Affine, value: fmpq, units: Sequence[Unit]) -> Affine:
    """The form where the condition, a boolean, has this value: products by it and its multiples are decided."""
    parts = [(ONE, form)]
    for unit_id in sorted(form.terms)[-PARTNERS:]:
        unit, weight = units[unit_id], form.terms[unit_id]
        if isinstance(unit, ProductUnit):
            for factor, other in ((unit.left, unit.right), (unit.right, unit.left)):
                decided = _decided(factor, condition, value)
                if decided is not None:
                    parts += [(-weight, Affine({unit_id: ONE})), (weight * decided, other)]
                    break
    reduced = combination(parts)
    multiple = _multiple(reduced, condition)
    return combination([(ONE, reduced), (-multiple, condition)], multiple * value) if multiple else reduced


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
