"""Finite automata on layers that feed back no decision: cascades of latches and of sums modulo primes.

`lsrl.automata.cascade` gives the levels. Each reads, one step ago, what those above it were, and the symbol: a table of
conjunctions, clip(b₁ + … + bᵣ + symbol − r, 0, 1), of which at most one is 1. A reset is a latch for every value,
exact at any length; a counter sums up what it goes on by, and is reduced by comparisons up to `max_length`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from flint import fmpq

from lsrl.automata.automaton import Automaton
from lsrl.automata.cascade import Cascade, Level, cascade
from lsrl.circuit.affine import Affine, combination, number, one_minus
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import Fact
from lsrl.circuit.remainders import remainder
from lsrl.circuit.units import GatedStateUnit
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lowering.conjunctions import all_of, known_boolean
from lsrl.lowering.rule_kinds import AutomatonRule, GatedStateRule, StateRule

Places: TypeAlias = tuple[int, ...]


CounterRule: TypeAlias = Callable[[CircuitBuilder, Mapping[int, Affine], int, int], "list[Affine] | None"]
"""How a target counts without end: what actions add, a modulus, where it starts; its residues, None if it cannot."""


def no_counter(builder: CircuitBuilder, actions: Mapping[int, Affine], size: int, start: int) -> None:
    """Nothing counts without end."""
    del builder, actions, size, start


def by_cascade(states: StateRule, gated_state: GatedStateRule, counter: CounterRule = no_counter) -> AutomatonRule:
    """The rule of a target whose states are written by these."""

    def rule(
        builder: CircuitBuilder, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int
    ) -> list[Affine]:
        rows = tuple(tuple(row) for row in table)
        machine = Automaton(tuple(range(len(rows))), tuple(range(len(symbols))), rows, start)
        try:
            found = cascade(machine)
        except UnsupportedProgram as refusal:
            problem = f"value {builder.origin!r} is a finite automaton, and {refusal}"
            raise UnsupportedProgram(problem, ability="automata") from None
        size = f"{len(rows):,} states and {len(symbols):,} symbols"
        builder.automata.append(f"{builder.origin!r} is an automaton of {size}, as a cascade of {found}")
        return _Cascading(builder, symbols, found, states, gated_state, counter).automaton_states()

    return rule


@dataclass
class _Cascading:
    """A cascade as units: for every level and value, whether the level has it now, and whether it had it."""

    builder: CircuitBuilder
    symbols: Sequence[Affine]
    cascade: Cascade
    states: StateRule
    gated_state: GatedStateRule
    counter: CounterRule
    now: list[dict[int, Affine]] = field(default_factory=list)
    before: dict[tuple[int, int], Affine] = field(default_factory=dict)

    def automaton_states(self) -> list[Affine]:
        """For every state of the automaton, whether it is in it."""
        for depth, level in enumerate(self.cascade.levels):
            add = self._counter if level.kind == "counter" else self._reset
            self.now.append(add(depth, level))
        wanted = self.cascade.states
        used = _needed_places(wanted)
        found: dict[int, dict[Places, None]] = {}
        for values, state in wanted.items():
            found.setdefault(state, {})[tuple(values[i] for i in used)] = None
        return [self._any_of(used, found.get(state, {})) for state in range(len(self.cascade.automaton.states))]

    def _any_of(self, used: Sequence[int], combinations: Iterable[Places]) -> Affine:
        """Whether the used levels have one of some combinations of values."""
        parts = ([self.now[i][value] for i, value in zip(used, values, strict=True)] for values in combinations)
        return known_boolean(self.builder, combination((ONE, all_of(self.builder, bits)) for bits in parts))

    def _reset(self, depth: int, level: Level) -> dict[int, Affine]:
        """A latch for every value but one."""
        actions = self._actions(depth, level)
        keep = known_boolean(self.builder, one_minus(combination((ONE, action) for action in actions.values())))
        values = sorted({level.start, *actions})
        bits: dict[int, Affine] = {}
        for value in values[1:]:
            drive, init = actions.get(value, number(ZERO)), ONE if value == level.start else ZERO
            latch = GatedStateUnit(keep, drive, init, latches=True)
            bits[value] = known_boolean(self.builder, self.gated_state(self.builder, keep, drive, latch))
        bits[values[0]] = known_boolean(self.builder, one_minus(combination((ONE, bit) for bit in bits.values())))
        return bits

    def _counter(self, depth: int, level: Level) -> dict[int, Affine]:
        """What it goes on by, modulo its size: without end, or as a sum."""
        builder, actions = self.builder, self._actions(depth, level)
        endless = self.counter(builder, actions, level.size, level.start)
        if endless is not None:
            return dict(enumerate(endless))
        if builder.max_length is None:
            raise RangeError(
                f"value {builder.origin!r} is a finite automaton that counts modulo {level.size}, and this target "
                "counts by a sum that grows; compile(..., max_length=...)"
            )
        added = combination((fmpq(value), action) for value, action in actions.items())
        builder.assume(added, Fact(ZERO, fmpq(max(actions)), ONE))
        (total,) = self.states(builder, [((0, ONE),)], [added], [fmpq(level.start)])
        rest = remainder(builder, total, level.size, None)
        reached = [number(ONE), *(builder.ramp(rest.shifted(fmpq(1 - value))) for value in range(1, level.size))]
        steps = zip(reached, [*reached[1:], number(ZERO)], strict=True)
        return {
            value: known_boolean(self.builder, combination([(ONE, one), (-ONE, next)]))
            for value, (one, next) in enumerate(steps)
        }

    def _actions(self, depth: int, level: Level) -> dict[int, Affine]:
        """For every action of a level, whether it is the present one."""
        above = sorted({values[:depth] for values in self.cascade.states})
        rows = {values: tuple(level.actions.get((values, s)) for s in range(len(self.symbols))) for values in above}
        used = _needed_places(rows)
        parts: dict[int, list[tuple[fmpq, Affine]]] = {}
        for values, row in {tuple(v[i] for i in used): row for v, row in rows.items()}.items():
            bits = [self._before(i, value) for i, value in zip(used, values, strict=True)]
            for action in sorted({action for action in row if action is not None}):
                given = combination((ONE, self.symbols[s]) for s, other in enumerate(row) if other == action)
                parts.setdefault(action, []).append(
                    (ONE, all_of(self.builder, [*bits, known_boolean(self.builder, given)]))
                )
        return {action: known_boolean(self.builder, combination(forms)) for action, forms in parts.items()}

    def _before(self, depth: int, value: int) -> Affine:
        """Whether a level had a value one step ago."""
        if (depth, value) not in self.before:
            init = ONE if self.cascade.levels[depth].start == value else ZERO
            rows, drives = [(), ((0, ONE),)], [self.now[depth][value], number(ZERO)]
            _, was = self.states(self.builder, rows, drives, [init, ZERO])
            self.before[depth, value] = known_boolean(self.builder, was)
        return self.before[depth, value]


def _needed_places(function: Mapping[Places, object]) -> list[int]:
    """Positions that tell what a function of tuples is: the others, first to last, are left out while that is so."""
    width = len(next(iter(function), ()))
    used = list(range(width))
    for position in range(width):
        fewer = [i for i in used if i != position]
        seen: dict[Places, object] = {}
        if all(seen.setdefault(tuple(v[i] for i in fewer), to) == to for v, to in function.items()):
            used = fewer
    return used
