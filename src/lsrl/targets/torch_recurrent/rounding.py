"""How far a network of torch in floating point can be from its exact neurons.

ε is a power of two, so that scaling by it rounds nothing, and tanh of what is scaled is the
identity: what is left are the sums, and gates that are fed with sums that are off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, gap_at_zero, union, weighted_sum
from lsrl.circuit.neurons import Drive, Neuron, NeuronStack
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.targets.float_sums import (
    PRECISION,
    Recurrence,
    Sum,
    Terms,
    first_unbounded,
    guarantee_from,
    input_error,
    recurrent_errors,
)
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.torch_recurrent.hidden import HiddenStack
from lsrl.targets.torch_recurrent.scale import FORMATS

DECIDED = 0.25
"""A boolean that is off by up to this still saturates the gate that it feeds."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What an architecture does to errors.

    `gates`: booleans saturate gates (else they are multiplied by big-M). `stale`: a unit that is
    not to change is computed anew and rounded.
    """

    gates: bool
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A neuron's value as the layer above sees it; `shift` is the part of it that no hidden unit holds.

    `zone`: a step without a margin is right except where its drive is this close to 0; then it can
    be anything from 0 to 1. None for everything else. `at_zero`: a bound on the error where the exact
    value is 0, and `least` the smallest positive value, if they are known to be better than `error`
    and 0.
    """

    fact: Fact
    error: float
    shift: fmpq = ZERO
    zone: float | None = None
    at_zero: float | None = None
    least: fmpq = ZERO


def guarantee_of(
    stack: NeuronStack, hidden: HiddenStack, arithmetic: Arithmetic, dtype: str, max_length: int | None
) -> Guarantee:
    """The guarantee of the network's output in `dtype`."""
    precision = PRECISION[dtype]
    below = [Line(cell.fact, input_error(cell.fact, precision)) for cell in stack.inputs]
    culprit = ""
    for layer, units in zip(stack.layers, hidden.layers, strict=True):
        shifts = [neuron.constant for neuron in units.neurons]
        below = _Layer(layer, shifts, below, arithmetic, dtype, max_length).lines()
        culprit = culprit or first_unbounded([neuron.cell for neuron in layer], [line.error for line in below])
    bound = max(Sum(*_terms(row, below)).error(precision) for row in stack.readout)
    return guarantee_from(bound, max_length, culprit)


@dataclass(frozen=True)
class _Layer:
    neurons: tuple[Neuron, ...]
    shifts: Sequence[fmpq]
    below: Sequence[Line]
    arithmetic: Arithmetic
    dtype: str
    max_length: int | None

    def lines(self) -> list[Line]:
        """Every neuron as the layer above sees it."""
        errors = self._state_errors()
        lines = [
            self._linear(neuron, error) if neuron.kind in ("linear", "hold") else self._line(neuron, errors)
            for neuron, error in zip(self.neurons, errors, strict=True)
        ]
        return [replace(line, shift=shift) for line, shift in zip(lines, self.shifts, strict=True)]

    def _state_errors(self) -> list[float]:
        """Errors of the linear and selective neurons; 0 for the others, which no neuron reads one step ago."""
        rows: list[Row] = []
        drives: list[tuple[Terms, fmpq]] = []
        for i, neuron in enumerate(self.neurons):
            terms, constant = _terms(neuron.drive, self.below)
            if neuron.kind == "hold":
                rows.append(((i, ONE),))
                held, closing = self._held(neuron)
                drives.append(([*terms, *held], constant + closing))
            elif neuron.kind == "linear":
                rows.append(neuron.drive.own)
                drives.append((terms, constant))
            else:
                rows.append(())
                drives.append(((), ZERO))
        # What was is read as it is stored; the shift that is left out and added again has no error.
        shifted = [_shifted(_reached(neuron), shift) for neuron, shift in zip(self.neurons, self.shifts, strict=True)]
        drives = [
            (terms, constant + sum((weight * self.shifts[j] for j, weight in row), ZERO))
            for row, (terms, constant) in zip(rows, drives, strict=True)
        ]
        states = [(fact, neuron.init) for fact, neuron in zip(shifted, self.neurons, strict=True)]
        return recurrent_errors(rows, states, drives, PRECISION[self.dtype], self.max_length, Recurrence())

    def _held(self, neuron: Neuron) -> tuple[Terms, fmpq]:
        """What keeping or dropping a selective state adds to the error of a step."""
        if self.arithmetic.gates:
            decided = self._gate_error(neuron) <= DECIDED
            return ([] if decided else [(ONE, Fact(), math.inf)]), ZERO
        largest = _reached(neuron).magnitude
        if largest is None:
            return [(ONE, Fact(), math.inf)], ZERO
        terms, constant = _terms(neuron.chooser, self.below)
        return [(largest * weight, fact, error) for weight, fact, error in terms], largest * (constant - ONE)

    def _line(self, neuron: Neuron, state_errors: Sequence[float]) -> Line:
        drive = self._sum(neuron.drive, state_errors)
        error = drive.error(PRECISION[self.dtype])
        fact = neuron.cell.fact
        if neuron.kind == "step":
            if neuron.margin is None:
                return Line(fact, 1.0, zone=error + self._ramp(neuron))
            return Line(fact, 0.0 if error <= as_float(neuron.margin) / 2 else 1.0)
        if neuron.kind == "bit":
            return Line(fact, 1.0 if error else 0.0, zone=self._copied_zone_of(neuron.drive))
        if neuron.kind == "relu":
            if not self.arithmetic.gates:
                return self._relu(neuron, error)
            if not error:
                return Line(fact, 0.0)
            # Where the gate is wrong, the drive is as close to 0 as the gate's own error.
            return Line(fact, 2 * error + self._ramp(neuron) + self._rounded_anew(drive))
        zone = self._copied_zone_of(neuron.chooser)
        if zone is not None:
            return Line(fact, 2 * error + zone + self._rounded_anew(drive))
        if self._sum(neuron.chooser, state_errors).error(PRECISION[self.dtype]) > DECIDED:
            return Line(fact, error + drive.size)
        return Line(fact, error + (self._rounded_anew(drive) if error else 0.0))

    def _ramp(self, neuron: Neuron) -> float:
        """How close to 0 a drive without a grid must be for its gate to be neither 0 nor 1."""
        format, magnitude = FORMATS[self.dtype], neuron.fact.magnitude
        return math.inf if magnitude is None else 2.0 ** (format.saturated + 1 - format.sharpest) * as_float(magnitude)

    def _rounded_anew(self, drive: Sum) -> float:
        """A stale value h is kept as (h − n) + n; two gates that are fed alike differ in the last bits."""
        return 2.0 ** (3 - PRECISION[self.dtype]) * drive.size if self.arithmetic.stale else 0.0

    def _sum(self, drive: Drive, state_errors: Sequence[float]) -> Sum:
        terms, constant = _terms(drive, self.below)
        for i, weight in drive.own:
            fact = _shifted(_reached(self.neurons[i]), self.shifts[i])
            terms.append((weight, fact, state_errors[i]))
            constant = constant + weight * self.shifts[i]
        return Sum(terms, constant)

    def _gate_error(self, neuron: Neuron) -> float:
        return Sum(*_terms(neuron.chooser, self.below)).error(PRECISION[self.dtype])

    def _linear(self, neuron: Neuron, error: float) -> Line:
        """A copy is as good as what it is a copy of, case by case."""
        drive = neuron.drive
        if neuron.kind == "linear" and not drive.own and not drive.constant and [w for _, w in drive.below] == [ONE]:
            return replace(self.below[drive.below[0][0]], fact=neuron.cell.fact)
        return Line(neuron.cell.fact, error)

    def _relu(self, neuron: Neuron, error: float) -> Line:
        """max(v, 0) for a drive that is off by `error`: exactly 0 where v is below 0 by more than that.

        1 − relu(g), by which comparisons are made, is only off where relu(g) = 0 is off; elsewhere it
        is so far below 0 that it is cut off.
        """
        gap = gap_at_zero(neuron.fact)
        below, above = (ZERO, ZERO) if gap is None else (gap[0] - gap[1], gap[0] + gap[1])
        at_zero = 0.0 if error <= as_float(-below) else error
        drive = neuron.drive
        if len(drive.below) == 1 and not drive.own and drive.below[0][1] < 0 < drive.constant:
            ((index, weight),) = drive.below
            inner = self.below[index]
            if inner.at_zero is not None and error <= as_float(-(drive.constant + weight * inner.least)):
                off = as_float(-weight) * inner.at_zero + Sum((), drive.constant).error(PRECISION[self.dtype])
                return Line(neuron.cell.fact, off, at_zero=0.0, least=drive.constant)
        return Line(neuron.cell.fact, error, at_zero=at_zero, least=above)

    def _copied_zone_of(self, drive: Drive) -> float | None:
        """The zone of the step that this is a copy of, or the opposite."""
        copy = len(drive.below) == 1 and abs(drive.below[0][1]) == 1 and not drive.own
        return self.below[drive.below[0][0]].zone if copy else None


def _reached(neuron: Neuron) -> Fact:
    return union([neuron.cell.fact, constant_fact(neuron.init)])


def _terms(drive: Drive, below: Sequence[Line]) -> tuple[list[tuple[fmpq, Fact, float]], fmpq]:
    """What a drive reads of the layer below, as it is stored, and its constant with what is stored nowhere."""
    lines = [(weight, below[i]) for i, weight in drive.below]
    constant = drive.constant + sum((weight * line.shift for weight, line in lines), ZERO)
    return [(weight, _shifted(line.fact, line.shift), line.error) for weight, line in lines], constant


def _shifted(fact: Fact, shift: fmpq) -> Fact:
    return weighted_sum([(ONE, fact)], -shift) if shift else fact
