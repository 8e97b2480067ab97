"""From a circuit to a stack: the units of each layer, and what it carries for later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from flint import fmpq

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.facts import weighted_sum
from lsrl.circuit.units import Circuit, GateUnit, InputUnit, ReLUUnit, StateUnit, SumUnit
from lsrl.circuit.verify import verify_legal
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.carry import Atom, Combination
from lsrl.placement.layer_builder import LayerBuilder
from lsrl.placement.layering_pass import LayeringPass
from lsrl.placement.rematerialise import Reader
from lsrl.placement.schedule import Schedule, scheduled
from lsrl.placement.stack import Cell, Layer, Place, Stack, verify_stack


def stacked(circuit: Circuit) -> Stack:
    """The stack that computes a circuit of inputs, ReLUs, gates, sums and linear states.

    >>> from lsrl import Input, Program, cumsum
    >>> from lsrl.circuit.translate import circuit_of
    >>> stacked(circuit_of(Program(cumsum(Input(1, range=(0, 1)))))).depth
    1
    """
    verify_legal(circuit, InputUnit, ReLUUnit, GateUnit, SumUnit, StateUnit)
    layering = _Layering(circuit, scheduled(circuit))
    for layer in range(layering.schedule.depth):
        layering.add_layer(layer)
    stack = layering.finished()
    verify_stack(stack)
    return stack


class _Layering(LayeringPass):
    """Collects the layers of a stack."""

    def __init__(self, circuit: Circuit, schedule: Schedule) -> None:
        super().__init__(circuit, schedule)
        self.layers: list[Layer] = []
        self.cells: Sequence[Cell] = self.inputs

    def add_layer(self, layer: int) -> None:
        """Compute a layer's units, then carry what readers above it still need from below."""
        builder = LayerBuilder(self.cells)
        self._add_states(builder, layer)
        next_lines: dict[Atom, Affine] = {}
        for unit_id in self.by_layer.get(layer, ()):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, StateUnit):
                continue
            label, fact = self.circuit.origins[unit_id], self.circuit.knowledge.facts[unit_id]
            argument = self._in_layer(builder, self.readers[unit_id, int(isinstance(unit, GateUnit))])
            if isinstance(unit, SumUnit):
                line = builder.carry(argument, Cell(label, fact, False))
            else:
                gate = self.over_lines(self.readers[unit_id, 0]) if isinstance(unit, GateUnit) else None
                gap = self.circuit.knowledge.gaps.get(unit_id)
                line = builder.output(argument, gate, Cell(label, fact, False, gap))
            next_lines[unit_id] = line
            self.places[unit_id] = _place(layer, line)

        def emit(terms: Combination, cell: Cell) -> Affine:
            argument = self._in_layer(builder, Reader(layer, True, dict(terms), ZERO))
            return builder.carry(argument, cell)

        self.carry(layer, [*builder.rows, *self.lines], emit, next_lines)
        self.layers.append(builder.finished())
        self.lines = next_lines
        self.cells = self.layers[-1].outputs

    def _add_states(self, builder: LayerBuilder, layer: int) -> None:
        """The states driven in this layer, then its copies of autonomous ones."""
        own = [
            (unit_id, unit_id, self.over_lines(self.readers[unit_id, 0]))
            for unit_id in self.by_layer.get(layer, ())
            if isinstance(self.circuit.units[unit_id], StateUnit)
        ]
        copied = [
            (unit_id, self.copies.atoms[unit_id, layer], None)
            for cluster in self.copies.by_layer.get(layer, ())
            for unit_id, _ in self.circuit.cluster(cluster)
        ]
        for unit_id, atom, _ in chain(own, copied):
            builder.reserve_state(atom, unit_id)
            self.places.setdefault(unit_id, Place(layer, "state", ((builder.rows[atom], ONE),), ZERO))
        for unit_id, _, drive in chain(own, copied):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, StateUnit):
                cell = Cell(self.circuit.origins[unit_id], self.circuit.knowledge.facts[unit_id], False)
                builder.state(unit, drive or unit.drive, cell)

    def _in_layer(self, builder: LayerBuilder, reader: Reader) -> tuple[Mapping[int, fmpq], fmpq]:
        """A reader's form over the layer's state rows: own states, and one row for all that comes in."""
        incoming = {atom: weight for atom, weight in reader.terms.items() if atom not in builder.rows}
        form = self.over_lines(Reader(reader.layer, False, incoming, reader.constant))
        weights = {builder.rows[atom]: weight for atom, weight in reader.terms.items() if atom in builder.rows}
        if form.terms:
            known = None
            if len(form.terms) > 1:  # of a single line, the line itself tells everything
                meaning = combination((weight, self.meaning(atom)) for atom, weight in incoming.items())
                known = weighted_sum([(ONE, self.circuit.knowledge.fact(meaning))], reader.constant - form.constant)
            row, factor = builder.pass_row(form, known)
            weights[row] = factor
        return weights, form.constant

    def finished(self) -> Stack:
        """The stack, with its read-out over the last layer's lines."""
        forms = [self.over_lines(reader) for reader in self.outputs]
        return Stack(
            name=self.circuit.name,
            inputs=self.inputs,
            layers=tuple(self.layers),
            R=Matrix(tuple(tuple(sorted(form.terms.items())) for form in forms), len(self.cells)),
            r=tuple(form.constant for form in forms),
            places=self.places,
        )


def _place(layer: int, line: Affine) -> Place:
    return Place(layer, "output", tuple(sorted(line.terms.items())), line.constant)
