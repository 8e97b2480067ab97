"""All values that a form can have, found by trying everything that it depends on: for what ranges do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import ProductUnit, RampUnit, ReLUUnit, SumUnit, Unit, forms_of
from lsrl.lang.numbers import ONE, ZERO

MOST_CASES = 1024
"""Combinations of what a form depends on that are tried."""

MOST_UNITS = 256
"""Units that are evaluated for each."""


def possible_values(
    form: Affine, units: Sequence[Unit], facts: Sequence[Fact], *, through_bits: bool
) -> set[fmpq] | None:
    """What the form is for every combination of the inputs and states that it depends on; None for too many of them.

    Unless `through_bits`, what is 0 or 1 counts as a thing of its own that can be either.

    >>> x, y = ReLUUnit(Affine({0: fmpq(1), 1: fmpq(-1)})), ReLUUnit(Affine({0: fmpq(-1), 1: fmpq(1)}))
    >>> from lsrl.circuit.facts import BOOLEAN
    >>> from lsrl.circuit.units import InputUnit
    >>> difference = Affine({2: fmpq(1), 3: fmpq(1)})
    >>> values = possible_values(difference, [InputUnit(0), InputUnit(1), x, y], [BOOLEAN] * 4, through_bits=True)
    >>> sorted(values)
    [0, 1]
    """
    found = joint_cases([form], units, facts, through_bits=through_bits)
    return None if found is None else {value for (value,) in found.values}


@dataclass(frozen=True, slots=True)
class JointCases:
    """All combinations of what forms depend on: the units and the numbers of each, and for every combination, the last
    unit's numbers in turn first, what the forms are.
    """

    leaves: Mapping[UnitId, Sequence[fmpq]]
    values: Sequence[tuple[fmpq, ...]]


def joint_cases(
    forms: Sequence[Affine], units: Sequence[Unit], facts: Sequence[Fact], *, through_bits: bool
) -> JointCases | None:
    """What the forms are together for every combination of the inputs and states that they depend on.

    As in `possible_values`; None for more than `MOST_CASES`.
    """
    inner: set[UnitId] = set()
    leaves: dict[UnitId, list[fmpq]] = {}
    waiting = [unit_id for form in forms for unit_id in form.terms]
    while waiting:
        unit_id = waiting.pop()
        if unit_id in inner or unit_id in leaves:
            continue
        unit, fact = units[unit_id], facts[unit_id]
        cut = isinstance(unit, SumUnit) and unit.variable
        of_one_step = isinstance(unit, (ReLUUnit, RampUnit, ProductUnit, SumUnit)) and not cut
        if of_one_step and (through_bits or not fact.is_bit):
            inner.add(unit_id)
            waiting.extend(read for argument in forms_of(unit) for read in argument.terms)
        else:
            steps = fact.steps
            if steps is None or fact.low is None or fact.grid is None or steps >= MOST_CASES:
                return None
            leaves[unit_id] = [fact.low + fact.grid * i for i in range(int(steps) + 1)]
        if len(inner) > MOST_UNITS or prod(map(len, leaves.values())) > MOST_CASES:
            return None
    leaves = dict(sorted(leaves.items()))
    return JointCases(leaves, list(_values(forms, sorted(inner), units, leaves)))


def _values(
    forms: Sequence[Affine], inner: Sequence[UnitId], units: Sequence[Unit], leaves: Mapping[UnitId, Sequence[fmpq]]
) -> Iterator[tuple[fmpq, ...]]:
    for case in product(*leaves.values()):
        known = dict(zip(leaves, case, strict=True))
        for unit_id in inner:
            arguments = [_value(argument, known) for argument in forms_of(units[unit_id])]
            match units[unit_id]:
                case ReLUUnit():
                    known[unit_id] = max(arguments[0], ZERO)
                case RampUnit():
                    known[unit_id] = min(max(arguments[0], ZERO), ONE)
                case ProductUnit() | SumUnit():
                    known[unit_id] = prod(arguments, start=ONE)
                case unit:
                    raise TypeError(f"{type(unit).__name__} is not a function of its arguments in one step")
        yield tuple(_value(form, known) for form in forms)


def _value(form: Affine, known: Mapping[UnitId, fmpq]) -> fmpq:
    return sum((weight * known[unit] for unit, weight in form.terms.items()), form.constant)
