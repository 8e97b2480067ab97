"""How far a residual network in floating point can be from its exact units.

ε and what feeds an activation are powers of two, so that scaling rounds nothing; a unit's channel
holds its value from then on. What is left are sums, products, and activations that are not fed enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from lsrl.backends.transformers.passing import PRECISION, Passing
from lsrl.backends.transformers.scale import StreamScale
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.circuit.affine import Affine, UnitId, one_minus, variable
from lsrl.circuit.facts import Fact, Gap, constant_fact, multiple, relu_fact, union
from lsrl.circuit.powers_of_two import power
from lsrl.circuit.state_facts import sum_fact
from lsrl.circuit.units import (
    AutomatonUnit,
    BitUnit,
    ChoiceUnit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    PreviousUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
    forms_of,
)
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lowering.ramps import SMALL, step_by_relus
from lsrl.lowering.rounded_delays import KEPT
from lsrl.placement.residual import ResidualStack
from lsrl.rounding.error_calculus import Number, gap_around_zero, product, relu, size_of, times
from lsrl.rounding.pairs import Pairs, terms_of
from lsrl.rounding.recurrences import Recurrence, StateErrors, reached, recurrent_errors
from lsrl.rounding.sums import Sum, fits, input_error

DECIDED = 0.125
"""A boolean that is off by up to this still shuts a latch, and opens it: at twice that, a step size would be 0."""

NOTHING = constant_fact(ZERO)

ROUNDING = 2.0**-PRECISION


def erasable_units(analysis: Analysis) -> frozenset[UnitId]:
    """The units that a stage can take out of the stream so that exactly 0 is left.

    It adds −relu(v) + relu(−v) to v. Of a v without any error, of which the activation is exactly a ReLU, one of the
    two is 0 and the other is v, scaled by powers of two: the sum of the three is 0 in any order. Noise on weights would
    leave some of v there, for the next unit in its channel: in a robust circuit only small ones are erased.
    """
    circuit = analysis.stack.circuit
    sizes = {unit: circuit.knowledge.facts[unit].magnitude for unit in analysis.numbers}
    small = {unit for unit, size in sizes.items() if not circuit.robust or (size is not None and size <= SMALL)}
    return frozenset(unit for unit in small if analysis.is_erasable(unit))


def analysed(stack: ResidualStack, arithmetic: StageArithmetic, scale: StreamScale, max_length: int | None) -> Analysis:
    """The errors of all units, for sequences of up to `max_length` steps, in whichever channels they are."""
    analysis = Analysis(stack, arithmetic, scale, max_length, {}, {}, Pairs())
    for unit_id in range(len(stack.circuit.units)):
        analysis.numbers[unit_id] = number = analysis.number(unit_id)
        if number.error:
            analysis.pair(unit_id)
    return analysis


@dataclass(frozen=True)
class Analysis:
    """What is known of every unit of a network in floats; `numbers` has those that were looked at."""

    stack: ResidualStack
    arithmetic: StageArithmetic
    scale: StreamScale
    max_length: int | None
    numbers: dict[UnitId, Number]
    steps: dict[UnitId, float]
    pairs: Pairs

    def number(self, unit_id: UnitId) -> Number:
        """One unit, given those that it reads."""
        unit, fact = self.stack.circuit.units[unit_id], self.stack.circuit.knowledge.facts[unit_id]
        match unit:
            case InputUnit():
                return Number(fact, input_error(fact, PRECISION))
            case ReLUUnit(argument):
                return self._relu(argument, fact, self.stack.circuit.knowledge.gaps.get(unit_id))
            case StepUnit(argument, margin):
                return self._step(argument, margin, fact)
            case GateUnit(gate, argument):
                return self._gated(gate, self._relu(argument, relu_fact(self.passing.fact(argument)), None), fact)
            case SumUnit(argument) | DelayUnit(argument):
                return Number(fact, self._carried(unit_id, argument))
            case StateUnit(previous, drive, _, _):
                return Number(fact, self._state(unit_id, previous[0][1], drive, fact))
            case LatchUnit(keep, argument):
                return Number(fact, self._latched(self.passing.passed(keep).error, self.passing.taken(argument)))
            case SwapUnit(swaps):
                return Number(fact, math.inf if any(self.sum(swap).error(PRECISION) for swap in swaps) else 0.0)
            case (
                RampUnit()
                | BitUnit()
                | ProductUnit()
                | GatedStateUnit()
                | ChoiceUnit()
                | PreviousUnit()
                | AutomatonUnit()
            ):
                raise TypeError(f"{type(unit).__name__} is in no residual stack")

    def reads(self, unit_id: UnitId) -> Iterator[tuple[UnitId, float]]:
        """The units that one reads, and how many times it passes on their errors."""
        forms, steps = forms_of(self.stack.circuit.units[unit_id]), self.steps.get(unit_id, 1.0)
        if len(forms) != 2:
            yield from ((unit, steps * abs(as_float(w))) for form in forms for unit, w in form.terms.items())
            return
        for form, other in zip(forms, reversed(forms), strict=True):
            times = steps * as_float(self.passing.fact(other).magnitude or ONE)
            yield from ((unit, times * abs(as_float(weight))) for unit, weight in form.terms.items())

    def pair(self, unit_id: UnitId) -> None:
        """Keep a unit by its gate and what it is the ReLU of."""
        unit = self.stack.circuit.units[unit_id]
        if isinstance(unit, (ReLUUnit, GateUnit)):
            gate, form = unit.gate.key() if isinstance(unit, GateUnit) else None, unit.argument
            self.pairs.add(unit_id, gate, form.key(), form.times(-ONE).key())
            if self.passing.fact(form).is_bit and self.passing.is_sharp(form) and not self.sum(form).error(PRECISION):
                self.pairs.add_choice(unit_id, form.key(), one_minus(form).key())

    def is_erasable(self, unit_id: UnitId) -> bool:
        """Whether its value is exact, and 0 or as large as the activation needs."""
        return self.numbers[unit_id].error == 0 and self.passing.is_sharp(variable(unit_id))

    def _latched(self, undecided: float, taken: Number) -> float:
        """What is taken where a boolean that is off by so much opens the latch; it holds exactly.

        A step size of 32(1 + 8δ) in place of 32 takes 1 + 8δ times the argument; a sigmoid is saturated all the same.
        """
        if undecided > DECIDED:
            return math.inf
        more, size = self.arithmetic.opened(undecided), taken.fact.magnitude
        if not more:
            return taken.error
        return math.inf if size is None else (1 + more) * taken.error + more * (as_float(size) + taken.dip)

    def _carried(self, unit_id: UnitId, argument: Affine) -> float:
        """What is passed on as it is, or, by delays with a constant, as whole numbers that are rounded.

        That is exact if the constant less 2¹³ times the argument is (`lsrl.lowering.rounded_delays`).
        """
        error, unit = self.passing.passed(argument).error, self.stack.circuit.units[unit_id]
        if not (isinstance(unit, DelayUnit) and unit.constant):
            return error
        lifted = self.sum(argument.times(-power(KEPT)).shifted(unit.constant)).error(PRECISION)
        if not error and not lifted:
            return 0.0
        self.steps[unit_id] = as_float(power(KEPT + 1))
        return 1 + self.steps[unit_id] * error + lifted

    def sum(self, form: Affine) -> Sum:
        """A form over the channels."""
        terms = terms_of(form.terms.items(), self.numbers, self.pairs)
        return Sum(terms, form.constant, tiny=self.scale.tiny)

    @cached_property
    def passing(self) -> Passing:
        """How forms pass activations."""
        return Passing(self.stack.circuit.knowledge, self.arithmetic, self.sum)

    def _relu(self, form: Affine, fact: Fact, gap: Gap | None) -> Number:
        """max(v, 0): what is below 0 by less than the activation needs is not 0."""
        argument = self.sum(form)
        error = argument.error(PRECISION)
        around = gap_around_zero(self.passing.fact(form), gap)
        if error == 0 and self.passing.is_sharp(form):
            return Number(fact, 0.0, at_zero=0.0, least=around[1])
        dead = as_float(self.arithmetic.activation.saturated / self.passing.factor(form))
        smooth = self.passing.smooth(form, error)
        return relu(argument, error, fact, around, self._copied(form), PRECISION, dead=dead, smooth=smooth)

    def _step(self, argument: Affine, margin: fmpq | None, fact: Fact) -> Number:
        """A difference of two ReLUs."""
        parts = step_by_relus(argument, margin)
        errors = [self.sum(form).error(PRECISION) for _, form in parts]
        if not any(errors) and all(self.passing.is_sharp(form) for _, form in parts):
            return Number(fact, 0.0, at_zero=0.0, least=ONE)
        smooth = max(self.passing.smooth(form, error) for (_, form), error in zip(parts, errors, strict=True))
        error = 2 * as_float(parts[0][0]) * (max(errors) + smooth)
        return Number(fact, error, dip=error)

    def _copied(self, form: Affine) -> tuple[fmpq, Number] | None:
        """The one unit that a form reads, with its weight."""
        if len(form.terms) != 1:
            return None
        ((unit, weight),) = form.terms.items()
        return weight, self.numbers[unit]

    def _gated(self, gate: Affine, positive: Number, fact: Fact) -> Number:
        """gate · relu, of what is known of the relu."""
        factor = self.passing.difference(gate)
        if positive.fact.is_bit and not positive.error and factor.error:
            return Number(fact, self.passing.chosen(gate).error + as_float(self.scale.tiny))
        size = math.inf if factor.fact.magnitude is None else as_float(factor.fact.magnitude) + factor.error
        return Number(fact, self._product(factor, positive), dip=times(positive.dip, size))

    def _product(self, gate: Number, relu: Number) -> float:
        """Errors of both factors, and of multiplying; nothing is lost where one is 0 or 1, or the result fits."""
        sizes = gate.fact.magnitude, relu.fact.magnitude
        if sizes[0] is None or sizes[1] is None:
            return math.inf
        one, other = as_float(sizes[0]), as_float(sizes[1])
        inherited = product(one, gate.error, other, relu.error)
        measures = gate.fact.measure, relu.fact.measure
        exact = gate.error == relu.error == 0 and measures[0] is not None and measures[1] is not None
        if gate.fact.is_boolean and gate.error == 0:
            return inherited
        if exact and fits(
            sizes[0] * sizes[1], (measures[0] or ZERO) * (measures[1] or ZERO), PRECISION, self.scale.tiny
        ):
            return 0.0
        return inherited + 2 * ROUNDING * (one * other + inherited) + as_float(self.scale.tiny)

    def _state(self, unit_id: UnitId, weight: fmpq, drive: Affine, fact: Fact) -> float:
        """What a sum or a decaying state makes of its drive's errors and of its own roundings."""
        argument, passed = self.sum(drive), self.passing.passed(drive)
        if not self.arithmetic.pairs:
            found = self._recurrent(weight, argument.terms, argument.constant, fact, passed.fact)
        else:
            # Each sign adds up by itself, and the difference is read. Both together add up |v|, and are rounded so.
            opposite = multiple(-ONE, passed.fact)
            signed, reach = passed.fact, fact
            if not (signed.is_nonnegative or opposite.is_nonnegative):
                signed = union([signed, opposite])
                reach = sum_fact(signed, ZERO, self.max_length) if weight == 1 else _decayed(signed, weight)
            found = self._recurrent(weight, [(ONE, signed, passed.error)], ZERO, reach, signed)
            if found.errors[0]:
                read = Sum([(ONE, reach, found.errors[0]), (-ONE, NOTHING, 0.0)], ZERO, tiny=self.scale.tiny)
                found = StateErrors([read.error(PRECISION)], found.steps)
        self.steps[unit_id] = found.steps[0]
        return found.errors[0]

    def _recurrent(
        self, weight: fmpq, terms: Sequence[tuple[fmpq, Fact, float]], constant: fmpq, fact: Fact, drive: Fact
    ) -> StateErrors:
        found = list(terms)
        if weight != 1:
            decay, gain = self.arithmetic.decay_errors(as_float(weight))
            taken = math.inf if drive.magnitude is None else as_float(drive.magnitude)
            steps = math.inf if self.max_length is None else self.max_length
            reach = min(reached(as_float(weight), taken, 0.0, steps), size_of(fact))
            found.append((ONE, NOTHING, times(decay, reach) + times(gain, taken)))
        row, drives = ((0, weight),), [(found, constant)]
        return recurrent_errors(
            [row], [(fact, ZERO)], drives, PRECISION, self.max_length, Recurrence(), self.scale.tiny
        )


def _decayed(drive: Fact, weight: fmpq) -> Fact:
    reach = None if drive.high is None else drive.high / (ONE - weight)
    return Fact(None if reach is None else -reach, reach)
