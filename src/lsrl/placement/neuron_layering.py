"""From a circuit to a neuron stack.

All that a layer computes can be read by the next, signed or not, so that a value needs one neuron
in every layer from where it is made to where it is read last. A unit that reads a linear state of
its own layer gets the state's own row instead: s = A s' + drive, one step ago and below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, variable
from lsrl.circuit.units import (
    BitUnit,
    ChoiceUnit,
    Circuit,
    GatedStateUnit,
    InputUnit,
    PreviousUnit,
    ProductUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    forms_of,
)
from lsrl.circuit.verify import verify_legal
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.carry import Atom, Combination
from lsrl.placement.feedback import Past, fed_back
from lsrl.placement.layering_pass import LayeringPass
from lsrl.placement.neurons import Drive, Neuron, NeuronKind, NeuronStack, verify_neurons
from lsrl.placement.rematerialise import Reader
from lsrl.placement.schedule import Schedule, scheduled
from lsrl.placement.stack import Cell, Place

_KINDS: dict[type, NeuronKind] = {
    ReLUUnit: "relu",
    StepUnit: "step",
    BitUnit: "bit",
    ProductUnit: "select",
    ChoiceUnit: "select",
    GatedStateUnit: "hold",
    SumUnit: "linear",
}


def neuron_stacks(circuit: Circuit) -> list[NeuronStack]:
    """Neuron stacks that compute a circuit whose products have a boolean on the left; take the narrowest.

    In one, units read the states of their own layer, which makes it shallow; the other has states and
    what reads them in different layers, which makes it narrow.

    >>> from lsrl import Input, Program, cumsum
    >>> from lsrl.circuit.translate import circuit_of
    >>> stack = neuron_stacks(circuit_of(Program(cumsum(Input(1, range=(0, 1))))))[0]
    >>> [[neuron.kind for neuron in layer] for layer in stack.layers]
    [['linear']]
    """
    verify_legal(circuit, InputUnit, StateUnit, PreviousUnit, *_KINDS)
    # In a loop states are read in their own layer, or there would be two cells between a step and the next.
    ways = (True,) if circuit.count(PreviousUnit) else (True, False)
    return [_layered(circuit, scheduled(circuit, fused=fused)) for fused in ways]


def _layered(circuit: Circuit, schedule: Schedule) -> NeuronStack:
    # A recurrent network has at least one layer.
    layering = _NeuronLayering(circuit, replace(schedule, depth=max(schedule.depth, 1)))
    for layer in range(layering.schedule.depth):
        layering.add_layer(layer)
    stack = layering.finished()
    verify_neurons(stack)
    return stack


class _NeuronLayering(LayeringPass):
    """Collects the layers of a neuron stack."""

    def __init__(self, circuit: Circuit, schedule: Schedule) -> None:
        super().__init__(circuit, schedule)
        self.layers: list[tuple[Neuron, ...]] = []
        self.past: list[tuple[Row, ...]] = []

    def add_layer(self, layer: int) -> None:
        """Compute a layer's states and units, then carry what readers above it still need from below."""
        neurons: list[Neuron] = []
        next_lines: dict[Atom, Affine] = {}

        def add(neuron: Neuron) -> Affine:
            neurons.append(neuron)
            return variable(len(neurons) - 1)

        states = self._states(layer)
        rows = {atom: row for row, (atom, _) in enumerate(states)}
        row_of_unit = {unit_id: rows[atom] for atom, unit_id in states}
        for atom, unit_id in states:
            next_lines[atom] = add(self._state(unit_id, row_of_unit))
            self.places.setdefault(unit_id, _place(layer, next_lines[atom]))
        for unit_id in self.by_layer.get(layer, ()):
            if not isinstance(self.circuit.units[unit_id], (StateUnit, PreviousUnit)):
                next_lines[unit_id] = add(self._unit(unit_id, {atom: neurons[row].drive for atom, row in rows.items()}))
                self.places[unit_id] = _place(layer, next_lines[unit_id])

        def emit(terms: Combination, cell: Cell) -> Affine:
            form = self.over_lines(Reader(layer, False, dict(terms), ZERO))
            return add(Neuron("linear", _drive(form), cell.fact, cell))

        self.carry(layer, list(self.lines), emit, next_lines)
        complete, past = fed_back(neurons, self._previous(layer, next_lines), fixed=len(states))
        self.layers.append(complete)
        self.past.append(past)
        self.lines = next_lines

    def _states(self, layer: int) -> list[tuple[Atom, UnitId]]:
        """The linear states driven in this layer, then its copies of autonomous ones."""
        units = self.circuit.units
        own = [(unit, unit) for unit in self.by_layer.get(layer, ()) if isinstance(units[unit], StateUnit)]
        return own + [
            (self.copies.atoms[unit_id, layer], unit_id)
            for cluster in self.copies.by_layer.get(layer, ())
            for unit_id, _ in self.circuit.cluster(cluster)
        ]

    def _state(self, unit_id: UnitId, row_of_unit: Mapping[UnitId, int]) -> Neuron:
        unit = self.circuit.units[unit_id]
        assert isinstance(unit, StateUnit)
        reader = self.readers.get((unit_id, 0))  # none for copies of autonomous states: they read no line
        drive = _drive(unit.drive) if reader is None else self._over_layer(reader, {})
        remembered = Affine({row_of_unit[other]: weight for other, weight in unit.previous})
        own = _row(combination([(ONE, remembered), (ONE, Affine(dict(drive.own)))]))
        cell = self._cell(unit_id)
        sums_up = own == ((row_of_unit[unit_id], ONE),)
        return Neuron("linear", replace(drive, own=own), cell.fact, cell, init=unit.init, sums_up=sums_up)

    def _previous(self, layer: int, lines: Mapping[Atom, Affine]) -> dict[int, Past]:
        """What the layer can feed back, over its neurons."""
        found = {}
        for unit_id in self.by_layer.get(layer, ()):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, PreviousUnit):
                reader = self.readers[unit_id, 0]
                form = combination(((weight, lines[atom]) for atom, weight in reader.terms.items()), reader.constant)
                found[_pending(unit_id)] = Past(form, unit.init, self.circuit.origins[unit_id])
        return found

    def _unit(self, unit_id: UnitId, states: Mapping[Atom, Drive]) -> Neuron:
        unit = self.circuit.units[unit_id]
        kind, forms = _KINDS[type(unit)], forms_of(unit)
        drives = [self._over_layer(self.readers[unit_id, position], states) for position in range(len(forms))]
        fact = self.circuit.knowledge.fact(forms[-1])
        gate = drives[0] if len(drives) == 2 else None
        neuron = Neuron(kind, drives[-1], fact, self._cell(unit_id), gate)
        if isinstance(unit, StepUnit):
            return replace(neuron, margin=unit.margin)
        return replace(neuron, init=unit.init, latches=unit.latches) if isinstance(unit, GatedStateUnit) else neuron

    def _cell(self, unit_id: UnitId) -> Cell:
        knowledge = self.circuit.knowledge
        return Cell(self.circuit.origins[unit_id], knowledge.facts[unit_id], False, knowledge.gaps.get(unit_id))

    def _over_layer(self, reader: Reader, states: Mapping[Atom, Drive]) -> Drive:
        """A reader's form over the lines that come in, with the rows of this layer's states in their place."""
        previous = {atom: weight for atom, weight in reader.terms.items() if self._is_previous(atom)}
        incoming = {
            atom: weight for atom, weight in reader.terms.items() if atom not in states and atom not in previous
        }
        parts = [(ONE, self.over_lines(Reader(reader.layer, False, incoming, reader.constant)))]
        own = [(ONE, Affine({_pending(atom): weight for atom, weight in previous.items()}))]
        for atom in reader.terms.keys() & states.keys():
            weight, drive = reader.terms[atom], states[atom]
            parts.append((weight, Affine(dict(drive.below), drive.constant)))
            own.append((weight, Affine(dict(drive.own))))
        return replace(_drive(combination(parts)), own=_row(combination(own)))

    def _is_previous(self, atom: Atom) -> bool:
        return atom < len(self.circuit.units) and isinstance(self.circuit.units[atom], PreviousUnit)

    def finished(self) -> NeuronStack:
        """The stack, with its read-out over the last layer's lines."""
        return NeuronStack(
            name=self.circuit.name,
            inputs=self.inputs,
            layers=tuple(self.layers),
            readout=tuple(_drive(self.over_lines(reader)) for reader in self.outputs),
            places=self.places,
            past=tuple(self.past),
        )


def _pending(unit_id: UnitId) -> int:
    """What stands in a drive for what was one step ago, until the layer is complete."""
    return -1 - unit_id


def _row(form: Affine) -> tuple[tuple[int, fmpq], ...]:
    return tuple(sorted(form.terms.items()))


def _drive(form: Affine) -> Drive:
    return Drive(_row(form), (), form.constant)


def _place(layer: int, line: Affine) -> Place:
    return Place(layer, "output", _row(line), line.constant)
