"""Long delays as rings: n latches written in turn hold the last n values, however large n is, in a few stages.

A chain of convolutions that look back three steps is n/3 stages deep. In a ring, with N counting the
steps, latch i takes the value where N ≡ i modulo n. The sum of the last n values is then the sum of all latches; any
other combination of them is a selection, for each i where N ≡ i, of a combination of latches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, TermsKey, UnitId, combination, one_minus, substituted
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.units import Circuit, DelayUnit, ProductUnit, forms_of
from lsrl.lang.numbers import ONE
from lsrl.lowering.delays import delayed, latched
from lsrl.lowering.diagonal_states import step_residues
from lsrl.lowering.legalise import Substitution
from lsrl.lowering.rules import by_gates

SHORTEST = 8
"""Delays of fewer steps than this are chains anyway."""

MOST_SELECTIONS = 512
"""Units that may be spent on selecting from one ring."""

Taps: TypeAlias = dict[int, fmpq]
"""How often the value of how many steps ago is in a form."""


@dataclass(frozen=True, slots=True)
class DelayLine:
    """A value whose past is read: its form, and the shortest and the longest delay of it."""

    form: Affine
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many values of it are read."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Rings(Substitution):
    """The delays of a circuit that become rings: which line each is of, and by how many steps.

    `periods` are those of cycles that the circuit counts off in any case.
    """

    lags: Mapping[UnitId, tuple[TermsKey, int]]
    lines: Mapping[TermsKey, DelayLine]
    periods: Collection[int]
    made: dict[TermsKey, tuple[list[Affine], list[Affine]]] = field(default_factory=dict)

    @property
    def skipped(self) -> frozenset[UnitId]:
        """The delays that are no longer units of their own."""
        return frozenset(self.lags)

    def __call__(self, builder: CircuitBuilder, form: Affine, meanings: Mapping[UnitId, Affine]) -> Affine:
        """The form over the rebuilt units, with combinations of latches in the place of delays."""
        taps, rest = _taps(form, self.lags)
        parts = [substituted(rest, meanings), *(self._filter(builder, *tap, meanings) for tap in taps.items())]
        return combination((ONE, part) for part in parts)

    def _filter(self, builder: CircuitBuilder, key: TermsKey, taps: Taps, meanings: Mapping[UnitId, Affine]) -> Affine:
        line = self.lines[key]
        if key not in self.made:
            turns = self._turns(builder, line.size)
            newest = delayed(builder, self(builder, line.form, meanings), line.first)  # of what other rings may hold
            self.made[key] = turns, [latched(builder, one_minus(turn), newest) for turn in turns]
        turns, latches = self.made[key]
        if _is_window(taps, line):
            return combination((taps[line.first], latch) for latch in latches)
        selected = []
        for i, turn in enumerate(turns):
            held = combination((weight, latches[(i - lag + line.first) % line.size]) for lag, weight in taps.items())
            selected.append((ONE, by_gates(builder, turn, held, ProductUnit(turn, held, "auto"))))
        return combination(selected)

    def _turns(self, builder: CircuitBuilder, size: int) -> list[Affine]:
        """Whose turn it is to be written: what is left of the steps so far, by a longer cycle that is there anyway."""
        period = min((period for period in self.periods if period % size == 0), default=size)
        residues = step_residues(builder, period)
        return [combination((ONE, residue) for residue in residues[i::size]) for i in range(size)]


def rings_of(circuit: Circuit, periods: Collection[int]) -> Rings | None:
    """The long delays of a circuit as rings; None where there are none, or steps cannot be counted.

    `periods` are those of cycles that the circuit counts off in any case.
    """
    if circuit.max_length is None:
        return None
    lags, lines = _lines(circuit)
    readers: dict[TermsKey, set[tuple[tuple[int, fmpq], ...]]] = {}
    for form in _read_forms(circuit, lags):
        for key, taps in _taps(form, lags)[0].items():
            if not _is_window(taps, lines[key]):
                readers.setdefault(key, set()).add(tuple(sorted(taps.items())))
    chosen = {
        key: line
        for key, line in lines.items()
        if line.size >= SHORTEST and len(readers.get(key, ())) * line.size <= MOST_SELECTIONS
    }
    found = {unit: lag for unit, lag in lags.items() if lag[0] in chosen}
    return Rings(found, chosen, periods) if found else None


def _lines(circuit: Circuit) -> tuple[dict[UnitId, tuple[TermsKey, int]], dict[TermsKey, DelayLine]]:
    """Which value each delay is of, through delays of delays, and by how many steps; and the lines that are read."""
    lags: dict[UnitId, tuple[TermsKey, int]] = {}
    forms: dict[TermsKey, Affine] = {}
    for unit_id, unit in enumerate(circuit.units):
        if isinstance(unit, DelayUnit):
            inner = next(iter(unit.argument.terms), -1)
            if inner in lags and unit.argument.key() == Affine({inner: ONE}).key():
                lags[unit_id] = lags[inner][0], lags[inner][1] + unit.steps
            else:
                lags[unit_id] = unit.argument.key(), unit.steps
                forms[unit.argument.key()] = unit.argument
    read: dict[TermsKey, set[int]] = {}
    for form in _read_forms(circuit, lags):
        for key, taps in _taps(form, lags)[0].items():
            read.setdefault(key, set()).update(taps)
    return lags, {key: DelayLine(forms[key], min(found), max(found)) for key, found in read.items()}


def _read_forms(circuit: Circuit, lags: Mapping[UnitId, tuple[TermsKey, int]]) -> Iterator[Affine]:
    """All forms but those that feed delays of delays: what they are delays of is in `lags`, and no longer read."""
    for unit_id, unit in enumerate(circuit.units):
        for form in forms_of(unit):
            if unit_id not in lags or lags[unit_id][0] == form.key():
                yield form
    yield from circuit.outputs
    for name in circuit.kept:
        yield from circuit.values.get(name, ())


def _taps(form: Affine, lags: Mapping[UnitId, tuple[TermsKey, int]]) -> tuple[dict[TermsKey, Taps], Affine]:
    """The parts of a form that are delays, by what they are delays of, and the rest of it."""
    taps: dict[TermsKey, Taps] = {}
    for unit in form.terms.keys() & lags.keys():
        key, lag = lags[unit]
        taps.setdefault(key, {})[lag] = form.terms[unit]
    rest = {unit: weight for unit, weight in form.terms.items() if unit not in lags}
    return taps, Affine(rest, form.constant)


def _is_window(taps: Taps, line: DelayLine) -> bool:
    """Whether all values of a line are added up."""
    return len(taps) == line.size and len(set(taps.values())) == 1
