"""Stacks: a circuit's units placed in layers, as a linear recurrent network evaluates them.

    sₜ = A sₜ₋₁ + B xₜ + b          a linear state; s before the first step is `init`
    yₜ = γₜ ⊙ relu(C sₜ + d)        γₜ = G xₜ + g, or 1 where there is no G

xₜ is the previous layer's yₜ (the program's input in the first layer), and the output is R y + r.
Everything is exact; a target turns it into floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from flint import fmpq

from lsrl.circuit.affine import UnitId
from lsrl.circuit.facts import Fact, Gap
from lsrl.circuit.verify import CompilerError
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import Vector

Part: TypeAlias = Literal["input", "state", "output"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One component of a layer's state or output: what it is for, and its fact.

    `carried` tells a value that is passed through for later layers from one computed here; `gap` is that of a ReLU
    in `lsrl.circuit.knowledge`.
    """

    label: str
    fact: Fact
    carried: bool
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack; the shapes follow from the formulas above."""

    A: Matrix
    B: Matrix
    b: Vector
    init: Vector
    C: Matrix
    d: Vector
    G: Matrix | None
    g: Vector | None
    states: tuple[Cell, ...]
    outputs: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit can be read: Σ weight · component of one part of one layer, plus a constant."""

    layer: int
    part: Part
    weights: tuple[tuple[int, fmpq], ...]
    constant: fmpq

    def times(self, factor: fmpq) -> Place:
        """Where the unit is if numbers there are 1 / factor times as large."""
        return replace(self, weights=tuple((index, weight * factor) for index, weight in self.weights))


@dataclass(frozen=True)
class Stack:
    """Layers, a read-out, and where every unit of the circuit lives."""

    name: str
    inputs: tuple[Cell, ...]
    layers: tuple[Layer, ...]
    R: Matrix
    r: Vector
    places: Mapping[UnitId, Place]

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    @property
    def widest(self) -> int:
        """The largest state or output of any layer."""
        return max((max(len(layer.b), len(layer.d)) for layer in self.layers), default=0)

    @property
    def nonzeros(self) -> int:
        """Non-zero entries of all matrices and vectors."""
        count = self.R.nonzeros + sum(map(bool, self.r))
        for layer in self.layers:
            matrices = (layer.A, layer.B, layer.C) + ((layer.G,) if layer.G else ())
            count += sum(matrix.nonzeros for matrix in matrices)
            count += sum(map(bool, (*layer.b, *layer.init, *layer.d)))
        return count


def verify_stack(stack: Stack) -> None:
    """Every layer's shapes fit, and fit its neighbours; every place exists."""
    width = len(stack.inputs)
    for i, layer in enumerate(stack.layers):
        states, outputs = len(layer.b), len(layer.d)
        shapes = {
            "A": (layer.A.shape, (states, states)),
            "B": (layer.B.shape, (states, width)),
            "C": (layer.C.shape, (outputs, states)),
            "G": (layer.G.shape if layer.G else (outputs, width), (outputs, width)),
            "init": ((len(layer.init),), (states,)),
            "cells": ((len(layer.states), len(layer.outputs)), (states, outputs)),
        }
        for name, (given, expected) in shapes.items():
            if given != expected:
                raise CompilerError(f"stack of {stack.name}, layer {i}: {name} is {given}; expected {expected}")
        width = outputs
    if stack.R.shape != (len(stack.r), width):
        raise CompilerError(f"stack of {stack.name}: R is {stack.R.shape}; expected {(len(stack.r), width)}")
    for unit, place in stack.places.items():
        size = len(stack.inputs)
        if place.part != "input":
            layer = stack.layers[place.layer]
            size = len(layer.b) if place.part == "state" else len(layer.d)
        if any(not 0 <= index < size for index, _ in place.weights):
            raise CompilerError(f"stack of {stack.name}: unit {unit} is placed outside its layer")
