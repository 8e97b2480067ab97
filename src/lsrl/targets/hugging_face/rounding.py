"""How far a residual network in floating point can be from its exact units.

ε and what feeds an activation are powers of two, so that scaling rounds nothing; a unit's channel
holds its value from then on. What is left are sums, products, and activations that are not fed enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.facts import Fact, constant_fact, gap_at_zero, relu_fact, union, weighted_sum
from lsrl.circuit.residual import ResidualStack
from lsrl.circuit.state_facts import sum_fact
from lsrl.circuit.units import DelayUnit, GateUnit, InputUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.targets.float_sums import Recurrence, Sum, fits, input_error, recurrent_errors
from lsrl.targets.guarantee import Guarantee, Rounded, guarantee_from
from lsrl.targets.hugging_face.scale import Activation, Scale, is_saturated, sharpness, step_parts

DECIDED = 0.25
"""A boolean that is off by up to this still shuts a latch, and opens it."""

PRECISION = 24
ROUNDING = 2.0**-PRECISION


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What an architecture does to numbers.

    `pairs`: all but what is selected goes through the activation, so that a signed value is a
    difference of two that are not. `decay_errors(a)`: how far off a decay of a, and the gain that makes up
    for the input's, can be, relative to what they multiply.
    """

    activation: Activation
    pairs: bool
    decay_errors: Callable[[float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a unit as others see it.

    `at_zero` bounds the error where the exact value is 0, and `least` is the smallest positive value,
    if they are known to be better than `error` and 0.
    """

    fact: Fact
    error: float
    at_zero: float | None = None
    least: fmpq = ZERO


def guarantee_of(analysis: Analysis) -> Guarantee:
    """The guarantee of the network's outputs."""
    circuit = analysis.stack.circuit
    trail = [Rounded(circuit.origins[unit], line.fact, line.error) for unit, line in analysis.lines.items()]
    bounds = [analysis.sum(form).error(PRECISION) for form in circuit.outputs]
    return guarantee_from(bounds, circuit.output_facts, trail, analysis.max_length)


def erasable_units(analysis: Analysis) -> frozenset[UnitId]:
    """The units that a stage can take out of the stream so that exactly 0 is left.

    It adds −relu(v) + relu(−v) to v. Of a v without any error, of which the activation is exactly a ReLU, one of the
    two is 0 and the other is v, scaled by powers of two: the sum of the three is 0 in any order.
    """
    return frozenset(unit for unit in analysis.lines if analysis.is_erasable(unit))


def analysed(stack: ResidualStack, arithmetic: Arithmetic, scale: Scale, max_length: int | None) -> Analysis:
    """The errors of all units, for sequences of up to `max_length` steps, in whichever channels they are."""
    analysis = Analysis(stack, arithmetic, scale, max_length, {})
    for unit_id in range(len(stack.circuit.units)):
        analysis.lines[unit_id] = analysis.line(unit_id)
    return analysis


@dataclass(frozen=True)
class Analysis:
    """What is known of every unit of a network in floats; `lines` has those that were looked at."""

    stack: ResidualStack
    arithmetic: Arithmetic
    scale: Scale
    max_length: int | None
    lines: dict[UnitId, Line]

    def line(self, unit_id: UnitId) -> Line:
        """One unit, given those that it reads."""
        unit, fact = self.stack.circuit.units[unit_id], self.stack.circuit.knowledge.facts[unit_id]
        match unit:
            case InputUnit():
                return Line(fact, input_error(fact, PRECISION))
            case ReLUUnit(argument):
                return replace(self._relu(argument), fact=fact)
            case StepUnit(argument, margin):
                return Line(fact, self._step(argument, margin), at_zero=0.0, least=ONE)
            case GateUnit(gate, argument):
                return Line(fact, self._product(self._passed(gate), self._relu(argument)))
            case SumUnit(argument) | DelayUnit(argument, _):
                return Line(fact, self._passed(argument).error)
            case StateUnit(previous, drive, _, _):
                return Line(fact, self._accumulated(previous[0][1], drive, fact))
            case LatchUnit(keep, argument):
                return Line(fact, self._latched(self._passed(keep).error, self._passed(argument)))
            case _:
                raise TypeError(f"{type(unit).__name__} is in no residual stack")

    def is_erasable(self, unit_id: UnitId) -> bool:
        """Whether its value is exact, and 0 or as large as the activation needs."""
        return self.lines[unit_id].error == 0 and self._is_sharp(variable(unit_id))

    def _latched(self, undecided: float, taken: Line) -> float:
        """What is taken where a boolean that is off by so much opens the latch; it holds exactly.

        A step size of 32(1 + 8δ) in place of 32 takes 1 + 8δ times the argument; a sigmoid is saturated all the same.
        """
        if not undecided or undecided > DECIDED or not self.arithmetic.pairs:
            return math.inf if undecided > DECIDED else taken.error
        size = taken.fact.magnitude
        return math.inf if size is None else (1 + 8 * undecided) * taken.error + 8 * undecided * as_float(size)

    def sum(self, form: Affine) -> Sum:
        """A form over the channels."""
        terms = [(weight, self.lines[unit].fact, self.lines[unit].error) for unit, weight in form.terms.items()]
        return Sum(terms, form.constant, tiny=self.scale.tiny)

    def _fact(self, form: Affine) -> Fact:
        return self.stack.circuit.knowledge.fact(form)

    def _passed(self, form: Affine) -> Line:
        """A form as it comes out in front of a state or a product: as a difference of ReLUs, or as it is."""
        fact, error = self._fact(form), self.sum(form).error(PRECISION)
        if self.arithmetic.pairs and not (error == 0 and self._is_sharp(form)):
            error = 2 * (error + self._smooth(form))
        return Line(fact, error)

    def _is_sharp(self, form: Affine) -> bool:
        return is_saturated(self.arithmetic.activation, self._fact(form), self._factor(form))

    def _factor(self, form: Affine) -> fmpq:
        return sharpness(self.arithmetic.activation, self._fact(form), "value")

    def _smooth(self, form: Affine) -> float:
        """How far the activation is from a ReLU where it is not saturated, with its own rounding."""
        return (self.arithmetic.activation.off + 2.0**-16) / as_float(self._factor(form))

    def _relu(self, form: Affine) -> Line:
        """max(v, 0): exactly 0 where v is below 0 by more than its error and what the activation needs.

        1 − relu(g), by which comparisons are made, is only off where relu(g) = 0 is off; elsewhere it
        is so far below 0 that it is cut off.
        """
        fact, error = self._fact(form), self.sum(form).error(PRECISION)
        result = relu_fact(fact)
        if error == 0 and self._is_sharp(form):
            return Line(result, 0.0, at_zero=0.0, least=self._above(fact))
        dead = as_float(self.arithmetic.activation.saturated / self._factor(form))
        copied, constant = self._copied(form), form.constant
        if copied is not None and copied[1].at_zero is not None and copied[0] < 0 < constant:
            weight, inner = copied
            # What is left above 0 is the constant itself: the activation is fed with enough of it.
            if error + dead <= as_float(-(constant + weight * inner.least)) and as_float(constant) >= 2 * dead:
                off = as_float(-weight) * (inner.at_zero or 0.0) + Sum((), constant).error(PRECISION)
                return Line(result, off, at_zero=0.0, least=constant)
        below = self._below(fact)
        at_zero = 0.0 if error + dead <= as_float(-below) else error + self._smooth(form)
        return Line(result, error + self._smooth(form), at_zero=at_zero, least=self._above(fact))

    def _step(self, argument: Affine, margin: fmpq | None) -> float:
        """A difference of two ReLUs."""
        parts = step_parts(argument, margin)
        if all(self.sum(form).error(PRECISION) == 0 and self._is_sharp(form) for _, form in parts):
            return 0.0
        error = max(self.sum(form).error(PRECISION) for _, form in parts)
        return 2 * as_float(parts[0][0]) * (error + self._smooth(parts[0][1]))

    @staticmethod
    def _above(fact: Fact) -> fmpq:
        gap = gap_at_zero(fact)
        return ZERO if gap is None else gap[0] + gap[1]

    @staticmethod
    def _below(fact: Fact) -> fmpq:
        gap = gap_at_zero(fact)
        return ZERO if gap is None else gap[0] - gap[1]

    def _copied(self, form: Affine) -> tuple[fmpq, Line] | None:
        """The one unit that a form reads, with its weight."""
        if len(form.terms) != 1:
            return None
        ((unit, weight),) = form.terms.items()
        return weight, self.lines[unit]

    def _product(self, gate: Line, relu: Line) -> float:
        """Errors of both factors, and of multiplying; nothing is lost where one is 0 or 1, or the result fits."""
        sizes = gate.fact.magnitude, relu.fact.magnitude
        if sizes[0] is None or sizes[1] is None:
            return math.inf
        one, other = as_float(sizes[0]), as_float(sizes[1])
        inherited = _times(gate.error, other) + _times(relu.error, one) + _times(gate.error, relu.error)
        measures = gate.fact.measure, relu.fact.measure
        exact = gate.error == relu.error == 0 and measures[0] is not None and measures[1] is not None
        if gate.fact.is_boolean and gate.error == 0:
            return inherited
        if exact and fits(
            sizes[0] * sizes[1], (measures[0] or ZERO) * (measures[1] or ZERO), PRECISION, self.scale.tiny
        ):
            return 0.0
        return inherited + 2 * ROUNDING * (one * other + inherited) + as_float(self.scale.tiny)

    def _accumulated(self, weight: fmpq, drive: Affine, fact: Fact) -> float:
        """What a sum or a decaying state makes of its drive's errors and of its own roundings."""
        passed = self._passed(drive)
        if not self.arithmetic.pairs:
            return self._recurrent(weight, self.sum(drive).terms, drive.constant, fact, passed.fact)
        # Each sign adds up by itself, and the difference is read.
        parts = []
        for sign in (ONE, -ONE):
            part = relu_fact(weighted_sum([(sign, passed.fact)], ZERO))
            if part.high != 0:
                state = sum_fact(part, ZERO, self.max_length) if weight == 1 else _decayed(part, weight)
                error = self._recurrent(weight, [(ONE, part, passed.error)], ZERO, state, part)
                parts.append((sign, state, error))
        return Sum(parts, ZERO, tiny=self.scale.tiny).error(PRECISION)

    def _recurrent(
        self, weight: fmpq, terms: Sequence[tuple[fmpq, Fact, float]], constant: fmpq, fact: Fact, drive: Fact
    ) -> float:
        found = list(terms)
        if weight != 1:
            reach, taken = union([fact, constant_fact(ZERO)]).magnitude, drive.magnitude
            decay, gain = self.arithmetic.decay_errors(as_float(weight))
            known = reach is not None and taken is not None
            off = decay * as_float(reach or ZERO) + gain * as_float(taken or ZERO) if known else math.inf
            found.append((ONE, constant_fact(ZERO), off))
        drives = [(found, constant)]
        row = ((0, weight),)
        return recurrent_errors(
            [row], [(fact, ZERO)], drives, PRECISION, self.max_length, Recurrence(), self.scale.tiny
        )[0]


def _times(one: float, other: float) -> float:
    """The product of two bounds; nothing times what is not bounded is nothing."""
    return one * other if one and other else 0.0


def _decayed(drive: Fact, weight: fmpq) -> Fact:
    return Fact(ZERO, None if drive.high is None else drive.high / (ONE - weight))
