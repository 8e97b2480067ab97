"""Running sums of what is 0 at most steps: a member of a cycle is 1 only once a turn."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.facts import Fact, constant_fact, multiple
from lsrl.circuit.knowledge import Knowledge
from lsrl.circuit.units import ProductUnit, Unit
from lsrl.lang.numbers import ONE, ZERO


def rare_sum_fact(
    drive: Affine, init: fmpq, units: Sequence[Unit], knowledge: Knowledge, max_length: int | None
) -> Fact:
    """The range of init + drive₁ + drive₂ + …, each of the drive's units added up as often as it can be other than 0.

    >>> from lsrl.circuit.units import InputUnit
    >>> cycle = Knowledge([Fact(ZERO, ONE, ONE)], one_hot={0: 0}, group_sizes={0: 10})
    >>> rare_sum_fact(variable(0), ZERO, [InputUnit(0)], cycle, 100).high
    10
    """
    if max_length is None:
        return Fact()
    parts = [(weight, knowledge.facts[unit], _turns(unit, units, knowledge)) for unit, weight in drive.terms.items()]
    low: fmpq | None = init
    high: fmpq | None = init
    for weight, fact, period in (*parts, (drive.constant, constant_fact(ONE), 1)):
        added = multiple(weight * -(-max_length // period), fact)
        low = None if low is None or added.low is None else low + min(added.low, ZERO)
        high = None if high is None or added.high is None else high + max(added.high, ZERO)
    return Fact(low, high)


def _turns(unit_id: UnitId, units: Sequence[Unit], knowledge: Knowledge) -> int:
    """In how many steps a unit is other than 0 once at most: a member of a cycle, or a product by one."""
    unit = units[unit_id]
    factors = [unit.left, unit.right] if isinstance(unit, ProductUnit) else [variable(unit_id)]
    members = [next(iter(form.terms)) for form in factors if len(form.terms) == 1 and not form.constant]
    cycles = [knowledge.one_hot[member] for member in members if member in knowledge.one_hot]
    return max((knowledge.group_sizes[cycle] for cycle in cycles), default=1)
