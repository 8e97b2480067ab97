"""Loops of finitely many states: whatever a step is written with, it is a finite automaton.

What a loop remembers is followed from its initial numbers through every combination of what it reads, by the exact
interpreter, until nothing new comes up. States that nobody can tell apart are one (Moore's minimisation), and so are
inputs that have the same effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

import numpy as np
from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number, variable
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import BOOLEAN, Fact, constant_fact, union
from lsrl.circuit.possible_values import JointCases, joint_cases
from lsrl.lang import Value
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lang.primitives import Primitive
from lsrl.semantics.evaluation import one_step, remembered, started
from lsrl.semantics.exact import ExactArithmetic, Rationals, rationals

MOST_TRANSITIONS = 2**12
"""Pairs of a state and an input that are followed."""

MOST_ROUNDS, MOST_BITS = 2**10, 64
"""Steps after which there may be new states, and the digits of their numbers: what is halved for ever gets no end."""

Numbers: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class FiniteLoop:
    """A loop as a minimal automaton: `table[state][symbol]`, and what each value in the loop is in every state.

    The symbol of the i-th combination of `cases` is `symbols[i]`. `seen` are all numbers that each value of the loop,
    also one that nobody outside reads, can have; `ranges` is what is known by that of what it remembers.
    """

    cases: JointCases
    symbols: Sequence[int]
    table: Sequence[Sequence[int]]
    start: int
    values: Mapping[Value, Sequence[Numbers]]
    seen: Mapping[Value, frozenset[Fraction]]
    ranges: dict[Value, list[Fact]]

    @property
    def transitions(self) -> int:
        """Pairs of a state and a symbol."""
        return sum(map(len, self.table))

    def forms(self, builder: CircuitBuilder) -> dict[Value, list[Affine]]:
        """The values that are read outside of the loop, as forms over an automaton's states."""
        states = followed(builder, self.cases, self.symbols, self.table, self.start)
        return {
            value: [
                builder.linear(combination((_rational(row[i]), state) for row, state in zip(rows, states, strict=True)))
                for i in range(value.dim)
            ]
            for value, rows in self.values.items()
        }


def finite_loop(
    builder: CircuitBuilder,
    group: Sequence[Primitive],
    forms: Mapping[Value, Sequence[Affine]],
    read_outside: Sequence[Value],
) -> FiniteLoop | None:
    """The loop of a group of values, if it has finitely many states; None for more than `MOST_TRANSITIONS`.

    `forms` are those of the values that it reads, `read_outside` its own values that others read.
    """
    outside = list(dict.fromkeys(read for value in group for read in value.arguments if read not in set(group)))
    given = [form for value in outside for form in forms[value]]
    units, facts = builder.units, builder.knowledge.facts
    cases = joint_cases(given, units, facts, through_bits=True) or joint_cases(given, units, facts, through_bits=False)
    if cases is None:
        return None
    inputs = list(dict.fromkeys(cases.values))
    explored = _explored(tuple(group), tuple(read_outside), tuple(_split(inputs, outside).items()))
    if explored is None:
        return None
    return _minimal(explored, cases, [inputs.index(values) for values in cases.values])


def _split(inputs: Sequence[tuple[fmpq, ...]], outside: Sequence[Value]) -> dict[Value, tuple[Numbers, ...]]:
    """What each value that a loop reads is under every input."""
    found: dict[Value, tuple[Numbers, ...]] = {}
    first = 0
    for value in outside:
        part = slice(first, first + value.dim)
        found[value] = tuple(tuple(Fraction(int(n.p), int(n.q)) for n in numbers[part]) for numbers in inputs)
        first += value.dim
    return found


@lru_cache(maxsize=4)  # a program is often compiled to several targets, one after the other
def _explored(
    group: tuple[Primitive, ...],
    read_outside: tuple[Value, ...],
    inputs: tuple[tuple[Value, tuple[Numbers, ...]], ...],
) -> _Exploration | None:
    """All states of a loop, which nobody changes any more; None for too many."""
    explored = _Exploration(group, read_outside, dict(inputs))
    return explored if explored.finished() else None


@dataclass
class _Exploration:
    """All states of a loop, found breadth first: where each input leads, and what is seen on the way."""

    group: Sequence[Primitive]
    read_outside: Sequence[Value]
    inputs: Mapping[Value, Sequence[Numbers]]
    known: dict[Numbers, int] = field(default_factory=dict)
    next: list[list[int]] = field(default_factory=list)
    outputs: list[list[tuple[Numbers, ...]]] = field(default_factory=list)
    seen: dict[Value, set[Fraction]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return max(map(len, self.inputs.values()), default=1)

    def finished(self) -> bool:
        """Whether everything was reached within the bounds above."""
        one = ExactArithmetic(1, 1)
        memory = started(self.group, one)
        start = tuple(number for numbers in memory.values() for number in one.numbers(numbers).ravel())
        self.known[start] = 0
        frontier = [start]
        for _ in range(MOST_ROUNDS):
            if len(self.known) * self.width > MOST_TRANSITIONS or any(map(_is_long, chain(*frontier))):
                return False
            frontier = self._followed(frontier, list(memory))
            if not frontier:
                return True
        return False

    @property
    def ranges(self) -> dict[Value, list[Fact]]:
        """What is known of what the loop remembers, once everything was reached."""
        columns = iter(zip(*self.known, strict=True))
        return {
            value: [union(constant_fact(_rational(n)) for n in set(next(columns))) for _ in range(value.dim)]
            for value in started(self.group, ExactArithmetic(1, 1))
        }

    def _followed(self, frontier: Sequence[Numbers], memory: Sequence[Value]) -> list[Numbers]:
        """The states that come after those of the frontier and are new."""
        batch, arithmetic = len(frontier) * self.width, ExactArithmetic(len(frontier) * self.width, 1)
        before: dict[Value, Rationals] = {}
        first = 0
        for value in memory:
            rows = [state[first : first + value.dim] for state in frontier for _ in range(self.width)]
            before[value] = _column(rows)
            first += value.dim
        given = {value: _column(list(rows) * len(frontier)) for value, rows in self.inputs.items()}
        now = one_step(self.group, given, before, arithmetic)
        after = remembered(self.group, now)
        states = _rows([arithmetic.numbers(after[value]) for value in memory], batch)
        outputs = [_rows([arithmetic.numbers(now[value])], batch) for value in self.read_outside]
        for value in self.group:
            if value.comparison:
                self.seen.setdefault(value, set()).update(arithmetic.numbers(now[value]).ravel())
        new = []
        for state in states:
            if state not in self.known:
                self.known[state] = len(self.known)
                new.append(state)
        for i in range(0, batch, self.width):
            self.next.append([self.known[state] for state in states[i : i + self.width]])
            self.outputs.append([tuple(rows[j] for rows in outputs) for j in range(i, i + self.width)])
        return new


def _is_long(number: Fraction) -> bool:
    return max(abs(number.numerator), number.denominator).bit_length() > MOST_BITS


def _column(rows: Sequence[Numbers]) -> Rationals:
    """A row of numbers for every sequence of a batch, of one step."""
    numbers = np.empty((len(rows), 1, len(rows[0])), dtype=object)
    numbers[:, 0, :] = rows
    return rationals(numbers)


def _rows(parts: Sequence[np.ndarray], batch: int) -> list[Numbers]:
    joined = np.concatenate(parts, axis=-1)
    return [tuple(joined[i, 0]) for i in range(batch)]


def _minimal(explored: _Exploration, cases: JointCases, symbol_of_case: Sequence[int]) -> FiniteLoop:
    """The automaton whose states are what the last step led to, as far as anybody can tell."""
    classes = [0] * len(explored.next)
    distinct = list(dict.fromkeys(chain(*explored.outputs)))
    number = {output: i for i, output in enumerate(distinct)}  # of which no fraction is hashed again
    seen = [[number[output] for output in outputs] for outputs in explored.outputs]
    while True:  # every round splits a class, or is the last
        keys = [
            tuple(zip(outputs, [classes[q] for q in following], strict=True))
            for outputs, following in zip(seen, explored.next, strict=True)
        ]
        numbered = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        refined = [numbered[key] for key in keys]
        if len(numbered) == len(set(classes)):
            break
        classes = refined
    moves = [keys[refined.index(i)] for i in range(len(numbered))]  # of each class: output and class, by input
    states = list(dict.fromkeys(move for row in moves for move in row))
    place = {state: i for i, state in enumerate(states)}
    begin = refined[0]
    start = next((i for i, (_, after) in enumerate(states) if after == begin), len(states))
    rows = [after for _, after in states] + ([begin] if start == len(states) else [])
    table = [[place[move] for move in moves[row]] for row in rows]
    outputs = [output for output, _ in states] + ([states[table[-1][0]][0]] if start == len(states) else [])
    return FiniteLoop(
        cases=cases,
        symbols=symbol_of_case,
        table=table,
        start=start,
        values={value: [distinct[output][i] for output in outputs] for i, value in enumerate(explored.read_outside)},
        seen={value: frozenset(numbers) for value, numbers in explored.seen.items()},
        ranges=explored.ranges,
    )


def followed(
    builder: CircuitBuilder, cases: JointCases, symbols: Sequence[int], table: Sequence[Sequence[int]], start: int
) -> list[Affine]:
    """The states of an automaton that reads the symbol of the present one of all `cases`; equal symbols are one."""
    columns = list(zip(*table, strict=True))
    distinct = {column: i for i, column in enumerate(dict.fromkeys(columns))}
    merged = [distinct[columns[symbol]] for symbol in symbols]
    rows = [list(row) for row in zip(*distinct, strict=True)]
    if len(distinct) == 1:
        return _undriven(builder, [successor for (successor,) in rows], start)
    return builder.automaton(_one_hot(builder, cases, merged), rows, start)


def _undriven(builder: CircuitBuilder, successors: Sequence[int], start: int) -> list[Affine]:
    """The states of an automaton that reads nothing: a linear state, of which a 1 goes from place to place."""
    rows: list[list[tuple[int, fmpq]]] = [[] for _ in successors]
    for state, successor in enumerate(successors):
        rows[successor].append((state, ONE))
    inits = [ONE if state == start else ZERO for state in range(len(rows))]
    states = builder.states([tuple(row) for row in rows], [number(ZERO)] * len(rows), inits)
    for form in states:
        builder.assume(form, BOOLEAN)
    return states


def _one_hot(builder: CircuitBuilder, cases: JointCases, symbols: Sequence[int]) -> list[Affine]:
    """For every symbol, whether it is the present one: differences of comparisons of the combination's number."""
    place, stride = number(ZERO), ONE
    for unit_id, values in reversed(list(cases.leaves.items())):
        if len(values) > 1:
            spacing = values[1] - values[0]
            place = place.plus(variable(unit_id).shifted(-values[0]).times(stride / spacing))
            stride = stride * len(values)
    found = [[(ONE, number(ONE if symbols[0] == symbol else ZERO))] for symbol in range(max(symbols) + 1)]
    for i in range(1, len(symbols)):
        if symbols[i] != symbols[i - 1]:
            reached = builder.ramp(place.shifted(fmpq(1 - i)))
            found[symbols[i]].append((ONE, reached))
            found[symbols[i - 1]].append((-ONE, reached))
    forms = [combination(parts) for parts in found]
    for form in forms:
        builder.assume(form, BOOLEAN)
    return forms


def _rational(fraction: Fraction) -> fmpq:
    return fmpq(fraction.numerator, fraction.denominator)
