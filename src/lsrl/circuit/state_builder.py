"""Building states: linear and selective ones, automata, and what was one step ago."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number, terms_key, variable
from lsrl.circuit.cases import fact_under
from lsrl.circuit.facts import BOOLEAN, Fact, constant_fact, intersection
from lsrl.circuit.impulse_responses import response_facts
from lsrl.circuit.rare_terms import rare_sum_fact
from lsrl.circuit.state_facts import cluster_facts, gated_state_fact
from lsrl.circuit.state_graph import clusters, components, is_permutation
from lsrl.circuit.unit_store import UnitStore
from lsrl.circuit.units import AutomatonUnit, GatedStateUnit, PreviousUnit, StateUnit, SumUnit
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO

_Clustered: TypeAlias = Callable[[Sequence[Row], Sequence[Affine], Sequence[fmpq]], list[Affine]]


class StateBuilder(UnitStore):
    """A store of units with a constructor for every kind of state."""

    def gated_state(self, gate: Affine, drive: Affine, init: fmpq, *, latches: bool = False) -> Affine:
        """The selective state sₜ = gate · sₜ₋₁ + drive; the gate is a boolean.

        `latches` says that the drive is known to be 0 under gate 1; else it is found out.
        """
        known = self.fact(gate)
        if known.high == 0:
            return drive
        if known.low == 1:
            return self.states([((0, ONE),)], [drive], [init])[0]
        taken, added = (fact_under(drive, gate, value, self.units, self.fact) for value in (ZERO, ONE))
        if added.low == added.high == 0:
            latches = True
        fact = gated_state_fact(taken, constant_fact(ZERO) if latches else added, init, self.max_length)
        if fact.low is not None and fact.low == fact.high:
            return number(fact.low)
        key = ("gated state", gate.key(), drive.key(), terms_key([(0, init)]))
        return self.unit(key, GatedStateUnit(gate, drive, init, latches), fact)

    def sum(self, argument: Affine) -> Affine:
        """The form as a unit of its own."""
        return self.unit(("sum", argument.key()), SumUnit(argument), self.fact(argument))

    def cut(self, name: str, forms: Sequence[Affine]) -> list[Affine]:
        """The components of a variable as units that nothing shares; of a one-hot group exactly one is 1 still."""
        made = [self._append(SumUnit(form, name), self.fact(form)) for form in forms]
        groups = {self.knowledge.one_hot.get(unit) for form in forms for unit in form.terms}
        alone = all(list(form.terms.values()) == [ONE] and not form.constant for form in forms)
        alone &= len({unit for form in forms for unit in form.terms}) == len(forms)
        group = groups.pop() if alone and len(groups) == 1 else None
        if group is not None and self.knowledge.group_sizes[group] == len(forms):
            self.knowledge.add_group(made)
        return [variable(unit) for unit in made]

    def previous(self, init: fmpq, fact: Fact) -> Affine:
        """What a form was one step ago that is given later, to `close`; `fact` is what will be known of it."""
        return self.unit(("previous", len(self.units)), PreviousUnit(number(init), init), fact)

    def close(self, previous: Affine, argument: Affine) -> None:
        """Say of which form that is what it was one step ago; `in_cells` makes one that a network can feed back."""
        (unit_id,) = previous.terms
        unit = self.units[unit_id]
        assert isinstance(unit, PreviousUnit)
        self.units[unit_id] = replace(unit, argument=argument)

    def in_cells(self, form: Affine) -> Affine:
        """The form with a cell of its own for what it adds of earlier states, since a layer keeps nothing else."""
        was = Affine({unit: w for unit, w in form.terms.items() if isinstance(self.units[unit], PreviousUnit)})
        if not was.terms:
            return form
        fact, scale = self.fact(form), was.content()
        kept = self.sum(was.times(1 / scale)).times(scale)
        made = combination([(ONE, form), (-ONE, was), (ONE, kept)])
        self.assume(made, fact)
        return made

    def automaton(self, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int) -> list[Affine]:
        """The states of a finite automaton, of which exactly one is 1; exactly one of the symbols is."""
        key = ("automaton", tuple(symbol.key() for symbol in symbols), tuple(map(tuple, table)), start)
        known = self._shared.get(key)
        if known is None:
            unit = AutomatonUnit(tuple(symbols), tuple(map(tuple, table)), start, len(self.units))
            known = self._shared[key] = [self._append(unit, BOOLEAN) for _ in table]
            self.knowledge.add_group(known)
        return [variable(state) for state in known]

    def states(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        """The components of sₜ = A sₜ₋₁ + driveₜ as forms; `rows` are A's.

        A component that reads no state is its drive; one that never changes is its initial value.
        """
        return self._by_cluster(self._cluster, rows, drives, inits)

    def state_cells(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        """Where the components of states that were made are kept for the next step, if it reads them."""
        return self._by_cluster(self._cells, rows, drives, inits)

    def _by_cluster(
        self, make: _Clustered, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]
    ) -> list[Affine]:
        meanings: dict[int, Affine] = {}
        for members in clusters(rows):
            place = {member: position for position, member in enumerate(members)}
            inner = [tuple(sorted((place[j], weight) for j, weight in rows[i])) for i in members]
            forms = make(inner, [drives[i] for i in members], [inits[i] for i in members])
            meanings.update(zip(members, forms, strict=True))
        return [meanings[i] for i in range(len(rows))]

    def _cells(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        known = self._shared.get(_cluster_key(rows, drives, inits))
        return self._cluster(rows, drives, inits) if known is None else [variable(unit) for unit in known]

    def _cluster(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        """States that read one another: one block of units, shared with an equal cluster as a whole."""
        if len(rows) == 1 and (not rows[0] or (rows[0] == ((0, ONE),) and _is_zero(drives[0]))):
            return [number(inits[0])] if rows[0] else list(drives)
        key = _cluster_key(rows, drives, inits)
        known = self._shared.get(key)
        if known is None:
            first = len(self.units)
            facts = cluster_facts(rows, [self.fact(drive) for drive in drives], inits, self.max_length)
            if rows == [((0, ONE),)] and self.knowledge.one_hot:
                rare = rare_sum_fact(drives[0], inits[0], self.units, self.knowledge, self.max_length)
                facts = [intersection(facts[0], rare)]
            responses = response_facts(rows, drives, inits, self.units, self.knowledge.facts)
            facts = [intersection(fact, response) for fact, response in zip(facts, responses, strict=True)]
            for row, drive, init, fact in zip(rows, drives, inits, facts, strict=True):
                self._append(StateUnit(tuple((first + j, w) for j, w in row), drive, init, first), fact)
            known = self._shared[key] = list(range(first, len(self.units)))
            one_hot = sorted(inits) == [ZERO] * (len(rows) - 1) + [ONE] and all(map(_is_zero, drives))
            if one_hot and is_permutation(rows) and len(components(rows)) == 1:
                self.knowledge.add_group(known)
        return [variable(unit) if row else drive for unit, row, drive in zip(known, rows, drives, strict=True)]


def _cluster_key(rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> object:
    drive_keys = tuple(drive.key() for drive in drives)
    return ("states", tuple(map(terms_key, rows)), drive_keys, terms_key(enumerate(inits)))


def _is_zero(form: Affine) -> bool:
    return form.is_constant and not form.constant
