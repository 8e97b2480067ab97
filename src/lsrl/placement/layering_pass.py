"""What a layering keeps while it goes up the layers: which reader still waits for what, and the lines there are.

A *line* is a number that one layer passes to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from lsrl.circuit.affine import Affine, UnitId, combination, variable
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit, InputUnit, ReLUUnit
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.carry import Atom, AtomTerms, Combination, carried_atoms, carried_combinations
from lsrl.placement.rematerialise import Copies, Reader, place_copies, readers_of
from lsrl.placement.schedule import INPUT_LAYER, Schedule
from lsrl.placement.stack import Cell, Place


class LayeringPass:
    """The state of one pass over the layers, bottom to top.

    `lines` gives every atom at hand as a form over the lines that come into the next layer.
    """

    def __init__(self, circuit: Circuit, schedule: Schedule) -> None:
        self.circuit = circuit
        self.schedule = schedule
        self.readers, self.outputs = readers_of(circuit, schedule)
        self.fresh: Iterator[Atom] = count(len(circuit.units))
        everyone = [*self.readers.values(), *self.outputs]
        self.copies: Copies = place_copies(circuit, schedule, everyone, self.fresh)
        self.meanings: dict[Atom, Affine] = {atom: variable(unit) for atom, unit in self.copies.units.items()}
        self.carried: dict[Atom, Cell] = {}
        self.waiting: dict[int, list[Reader]] = {}
        for reader in everyone:
            if reader.terms:
                self.waiting.setdefault(reader.layer, []).append(reader)
        self.by_layer: dict[int, list[UnitId]] = {}
        for unit_id, layer in sorted(schedule.layers.items()):
            self.by_layer.setdefault(layer, []).append(unit_id)
        self.places: dict[UnitId, Place] = {}
        self.inputs = self._inputs()
        self.lines: dict[Atom, Affine] = {
            unit_id: variable(place.weights[0][0]) for unit_id, place in self.places.items()
        }

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

    def carry(
        self,
        layer: int,
        candidates: Sequence[Atom],
        emit: Callable[[Combination, Cell], Affine],
        next_lines: dict[Atom, Affine],
    ) -> None:
        """Pass on combinations of the candidates that readers above wait for, and rewrite those readers.

        `emit(combination, cell)` makes the line of one combination.
        """
        pending = [
            reader for above in range(layer + 1, self.schedule.depth + 1) for reader in self.waiting.get(above, ())
        ]
        carried = carried_atoms if self.circuit.as_written else carried_combinations
        combinations, parts = carried([reader.terms for reader in pending], candidates)
        atoms = []
        for terms in combinations:
            atom = terms[0][0] if len(terms) == 1 else next(self.fresh)
            if atom not in self.carried:
                self.meanings[atom] = form = combination((weight, self.meaning(atom)) for atom, weight in terms)
                label = " + ".join(dict.fromkeys(self.circuit.origins[unit] for unit in form.terms))
                self.carried[atom] = Cell(label, self._known(form), True)
            atoms.append(atom)
            next_lines[atom] = emit(terms, self.carried[atom])
        passed = set(candidates)
        for reader, found in zip(pending, parts, strict=True):
            kept: AtomTerms = {atom: weight for atom, weight in reader.terms.items() if atom not in passed}
            for index, factor in found:
                kept[atoms[index]] = factor
            reader.terms = kept

    def _known(self, form: Affine) -> Fact:
        """What may be relied on of what is passed on; as it is written, only that a ReLU is not negative."""
        if not self.circuit.as_written:
            return self.circuit.knowledge.fact(form)
        return Fact(low=ZERO) if all(isinstance(self.circuit.units[unit], ReLUUnit) for unit in form.terms) else Fact()

    def meaning(self, atom: Atom) -> Affine:
        """What an atom is, as a form over the circuit's units."""
        known = self.meanings.get(atom)
        return variable(atom) if known is None else known

    def over_lines(self, reader: Reader) -> Affine:
        """A reader's form over the lines that come into the layer."""
        return combination(((weight, self.lines[atom]) for atom, weight in reader.terms.items()), reader.constant)
