"""Building circuits: every unit is made here, once, with its facts.

The constructors are smart: they fold what the facts decide, and return the *form* a new unit (or
none) is worth. Equal units are one unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, number, one_minus, variable
from lsrl.circuit.bends import relu_of_bends
from lsrl.circuit.cases import fact_by_cases, fact_where
from lsrl.circuit.facts import (
    BOOLEAN,
    Fact,
    intersection,
    multiple,
    product_fact,
    ramp_fact,
    ramp_gap,
    relu_fact,
)
from lsrl.circuit.state_builder import StateBuilder
from lsrl.circuit.units import (
    BitUnit,
    ChoiceUnit,
    GateUnit,
    InputUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StepUnit,
)
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lang.primitives import Via

RampRule: TypeAlias = "Callable[[CircuitBuilder, Affine], Affine]"
"""How a comparison is written: clip(argument, 0, 1), where the argument is whole if the comparison is decided."""


def kept_ramp(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A ramp is a ramp, for a later pass to write."""
    return builder.ramp_unit(argument)


class CircuitBuilder(StateBuilder):
    """A store of units with a constructor for each kind; `write_ramp` says what a comparison becomes."""

    def __init__(self, max_length: int | None, write_ramp: RampRule = kept_ramp, *, robust: bool = False) -> None:
        super().__init__(max_length, robust=robust)
        self.write_ramp = write_ramp

    def linear(self, form: Affine) -> Affine:
        """A form of the program's own, with what is known of it by cases, if that is more than its terms tell.

        What is always the same number is that number, and no sum of large ones that cancel.
        """
        found = fact_by_cases(form, self.units, self.fact)
        if found is not None:
            self.assume(form, intersection(self.fact(form), found))
        fact = self.fact(form)
        return form if fact.low is None or fact.low != fact.high else number(fact.low)

    def input(self, component: int, fact: Fact) -> Affine:
        """A component of the input stream."""
        return self.unit(("input", component), InputUnit(component), fact)

    def relu(self, argument: Affine) -> Affine:
        """max(argument, 0), as the cheapest form that has this value on every reachable input."""
        folded = self.folded_relu(argument)
        return self.relu_unit(argument) if folded is None else folded

    def folded_relu(self, argument: Affine) -> Affine | None:
        """max(argument, 0) where the facts make it a form that needs no ReLU; what has two values is a comparison."""
        fact = self.fact(argument)
        if fact.low is not None and fact.low >= 0:
            return argument
        if fact.high is not None and fact.high <= 0:
            return number(ZERO)
        if fact.grid is not None and fact.high is not None and fact.high <= fact.grid:
            return self.ramp(argument.shifted(fact.grid - fact.high).times(1 / fact.grid)).times(fact.high)
        return self._of_one_hot(argument, lambda value: max(value, ZERO))

    def relu_unit(self, argument: Affine, *, scale: fmpq | None = None) -> Affine:
        """max(argument, 0) by a ReLU of 1/scale times the argument: by default, the one with whole weights.

        In a loop, where no cell can read another one, by several side by side, if it is a function of one form.
        """
        cells = {unit: cell.argument for unit in argument.terms if (cell := self._cell_of_loop(unit)) is not None}
        bent = relu_of_bends(argument, cells) if cells else None
        if bent is not None:
            known = self.fact(bent.z)
            bent = bent if known.grid is None else bent.on_grid(known.grid, known.offset)
            bends = [(bend, self.relu_unit(bent.z.shifted(-place))) for place, bend in bent.bends]
            made = combination([(bent.slope, bent.z), *bends] if bent.slope else bends, bent.level)
            self.assume(made, relu_fact(self.fact(argument)))
            return made
        scale = argument.content() if scale is None else scale
        normal = argument.times(1 / scale)
        fact = multiple(1 / scale, relu_fact(self.fact(argument)))
        return self.unit(("relu", normal.key()), ReLUUnit(normal), fact).times(scale)

    def _cell_of_loop(self, unit_id: UnitId) -> ReLUUnit | None:
        unit = self.units[unit_id]
        return unit if self._looping and unit_id in self._looped and isinstance(unit, ReLUUnit) else None

    def ramp(self, progress: Affine) -> Affine:
        """clip(progress, 0, 1), as the cheapest form that has this value wherever it is 0 or 1."""
        known = self.fact(progress)
        if known.is_clipped:
            return progress
        if known.low is not None and known.low >= 1:
            return number(ONE)
        if known.high is not None and known.high <= 0:
            return number(ZERO)
        argument = self._spread(progress)
        if self.fact(argument).is_clipped:
            return argument
        folded = self._of_one_hot(argument, lambda value: min(max(value, ZERO), ONE))
        if folded is not None:
            return folded
        argument = self._before_relu(argument)
        made = self.write_ramp(self, argument)
        if ramp_gap(self.fact(argument)) is not None:
            self.assume(made, BOOLEAN)
        return made

    def ramp_unit(self, argument: Affine) -> Affine:
        """clip(argument, 0, 1) by a unit; what is opposite, clip(1 − argument, 0, 1), is one minus the same."""
        opposite = self._shared.get(("ramp", one_minus(argument).key()))
        if opposite is not None:
            return one_minus(variable(opposite[0]))
        return self.unit(("ramp", argument.key()), RampUnit(argument), ramp_fact(self.fact(argument)))

    def _spread(self, progress: Affine) -> Affine:
        """The form that is 0 and 1 at the ends of the gap that the ramp is in, if it is in one."""
        gap = ramp_gap(self.fact(progress))
        return progress if gap is None else progress.shifted(gap.below).times(1 / gap.width)

    def _before_relu(self, argument: Affine) -> Affine:
        """clip(c + w · relu(g), 0, 1) is clip(c + w · g, 0, 1) where c is outside the ramp, and w leads into it.

        Read so is a clip in a clip, which has w < 0, and what is a ramp already.
        """
        ((unit, weight), *others), c = argument.terms.items(), argument.constant
        read, outside = self.units[unit], c <= 0 if weight > 0 else c >= 1
        if others or not outside or not isinstance(read, ReLUUnit):
            return argument
        before = self._spread(read.argument.times(weight).shifted(c))
        known = any(("ramp", form.key()) in self._shared for form in (before, one_minus(before)))
        undecided = ramp_gap(self.fact(before)) is None and ramp_gap(self.fact(argument)) is not None
        return before if (weight < 0 or known) and not undecided else argument

    def _of_one_hot(self, argument: Affine, function: Callable[[fmpq], fmpq]) -> Affine | None:
        """Any function of a one-hot group is a weighted sum of its members."""
        groups = {self.knowledge.one_hot.get(unit) for unit in argument.terms}
        if len(groups) != 1 or None in groups:
            return None
        rest = function(argument.constant)
        terms = {
            unit: gain
            for unit, weight in argument.terms.items()
            if (gain := function(argument.constant + weight) - rest)
        }
        return Affine(terms, rest)

    def decided_off(self, boolean: Affine) -> Affine:
        """1 − the boolean, as relu(1 − 2 · boolean): exactly 0 even where the boolean is only nearly 1."""
        if boolean.is_constant:
            return one_minus(boolean)
        argument = boolean.times(fmpq(-2)).shifted(ONE)
        return self.unit(("relu", argument.key()), ReLUUnit(argument), BOOLEAN)

    def product(self, left: Affine, right: Affine, via: Via = "auto") -> Affine:
        """left · right."""
        facts = self.fact(left), self.fact(right)
        for known, other in zip(facts, (right, left), strict=True):
            if known.low is not None and known.low == known.high:
                return other.times(known.low)
        sides = [
            fact_where(side, other, self.units, self.fact) if known.is_boolean else self.fact(side)
            for side, other, known in zip((left, right), (right, left), reversed(facts), strict=True)
        ]
        fact = product_fact(*sides)
        # Equal products up to a factor are one unit; a boolean stays 0 or 1, for big-M to recognise.
        scales = [ONE if known.is_boolean else side.content() for known, side in zip(facts, (left, right), strict=True)]
        left, right = left.times(1 / scales[0]), right.times(1 / scales[1])
        scale = scales[0] * scales[1]
        keys = tuple(sorted((left.key(), right.key())))
        unit = self.unit(("product", keys, via), ProductUnit(left, right, via), multiple(1 / scale, fact))
        return unit.times(scale)

    def gate(self, gate: Affine, argument: Affine) -> Affine:
        """gate · max(argument, 0)."""
        fact = product_fact(self.fact(gate), relu_fact(self.fact(argument)))
        return self.unit(("gate", gate.key(), argument.key()), GateUnit(gate, argument), fact)

    def choice(self, decision: Affine, argument: Affine, fact: Fact) -> Affine:
        """The argument where the decision is 1 or more, 0 where it is 0 or less; `fact` is known of the result."""
        return self.unit(("choice", decision.key(), argument.key()), ChoiceUnit(decision, argument), fact)

    def step(self, argument: Affine, margin: fmpq | None) -> Affine:
        """1 where the argument is above 0, 0 where it is below; |argument| ≥ margin, if there is one."""
        fact = self.fact(argument)
        if fact.low is not None and fact.low > 0:
            return number(ONE)
        if fact.high is not None and fact.high < 0:
            return number(ZERO)
        scale = argument.content()
        normal, margin = argument.times(1 / scale), None if margin is None else margin / scale
        key = ("step", normal.key(), margin is None)
        return self.unit(key, StepUnit(normal, margin), BOOLEAN)

    def bit(self, boolean: Affine) -> Affine:
        """The boolean as a number that is exactly 0 or exactly 1, however it was decided."""
        if boolean.is_constant:
            return boolean
        unit = max(boolean.terms)
        if len(boolean.terms) > 1 or not isinstance(self.units[unit], StepUnit):
            boolean = self.step(boolean.shifted(fmpq(-1, 2)), fmpq(1, 2))
        return self.unit(("bit", boolean.key()), BitUnit(boolean), BOOLEAN)
