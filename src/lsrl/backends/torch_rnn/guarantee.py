"""What a torch network guarantees: the errors of all its neurons, layer by layer, and of what is read of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lsrl.backends.torch_rnn.hidden import HiddenStack
from lsrl.backends.torch_rnn.lines import Line, NeuronArithmetic, terms_of
from lsrl.backends.torch_rnn.rounding import LayerErrors
from lsrl.backends.torch_rnn.scale import HiddenScale
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit
from lsrl.lang.numbers import as_float
from lsrl.placement.neurons import Drive, NeuronStack
from lsrl.rounding.guarantee import Guarantee, guarantee_from
from lsrl.rounding.sums import Sum, Term, input_error
from lsrl.rounding.trail import Rounded, Trail, rounded


def guarantee_of(
    circuit: Circuit,
    stack: NeuronStack,
    hidden: HiddenStack,
    arithmetic: NeuronArithmetic,
    scale: HiddenScale,
    max_length: int | None,
) -> Guarantee:
    """The guarantee of the outputs of a network that computes a circuit.

    Raises `UnsupportedProgram` where a gate would be fed with more than the format holds.
    """
    found = _Errors(stack, scale.format.precision)
    found.add_inputs()
    for neurons, past, units in zip(stack.layers, stack.past, hidden.layers, strict=True):
        shifts = [neuron.constant for neuron in units.neurons]
        found.add(LayerErrors(neurons, past, shifts, found.levels[-1], arithmetic, scale, max_length))
    outputs = list(found.outputs(circuit.output_facts))
    return guarantee_from(Trail(tuple(found.numbers), outputs, circuit.values, found.read), max_length)


@dataclass
class _Errors:
    """Input and layers as the next level sees them, the trail of their numbers, and where in it each begins."""

    stack: NeuronStack
    precision: int
    numbers: list[Rounded] = field(default_factory=list)
    levels: list[list[Line]] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)

    def add_inputs(self) -> None:
        """The inputs, as floats hold them."""
        lines = [Line(cell.fact, input_error(cell.fact, self.precision)) for cell in self.stack.inputs]
        self._begin(lines)
        for cell, line in zip(self.stack.inputs, lines, strict=True):
            self.numbers.append(rounded(cell.label, cell.fact, line.error, (), self.numbers))

    def add(self, layer: LayerErrors) -> None:
        """The layer above the last one."""
        lines = layer.lines()
        self._begin(lines)
        below, own = self.firsts[-2:]
        for i, line in enumerate(lines):
            self.numbers.append(rounded(*layer.known(i, line), layer.reads(i, line, below, own), self.numbers))

    def _begin(self, lines: list[Line]) -> None:
        self.levels.append(lines)
        self.firsts.append(len(self.numbers))

    def outputs(self, facts: list[Fact]) -> Iterator[Rounded]:
        """What is read out is no longer scaled: only what was stored small has lost anything."""
        for i, (row, fact) in enumerate(zip(self.stack.readout, facts, strict=True)):
            error = Sum(*terms_of(row, self.levels[-1])).error(self.precision)
            reads = [(self.firsts[-1] + i, abs(as_float(weight))) for i, weight in row.below]
            yield rounded(f"output[{i}]", fact, error, reads, self.numbers)

    def read(self, label: str, form: Affine) -> Rounded:
        """A form over the circuit's units, as it is read from the hidden units."""
        terms: list[Term] = []
        reads: list[tuple[int, float]] = []
        constant, alone = form.constant, len(form.terms) == 1 and not form.constant
        for unit, weight in form.terms.items():
            place = self.stack.places[unit]
            level = 1 + place.layer
            row = tuple((i, weight * factor) for i, factor in place.weights)
            found, part = terms_of(Drive(row, (), weight * place.constant), self.levels[level], only=alone)
            terms, constant = [*terms, *found], constant + part
            reads += [(self.firsts[level] + i, abs(as_float(factor))) for i, factor in row]
        return rounded(label, Fact(), Sum(terms, constant).error(self.precision), reads, self.numbers)
