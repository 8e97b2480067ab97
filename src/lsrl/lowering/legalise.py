"""Rewriting a circuit until a target can express every unit in it; dead units disappear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, substituted
from lsrl.circuit.as_written import AsWrittenBuilder
from lsrl.circuit.builder import CircuitBuilder, RampRule
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Claim
from lsrl.circuit.units import (
    BitUnit,
    Circuit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    Unit,
    dependencies,
    forms_of,
)
from lsrl.errors import UnsupportedProgram
from lsrl.lang.matrix import Row
from lsrl.lowering.delays import delayed, latched

ProductRule: TypeAlias = Callable[[CircuitBuilder, Affine, Affine, ProductUnit], Affine]
"""How a target writes left · right: builds what it needs, returns the form that has the value."""

ReLURule: TypeAlias = Callable[[CircuitBuilder, Affine], Affine]
"""How a target writes relu(argument) where the facts make it nothing simpler."""


StateRule: TypeAlias = Callable[[CircuitBuilder, Sequence[Row], Sequence[Affine], Sequence[fmpq]], list[Affine]]
"""How a target writes sₜ = A sₜ₋₁ + driveₜ: rows of A, drives, initial values."""

GatedStateRule: TypeAlias = Callable[[CircuitBuilder, Affine, Affine, GatedStateUnit], Affine]
"""How a target writes gate · (itself one step ago) + drive."""


SumRule: TypeAlias = Callable[[CircuitBuilder, Affine], Affine]
"""How a target writes a long form that many others read."""


def kept_relu(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A ReLU is a ReLU."""
    return builder.relu_unit(argument)


def kept_states(
    builder: CircuitBuilder, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]
) -> list[Affine]:
    """Linear states with whatever matrix."""
    return builder.states(rows, drives, inits)


def kept_gated_state(builder: CircuitBuilder, gate: Affine, drive: Affine, unit: GatedStateUnit) -> Affine:
    """A selective state is one."""
    return builder.gated_state(gate, drive, unit.init, latches=unit.latches)


def kept_sum(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A sum is a unit of its own."""
    return builder.sum(argument)


def dissolved_sum(_: CircuitBuilder, argument: Affine) -> Affine:
    """Every reader has the whole sum in its row: for networks whose rows read all units at no cost."""
    return argument


def refused_gated_state(builder: CircuitBuilder, gate: Affine, drive: Affine, unit: GatedStateUnit) -> Affine:
    """No selective state can be expressed: raises `UnsupportedProgram`."""
    del gate, drive, unit
    raise UnsupportedProgram(
        f"value {builder.origin!r} is a GatedState, and this target cannot keep or drop what was as its input says",
        ability="selective_states",
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a target makes of the units that not every architecture has."""

    product: ProductRule
    ramp: RampRule
    relu: ReLURule = kept_relu
    states: StateRule = kept_states
    gated_state: GatedStateRule = kept_gated_state
    sum: SumRule = kept_sum


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
    needed = reachable(circuit) - replace.skipped
    builder = (AsWrittenBuilder if circuit.as_written else CircuitBuilder)(circuit.max_length, rules.ramp)
    meanings: dict[UnitId, Affine] = {}
    claims: dict[UnitId, list[Claim]] = {}
    for claim in circuit.knowledge.claims.values():
        claims.setdefault(max(unit for unit, _ in claim[0]), []).append(claim)
    for unit_id, unit in enumerate(circuit.units):
        if unit_id not in needed:
            continue
        builder.origin = circuit.origins[unit_id]
        if isinstance(unit, StateUnit):
            if unit_id not in meanings:  # the first of its cluster; the others are rebuilt with it
                _rebuild_states(builder, circuit, unit.cluster, needed, meanings, rules, replace)
        else:
            forms = [replace(builder, form, meanings) for form in forms_of(unit)]
            fact = circuit.knowledge.facts[unit_id]
            meanings[unit_id] = _rebuilt(builder, unit, fact, forms, rules)
            builder.assume(meanings[unit_id], fact)
        # What is known of forms comes along at once: the units that follow are rebuilt by it.
        for direction, fact in claims.get(unit_id, ()):
            if all(unit in meanings for unit, _ in direction):
                builder.assume(substituted(Affine(dict(direction)), meanings), fact)
    values = {
        name: tuple(replace(builder, form, meanings) for form in forms)
        for name, forms in circuit.values.items()
        if name in circuit.kept or all(unit in meanings for form in forms for unit in form.terms)
    }
    return builder.finished(
        name=circuit.name,
        input_dim=circuit.input_dim,
        outputs=[replace(builder, form, meanings) for form in circuit.outputs],
        values=values,
        kept=circuit.kept,
    )


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


def _rebuilt(builder: CircuitBuilder, unit: Unit, fact: Fact, forms: Sequence[Affine], rules: Rules) -> Affine:
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
        case StateUnit():
            raise TypeError("states are rebuilt together")
        case _:
            return _rebuilt_as_it_is(builder, unit, forms)


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
    builder: CircuitBuilder, unit: StepUnit | GateUnit | BitUnit | DelayUnit | LatchUnit, forms: Sequence[Affine]
) -> Affine:
    """A unit that only rules make."""
    match unit:
        case StepUnit(margin=margin):
            return builder.step(forms[0], margin)
        case GateUnit():
            return builder.gate(forms[0], forms[1])
        case BitUnit():
            return builder.bit(forms[0])
        case DelayUnit(steps=steps):
            return delayed(builder, forms[0], steps)
        case LatchUnit():
            return latched(builder, forms[0], forms[1])


def _rebuild_states(
    builder: CircuitBuilder,
    circuit: Circuit,
    first: UnitId,
    needed: set[UnitId],
    meanings: dict[UnitId, Affine],
    rules: Rules,
    replace: Substitution,
) -> None:
    """Rebuild the needed states of the cluster that begins with `first`."""
    cluster = [(unit_id, unit) for unit_id, unit in circuit.cluster(first) if unit_id in needed]
    place = {unit_id: i for i, (unit_id, _) in enumerate(cluster)}
    rows = [tuple((place[other], weight) for other, weight in unit.previous) for _, unit in cluster]
    drives = [replace(builder, unit.drive, meanings) for _, unit in cluster]
    forms = rules.states(builder, rows, drives, [unit.init for _, unit in cluster])
    for (unit_id, unit), form in zip(cluster, forms, strict=True):
        meanings[unit_id] = form
        if unit.previous:
            builder.assume(form, circuit.knowledge.facts[unit_id])
