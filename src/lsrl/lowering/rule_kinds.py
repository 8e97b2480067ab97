"""What a target says of the units that not every architecture has: the kinds of rules, and the plainest of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine
from lsrl.circuit.builder import CircuitBuilder, RampRule
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import GatedStateUnit, PreviousUnit, ProductUnit
from lsrl.errors import UnsupportedProgram
from lsrl.lang.matrix import Row
from lsrl.lowering.delays import delayed

ProductRule: TypeAlias = Callable[[CircuitBuilder, Affine, Affine, ProductUnit], Affine]
"""How a target writes left · right: builds what it needs, returns the form that has the value."""

ReLURule: TypeAlias = Callable[[CircuitBuilder, Affine], Affine]
"""How a target writes relu(argument) where the facts make it nothing simpler."""

StateRule: TypeAlias = Callable[[CircuitBuilder, Sequence[Row], Sequence[Affine], Sequence[fmpq]], list[Affine]]
"""How a target writes sₜ = A sₜ₋₁ + driveₜ: rows of A, drives, initial values."""

GatedStateRule: TypeAlias = Callable[[CircuitBuilder, Affine, Affine, GatedStateUnit], Affine]
"""How a target writes gate · (itself one step ago) + drive."""

AutomatonRule: TypeAlias = Callable[[CircuitBuilder, Sequence[Affine], Sequence[Sequence[int]], int], list[Affine]]
"""How a target writes a finite automaton: one-hot symbols, table[state][symbol], start; the states it is in."""

PreviousRule: TypeAlias = Callable[[CircuitBuilder, PreviousUnit, Fact], Affine]
"""How a target writes what a form was one step ago, before it knows the form."""

DelayRule: TypeAlias = Callable[[CircuitBuilder, Affine, int], Affine]
"""How a target writes what a form was some steps ago, 0 before."""

SumRule: TypeAlias = Callable[[CircuitBuilder, Affine], Affine]
"""How a target writes a long form that many others read."""


def kept_relu(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A ReLU is a ReLU."""
    return builder.relu_unit(argument)


def kept_states(
    builder: CircuitBuilder, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]
) -> list[Affine]:
    """Linear states with whatever matrix."""
    return builder.states(rows, drives, inits)


def kept_gated_state(builder: CircuitBuilder, gate: Affine, drive: Affine, unit: GatedStateUnit) -> Affine:
    """A selective state is one."""
    return builder.gated_state(gate, drive, unit.init, latches=unit.latches)


def kept_sum(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A sum is a unit of its own."""
    return builder.sum(argument)


def dissolved_sum(_: CircuitBuilder, argument: Affine) -> Affine:
    """Every reader has the whole sum in its row: for networks whose rows read all units at no cost."""
    return argument


def kept_automaton(
    builder: CircuitBuilder, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int
) -> list[Affine]:
    """A finite automaton is one."""
    return builder.automaton(symbols, table, start)


def kept_previous(builder: CircuitBuilder, unit: PreviousUnit, fact: Fact) -> Affine:
    """What was one step ago is a unit that is closed when everything is rebuilt."""
    return builder.previous(unit.init, fact)


def refused_previous(builder: CircuitBuilder, unit: PreviousUnit, fact: Fact) -> Affine:
    """No layer feeds back through anything that is not linear: raises `UnsupportedProgram`."""
    del unit, fact
    raise UnsupportedProgram(
        f"value {builder.origin!r} is a state that reads its own past through more than a linear map, has more than "
        "a few thousand states, and this target cannot feed that back",
        ability="feedback",
    )


def refused_gated_state(builder: CircuitBuilder, gate: Affine, drive: Affine, unit: GatedStateUnit) -> Affine:
    """No selective state can be expressed: raises `UnsupportedProgram`."""
    del gate, drive, unit
    raise UnsupportedProgram(
        f"value {builder.origin!r} is a GatedState, and this target cannot keep or drop what was as its input says",
        ability="selective_states",
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a target makes of the units that not every architecture has."""

    product: ProductRule
    ramp: RampRule
    relu: ReLURule = kept_relu
    states: StateRule = kept_states
    gated_state: GatedStateRule = kept_gated_state
    sum: SumRule = kept_sum
    automaton: AutomatonRule = kept_automaton
    previous: PreviousRule = kept_previous
    delay: DelayRule = delayed
