"""How far linear states get, from their responses to single inputs: what cancels on its way to them does not count.

A state is Σₖ hₖ xₜ₋ₖ of every x that drives it, directly or through delays and other linear states. Into a state that
fades, x less what it was before leaves what one x makes of the state, and not what they would if they had nothing to do
with each other. So the state's ends are those of hₖ x, or 0 (for what was before the first step), added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import Fact, constant_fact
from lsrl.circuit.stable_powers import stable_powers
from lsrl.circuit.state_graph import components
from lsrl.circuit.units import DelayUnit, StateUnit, SumUnit, Unit
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO

STEPS = 128
"""Steps of a response that are added up; what follows them is bounded."""

MOST_UNITS = 32
"""Units that are looked through; the others drive what reads them."""

DIGITS = 16
"""Bits that are left of the ends of a range, which are rounded outwards."""

CONSTANT = -1
"""The driver that is 1 at every step."""


def response_facts(
    rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq], units: Sequence[Unit], facts: Sequence[Fact]
) -> list[Fact]:
    """Ranges of the states sₜ = A sₜ₋₁ + driveₜ; unknown where they do not begin as 0 or do not fade.

    >>> from lsrl.circuit.units import InputUnit
    >>> ends = Fact(fmpq(-4), fmpq(4))
    >>> change = Affine({0: ONE, 1: -ONE})  # of a signal, since the step before
    >>> units = [InputUnit(0), DelayUnit(Affine({0: ONE}), 1)]
    >>> (fact,) = response_facts([((0, fmpq(7, 8)),)], [change], [ZERO], units, [ends, ends])
    >>> 8 <= fact.high <= fmpq(801, 100)
    True
    """
    unknown = [Fact()] * len(rows)
    summed = list(rows) == [((0, ONE),)]  # which never fades
    if summed or any(inits) or all(len(part) == 1 and part[0] not in dict(rows[part[0]]) for part in components(rows)):
        return unknown
    found = _Responses(units, facts).states(rows, drives)
    return unknown if found is None else [response.fact for response in found]


@dataclass(frozen=True)
class _Response:
    """For every driver its ends, and hₖ for k below `STEPS`; and how large all that follows is at most."""

    parts: dict[UnitId, tuple[Fact, list[fmpq]]]
    rest: fmpq

    @property
    def fact(self) -> Fact:
        """The ends of what it adds up to."""
        low, high = -self.rest, self.rest
        for driver, weights in self.parts.values():
            bottom, top = min(driver.low or ZERO, ZERO), max(driver.high or ZERO, ZERO)
            up = sum((weight for weight in weights if weight > 0), ZERO)
            down = sum((weight for weight in weights if weight < 0), ZERO)
            low, high = low + up * bottom + down * top, high + up * top + down * bottom
        return Fact(-_rounded_up(-low), _rounded_up(high))

    def largest(self, step: int) -> fmpq:
        """How much of it there is at most at a step after a driver's."""
        found = ((driver.magnitude or ZERO) * abs(weights[step]) for driver, weights in self.parts.values())
        return sum(found, ZERO)


@dataclass
class _Responses:
    """The responses of units that were looked at."""

    units: Sequence[Unit]
    facts: Sequence[Fact]
    known: dict[UnitId, _Response | None] = field(default_factory=dict)

    def states(self, rows: Sequence[Row], drives: Sequence[Affine]) -> list[_Response] | None:
        """Those of states that begin as 0; None where they do not fade, or what drives them has no range."""
        powers = stable_powers(rows)
        if powers is None:
            return None
        known = [response for drive in drives if (response := self._form(drive)) is not None]
        if len(known) < len(rows):
            return None
        drivers = {unit: part[0] for response in known for unit, part in response.parts.items()}
        nothing = [ZERO] * STEPS
        found = [_Response({unit: (fact, list(nothing)) for unit, fact in drivers.items()}, ZERO) for _ in rows]
        for unit in drivers:
            states = [response.parts[unit][1] for response in found]
            pushes = [response.parts[unit][1] if unit in response.parts else nothing for response in known]
            for step in range(STEPS):
                for row, state, push in zip(rows, states, pushes, strict=True):
                    state[step] = push[step]
                    if step:
                        state[step] += sum((weight * states[j][step - 1] for j, weight in row), ZERO)
        # Later, Aʲ of what there was last, and of what pushes later: both add up to all powers' norms times that.
        last = max(response.largest(STEPS - 1) for response in found) + max(response.rest for response in known)
        return [_Response(response.parts, powers.total * last) for response in found]

    def _form(self, form: Affine) -> _Response | None:
        parts: dict[UnitId, tuple[Fact, list[fmpq]]] = {}
        rest = ZERO
        constant = [(form.constant, _alone(CONSTANT, constant_fact(ONE)))] if form.constant else []
        for weight, response in (*((w, self._unit(unit)) for unit, w in form.terms.items()), *constant):
            if response is None:
                return None
            rest += abs(weight) * response.rest
            for driver, (fact, weights) in response.parts.items():
                _, before = parts.get(driver, (fact, [ZERO] * STEPS))
                parts[driver] = fact, [was + weight * more for was, more in zip(before, weights, strict=True)]
        return _Response(parts, rest)

    def _unit(self, unit_id: UnitId) -> _Response | None:
        if unit_id not in self.known:
            self.known[unit_id] = self._looked_through(unit_id)
        return self.known[unit_id]

    def _looked_through(self, unit_id: UnitId) -> _Response | None:
        unit, fact = self.units[unit_id], self.facts[unit_id]
        driver = None if fact.magnitude is None else _alone(unit_id, fact)
        if len(self.known) >= MOST_UNITS:
            return driver
        match unit:
            case SumUnit(argument):
                return self._form(argument) or driver
            case DelayUnit(argument, steps, constant) if not constant and steps < STEPS:
                return _late(self._form(argument), steps) or driver
            case StateUnit(cluster=first):
                return self._cluster(first, unit_id) or driver
        return driver

    def _cluster(self, first: UnitId, unit_id: UnitId) -> _Response | None:
        members = []
        for unit in self.units[first:]:
            if not isinstance(unit, StateUnit) or unit.cluster != first:
                break
            members.append(unit)
        if any(unit.init for unit in members) or len(members) > MOST_UNITS:
            return None
        rows = [tuple((j - first, weight) for j, weight in unit.previous) for unit in members]
        found = self.states(rows, [unit.drive for unit in members])
        return None if found is None else found[unit_id - first]


def _alone(unit: UnitId, fact: Fact) -> _Response:
    return _Response({unit: (fact, [ONE, *[ZERO] * (STEPS - 1)])}, ZERO)


def _late(response: _Response | None, steps: int) -> _Response | None:
    """The same some steps later; what moves beyond the last step is among what follows."""
    if response is None:
        return None
    parts = {unit: (fact, [*[ZERO] * steps, *h[:-steps]]) for unit, (fact, h) in response.parts.items()}
    return _Response(parts, response.rest + sum(map(response.largest, range(STEPS - steps, STEPS)), ZERO))


def _rounded_up(number: fmpq) -> fmpq:
    """Up to a number of few digits."""
    if not number:
        return number
    unit = fmpq(2) ** (int(abs(number).p).bit_length() - int(number.q).bit_length() - DIGITS)
    return unit * (number / unit).ceil()
