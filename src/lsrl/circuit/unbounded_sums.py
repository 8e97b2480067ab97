"""What of a sum without end is a finite automaton: its remainder; and, if it never falls, whether it has come so far.

Both need no longest sequence: the sum itself would grow beyond every float, its remainder does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, one_minus
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.finite_loops import followed
from lsrl.circuit.possible_values import joint_cases
from lsrl.circuit.units import StateUnit
from lsrl.lang.numbers import ONE, ZERO

MOST_STATES = 256
"""A sum is followed through so many numbers."""


@dataclass(frozen=True, slots=True)
class _Total:
    """weight · sum + constant: it begins with `first`, and each step adds `weight` times the drive."""

    first: fmpq
    weight: fmpq
    drive: Affine


def remainder_of_sum(builder: CircuitBuilder, form: Affine, n: int) -> Affine | None:
    """form mod n, for a whole form of one running sum that has no range; None for others."""
    total = _total(builder, form)
    if total is None or n > MOST_STATES:
        return None
    levels = [fmpq(i) for i in range(n)]
    return _numbers(levels, _states(builder, total, levels, lambda number: number - n * (number / n).floor()))


def ramp_of_sum(builder: CircuitBuilder, argument: Affine) -> Affine | None:
    """clip(argument, 0, 1), for a form of one running sum that has no range and never falls, or never rises."""
    fact = builder.fact(argument)
    if fact.high is not None and fact.low is None:
        opposite = ramp_of_sum(builder, one_minus(argument))
        return None if opposite is None else one_minus(opposite)
    total = _total(builder, argument)
    if total is None or fact.low is None or fact.high is not None or fact.grid is None:
        return None
    steps = ((ONE - total.first) / fact.grid).ceil()  # up to where it is 1 for good
    if steps >= MOST_STATES:
        return None
    levels = [total.first + fact.grid * i for i in range(int(steps) + 1)]
    states = _states(builder, total, levels, lambda number: min(number, levels[-1]))
    return _numbers([min(max(level, ZERO), ONE) for level in levels], states)


def _total(builder: CircuitBuilder, form: Affine) -> _Total | None:
    if len(form.terms) != 1:
        return None
    ((unit_id, weight),) = form.terms.items()
    unit = builder.units[unit_id]
    if not isinstance(unit, StateUnit) or unit.previous != ((unit_id, ONE),):
        return None
    return _Total(weight * unit.init + form.constant, weight, unit.drive)


def _numbers(levels: list[fmpq], states: list[Affine] | None) -> Affine | None:
    """The level of the state that is 1."""
    if states is None:
        return None
    return combination((level, state) for level, state in zip(levels, states, strict=True) if level)


def _states(
    builder: CircuitBuilder, total: _Total, levels: list[fmpq], kept: Callable[[fmpq], fmpq]
) -> list[Affine] | None:
    """For every level, whether what is kept of the sum is there; None where a drive's numbers are too many."""
    cases = joint_cases([total.drive], builder.units, builder.knowledge.facts, through_bits=True)
    if cases is None:
        return None
    drives = list(dict.fromkeys(drive for (drive,) in cases.values))
    symbols = [drives.index(drive) for (drive,) in cases.values]
    place = {level: i for i, level in enumerate(levels)}
    table = [[place[kept(level + total.weight * drive)] for drive in drives] for level in levels]
    return followed(builder, cases, symbols, table, place[kept(total.first)])
