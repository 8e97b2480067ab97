"""Rewriting a circuit until a target can express every unit in it; dead units disappear."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from typing import TypeAlias

from lsrl.circuit.affine import Affine, UnitId, substituted
from lsrl.circuit.as_written import AsWrittenBuilder
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Claim
from lsrl.circuit.units import (
    AutomatonUnit,
    BitUnit,
    ChoiceUnit,
    Circuit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    PreviousUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
    dependencies,
    forms_of,
)
from lsrl.circuit.verify import CompilerError
from lsrl.lang.graphs import strong_components
from lsrl.lang.numbers import ONE
from lsrl.lowering.delays import latched
from lsrl.lowering.reflections import swapped
from lsrl.lowering.rule_kinds import Rules, kept_states

_MadeByRules: TypeAlias = StepUnit | GateUnit | ChoiceUnit | BitUnit | DelayUnit | LatchUnit | SwapUnit
_Single: TypeAlias = InputUnit | ReLUUnit | RampUnit | ProductUnit | GatedStateUnit | SumUnit | _MadeByRules


class Substitution:
    """How forms over a circuit's units become forms over the rebuilt ones: unit by unit, unless a pass knows better."""

    @property
    def skipped(self) -> frozenset[UnitId]:
        """Units that are not rebuilt, since no form reads them any more."""
        return frozenset()

    def __call__(self, builder: CircuitBuilder, form: Affine, meanings: Mapping[UnitId, Affine]) -> Affine:
        """The form over the rebuilt units."""
        del builder
        return substituted(form, meanings)


def legalised(circuit: Circuit, rules: Rules, substitution: Substitution | None = None) -> Circuit:
    """The circuit rewritten by a target's rules, and only the units that are needed.

    Needed are the outputs and the values that the user named. Values that nothing computes any
    more leave `values`. Raises what the rules raise, and `UnsupportedProgram` for a selective state
    on a target without them.
    """
    replace = substitution or Substitution()
    made = AsWrittenBuilder if circuit.as_written else CircuitBuilder
    builder = made(circuit.max_length, rules.ramp, robust=circuit.robust)
    builder.automata.extend(circuit.automata)
    rebuilding = _Rebuilding(circuit, builder, rules, replace, reachable(circuit) - replace.skipped)
    meanings = rebuilding.meanings
    claims: dict[UnitId, list[Claim]] = {}
    for claim in circuit.knowledge.claims.values():
        claims.setdefault(max(unit for unit, _ in claim[0]), []).append(claim)
    for unit_id in sorted(rebuilding.needed):
        builder.origin = circuit.origins[unit_id]
        if unit_id not in meanings:  # a block is rebuilt with its first unit
            with builder.loop(inside=unit_id in rebuilding.loops):
                rebuilding.rebuild(unit_id)
        # What is known of forms comes along at once: the units that follow are rebuilt by it.
        for direction, fact in claims.get(unit_id, ()):
            if all(unit in meanings for unit, _ in direction):
                builder.assume(substituted(Affine(dict(direction)), meanings), fact)
    rebuilding.close()
    values = {
        name: tuple(rebuilding.over_new(form) for form in forms)
        for name, forms in circuit.values.items()
        if name in circuit.kept or all(unit in meanings for form in forms for unit in form.terms)
    }
    finished = builder.finished(
        name=circuit.name,
        input_dim=circuit.input_dim,
        outputs=[rebuilding.over_new(form) for form in circuit.outputs],
        values=values,
        kept=circuit.kept,
    )
    states = {name: tuple(map(rebuilding.kept, forms)) for name, forms in circuit.states.items()}
    return replace_fields(finished, states=states)


def reachable(circuit: Circuit) -> set[UnitId]:
    """The units that the outputs and the values named by the user need."""
    forms = list(circuit.outputs)
    for name in circuit.kept:
        forms.extend(circuit.values.get(name, ()))
    stack = [unit for form in forms for unit in form.terms]
    needed: set[UnitId] = set()
    while stack:
        unit = stack.pop()
        if unit not in needed:
            needed.add(unit)
            stack.extend(dependencies(circuit.units[unit]))
    return needed


@dataclass
class _Rebuilding:
    """A circuit while it is rebuilt: what its units are over the new ones."""

    circuit: Circuit
    builder: CircuitBuilder
    rules: Rules
    replace: Substitution
    needed: AbstractSet[UnitId]
    meanings: dict[UnitId, Affine] = field(default_factory=dict)
    cells: dict[UnitId, Affine] = field(default_factory=dict)
    loops: Mapping[UnitId, int] = field(init=False)

    def __post_init__(self) -> None:
        self.loops = _loops(self.circuit)

    def rebuild(self, unit_id: UnitId) -> None:
        """Give a unit its meaning; states that read one another, and those of an automaton, together."""
        unit, fact = self.circuit.units[unit_id], self.circuit.knowledge.facts[unit_id]
        match unit:
            case StateUnit(cluster=first):
                self._rebuild_states(first)
            case AutomatonUnit(symbols, table, start, first):
                given = [self.over_new(symbol, unit_id) for symbol in symbols]
                self.meanings.update(enumerate(self.rules.automaton(self.builder, given, table, start), start=first))
            case SumUnit(variable=name) if name:
                self._rebuild_cut(unit_id, name)
            case PreviousUnit():
                self.meanings[unit_id] = self.rules.previous(self.builder, unit, fact)
            case _:
                forms = [self.over_new(form, unit_id) for form in forms_of(unit)]
                self.meanings[unit_id] = form = _rebuilt(self.builder, unit, fact, forms, self.rules)
                self.builder.assume(form, fact)

    def close(self) -> None:
        """Close the loops: everything that was one step ago is there."""
        for unit_id in sorted(self.needed):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, PreviousUnit):
                self.builder.close(self.meanings[unit_id], self.builder.in_cells(self.over_new(unit.argument, unit_id)))

    def over_new(self, form: Affine, reader: UnitId | None = None) -> Affine:
        """The form over the new units, for a unit that reads it.

        A cell of a loop may turn out to be no more than what a state was: outside of the loop it is a cell still. Of an
        automaton's states it is known that exactly one is 1.
        """
        outside = {
            unit_id: self.builder.in_cells(self.meanings[unit_id])
            for unit_id in form.terms
            if unit_id in self.loops and (reader is None or self.loops[unit_id] != self.loops.get(reader))
        }
        made = self.replace(self.builder, form, ChainMap(outside, self.meanings) if outside else self.meanings)
        if any(isinstance(self.circuit.units[unit], AutomatonUnit) for unit in form.terms):
            self.builder.assume(made, self.circuit.knowledge.fact(form))
        return made

    def kept(self, form: Affine) -> Affine:
        """What the next step goes on from, of what went on from this form."""
        alone = list(form.terms) if list(form.terms.values()) == [ONE] and not form.constant else []
        cells = [self.cells[unit] for unit in alone if unit in self.cells]
        return cells[0] if cells else self.over_new(form)

    def _rebuild_states(self, first: UnitId) -> None:
        """Rebuild the needed states of the cluster that begins with `first`."""
        cluster = [(unit_id, unit) for unit_id, unit in self.circuit.cluster(first) if unit_id in self.needed]
        place = {unit_id: i for i, (unit_id, _) in enumerate(cluster)}
        rows = [tuple((place[other], weight) for other, weight in unit.previous) for _, unit in cluster]
        drives = [self.over_new(unit.drive, unit_id) for unit_id, unit in cluster]
        inits = [unit.init for _, unit in cluster]
        forms = self.rules.states(self.builder, rows, drives, inits)
        if self.rules.states is kept_states:
            cells = self.builder.state_cells(rows, drives, inits)
            self.cells.update((unit_id, cell) for (unit_id, _), cell in zip(cluster, cells, strict=True))
        for (unit_id, unit), form in zip(cluster, forms, strict=True):
            self.meanings[unit_id] = form
            if unit.previous:
                self.builder.assume(form, self.circuit.knowledge.facts[unit_id])

    def _rebuild_cut(self, first: UnitId, name: str) -> None:
        """Rebuild all components of a variable that is cut."""
        block = list(self.circuit.cut(first))
        forms = self.builder.cut(name, [self.over_new(unit.argument, unit_id) for unit_id, unit in block])
        for (unit_id, _), form in zip(block, forms, strict=True):
            self.meanings[unit_id] = form
            self.builder.assume(form, self.circuit.knowledge.facts[unit_id])


def _loops(circuit: Circuit) -> dict[UnitId, int]:
    """The loop of every unit that is in one."""
    if not any(isinstance(unit, PreviousUnit) for unit in circuit.units):
        return {}
    edges = [(unit_id, other) for unit_id, unit in enumerate(circuit.units) for other in dependencies(unit)]
    groups = strong_components(len(circuit.units), edges)
    return {unit_id: i for i, group in enumerate(groups) if len(group) > 1 for unit_id in group}


def _rebuilt(builder: CircuitBuilder, unit: _Single, fact: Fact, forms: Sequence[Affine], rules: Rules) -> Affine:
    match unit:
        case InputUnit(component):
            return builder.input(component, fact)
        case ReLUUnit():
            return _relu(builder, forms[0], fact, rules)
        case RampUnit():
            return builder.ramp(forms[0])
        case ProductUnit() if any(form.is_constant for form in forms):
            return builder.product(forms[0], forms[1])
        case ProductUnit():
            return rules.product(builder, forms[0], forms[1], unit)
        case GatedStateUnit():
            return rules.gated_state(builder, forms[0], forms[1], unit)
        case SumUnit():
            return rules.sum(builder, forms[0])
        case _:
            return _rebuilt_as_it_is(builder, unit, fact, forms, rules)


def _relu(builder: CircuitBuilder, argument: Affine, fact: Fact, rules: Rules) -> Affine:
    folded = builder.folded_relu(argument)
    if folded is not None:
        return folded
    if fact.low == 0 and fact.two_values is not None and not builder.as_written:
        # 0 or h, as is claimed of it: then its argument, which does not tell, is h where it is above 0.
        height = fact.two_values[1]
        builder.assume(argument, Fact(high=height))
        return builder.ramp(argument.times(1 / height)).times(height)
    return rules.relu(builder, argument)


def _rebuilt_as_it_is(
    builder: CircuitBuilder, unit: _MadeByRules, fact: Fact, forms: Sequence[Affine], rules: Rules
) -> Affine:
    """A unit that only rules make."""
    match unit:
        case StepUnit(margin=margin):
            return builder.step(forms[0], margin)
        case GateUnit():
            return builder.gate(forms[0], forms[1])
        case ChoiceUnit():
            return builder.choice(forms[0], forms[1], fact)
        case BitUnit():
            return builder.bit(forms[0])
        case DelayUnit(constant=constant) if constant:
            raise CompilerError(f"{builder.origin!r} is a rounded delay, which is written last, once")
        case DelayUnit(steps=steps):
            return rules.delay(builder, forms[0], steps)
        case LatchUnit():
            return latched(builder, forms[0], forms[1])
        case SwapUnit():
            return swapped(builder, replace_fields(unit, swaps=tuple(forms)))
