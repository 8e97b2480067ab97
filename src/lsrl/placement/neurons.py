"""Neuron stacks: a circuit's units placed in the layers of a recurrent network with one hidden state a layer.

A neuron's value is computed from the layer below at this step and from its own layer one step ago:

    linear   yₜ = v                 relu     yₜ = max(v, 0)
    step     yₜ = 1 where v > 0, 0 where v < 0
    bit      yₜ = 0 where v = 0, else 1
    select   yₜ = γ · v             hold     yₜ = γ · yₜ₋₁ + v

v and γ are forms Σ weight · below + Σ weight · own + constant, and γ is 0 or 1. All values
are exact; a target says how its hidden units compute each kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from flint import fmpq

from lsrl.circuit.affine import UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.verify import CompilerError
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO
from lsrl.placement.stack import Cell, Place

NeuronKind: TypeAlias = Literal["linear", "relu", "step", "bit", "select", "hold"]


@dataclass(frozen=True, slots=True)
class Drive:
    """Σ weight · neuron below, now + Σ weight · neuron of this layer, one step ago + constant."""

    below: Row
    own: Row
    constant: fmpq


@dataclass(frozen=True, slots=True)
class Neuron:
    """One number of a layer. `fact` is what is known of the drive, `cell.fact` of the neuron's value.

    `margin` is how far from 0 a step's drive stays; None where nothing is known. `latches`: a hold's
    drive is 0 wherever its gate is 1. `sums_up`: of its own layer it reads itself only, once. `fed_back`: it is
    no state, and neurons of its layer read what it was one step ago. `copies`: the network has it so many times, and
    reads the mean. `past`: the part of its drive over what the layer feeds back (`NeuronStack.past`).
    """

    kind: NeuronKind
    drive: Drive
    fact: Fact
    cell: Cell
    gate: Drive | None = None
    margin: fmpq | None = None
    init: fmpq = ZERO
    latches: bool = False
    sums_up: bool = False
    fed_back: bool = False
    copies: int = 1
    past: Row = ()

    @property
    def chooser(self) -> Drive:
        """The gate of a neuron that has one."""
        if self.gate is None:
            raise CompilerError(f"neuron for {self.cell.label}: a {self.kind} has no gate")
        return self.gate

    def inexpressible(self, target: str) -> CompilerError:
        """The error of a target that has no hidden unit for this kind, which its rules should have rewritten."""
        return CompilerError(f"neuron for {self.cell.label} is a {self.kind}, which {target} does not express")


@dataclass(frozen=True)
class NeuronStack:
    """Layers of neurons, the read-out's rows over the last layer, and where every unit of the circuit is.

    `past` are the rows over every layer's neurons that it reads one step later, those of its states apart.
    """

    name: str
    inputs: tuple[Cell, ...]
    layers: tuple[tuple[Neuron, ...], ...]
    readout: tuple[Drive, ...]
    places: Mapping[UnitId, Place]
    past: tuple[tuple[Row, ...], ...]

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    @property
    def widest(self) -> int:
        """The most neurons in one layer."""
        return max(map(len, self.layers))


def with_copies(stack: NeuronStack, copies: int) -> NeuronStack:
    """The stack in which what adds up is there several times; a boolean's margin is enough, and nothing is added to a
    count of steps.
    """

    def copied(neuron: Neuron) -> Neuron:
        size = neuron.cell.fact.magnitude
        adds_up = neuron.sums_up and neuron.drive.below and (size is None or size > 1)
        return replace(neuron, copies=copies) if adds_up else neuron

    return replace(stack, layers=tuple(tuple(map(copied, layer)) for layer in stack.layers))


def verify_neurons(stack: NeuronStack) -> None:
    """Every neuron reads what is there and has what its kind needs; every place exists."""
    below = len(stack.inputs)
    for i, layer in enumerate(stack.layers):
        for j, neuron in enumerate(layer):
            problem = _problem(neuron, below, len(layer))
            if problem:
                raise CompilerError(
                    f"neurons of {stack.name}, layer {i}, neuron {j} for {neuron.cell.label}, {problem}"
                )
        below = len(layer)
    if any(row.own or not _inside(row.below, below) for row in stack.readout):
        raise CompilerError(f"neurons of {stack.name}: the read-out reads outside the last layer")
    for unit, place in stack.places.items():
        size = len(stack.inputs) if place.part == "input" else len(stack.layers[place.layer])
        if not _inside(place.weights, size):
            raise CompilerError(f"neurons of {stack.name}: unit {unit} is placed outside its layer")


def _problem(neuron: Neuron, below: int, size: int) -> str | None:
    drives = [neuron.drive] if neuron.gate is None else [neuron.drive, neuron.gate]
    if not all(_inside(drive.below, below) and _inside(drive.own, size) for drive in drives):
        return "reads a neuron that is not there"
    if (neuron.gate is not None) != (neuron.kind in ("select", "hold")):
        return f"is a {neuron.kind} with gate {neuron.gate}"
    if neuron.kind == "hold" and any(drive.own for drive in drives):
        return "is a hold that reads its own layer"
    return None


def _inside(row: Row, size: int) -> bool:
    return all(0 <= index < size for index, _ in row)
