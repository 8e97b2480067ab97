"""Circuits: scalar units joined by affine forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Knowledge
from lsrl.lang.numbers import ZERO
from lsrl.lang.primitives import Via


@dataclass(frozen=True, slots=True)
class InputUnit:
    """One component of the program's input."""

    component: int


@dataclass(frozen=True, slots=True)
class ReLUUnit:
    """max(argument, 0)."""

    argument: Affine


@dataclass(frozen=True, slots=True)
class RampUnit:
    """A comparison: 0 where the argument is up to 0, 1 where it is 1 or more, linear between.

    Nothing else is one, until a target's rule writes it with what the target has (`lsrl.lowering.ramps`).
    """

    argument: Affine


@dataclass(frozen=True, slots=True)
class ProductUnit:
    """left · right, as the program writes it."""

    left: Affine
    right: Affine
    via: Via


@dataclass(frozen=True, slots=True)
class GateUnit:
    """gate · max(argument, 0): the product that a gated layer computes."""

    gate: Affine
    argument: Affine


@dataclass(frozen=True, slots=True)
class StepUnit:
    """1 where the argument is above 0, 0 where it is below.

    |argument| ≥ `margin` on every run that a guarantee is about; with None it can be anything, and
    whoever reads the step must be right either way where the argument is close to 0.
    """

    argument: Affine
    margin: fmpq | None


@dataclass(frozen=True, slots=True)
class BitUnit:
    """The argument, a step or its opposite, rounded up: 0 where it is exactly 0, else 1."""

    argument: Affine


@dataclass(frozen=True, slots=True)
class ChoiceUnit:
    """The argument where the decision is 1 or more, 0 where it is 0 or less; it is never between."""

    decision: Affine
    argument: Affine


@dataclass(frozen=True, slots=True)
class SumUnit:
    """The argument itself, as a unit of its own: a long form that many others read.

    Or a component of a `variable` that is cut (`lsrl.circuit.cuts`): then no pass puts its argument in its place.
    """

    argument: Affine
    variable: str = ""


@dataclass(frozen=True, slots=True)
class StateUnit:
    """One component of a linear state: Σ weight · (state one step ago) + drive.

    `cluster` is the first of the states that are connected with this one: a contiguous block.
    """

    previous: tuple[tuple[UnitId, fmpq], ...]
    drive: Affine
    init: fmpq
    cluster: UnitId


@dataclass(frozen=True, slots=True)
class GatedStateUnit:
    """A selective state: gate · (itself one step ago) + drive; the gate is a boolean.

    `latches` says that the drive is 0 wherever the gate is 1: it holds what it took, and adds nothing up.
    """

    gate: Affine
    drive: Affine
    init: fmpq
    latches: bool


@dataclass(frozen=True, slots=True)
class DelayUnit:
    """The argument `steps` steps ago, 0 in the first `steps` steps, and a constant that comes with it."""

    argument: Affine
    steps: int
    constant: fmpq = ZERO


@dataclass(frozen=True, slots=True)
class LatchUnit:
    """The argument where the boolean `keep` is 0, else what it was one step ago; 0 before the first step."""

    keep: Affine
    argument: Affine


@dataclass(frozen=True, slots=True)
class PreviousUnit:
    """What a form was one step ago, `init` before the first step; the form may read units after this one."""

    argument: Affine
    init: fmpq


@dataclass(frozen=True, slots=True)
class AutomatonUnit:
    """1 while a finite automaton is in a state, else 0.

    Of `symbols` exactly one is 1, and `table[state][symbol]` is the next state; `start` is the one before the first
    step. `cluster` is the first of a contiguous block of units, one for every state in order.
    """

    symbols: tuple[Affine, ...]
    table: tuple[tuple[int, ...], ...]
    start: int
    cluster: UnitId


@dataclass(frozen=True, slots=True)
class SwapUnit:
    """1 while a token is in a place other than where it began, `start`, else 0.

    Where `swaps[i]` is 1, as one of them at most is, what is in the places `pairs[i]` changes places. `even`: it takes
    an even number of exchanges to get there, in whatever way.
    """

    swaps: tuple[Affine, ...]
    pairs: tuple[tuple[int, int], ...]
    start: int
    place: int
    even: bool


Unit: TypeAlias = (
    InputUnit
    | ReLUUnit
    | RampUnit
    | StepUnit
    | BitUnit
    | ProductUnit
    | GateUnit
    | ChoiceUnit
    | SumUnit
    | StateUnit
    | GatedStateUnit
    | DelayUnit
    | LatchUnit
    | PreviousUnit
    | AutomatonUnit
    | SwapUnit
)


def forms_of(unit: Unit) -> tuple[Affine, ...]:
    """The affine forms that feed a unit within one time step."""
    match unit:
        case ReLUUnit(argument) | RampUnit(argument) | SumUnit(argument) | StepUnit(argument, _) | BitUnit(argument):
            return (argument,)
        case GatedStateUnit(gate=gate, drive=drive):
            return gate, drive
        case ProductUnit(left, right, _):
            return left, right
        case GateUnit(gate, argument) | ChoiceUnit(gate, argument):
            return gate, argument
        case StateUnit(_, drive, _, _):
            return (drive,)
        case DelayUnit(argument, _, _):
            return (argument,)
        case LatchUnit(keep, argument):
            return keep, argument
        case AutomatonUnit(symbols=booleans) | SwapUnit(swaps=booleans):
            return booleans
        case InputUnit() | PreviousUnit():
            return ()


def dependencies(unit: Unit) -> Iterator[UnitId]:
    """The units that a unit reads, in this step or the one before."""
    for form in forms_of(unit):
        yield from form.terms
    match unit:
        case StateUnit(previous=previous):
            yield from (other for other, _ in previous)
        case PreviousUnit(argument):
            yield from argument.terms
        case AutomatonUnit(table=table, cluster=first):
            yield from range(first, first + len(table))
        case _:
            pass


@dataclass(frozen=True)
class Circuit:
    """A program as units and affine forms; within a step, unit i reads only units below i.

    `values` gives every named value of the program as forms over the units; those in `kept` stay
    computed even where no output needs them. `origins` names the value that a unit was made for.
    `as_written` circuits stay as the program writes them (`lsrl.circuit.as_written`). `robust`: rules choose forms that
    tolerate noise on weights, where these cost more units. `undecidable` and `narrowed` are as in
    `lsrl.circuit.comparisons`. `states` gives those variables that are cut and kept from step to step, as they
    are before the cut. `automata` says of every automaton that was written for a target how large it is.
    """

    name: str
    input_dim: int
    units: tuple[Unit, ...]
    origins: tuple[str, ...]
    outputs: tuple[Affine, ...]
    values: Mapping[str, tuple[Affine, ...]]
    kept: frozenset[str]
    knowledge: Knowledge
    max_length: int | None
    as_written: bool = False
    robust: bool = False
    undecidable: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    automata: tuple[str, ...] = ()
    states: Mapping[str, tuple[Affine, ...]] = field(default_factory=dict)

    def cluster(self, first: UnitId) -> Iterator[tuple[UnitId, StateUnit]]:
        """The states of the cluster that begins with `first`: one contiguous block of units."""
        for unit_id in range(first, len(self.units)):
            unit = self.units[unit_id]
            if not isinstance(unit, StateUnit) or unit.cluster != first:
                return
            yield unit_id, unit

    def cut(self, first: UnitId) -> Iterator[tuple[UnitId, SumUnit]]:
        """The components of the variable that is cut and begins with `first`: one contiguous block of units."""
        name = self.variable(first)
        for unit_id in range(first, len(self.units)):
            unit = self.units[unit_id]
            if not isinstance(unit, SumUnit) or unit.variable != name:
                return
            yield unit_id, unit

    def variable(self, unit_id: UnitId) -> str:
        """The variable that a unit is a component of, if it is cut."""
        unit = self.units[unit_id]
        return unit.variable if isinstance(unit, SumUnit) else ""

    def block(self, unit_id: UnitId) -> list[UnitId]:
        """The unit and those after it that are placed together with it, if it is the first of them; else none."""
        unit, name = self.units[unit_id], self.variable(unit_id)
        if isinstance(unit, StateUnit):
            return [member for member, _ in self.cluster(unit_id)] if unit.cluster == unit_id else []
        if name:
            begins = not unit_id or self.variable(unit_id - 1) != name
            return [member for member, _ in self.cut(unit_id)] if begins else []
        return [unit_id]

    @property
    def output_facts(self) -> list[Fact]:
        """What is known of every output."""
        return [self.knowledge.fact(form) for form in self.outputs]

    def count(self, kind: type) -> int:
        """How many units are of a kind."""
        return sum(isinstance(unit, kind) for unit in self.units)

    def extended(self, label: str, units: Sequence[tuple[Unit, Fact]]) -> Circuit:
        """The circuit with further units after its own, each with what is known of it, all made for `label`."""
        return replace(
            self,
            units=(*self.units, *(unit for unit, _ in units)),
            origins=(*self.origins, *[label] * len(units)),
            knowledge=replace(self.knowledge, facts=[*self.knowledge.facts, *(fact for _, fact in units)]),
        )
