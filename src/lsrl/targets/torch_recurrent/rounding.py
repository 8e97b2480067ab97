"""How far a network of torch in floating point can be from its exact neurons.

ε is a power of two, so that scaling by it rounds nothing, and tanh of what is scaled is the
identity: what is left are the sums, and gates that are fed with sums that are off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, union
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
from lsrl.targets.torch_recurrent.scale import FORMATS

DECIDED = 0.25
"""A boolean that is off by up to this still saturates the gate that it feeds."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What an architecture does to errors.

    `gates`: booleans saturate gates (else they are multiplied by big-M). `stale`: a unit that is
    not to change is computed anew and rounded. `spread`: how many times larger or finer than a
    neuron's value its hidden units are.
    """

    gates: bool
    stale: bool = False
    spread: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A neuron's value as the layer above sees it.

    `zone`: a step without a margin is right except where its drive is this close to 0; then it can
    be anything from 0 to 1. None for everything else.
    """

    fact: Fact
    error: float
    zone: float | None = None


def guarantee_of(stack: NeuronStack, arithmetic: Arithmetic, dtype: str, max_length: int | None) -> Guarantee:
    """The guarantee of the network's output in `dtype`."""
    precision = PRECISION[dtype]
    below = [Line(cell.fact, input_error(cell.fact, precision)) for cell in stack.inputs]
    culprit = ""
    for layer in stack.layers:
        below = _Layer(layer, below, arithmetic, dtype, max_length).lines()
        culprit = culprit or first_unbounded([neuron.cell for neuron in layer], [line.error for line in below])
    rows = [Sum(_terms(row.below, below), row.constant, spread=arithmetic.spread) for row in stack.readout]
    return guarantee_from(max(row.error(precision) for row in rows), max_length, culprit)


@dataclass(frozen=True)
class _Layer:
    neurons: tuple[Neuron, ...]
    below: Sequence[Line]
    arithmetic: Arithmetic
    dtype: str
    max_length: int | None

    def lines(self) -> list[Line]:
        """Every neuron as the layer above sees it."""
        errors = self._state_errors()
        return [
            Line(neuron.cell.fact, error, self._copied_zone(neuron))
            if neuron.kind in ("linear", "hold")
            else self._line(neuron, errors)
            for neuron, error in zip(self.neurons, errors, strict=True)
        ]

    def _state_errors(self) -> list[float]:
        """Errors of the linear and selective neurons; 0 for the others, which no neuron reads one step ago."""
        rows: list[Row] = []
        drives: list[tuple[Terms, fmpq]] = []
        for i, neuron in enumerate(self.neurons):
            terms, constant = _terms(neuron.drive.below, self.below), neuron.drive.constant
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
        how = Recurrence(spread=self.arithmetic.spread)
        states = [(neuron.cell.fact, neuron.init) for neuron in self.neurons]
        return recurrent_errors(rows, states, drives, PRECISION[self.dtype], self.max_length, how)

    def _held(self, neuron: Neuron) -> tuple[Terms, fmpq]:
        """What keeping or dropping a selective state adds to the error of a step."""
        if self.arithmetic.gates:
            decided = self._gate_error(neuron) <= DECIDED
            return ([] if decided else [(ONE, Fact(), math.inf)]), ZERO
        largest = _reached(neuron).magnitude
        if largest is None:
            return [(ONE, Fact(), math.inf)], ZERO
        return [(largest * weight, fact, error) for weight, fact, error in self._gate_terms(neuron)], -largest

    def _line(self, neuron: Neuron, state_errors: Sequence[float]) -> Line:
        drive = self._sum(neuron.drive, state_errors)
        error = drive.error(PRECISION[self.dtype])
        fact = neuron.cell.fact
        if neuron.kind == "step":
            if neuron.margin is None:
                return Line(fact, 1.0, error + self._ramp(neuron))
            return Line(fact, 0.0 if error <= as_float(neuron.margin) / 2 else 1.0)
        if neuron.kind == "bit":
            return Line(fact, 1.0 if error else 0.0, self._copied_zone_of(neuron.drive))
        if neuron.kind == "relu":
            if not self.arithmetic.gates or not error:
                return Line(fact, error)
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
        own = [(weight, _reached(self.neurons[i]), state_errors[i]) for i, weight in drive.own]
        return Sum([*_terms(drive.below, self.below), *own], drive.constant, spread=self.arithmetic.spread)

    def _gate_terms(self, neuron: Neuron) -> Terms:
        return _terms(neuron.chooser.below, self.below)

    def _gate_error(self, neuron: Neuron) -> float:
        gate = Sum(self._gate_terms(neuron), neuron.chooser.constant, spread=self.arithmetic.spread)
        return gate.error(PRECISION[self.dtype])

    def _copied_zone(self, neuron: Neuron) -> float | None:
        return self._copied_zone_of(neuron.drive) if neuron.kind == "linear" else None

    def _copied_zone_of(self, drive: Drive) -> float | None:
        """The zone of the step that this is a copy of, or the opposite."""
        copy = len(drive.below) == 1 and abs(drive.below[0][1]) == 1 and not drive.own
        return self.below[drive.below[0][0]].zone if copy else None


def _reached(neuron: Neuron) -> Fact:
    return union([neuron.cell.fact, constant_fact(neuron.init)])


def _terms(row: Row, below: Sequence[Line]) -> Terms:
    return [(weight, below[i].fact, below[i].error) for i, weight in row]
