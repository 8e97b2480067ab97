"""Residual stacks: a circuit's units placed in the stages of a network that adds to a residual stream.

Every unit has a channel of the stream. A stage reads the channels and adds its units' values
to theirs, where they stay: what a later stage reads need not be carried. What there is to
decide is which stage computes which unit. A stage has no biases but what it reads of a channel
that is 1: before the first step, where that is 0, all units are 0.

A stream too narrow for all units holds those that something still reads: a stage can also erase a unit that
nothing reads any more, by adding its opposite, and a later one can put another into its channel (`narrowed`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit, InputUnit, StateUnit, Unit, forms_of
from lsrl.circuit.verify import CompilerError, verify_legal
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.stack import Cell, Place

Stages: TypeAlias = Sequence[tuple[type[Unit], ...]]
"""The kinds of units that each stage can compute, again and again from the first on; none where it does none."""

MARKS = 2
"""Channels besides those of inputs and units: one that is 1 at every position, one that is 1 at every step."""


@dataclass(frozen=True)
class ResidualStack:
    """The units of every stage; unit i's value is in channel `channels[i]` from its stage on, until one erases it."""

    circuit: Circuit
    stages: tuple[tuple[UnitId, ...], ...]
    channels: Mapping[UnitId, int]
    erased: tuple[tuple[UnitId, ...], ...]

    @property
    def name(self) -> str:
        """The program's name."""
        return self.circuit.name

    @property
    def width(self) -> int:
        """How many channels are used."""
        return 1 + max(self.channels.values(), default=MARKS + self.circuit.input_dim - 1)

    @property
    def inputs(self) -> tuple[Cell, ...]:
        """The components of the input."""
        cells = [Cell(f"input[{i}]", Fact(), False) for i in range(self.circuit.input_dim)]
        for unit_id, unit in enumerate(self.circuit.units):
            if isinstance(unit, InputUnit):
                cells[unit.component] = self.cell(unit_id)
        return tuple(cells)

    def cell(self, unit_id: UnitId) -> Cell:
        """What a unit is for, and what is known of it."""
        return Cell(self.circuit.origins[unit_id], self.circuit.knowledge.facts[unit_id], False)


def residual_stack(circuit: Circuit, pattern: Stages) -> ResidualStack:
    """Every unit in the earliest stage that computes its kind and comes after all that it reads.

    Raises `CompilerError` for a unit that no stage of the pattern computes.

    >>> from lsrl import Input, Program, ReLU, cumsum
    >>> from lsrl.circuit.translate import circuit_of
    >>> circuit = circuit_of(Program(ReLU(cumsum(Input(1, range=(-1, 1))))), max_length=9)
    >>> from lsrl.circuit.units import ReLUUnit
    >>> residual_stack(circuit, [(ReLUUnit,), (StateUnit,)]).stages
    ((), (1,), (2,))
    """
    verify_legal(circuit, InputUnit, *(kind for kinds in pattern for kind in kinds))
    stage_of: dict[UnitId, int] = {}
    for unit_id, unit in enumerate(circuit.units):
        if isinstance(unit, InputUnit):
            stage_of[unit_id] = -1
            continue
        if isinstance(unit, StateUnit) and any(other != unit_id for other, _ in unit.previous):
            raise CompilerError(f"circuit of {circuit.name}, unit {unit_id}, remembers another state")
        if unit_id in stage_of:
            continue
        block = circuit.block(unit_id)
        read = [other for member in block for form in forms_of(circuit.units[member]) for other in form.terms]
        first = 1 + max((stage_of[other] for other in read), default=-1)
        stage = next(
            stage for stage in range(first, first + len(pattern)) if isinstance(unit, pattern[stage % len(pattern)])
        )
        stage_of.update(dict.fromkeys(block, stage))
    stages: list[list[UnitId]] = [[] for _ in range(1 + max(stage_of.values(), default=-1))]
    channels: dict[UnitId, int] = {}
    free = MARKS + circuit.input_dim
    for unit_id, stage in stage_of.items():
        unit = circuit.units[unit_id]
        if isinstance(unit, InputUnit):
            channels[unit_id] = MARKS + unit.component
        else:
            stages[stage].append(unit_id)
            channels[unit_id] = free
            free += 1
    return ResidualStack(circuit, tuple(map(tuple, stages)), channels, ((),) * len(stages))


VISIBLE = 2
"""Stages that a unit stays in the stream for at least: then it is there after its layer, of one stage or two."""


def narrowed(
    stack: ResidualStack,
    width: int,
    erasable: Container[UnitId],
    stays: Container[UnitId],
    erases: Callable[[int], bool],
) -> ResidualStack | None:
    """The stack in so few channels, or None if they are not enough: what is `erasable` and need not stay is erased.

    A unit is erased where its channel is needed, by the stage that has least to do of those after its last reader;
    `erases` says which stages can. No more are erased than have to be.
    """
    inputs = MARKS + stack.circuit.input_dim
    if width < inputs:
        return None
    kinds = stack.circuit.units
    channels = {unit: at for unit, at in stack.channels.items() if isinstance(kinds[unit], InputUnit)}
    free = list(range(width - 1, inputs - 1, -1))
    leaving = {unit: at for unit, at in _leaving(stack).items() if unit in erasable and unit not in stays}
    erased: list[list[UnitId]] = [[] for _ in stack.stages]
    unread = [(leaving[unit], unit) for unit in channels if unit in leaving]
    heapify(unread)
    for stage, units in enumerate(stack.stages):
        while len(free) < len(units):
            first, gone = heappop(unread) if unread else (stage, -1)
            able = [other for other in range(first, stage) if erases(other)]
            if not able:
                return None
            erased[min(able, key=lambda at: len(stack.stages[at]) + len(erased[at]))].append(gone)
            free.append(channels[gone])
        for unit in units:
            channels[unit] = free.pop()
            if unit in leaving:
                heappush(unread, (leaving[unit], unit))
    return replace(stack, channels=channels, erased=tuple(map(tuple, erased)))


def _leaving(stack: ResidualStack) -> dict[UnitId, int]:
    """The first stage that may erase each unit: the last reader itself can, since it reads what was there before."""
    found = dict.fromkeys(stack.channels, VISIBLE - 1)
    for stage, units in enumerate(stack.stages):
        for unit in units:
            found[unit] = stage + VISIBLE
            for form in forms_of(stack.circuit.units[unit]):
                for read in form.terms:
                    found[read] = max(found[read], stage)
    return found


def places(stack: ResidualStack, scale: fmpq, layer_of: Callable[[int], int]) -> dict[UnitId, Place]:
    """Where every unit is read, over channels that hold `scale` times the values; `layer_of` gives a stage's layer."""
    found = {
        unit_id: Place(-1, "input", ((unit.component, ONE),), ZERO)
        for unit_id, unit in enumerate(stack.circuit.units)
        if isinstance(unit, InputUnit)
    }
    for stage, units in enumerate(stack.stages):
        for unit_id in units:
            found[unit_id] = Place(layer_of(stage), "output", ((stack.channels[unit_id], ONE / scale),), ZERO)
    return found
