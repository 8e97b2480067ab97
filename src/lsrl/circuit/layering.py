"""From a circuit to a stack: the units of each layer, and what it carries for later ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, count

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, variable
from lsrl.circuit.carry import Atom, Terms, carried_combinations
from lsrl.circuit.copies import Copies, Reader, place_copies, readers_of
from lsrl.circuit.facts import Fact, weighted_sum
from lsrl.circuit.layer_builder import LayerBuilder
from lsrl.circuit.schedule import INPUT_LAYER, Schedule, scheduled
from lsrl.circuit.stack import Cell, Place, Stack, verify_stack
from lsrl.circuit.units import Circuit, GateUnit, InputUnit, StateUnit, SumUnit
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import ONE, ZERO


def stacked(circuit: Circuit) -> Stack:
    """The stack that computes a legal circuit (one without `ProductUnit`).

    >>> from lsrl import Input, Program, cumsum
    >>> from lsrl.circuit.translate import circuit_of
    >>> stacked(circuit_of(Program(cumsum(Input(1, range=(0, 1)))))).depth
    1
    """
    layering = _Layering(circuit, scheduled(circuit))
    for layer in range(layering.schedule.depth):
        layering.add_layer(layer)
    stack = layering.finished()
    verify_stack(stack)
    return stack


class _Layering:
    """The state of one pass over the layers, bottom to top."""

    def __init__(self, circuit: Circuit, schedule: Schedule) -> None:
        self.circuit = circuit
        self.schedule = schedule
        self.readers, self.outputs = readers_of(circuit, schedule)
        self.fresh: Iterator[Atom] = count(len(circuit.units))
        everyone = [*self.readers.values(), *self.outputs]
        self.copies: Copies = place_copies(circuit, schedule, everyone, self.fresh)
        self.meanings: dict[Atom, Affine] = {atom: variable(unit) for atom, unit in self.copies.units.items()}
        self.waiting: dict[int, list[Reader]] = {}
        for reader in everyone:
            if reader.terms:
                self.waiting.setdefault(reader.layer, []).append(reader)
        self.by_layer: dict[int, list[UnitId]] = {}
        for unit_id, layer in sorted(schedule.layers.items()):
            self.by_layer.setdefault(layer, []).append(unit_id)
        self.layers: list[LayerBuilder] = []
        self.places: dict[UnitId, Place] = {}
        self.inputs = self._inputs()
        self.lines: dict[Atom, Affine] = {
            unit_id: variable(place.weights[0][0]) for unit_id, place in self.places.items()
        }
        self.line_facts: list[Fact] = [cell.fact for cell in self.inputs]

    def _inputs(self) -> tuple[Cell, ...]:
        facts, dim = [Fact()] * self.circuit.input_dim, self.circuit.input_dim
        label = "input"
        for unit_id in self.by_layer.get(INPUT_LAYER, ()):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, InputUnit):
                facts[unit.component] = self.circuit.knowledge.facts[unit_id]
                label = self.circuit.origins[unit_id]
                self.places[unit_id] = Place(INPUT_LAYER, "input", ((unit.component, ONE),), ZERO)
        names = [label] if dim == 1 else [f"{label}[{i}]" for i in range(dim)]
        return tuple(Cell(name, fact, False) for name, fact in zip(names, facts, strict=True))

    def add_layer(self, layer: int) -> None:
        """Compute a layer's units, then carry what readers above it still need from below."""
        builder = LayerBuilder(self.line_facts)
        self._add_states(builder, layer)
        next_lines: dict[Atom, Affine] = {}
        for unit_id in self.by_layer.get(layer, ()):
            unit = self.circuit.units[unit_id]
            if isinstance(unit, StateUnit):
                continue
            label, fact = self.circuit.origins[unit_id], self.circuit.knowledge.facts[unit_id]
            argument = self._in_layer(builder, self.readers[unit_id, int(isinstance(unit, GateUnit))])
            if isinstance(unit, SumUnit):
                line = builder.carry(argument, fact, label, carried=False)
            else:
                gate = self._over_lines(self.readers[unit_id, 0]) if isinstance(unit, GateUnit) else None
                line = builder.output(argument, gate, Cell(label, fact, False))
            next_lines[unit_id] = line
            self.places[unit_id] = _place(layer, line)
        self._carry(builder, layer, next_lines)
        self.layers.append(builder)
        self.lines = next_lines
        self.line_facts = [cell.fact for cell in builder.outputs]

    def _add_states(self, builder: LayerBuilder, layer: int) -> None:
        """The states driven in this layer, then its copies of autonomous ones."""
        own = [
            (unit_id, unit_id, self._over_lines(self.readers[unit_id, 0]))
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

    def _carry(self, builder: LayerBuilder, layer: int, next_lines: dict[Atom, Affine]) -> None:
        """Pass on combinations of this layer's states and of its input, and rewrite their readers."""
        pending = [
            reader for above in range(layer + 1, self.schedule.depth + 1) for reader in self.waiting.get(above, ())
        ]
        combinations, parts = carried_combinations(
            [reader.terms for reader in pending], chain(builder.rows, self.lines)
        )
        atoms = []
        for terms in combinations:
            form = combination((weight, self._meaning(atom)) for atom, weight in terms)
            atom = terms[0][0] if len(terms) == 1 else next(self.fresh)
            self.meanings[atom] = form
            atoms.append(atom)
            argument = self._in_layer(builder, Reader(layer, True, dict(terms), ZERO))
            label = " + ".join(dict.fromkeys(self.circuit.origins[unit] for unit in form.terms))
            next_lines[atom] = builder.carry(argument, self.circuit.knowledge.fact(form), label, carried=True)
        for reader, found in zip(pending, parts, strict=True):
            kept: Terms = {
                atom: weight
                for atom, weight in reader.terms.items()
                if atom not in builder.rows and atom not in self.lines
            }
            for index, factor in found:
                kept[atoms[index]] = factor
            reader.terms = kept

    def _meaning(self, atom: Atom) -> Affine:
        known = self.meanings.get(atom)
        return variable(atom) if known is None else known

    def _over_lines(self, reader: Reader) -> Affine:
        """A reader's form over the lines that come into the layer."""
        return combination(((weight, self.lines[atom]) for atom, weight in reader.terms.items()), reader.constant)

    def _in_layer(self, builder: LayerBuilder, reader: Reader) -> tuple[Mapping[int, fmpq], fmpq]:
        """A reader's form over the layer's state rows: own states, and one row for all that comes in."""
        incoming = {atom: weight for atom, weight in reader.terms.items() if atom not in builder.rows}
        form = self._over_lines(Reader(reader.layer, False, incoming, reader.constant))
        weights = {builder.rows[atom]: weight for atom, weight in reader.terms.items() if atom in builder.rows}
        if form.terms:
            known = None
            if len(form.terms) > 1:  # of a single line, the line itself tells everything
                meaning = combination((weight, self._meaning(atom)) for atom, weight in incoming.items())
                known = weighted_sum([(ONE, self.circuit.knowledge.fact(meaning))], reader.constant - form.constant)
            row, factor = builder.pass_row(form, known)
            weights[row] = factor
        return weights, form.constant

    def finished(self) -> Stack:
        """The stack, with its read-out over the last layer's lines."""
        forms = [self._over_lines(reader) for reader in self.outputs]
        return Stack(
            name=self.circuit.name,
            inputs=self.inputs,
            layers=tuple(builder.finished() for builder in self.layers),
            R=Matrix(tuple(tuple(sorted(form.terms.items())) for form in forms), len(self.line_facts)),
            r=tuple(form.constant for form in forms),
            places=self.places,
        )


def _place(layer: int, line: Affine) -> Place:
    return Place(layer, "output", tuple(sorted(line.terms.items())), line.constant)
