"""From a stack of neurons to rows over hidden units, still in exact numbers.

Every architecture's file has a function `express(neuron, scale)`. Here the hidden units that it
returns are put side by side, and what it says in terms of neurons becomes rows over hidden units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lsrl.backends.torch_rnn.scale import HiddenScale
from lsrl.backends.torch_rnn.signals import Expression, Signal, repeated
from lsrl.circuit.affine import Affine, combination, variable
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE
from lsrl.placement.neurons import Neuron, NeuronStack

Express: TypeAlias = Callable[[Neuron, HiddenScale], Expression]


@dataclass(frozen=True, slots=True)
class GateRow:
    """Σ weight · unit of the layer below, now + Σ weight · unit of this layer, one step ago + bias."""

    below: Row
    own: Row
    bias: fmpq


@dataclass(frozen=True)
class HiddenLayer:
    """The rows of every gate, unit by unit; initial values; and each neuron as a form over the units.

    `labels` say what each unit is for.
    """

    labels: tuple[str, ...]
    gates: Mapping[str, tuple[GateRow, ...]]
    init: tuple[fmpq, ...]
    neurons: tuple[Affine, ...]


@dataclass(frozen=True)
class HiddenStack:
    """The layers of a network in exact numbers, and its read-out over the last layer's units."""

    layers: tuple[HiddenLayer, ...]
    readout: tuple[Affine, ...]
    input_dim: int

    @property
    def size(self) -> int:
        """The most units in one layer; a network has at least one."""
        return max(1, *(len(layer.init) for layer in self.layers))


def laid_out(stack: NeuronStack, express: Express, scale: HiddenScale) -> HiddenStack:
    """The stack with every neuron expressed by hidden units."""
    below: Sequence[Affine] = [variable(i) for i in range(len(stack.inputs))]
    layers = []
    for neurons in stack.layers:
        labels = [neuron.cell.label for neuron in neurons]
        layers.append(_layer(labels, [repeated(express(neuron, scale), neuron.copies) for neuron in neurons], below))
        below = layers[-1].neurons
    readout = tuple(_over(drive.below, below).shifted(drive.constant) for drive in stack.readout)
    return HiddenStack(tuple(layers), readout, len(stack.inputs))


def _layer(labels: Sequence[str], expressions: Sequence[Expression], below: Sequence[Affine]) -> HiddenLayer:
    starts, size = [], 0
    for expression in expressions:
        starts.append(size)
        size += len(expression.units)
    neurons = tuple(
        Affine({start + i: weight for i, weight in enumerate(expression.weights)}, expression.constant)
        for start, expression in zip(starts, expressions, strict=True)
    )
    gates: dict[str, list[GateRow]] = {}
    for start, expression in zip(starts, expressions, strict=True):
        for unit in expression.units:
            for gate, signal in unit.gates.items():
                gates.setdefault(gate, []).append(_row(signal, start, below, neurons))
    return HiddenLayer(
        labels=tuple(label for label, made in zip(labels, expressions, strict=True) for _ in made.units),
        gates={gate: tuple(rows) for gate, rows in gates.items()},
        init=tuple(unit.init for expression in expressions for unit in expression.units),
        neurons=neurons,
    )


def _row(signal: Signal, start: int, below: Sequence[Affine], neurons: Sequence[Affine]) -> GateRow:
    incoming = _over(signal.drive.below, below).times(signal.factor)
    own = _over(signal.drive.own, neurons).times(signal.factor)
    held = Affine({start + i: weight for i, weight in signal.held})
    bias = incoming.constant + own.constant + signal.factor * (signal.drive.constant + signal.shift)
    rows = GateRow(_sorted(incoming), _sorted(combination([(ONE, own), (ONE, held)])), bias)
    return rows if signal.plus is None else _added(rows, _row(signal.plus, start, below, neurons))


def _added(one: GateRow, other: GateRow) -> GateRow:
    below, own = (
        combination([(ONE, Affine(dict(row))) for row in rows])
        for rows in ((one.below, other.below), (one.own, other.own))
    )
    return GateRow(_sorted(below), _sorted(own), one.bias + other.bias)


def _over(row: Row, readings: Sequence[Affine]) -> Affine:
    return combination((weight, readings[i]) for i, weight in row)


def _sorted(form: Affine) -> Row:
    return tuple(sorted(form.terms.items()))
