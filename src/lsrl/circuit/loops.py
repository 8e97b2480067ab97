"""Loops in circuits: what a state is known to be that reads itself, and the units of one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, multiple_of, number, substituted, variable
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.cases import decision_of
from lsrl.circuit.comparisons import Comparisons
from lsrl.circuit.facts import Fact, constant_fact, intersection, union
from lsrl.circuit.finite_loops import FiniteLoop, finite_loop
from lsrl.circuit.state_facts import sum_fact
from lsrl.circuit.state_graph import components
from lsrl.circuit.units import ProductUnit, RampUnit, ReLUUnit, Unit, forms_of
from lsrl.errors import RangeError
from lsrl.lang import Previous, Program, Recur, Value
from lsrl.lang.logic import ramp_of
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lang.primitives import Modulo, Primitive
from lsrl.lang.words import label

Forms: TypeAlias = "list[Affine]"

Ranges: TypeAlias = "dict[Value, list[Fact]]"
"""What is known of every component of what states were."""

Translation: TypeAlias = Callable[[CircuitBuilder, Comparisons, Program, Primitive, Mapping[Value, Forms]], Forms]
"""The forms of a value, given those of what it reads."""

EXACT_ROUNDS, WIDENING_ROUNDS, NARROWING_ROUNDS = 4, 12, 2
"""How often what is known of a state is made wider, as far as a step goes, and then by all that is still growing; and
how often a step is taken from there, which gives back what clips and resets hold."""


def loop_forms(
    builder: CircuitBuilder,
    comparisons: Comparisons,
    program: Program,
    group: Sequence[Primitive],
    forms: Mapping[Value, Forms],
    translated: Translation,
    *,
    by_cells: bool,
) -> dict[Value, Forms]:
    """The forms of the values of a loop: over the states of an automaton where they are few, else over its units.

    `by_cells`: over its units also where these are fewer, and each is one cell.
    """
    members = set(group)
    read = {argument for value in program.values if value not in members for argument in value.arguments}
    read_outside = [value for value in group if value.name is not None or value is program.output or value in read]
    builder.origin = label(program, next(value for value in reversed(group) if isinstance(value, Recur)))
    finite = finite_loop(builder, group, forms, read_outside)
    loop = _Loop(program, group, forms, translated)
    if finite is not None and not loop.is_smaller(builder, finite, by_cells=by_cells):
        _check_comparisons(finite, comparisons, program)
        return finite.forms(builder)
    return loop.built(builder, comparisons)


def _check_comparisons(loop: FiniteLoop, comparisons: Comparisons, program: Program) -> None:
    """Refuse what is claimed to be 0 or 1 and is not; note comparisons that are not decided on every input."""
    for value, numbers in loop.seen.items():
        wrong = next((number for number in sorted(numbers) if number not in (0, 1)), None)
        if wrong is None:
            continue
        if ramp_of(value) is None:
            raise RangeError(
                f"{label(program, value)!r} of {program.name} can be {wrong}; expected 0 or 1, as x > 0 is"
            )
        comparisons.undecidable[label(program, value)] = None


class _Loop:
    """A loop whose states are not followed one by one."""

    def __init__(
        self, program: Program, group: Sequence[Primitive], forms: Mapping[Value, Forms], translated: Translation
    ) -> None:
        self.program, self.group, self.forms, self.translated = program, group, forms, translated
        self.states = [value for value in group if isinstance(value, Recur)]
        self.largest_remainders = sorted(fmpq(value.n - 1) for value in group if isinstance(value, Modulo))

    def built(self, builder: CircuitBuilder, comparisons: Comparisons) -> dict[Value, Forms]:
        """The loop's values; what they were one step ago is a state of its own wherever else it is read."""
        ranges, first = self._ranges(builder), len(builder.units)
        found = self._one_step(builder, comparisons, ranges)
        (self._close if _looped_units(builder, first) else self._make_linear)(builder, found)
        outside: dict[UnitId, Affine] = {}
        for state in self.states:
            builder.origin = label(self.program, state)
            for was, now, init in zip(found[state.previous], found[state], state.previous.init, strict=True):
                _, delayed = builder.states([(), ((0, ONE),)], [now, number(ZERO)], [init, ZERO])
                outside.update(dict.fromkeys(was.terms, delayed))
        return {value: [_replaced(form, outside) for form in found[value]] for value in self.group}

    def _close(self, builder: CircuitBuilder, found: dict[Value, Forms]) -> None:
        """What the states were is what these forms were."""
        for state in self.states:
            builder.origin = label(self.program, state)
            found[state] = [builder.in_cells(form) for form in found[state]]
            for was, now in zip(found[state.previous], found[state], strict=True):
                builder.close(was, now)

    def _make_linear(self, builder: CircuitBuilder, found: dict[Value, Forms]) -> None:
        """A step without a cell is that of a linear state."""
        rows, drives = self._rows(found)
        builder.origin = label(self.program, self.states[-1])
        made = iter(builder.states(rows, drives, [init for state in self.states for init in state.previous.init]))
        for state in self.states:
            found[state] = [next(made) for _ in range(state.dim)]

    def _rows(self, found: Mapping[Value, Forms]) -> tuple[list[Row], Forms]:
        """A and u, where a step is s' = A s + u."""
        before = [unit for state in self.states for was in found[state.previous] for unit in was.terms]
        place = {unit: i for i, unit in enumerate(before)}
        forms = [form for state in self.states for form in found[state]]
        rows = [tuple((place[unit], w) for unit, w in form.terms.items() if unit in place) for form in forms]
        return rows, [_replaced(form, dict.fromkeys(before, number(ZERO))) for form in forms]

    def is_smaller(self, builder: CircuitBuilder, finite: FiniteLoop, *, by_cells: bool) -> bool:
        """Whether a step takes less than an automaton: delays, or fewer units, each of one cell, of known range."""
        try:
            if not by_cells:  # what is not linear where states are what they can be is not, either, in wider ranges
                trial = builder.copied()
                self._one_step(trial, Comparisons(trial), finite.ranges)
                if _looped_units(trial, len(builder.units)):
                    return False
            trial = builder.copied()
            found = self._one_step(trial, Comparisons(trial), self._ranges(builder))
        except RangeError:  # of what only its few numbers keep within a range
            return False
        looped = _looped_units(trial, len(builder.units))
        if not looped:
            rows, _ = self._rows(found)
            return all(len(members) == 1 and members[0] not in dict(rows[members[0]]) for members in components(rows))
        known = all(trial.fact(form).steps is not None for state in self.states for form in found[state])
        return by_cells and known and len(looped) < finite.transitions and all(_is_cell(trial, unit) for unit in looped)

    def _ranges(self, builder: CircuitBuilder) -> Ranges:
        """What is known of every state one step ago: wide enough to hold after a step if it holds before."""
        known: Ranges = {state.previous: [constant_fact(init) for init in state.previous.init] for state in self.states}
        for attempt in range(EXACT_ROUNDS + WIDENING_ROUNDS):
            trial = builder.copied()
            found = self._one_step(trial, Comparisons(trial), known)
            wider: Ranges = {}
            for state in self.states:
                before, now = known[state.previous], [trial.fact(form) for form in found[state]]
                wider[state.previous] = [union(pair) for pair in zip(before, now, strict=True)]
            if wider == known:
                return self._grown(builder, self._narrowed(builder, known))
            if attempt >= EXACT_ROUNDS:
                wider = {
                    state: [_widened(*pair, self.largest_remainders) for pair in zip(known[state], facts, strict=True)]
                    for state, facts in wider.items()
                }
            known = wider
        return self._grown(builder, {state: [Fact()] * len(facts) for state, facts in known.items()})

    def _narrowed(self, builder: CircuitBuilder, known: Ranges) -> Ranges:
        """Of ends that were given up, those that a step from anything within the others brings back."""
        for _ in range(NARROWING_ROUNDS):
            trial = builder.copied()
            found = self._one_step(trial, Comparisons(trial), known)
            known = {
                state.previous: [
                    union([constant_fact(init), trial.fact(form)])
                    for init, form in zip(state.previous.init, found[state], strict=True)
                ]
                for state in self.states
            }
        return known

    def _grown(self, builder: CircuitBuilder, known: Ranges) -> Ranges:
        """Ends that are not known as what the longest sequence adds up: a step adds no more, wherever the state is."""
        if builder.max_length is None or all(fact.magnitude is not None for facts in known.values() for fact in facts):
            return known
        trial = builder.copied()
        found = self._one_step(trial, Comparisons(trial), known)
        grown: Ranges = {}
        for state in self.states:
            before = state.previous
            added = [
                trial.fact(trial.linear(combination([(ONE, now), (-ONE, was)])))
                for now, was in zip(found[state], found[before], strict=True)
            ]
            grown[before] = [
                intersection(fact, union([sum_fact(one, init, builder.max_length), constant_fact(init)]))
                for fact, one, init in zip(known[before], added, before.init, strict=True)
            ]
        return grown

    def _one_step(self, builder: CircuitBuilder, comparisons: Comparisons, known: Ranges) -> dict[Value, Forms]:
        """The forms of all values at one step, given what is known of the states one step ago."""
        forms = dict(self.forms)
        for value in self.group:
            builder.origin = label(self.program, value)
            if isinstance(value, Previous):
                cells = zip(value.init, known[value], strict=True)
                forms[value] = [builder.previous(init, fact) for init, fact in cells]
                continue
            with builder.loop():
                forms[value] = self.translated(builder, comparisons, self.program, value, forms)
        return forms


def _looped_units(builder: CircuitBuilder, first: UnitId) -> list[Unit]:
    """The units from `first` on that read what states were one step ago, or units that do."""
    with builder.loop():
        return [unit for unit in builder.units[first:] if any(map(builder.is_in_loop, forms_of(unit)))]


def _is_cell(builder: CircuitBuilder, unit: Unit) -> bool:
    """Whether a unit reads no cell of its loop: a ReLU, a comparison, a choice by a comparison of what it chooses."""
    if isinstance(unit, ProductUnit):
        for boolean, value in ((unit.left, unit.right), (unit.right, unit.left)):
            decision = decision_of(boolean, builder.units)
            if decision is not None and multiple_of(value, Affine(decision.terms)):
                return not builder.reads_cells(decision)
        return False
    return isinstance(unit, (ReLUUnit, RampUnit)) and not builder.reads_cells(unit.argument)


def _replaced(form: Affine, meanings: Mapping[UnitId, Affine]) -> Affine:
    """The form with what is known of some of its units in their place."""
    if not any(unit in meanings for unit in form.terms):
        return form
    return substituted(form, {unit: meanings.get(unit, variable(unit)) for unit in form.terms})


def _widened(was: Fact, now: Fact, largest_remainders: Sequence[fmpq]) -> Fact:
    """Without the ends that still move, unless remainders, which are 0 to n − 1, may hold them."""
    low = was.low if was.low == now.low else None
    high = was.high if was.high == now.high else None
    if low is None and largest_remainders and now.low is not None and now.low >= 0:
        low = ZERO
    if high is None and now.high is not None:
        high = next((largest for largest in largest_remainders if largest >= now.high), None)
    same = was.grid is not None and was.grid == now.grid and ((was.offset - now.offset) / was.grid).q == 1
    return Fact(low, high, was.grid, was.offset) if same else Fact(low, high)
