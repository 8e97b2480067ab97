"""Which layer of a stack computes which unit.

A layer first updates its linear states from the previous layer's outputs, then computes its
non-linear units from its states and those outputs. So within layer l

- a state's drive and a gate read what layer l − 1 outputs,
- a ReLU's argument also reads the states of layer l itself,
- a state that nothing drives (a counter) needs no input: every layer that wants it has its own copy,
- what a selective state is now, only the next layer knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from lsrl.circuit.affine import Affine, UnitId
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
    forms_of,
)
from lsrl.placement.loops import is_loop, unit_groups

Layer: TypeAlias = int
INPUT_LAYER: Layer = -1


@dataclass(frozen=True)
class Schedule:
    """The layer of every unit that is computed once; `autonomous` states have none."""

    layers: Mapping[UnitId, Layer]
    autonomous: frozenset[UnitId]
    depth: int
    fused: bool


def reads(circuit: Circuit, unit_id: UnitId, *, fused: bool = True) -> tuple[tuple[Affine, bool], ...]:
    """The forms a unit reads, each with whether the states of its own layer are in reach.

    Where layers are not `fused`, no unit reads a state of its own layer.
    """
    unit = circuit.units[unit_id]
    match unit:
        case ReLUUnit(argument) | RampUnit(argument) | SumUnit(argument) | StepUnit(argument, _) | BitUnit(argument):
            return ((argument, fused),)
        case ProductUnit(left, right, _) | ChoiceUnit(left, right):
            return (left, fused), (right, fused)
        case GateUnit(gate, argument):
            return (gate, False), (argument, fused)
        case GatedStateUnit(gate=gate, drive=drive) | LatchUnit(gate, drive):
            return (gate, False), (drive, False)
        case StateUnit(_, drive, _, _) | DelayUnit(drive, _, _):
            return ((drive, False),)
        case InputUnit() | PreviousUnit():
            return ()
        case AutomatonUnit() | SwapUnit():
            raise TypeError(f"{type(unit).__name__} is in no layer before it is written as cells")


def scheduled(circuit: Circuit, *, fused: bool = True) -> Schedule:
    """The earliest layer for every unit, then later ones where that shortens what must be carried.

    `fused` says whether a unit can read the states of its own layer.
    """
    clusters = _clusters(circuit)
    autonomous = frozenset(
        member
        for members in clusters.values()
        if all(form.is_constant for member in members for form in forms_of(circuit.units[member]))
        for member in members
    )
    groups = unit_groups(circuit)
    layers = _earliest(circuit, groups, autonomous, fused)
    loops = frozenset(unit_id for group in groups if is_loop(circuit, group) for unit_id in group)
    _move_later(circuit, autonomous, loops, layers, fused)
    depth = max([*layers.values(), 0 if autonomous else INPUT_LAYER]) + 1
    return Schedule(layers, autonomous, depth, fused)


def _clusters(circuit: Circuit) -> dict[UnitId, list[UnitId]]:
    members: dict[UnitId, list[UnitId]] = {}
    for unit_id, unit in enumerate(circuit.units):
        if isinstance(unit, StateUnit):
            members.setdefault(unit.cluster, []).append(unit_id)
    return members


def _earliest(
    circuit: Circuit, groups: Sequence[Sequence[UnitId]], autonomous: frozenset[UnitId], fused: bool
) -> dict[UnitId, Layer]:
    layers: dict[UnitId, Layer] = {}

    def ready(form: Affine, same_layer_states: bool, group: Set[UnitId]) -> Layer:
        """The first layer that can read a form."""
        first = 0
        for other in form.terms:
            if other in autonomous:
                first = max(first, 0 if same_layer_states else 1)
            elif other not in group:
                is_state = isinstance(circuit.units[other], StateUnit)
                first = max(first, layers[other] + (0 if is_state and same_layer_states else 1))
        return first

    for group in groups:
        first = group[0]
        if first in autonomous:
            continue
        if isinstance(circuit.units[first], InputUnit):
            layers[first] = INPUT_LAYER
            continue
        members = set(group)
        read = [(form, own) for member in group for form, own in reads(circuit, member, fused=fused)]
        fed_back = {other for member in group for other in _fed_back(circuit, member).terms}
        # What a layer keeps for its next step it may have made or passed on itself.
        made = [layers[other] for other in fed_back - members - autonomous]
        layers.update(dict.fromkeys(group, max([0, *made, *(ready(form, own, members) for form, own in read)])))
    return layers


def _move_later(
    circuit: Circuit,
    autonomous: frozenset[UnitId],
    loops: frozenset[UnitId],
    layers: dict[UnitId, Layer],
    fused: bool,
) -> None:
    """Move groups of units to just before their first reader where fewer lines are carried then.

    A group is what one value of the program became: its components tend to read the same few
    units, so that moving all of them costs those units' carry and saves the components'.
    """
    depth = max(layers.values(), default=INPUT_LAYER) + 1
    first_reader: dict[UnitId, Layer] = {}
    last_reader: dict[UnitId, Layer] = {}

    def note(form: Affine, layer: Layer) -> None:
        for other in form.terms:
            first_reader[other] = min(first_reader.get(other, depth), layer)
            last_reader[other] = max(last_reader.get(other, INPUT_LAYER), layer)

    for form in circuit.outputs:
        note(form, depth)
    for unit_id in loops:
        note(_fed_back(circuit, unit_id), layers[unit_id] + 1)
    for group in _groups_in_reverse(circuit, autonomous):
        layer = layers[group[0]]
        latest = min(first_reader.get(unit_id, layer + 1) for unit_id in group) - 1
        movable = not loops.intersection(group) and all(layers[unit_id] == layer for unit_id in group)
        if latest > layer and movable:
            kept_alive = {
                other
                for unit_id in group
                for form, _ in reads(circuit, unit_id, fused=fused)
                for other in form.terms
                if other not in autonomous and last_reader.get(other, INPUT_LAYER) < latest
            }
            if len(kept_alive) < len(group):
                layers.update(dict.fromkeys(group, latest))
        for unit_id in group:
            for form, _ in reads(circuit, unit_id, fused=fused):
                note(form, layers[unit_id])


def _fed_back(circuit: Circuit, unit_id: UnitId) -> Affine:
    """What a unit makes its layer keep for the next step."""
    unit = circuit.units[unit_id]
    return unit.argument if isinstance(unit, PreviousUnit) else Affine({})


def _groups_in_reverse(circuit: Circuit, autonomous: frozenset[UnitId]) -> Iterator[list[UnitId]]:
    """Runs of non-linear units made for the same value, readers first; clusters as a whole."""
    group: list[UnitId] = []
    for unit_id in range(len(circuit.units) - 1, -1, -1):
        unit = circuit.units[unit_id]
        if unit_id in autonomous or isinstance(unit, InputUnit):
            continue
        if group and not _same_group(circuit, group[-1], unit_id):
            yield group
            group = []
        group.append(unit_id)
    if group:
        yield group


def _same_group(circuit: Circuit, one: UnitId, other: UnitId) -> bool:
    units = circuit.units
    if circuit.origins[one] != circuit.origins[other] or type(units[one]) is not type(units[other]):
        return False
    return not any(other in form.terms for form in forms_of(units[one]))
