"""One walk over a program's values, in whatever arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from lsrl.lang import (
    Concat,
    Constant,
    GatedState,
    Input,
    Linear,
    LinState,
    Modulo,
    Multi,
    Program,
    ReLU,
    Slice,
    Value,
)
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import Vector
from lsrl.lang.primitives import Primitive

V = TypeVar("V")


class Arithmetic(Protocol[V]):
    """What each primitive does to the numbers of all steps at once, components first."""

    def constant(self, numbers: Vector) -> V:
        """The same numbers at every step."""

    def linear(self, x: V, A: Matrix, b: Vector) -> V:
        """A x + b."""

    def state(self, drive: V, A: Matrix, init: Vector) -> V:
        """sₜ = A sₜ₋₁ + driveₜ from s₀ = init."""

    def gated_state(self, drive: V, gate: V, init: Vector) -> V:
        """sₜ = gateₜ ⊙ sₜ₋₁ + driveₜ from s₀ = init; a gate of dimension 1 is for all components."""

    def relu(self, x: V) -> V:
        """max(x, 0)."""

    def product(self, left: V, right: V) -> V:
        """left · right."""

    def remainder(self, x: V, n: int) -> V:
        """x mod n, from 0 up to n."""

    def concat(self, parts: Sequence[V]) -> V:
        """The parts one after the other."""

    def slice(self, x: V, start: int, stop: int) -> V:
        """Components start … stop − 1."""

    def between(self, x: V) -> np.ndarray:
        """Where x is neither 0 nor 1: a mask of shape (dim, batch, T)."""

    def numbers(self, x: V) -> np.ndarray:
        """x as an array (batch, T, dim)."""


class Undecided(NamedTuple):
    """A comparison that was neither 0 nor 1: whose, where, and what it was instead."""

    value: str
    batch: int
    step: int
    component: int
    amount: Any

    def __str__(self) -> str:
        where = f"batch {self.batch}, step {self.step}, component {self.component}"
        return f"{self.value} is {float(self.amount):.4g} at {where}; expected 0 or 1"


def evaluated(program: Program, x: V, arithmetic: Arithmetic[V], *, keep: bool) -> Iterator[tuple[Value, V]]:
    """Every value with its numbers, arguments before what reads them.

    Without `keep`, numbers are let go after their last reader.
    """
    readers = Counter(argument for value in program.values for argument in value.arguments)
    known: dict[Value, V] = {}
    for value in program.values:
        known[value] = _meaning(value, known, x, arithmetic)
        yield value, known[value]
        for argument in value.arguments:
            readers[argument] -= 1
            if not keep and not readers[argument]:
                known.pop(argument, None)


def _meaning(  # noqa: C901, a case for each primitive
    value: Primitive, known: dict[Value, V], x: V, arithmetic: Arithmetic[V]
) -> V:
    match value:
        case Input():
            return x
        case Constant():
            return arithmetic.constant(value.numbers)
        case Linear():
            return arithmetic.linear(known[value.x], value.A, value.b)
        case LinState():
            return arithmetic.state(arithmetic.linear(known[value.x], value.B, value.bias), value.A, value.init)
        case GatedState():
            return arithmetic.gated_state(known[value.x], known[value.gate], value.init)
        case ReLU():
            return arithmetic.relu(known[value.x])
        case Multi():
            left = arithmetic.slice(known[value.x], 0, value.dim)
            return arithmetic.product(left, arithmetic.slice(known[value.x], value.dim, 2 * value.dim))
        case Modulo():
            return arithmetic.remainder(known[value.x], value.n)
        case Concat():
            return arithmetic.concat([known[part] for part in value.arguments])
        case Slice():
            return arithmetic.slice(known[value.x], value.start, value.stop)


def undecided_in(name: str, x: V, arithmetic: Arithmetic[V]) -> tuple[Undecided, ...]:
    """Where a comparison's numbers are neither 0 nor 1."""
    mask = arithmetic.between(x)
    if not mask.any():
        return ()
    numbers = arithmetic.numbers(x)
    places = np.argwhere(mask)
    return tuple(Undecided(name, b, t, i, numbers[b, t, i]) for i, b, t in places.tolist())
