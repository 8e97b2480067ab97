"""How far a stack in floating point can be from the exact stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from flint import fmpq

from lsrl.backends.linear.scan import LARGEST_GROWTH
from lsrl.backends.linear.scan_rounding import scan_error
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact, weighted_sum
from lsrl.circuit.units import Circuit
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, as_float
from lsrl.placement.stack import Cell, Layer, Part, Stack
from lsrl.rounding.error_calculus import Number, gap_around_zero, product, relu
from lsrl.rounding.guarantee import Guarantee, guarantee_from
from lsrl.rounding.pairs import Pairs, terms_of
from lsrl.rounding.recurrences import Recurrence, recurrent_errors
from lsrl.rounding.sums import LARGEST, PRECISION, Sum, Term, fits, input_error
from lsrl.rounding.trail import Reads, Rounded, Trail, rounded

BY_SCAN = Recurrence(sums=2, others=1 + LARGEST_GROWTH, scanned=scan_error)
"""A cumulative sum may be evaluated in pieces; a piece is the difference of two states. A piece of a scan is
s − Aʲ s', and `block_powers` bounds Aʲ."""


def guarantee_of(circuit: Circuit, stack: Stack, dtype: str, max_length: int | None) -> Guarantee:
    """The guarantee of the outputs of a stack that computes a circuit, in `dtype`."""
    analysis = _Analysis(stack, PRECISION[dtype], max_length)
    analysis.run()
    facts = circuit.output_facts
    outputs = [analysis.output(i, fact) for i, fact in enumerate(facts)]
    trail = Trail(tuple(analysis.numbers), outputs, circuit.values, analysis.read)
    return guarantee_from(trail, max_length)


@dataclass
class _Analysis:
    """The numbers that were looked at; `places` says where in the trail those of a layer begin."""

    stack: Stack
    precision: int
    max_length: int | None
    numbers: list[Rounded] = field(default_factory=list)
    known: list[Number] = field(default_factory=list)
    places: dict[tuple[int, Part], int] = field(default_factory=dict)
    last: int = 0
    pairs: Pairs = field(default_factory=Pairs)

    def run(self) -> None:
        """Look at all numbers."""
        self.places[-1, "input"] = 0
        for cell in self.stack.inputs:
            self._add(cell, Number(cell.fact, input_error(cell.fact, self.precision)), ())
        below = 0
        for i, layer in enumerate(self.stack.layers):
            self.places[i, "state"] = states = len(self.numbers)
            self._add_states(layer, below, states)
            self.places[i, "output"] = len(self.numbers)
            for row in range(len(layer.outputs)):
                self._add_output(layer, row, below, states)
            below = self.places[i, "output"]
        self.last = below

    def output(self, i: int, fact: Fact) -> Rounded:
        """An output of the program."""
        row, label = self.stack.R.rows[i], f"output[{i}]"
        error = Sum(self._terms(row, self.last), self.stack.r[i]).error(self.precision)
        return rounded(label, fact, error, _reads(row, self.last), self.numbers)

    def read(self, label: str, form: Affine) -> Rounded:
        """A form over the circuit's units as it is read from the activations."""
        terms: list[Term] = []
        reads: list[tuple[int, float]] = []
        constant = form.constant
        for unit, weight in form.terms.items():
            place = self.stack.places[unit]
            first = self.places[place.layer, place.part]
            row = tuple((i, weight * factor) for i, factor in place.weights)
            constant = constant + weight * place.constant
            terms += self._terms(row, first)
            reads += _reads(row, first)
        error = Sum(terms, constant).error(self.precision)
        return rounded(label, Fact(), error, reads, self.numbers)

    def _add(self, cell: Cell, number: Number, reads: Reads) -> None:
        self.numbers.append(rounded(cell.label, cell.fact, number.error, reads, self.numbers))
        self.known.append(number)

    def _terms(self, row: Row, first: int) -> list[tuple[fmpq, Fact, float]]:
        return terms_of(((first + i, weight) for i, weight in row), self.known, self.pairs)

    def _add_states(self, layer: Layer, below: int, first: int) -> None:
        states = [(cell.fact, init) for cell, init in zip(layer.states, layer.init, strict=True)]
        drives = [(self._terms(row, below), b) for row, b in zip(layer.B.rows, layer.b, strict=True)]
        errors, steps = recurrent_errors(layer.A.rows, states, drives, self.precision, self.max_length, BY_SCAN)
        for i, cell in enumerate(layer.states):
            driven, others = layer.B.rows[i], layer.A.rows[i]
            copied = _is_copy(driven) and not others and not layer.b[i]
            number = self.known[below + driven[0][0]] if copied else Number(cell.fact, errors[i])
            reads: Reads = ()
            if errors[i]:  # of states that read one another the later ones pass on what is made in all
                earlier = ((first + j, as_float(abs(weight))) for j, weight in others if j < i)
                reads = [(place, times * steps[i]) for place, times in (*_reads(driven, below), *earlier)]
            self._add(cell, number, reads)

    def _add_output(self, layer: Layer, i: int, below: int, states: int) -> None:
        """γ ⊙ relu(C s + d): ReLU passes an error on, a product mixes two."""
        row, cell = layer.C.rows[i], layer.outputs[i]
        reads: Reads = _reads(row, states)
        if layer.G is not None and layer.g is not None and (layer.G.rows[i] or layer.g[i] != 1):
            argument = Sum(self._terms(row, states), layer.d[i])
            gate = Sum(self._terms(layer.G.rows[i], below), layer.g[i])
            number = Number(cell.fact, self._product_error(argument, gate, cell.fact))
            by_gate = [(place, times * argument.size) for place, times in _reads(layer.G.rows[i], below)]
            reads = [*by_gate, *((place, times * gate.size) for place, times in reads)]
        else:
            number = self._relu(row, layer.d[i], cell, states)
        if number.error or cell.fact.measure is None:
            self._pair(layer, i, states)
        for j, _ in row:  # what passes a sum through is made for whoever reads it
            if layer.states[j].carried and self.numbers[states + j].error:
                self.numbers[states + j] = replace(self.numbers[states + j], label=cell.label)
        self._add(cell, number, reads)

    def _pair(self, layer: Layer, i: int, states: int) -> None:
        """Keep the next number as one of this layer, by its gate and what it is the ReLU of."""
        place, row, constant, own = len(self.numbers), layer.C.rows[i], layer.d[i], id(layer)
        negated = tuple((j, -weight) for j, weight in row)
        gate = (layer.G.rows[i], layer.g[i]) if layer.G is not None and layer.g is not None else None
        self.pairs.add(place, gate, (own, row, constant), (own, negated, -constant))
        argument = Sum(self._terms(row, states), constant)
        if _is_bit(argument) and not argument.error(self.precision):
            self.pairs.add_choice(place, (own, row, constant), (own, negated, ONE - constant))

    def _relu(self, row: Row, constant: fmpq, cell: Cell, states: int) -> Number:
        read = self.known[states + row[0][0]] if _is_copy(row) and not constant else None
        if read is not None and read.at_zero is not None and read.fact == cell.fact:
            return read  # what is never negative is its own ReLU
        argument = Sum(self._terms(row, states), constant)
        error = argument.error(self.precision)
        if not error:
            return Number(cell.fact, 0.0, 0.0)
        known = weighted_sum([(weight, fact) for weight, fact, _ in argument.terms], argument.constant)
        gap = gap_around_zero(known, cell.gap)
        copied = (row[0][1], self.known[states + row[0][0]]) if len(row) == 1 else None
        return relu(argument, error, cell.fact, gap, copied, self.precision)

    def _product_error(self, argument: Sum, gate: Sum, fact: Fact) -> float:
        error, gate_error = argument.error(self.precision), gate.error(self.precision)
        inherited = product(argument.size, error, gate.size, gate_error)
        size, measure = fact.magnitude, fact.measure
        if size is not None and measure is not None and not inherited and fits(size, measure, self.precision):
            return 0.0
        if (_is_bit(gate) and not gate_error) or (_is_bit(argument) and not error):
            return error + gate_error  # 0 · v and 1 · v do not round
        computed = argument.size * gate.size + inherited
        return inherited + 2.0**-self.precision * computed + 1 / LARGEST[self.precision]


def _is_bit(form: Sum) -> bool:
    return weighted_sum([(weight, fact) for weight, fact, _ in form.terms], form.constant).is_bit


def _is_copy(row: Row) -> bool:
    return len(row) == 1 and row[0][1] == 1


def _reads(row: Row, first: int) -> Iterator[tuple[int, float]]:
    return ((first + i, abs(as_float(weight))) for i, weight in row)
