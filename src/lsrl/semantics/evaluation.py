"""One walk over a program's values, in whatever arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

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
    Previous,
    Program,
    Recur,
    ReLU,
    Slice,
    Value,
)
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import Vector
from lsrl.lang.primitives import Primitive
from lsrl.lang.words import words_of

V = TypeVar("V")

NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Arithmetic(Protocol[V]):
    """What each primitive does to the numbers of all steps at once, components first."""

    @property
    def length(self) -> int:
        """How many steps there are."""

    def constant(self, numbers: Vector) -> V:
        """The same numbers at every step."""

    def linear(self, x: V, A: Matrix, b: Vector) -> V:
        """A x + b."""

    def before(self, init: Vector) -> V:
        """The one step before the first, with the same numbers in all sequences."""

    def state(self, drive: V, A: Matrix, before: V) -> V:
        """sₜ = A sₜ₋₁ + driveₜ, after the step that was before."""

    def gated_state(self, drive: V, gate: V, before: V) -> V:
        """sₜ = gateₜ ⊙ sₜ₋₁ + driveₜ, after the step that was before; a gate of dimension 1 is for all components."""

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

    def replaced(self, x: V, steps: Sequence[int], numbers: V) -> V:
        """x with these numbers, one for each of the steps, in place of its own there."""

    def steps(self, x: V) -> Sequence[V]:
        """x step by step."""

    def joined(self, steps: Sequence[V]) -> V:
        """The steps one after the other."""

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
        words = words_of(self.value)
        value = self.value if words == self.value else repr(words)
        return f"{value} is {float(self.amount):.4g} at {where}; expected 0 or 1"


@dataclass(frozen=True, slots=True, eq=False)
class Intervention(Generic[V]):
    """What a value is made to be at some steps, whatever it would be; `continuing`: later steps go on from there."""

    steps: tuple[int, ...]
    numbers: Sequence[V]
    continuing: bool


def evaluated(
    program: Program, x: V, arithmetic: Arithmetic[V], *, keep: bool, do: Mapping[Value, Intervention[V]] = NOTHING
) -> Iterator[tuple[Value, V]]:
    """Every value with its numbers, arguments before what reads them.

    Without `keep`, numbers are let go after their last reader. `do` says what is intervened on.
    """
    readers = Counter(argument for value in program.values for argument in value.arguments)
    known: dict[Value, V] = {}
    for group in program.groups:
        if len(group) == 1 and not (group[0] in do and do[group[0]].continuing):
            (value,) = group
            known[value] = (
                x if isinstance(value, Input) else _meaning(value, known, started(group, arithmetic), arithmetic)
            )
            if value in do:
                numbers = arithmetic.joined(do[value].numbers)
                known[value] = arithmetic.replaced(known[value], do[value].steps, numbers)
        else:
            known |= _loop(group, known, arithmetic, do)
        for value in group:
            yield value, known[value]
        for value in group:
            for argument in value.arguments:
                readers[argument] -= 1
                if not keep and not readers[argument]:
                    known.pop(argument, None)


def _loop(
    group: Sequence[Primitive],
    known: Mapping[Value, V],
    arithmetic: Arithmetic[V],
    do: Mapping[Value, Intervention[V]],
) -> dict[Value, V]:
    """The numbers of values that read one another, one step after the other."""
    outside = {argument for value in group for argument in value.arguments} - set(group)
    given = {value: arithmetic.steps(known[value]) for value in outside}
    before = started(group, arithmetic)
    found: list[dict[Value, V]] = []
    for t in range(arithmetic.length):
        made = {value: done.numbers[done.steps.index(t)] for value, done in do.items() if t in done.steps}
        own: dict[Value, V] = {}
        now = one_step(group, {value: steps[t] for value, steps in given.items()}, before, arithmetic, made, own)
        found.append(now)
        before = remembered(group, now | {value: kept for value, kept in own.items() if not do[value].continuing})
    return {value: arithmetic.joined([now[value] for now in found]) for value in group}


def started(group: Sequence[Primitive], arithmetic: Arithmetic[V]) -> dict[Value, V]:
    """What the values of a loop remember before the first step."""
    states = [value for value in group if isinstance(value, (Previous, LinState, GatedState))]
    return {state: arithmetic.before(state.init) for state in states}


def one_step(
    group: Sequence[Primitive],
    outside: Mapping[Value, V],
    before: Mapping[Value, V],
    arithmetic: Arithmetic[V],
    made: Mapping[Value, V] = NOTHING,
    own: dict[Value, V] | None = None,
) -> dict[Value, V]:
    """The values of a loop at one step, from what they read outside of it and what they remember.

    What some are `made` to be is what others read; what these would be is put into `own`.
    """
    now = dict(outside)
    for value in group:
        now[value] = _meaning(value, now, before, arithmetic)
        if value in made and own is not None:
            own[value], now[value] = now[value], made[value]
    return now


def remembered(group: Sequence[Primitive], now: Mapping[Value, V]) -> dict[Value, V]:
    """What the values of a loop remember of a step."""
    found: dict[Value, V] = {}
    for value in group:
        if isinstance(value, Recur):
            found[value.previous] = now[value]
        elif isinstance(value, (LinState, GatedState)):
            found[value] = now[value]
    return found


def _meaning(  # noqa: C901, a case for each primitive
    value: Primitive, known: Mapping[Value, V], before: Mapping[Value, V], arithmetic: Arithmetic[V]
) -> V:
    match value:
        case Input():
            return known[value]
        case Constant():
            return arithmetic.constant(value.numbers)
        case Linear():
            return arithmetic.linear(known[value.x], value.A, value.b)
        case LinState():
            drive = arithmetic.linear(known[value.x], value.B, value.bias)
            return arithmetic.state(drive, value.A, before[value])
        case GatedState():
            return arithmetic.gated_state(known[value.x], known[value.gate], before[value])
        case Previous():
            return before[value]
        case Recur():
            return known[value.after]
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
