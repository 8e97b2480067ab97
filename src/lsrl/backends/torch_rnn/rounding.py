"""How far a torch network in floating point can be from its exact neurons.

ε is a power of two, so that scaling by it rounds nothing, and tanh of what is scaled is the
identity: what is left are the sums, and gates that are fed with sums that are off.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import fmpq

from lsrl.backends.torch_rnn.lines import (
    Line,
    NeuronArithmetic,
    choice_of,
    copied_by,
    parts,
    reached,
    set_apart,
    shifted,
    sign_of,
    terms_of,
    zone_of,
)
from lsrl.backends.torch_rnn.scale import HiddenScale, margin_of
from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.facts import Fact, constant_fact, gap_at_zero
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import HALF, ONE, ZERO, as_float
from lsrl.placement.neurons import Drive, Neuron
from lsrl.rounding.error_calculus import decided, gap_around_zero, relu
from lsrl.rounding.feedback import feedback_errors
from lsrl.rounding.recurrences import Recurrence, StateErrors, recurrent_errors
from lsrl.rounding.sums import Sum, Term, Terms, fits, stored_error

DECIDED = 0.25
"""A boolean that is off by up to this, less ½, still saturates the gate that it feeds."""


@dataclass(frozen=True)
class LayerErrors:
    """What is known of the neurons of one layer in floats. Raises `UnsupportedProgram` for a gate fed with too much."""

    neurons: tuple[Neuron, ...]
    past: tuple[Row, ...]
    shifts: Sequence[fmpq]
    below: Sequence[Line]
    arithmetic: NeuronArithmetic
    scale: HiddenScale
    max_length: int | None

    @property
    def precision(self) -> int:
        """Bits of the format's mantissa."""
        return self.scale.format.precision

    def lines(self) -> list[Line]:
        """Every neuron as the layer above sees it."""
        errors = self._states.errors
        several, unclean = self.arithmetic.several, self.arithmetic.unclean
        return [
            replace(
                self._known(neuron, error, errors),
                shift=shift,
                several=neuron.kind in several,
                unclean=neuron.kind in unclean,
                copies=neuron.copies,
            )
            for neuron, error, shift in zip(self.neurons, errors, self.shifts, strict=True)
        ]

    def _known(self, neuron: Neuron, error: float, errors: Sequence[float]) -> Line:
        """A neuron as it is computed; of a cell that bends in a loop what all cells of the loop make is known, too."""
        line = self._line(neuron, error, errors)
        bends = neuron.past and neuron.kind in ("relu", "select")
        return replace(line, error=min(line.error, error)) if bends else line

    def _line(self, neuron: Neuron, error: float, errors: Sequence[float]) -> Line:
        match neuron.kind:
            case "linear":
                return self._linear(neuron, error)
            case "hold":
                return Line(neuron.cell.fact, error)
            case "step":
                return self._step(neuron, self._sum(neuron.drive, errors))
            case "bit":
                off = self._sum(neuron.drive, errors).error(self.precision)
                return Line(neuron.cell.fact, 1.0 if off else 0.0, zone=zone_of(neuron.drive, self.below))
            case "relu":
                drive = self._sum(neuron.drive, errors)
                return self._gated_relu(neuron, drive) if self.arithmetic.gates else self._relu(neuron, drive)
            case "select":
                return self._selected(neuron, errors)

    def known(self, i: int, line: Line) -> tuple[str, Fact, float]:
        """What a trail says of a neuron; where it is not a decision, it may be anything, and does not matter."""
        return self.neurons[i].cell.label, line.fact, line.error if line.zone is None else 0.0

    def reads(self, i: int, line: Line, below: int, own: int) -> Iterator[tuple[int, float]]:
        """The neurons that one reads, of the layer below and of its own, and how much of their errors it passes on."""
        neuron, steps = self.neurons[i], self._states.steps[i]
        if line.error:
            yield from ((below + j, steps * abs(as_float(weight))) for j, weight in neuron.drive.below)
            # Of states that read one another the later ones pass on what is made in all.
            yield from ((own + j, steps * abs(as_float(weight))) for j, weight in neuron.drive.own if j < i)
            if neuron.gate is not None:
                size = as_float(neuron.fact.magnitude or ONE)
                yield from ((below + j, steps * size * abs(as_float(weight))) for j, weight in neuron.gate.below)

    @cached_property
    def _states(self) -> StateErrors:
        """Errors of the linear and selective neurons; 0 for the others, which no neuron reads one step ago."""
        rows: list[Row] = []
        drives: list[tuple[Terms, fmpq]] = []
        for i, neuron in enumerate(self.neurons):
            terms, constant = terms_of(neuron.drive, self.below)
            if neuron.kind == "hold":
                held, closing = self._held(neuron)
                rows.append(() if self._only_holds(neuron) and not held else ((i, ONE),))
                drives.append(([*terms, *held], constant + closing))
            elif neuron.kind == "linear" and not neuron.past:
                rows.append(neuron.drive.own)
                drives.append((terms, constant - self.shifts[i]))
            else:
                rows.append(())
                drives.append(((), ZERO))
        # What was is read as it is stored; the shift that is left out and added again has no error.
        before = [shifted(reached(neuron), shift) for neuron, shift in zip(self.neurons, self.shifts, strict=True)]
        copies = [[part for j, w in row for part in parts(self.neurons[j].copies, w, before[j])] for row in rows]
        drives = [
            ([*terms, *copies[i]], constant + sum((weight * self.shifts[j] for j, weight in row), ZERO))
            for i, (row, (terms, constant)) in enumerate(zip(rows, drives, strict=True))
        ]
        inits = [
            neuron.init - shift if neuron.kind == "linear" else neuron.init
            for neuron, shift in zip(self.neurons, self.shifts, strict=True)
        ]
        states = list(zip(before, inits, strict=True))
        found = recurrent_errors(rows, states, drives, self.precision, self.max_length, Recurrence(), self.scale.tiny)
        # What a latch begins with is held as it is stored.
        errors = [
            max(error, stored_error(neuron.init, self.precision)) if neuron.kind == "hold" else error
            for error, neuron in zip(found.errors, self.neurons, strict=True)
        ]
        return StateErrors(self._fed_back(errors) if self.past else errors, found.steps)

    def _fed_back(self, errors: Sequence[float]) -> list[float]:
        """The errors of all neurons, where cells that bend or decide read the layer itself one step ago.

        What decides must do so whatever the layer has got off: then it ends all errors. Where anything is off, a state
        that reads such a cell is not bounded.
        """
        loop = [bool(neuron.past) or neuron.fed_back for neuron in self.neurons]
        bare = [0.0 if neuron.past else error for error, neuron in zip(errors, self.neurons, strict=True)]
        sums = [self._sum(neuron.drive, bare) for neuron in self.neurons]
        local = [
            self._line(neuron, drive.error(self.precision), bare).error if neuron.past else error
            for neuron, drive, error in zip(self.neurons, sums, bare, strict=True)
        ]
        found = feedback_errors(
            self.past,
            [() if neuron.kind == "step" else neuron.past for neuron in self.neurons],
            [neuron.kind in ("relu", "select") for neuron in self.neurons],
            local,
            [stored_error(neuron.init, self.precision) if neuron.fed_back else 0.0 for neuron in self.neurons],
            max(drive.gamma(self.precision) for drive in sums),
            math.inf if self.max_length is None else float(self.max_length),
            shut=not self.arithmetic.gates,
        )
        inside = [neuron for neuron, looped in zip(self.neurons, loop, strict=True) if looped]
        decided = all(self._decides(neuron, found) for neuron in inside)
        if decided and (not any(found) or not any(self._keeps(neuron) for neuron in inside)):
            return found
        return [math.inf if looped else error for error, looped in zip(found, loop, strict=True)]

    def _decides(self, neuron: Neuron, errors: Sequence[float]) -> bool:
        """Whether a neuron's decision, if it makes one, is right whatever is off."""
        if neuron.kind == "step":
            return not self._line(neuron, 0.0, errors).error
        return neuron.kind != "select" or self._sum(neuron.chooser, errors, -HALF).error(self.precision) <= DECIDED

    def _keeps(self, neuron: Neuron) -> bool:
        """Whether a neuron holds, or reads states of its layer besides what is fed back."""
        read = combination((weight, Affine(dict(self.past[i]))) for i, weight in neuron.past)
        return neuron.kind == "hold" or tuple(sorted(read.terms.items())) != neuron.drive.own

    def _held(self, neuron: Neuron) -> tuple[list[Term], fmpq]:
        """What keeping or dropping a selective state adds to what a step sums up."""
        terms, constant = terms_of(neuron.chooser, self.below)
        if self.arithmetic.gates:
            gate = Sum(terms, constant - HALF, tiny=self.scale.tiny)
            self.scale.check(neuron.cell.label, gate.size, self.scale.chosen(neuron.chooser).factor)
            if gate.error(self.precision) <= DECIDED:
                return [], ZERO
            # Anything from dropping to keeping what was, and from nothing to twice what is added.
            reach, added = reached(neuron).magnitude, neuron.fact.magnitude
            wrong = math.inf if reach is None or added is None else as_float(reach + 2 * added)
            return [(ONE, constant_fact(ZERO), wrong)], ZERO
        largest = reached(neuron).magnitude
        if largest is None:
            return [(ONE, Fact(), math.inf)], ZERO
        # The state is a difference of three numbers, of which the drive was one.
        scaled = [(largest * weight, fact, error) for weight, fact, error in terms]
        return [*scaled, (ONE, neuron.fact, 0.0)], largest * (constant - ONE)

    def _only_holds(self, neuron: Neuron) -> bool:
        """Whether gate 1 leaves a state as it is, to the last bit: nothing, computed as exactly 0, is added to it."""
        copied = copied_by(neuron.drive, self.below)
        return neuron.latches and self.arithmetic.gates and copied is not None and copied.at_zero == 0

    def _linear(self, neuron: Neuron, error: float) -> Line:
        """A copy is as good as what it is a copy of, case by case."""
        copied = copied_by(neuron.drive, self.below)
        if copied is None or neuron.drive.constant or neuron.drive.below[0][1] != 1:
            return Line(neuron.cell.fact, error)
        return replace(copied, fact=neuron.cell.fact, error=error)

    def _step(self, neuron: Neuron, drive: Sum) -> Line:
        factor, _ = self.scale.sharpness(neuron)
        self.scale.check(neuron.cell.label, drive.size, factor)
        if neuron.margin is None:
            zone, gap = drive.error(self.precision) + self.scale.ramp(factor), gap_at_zero(neuron.fact)
            # On a grid nothing but 0 itself may be closer to 0, and where that counts to is all one.
            only_zero = gap is not None and zone < as_float(min(gap.above, gap.below or gap.above))
            return Line(neuron.cell.fact, 1.0, zone=0.0 if only_zero else zone)
        return Line(neuron.cell.fact, self._decision(drive, neuron.margin, factor))

    def _gated_relu(self, neuron: Neuron, drive: Sum) -> Line:
        """Where a gate is wrong, the drive is as close to 0 as the gate's own error."""
        factor, shift = self.scale.sharpness(neuron)
        self.scale.check(neuron.cell.label, drive.size, factor)
        margin, _ = margin_of(neuron)
        error, stale = drive.error(self.precision), self._stale(neuron)
        if margin is not None and not self._decision(replace(drive, constant=drive.constant + shift), margin, factor):
            return Line(neuron.cell.fact, error + stale, at_zero=stale)
        if self.arithmetic.stale:  # two gates that disagree leave a stale value
            return Line(neuron.cell.fact, error + 2 * drive.size)
        if margin is not None:
            return Line(neuron.cell.fact, 2 * error + self.scale.ramp(factor) + 2 * as_float(margin))
        # v σ(κ v) is off relu(v) by 0.28/κ at most, and the sums in both are off by themselves.
        off = min(2 * error + self.scale.ramp(factor), 3 * error + 1 / as_float(factor))
        return set_apart(Line(neuron.cell.fact, off), sign_of(neuron.drive), self.neurons)

    def _selected(self, neuron: Neuron, errors: Sequence[float]) -> Line:
        drive, gate = self._sum(neuron.drive, errors), self._sum(neuron.chooser, errors, -HALF)
        error, stale, zone = drive.error(self.precision), self._stale(neuron), zone_of(neuron.chooser, self.below)
        self.scale.check(neuron.cell.label, gate.size, self.scale.chosen(neuron.chooser).factor)
        if zone is not None:
            # Both see one decision; where it is not a decision, two sigmoids of it differ in the last bits.
            differing = 2.0 ** (3 - self.precision) * drive.size if self.arithmetic.stale else 0.0
            return Line(neuron.cell.fact, 2 * error + zone + stale + differing)
        if gate.error(self.precision) > DECIDED:
            return Line(neuron.cell.fact, error + 2 * drive.size)
        line = Line(neuron.cell.fact, error + stale, at_zero=stale)
        return line if stale else set_apart(line, choice_of(neuron.chooser), self.neurons)

    def _relu(self, neuron: Neuron, drive: Sum) -> Line:
        """max(v, 0) without a gate."""
        inner = copied_by(neuron.drive, self.below)
        copied = None if inner is None else (neuron.drive.below[0][1], inner)
        gap = gap_around_zero(neuron.fact, neuron.cell.gap)
        found = relu(drive, drive.error(self.precision), neuron.cell.fact, gap, copied, self.precision)
        return set_apart(Line(found.fact, found.error, found.at_zero, found.least), sign_of(neuron.drive), self.neurons)

    def _decision(self, drive: Sum, margin: fmpq, factor: fmpq) -> float:
        """The error of a gate that is fed with `factor` times the drive, which stays off 0 by the margin."""
        if factor * margin < 2 * fmpq(2) ** self.scale.format.saturated:
            return 1.0
        error = drive.error(self.precision)
        if len(drive.terms) == 1 and not drive.terms[0][2]:
            # Every operation on one number and a constant is monotone: rounding matters where it decides.
            decisive = 2 * abs(drive.constant) + margin
            error = min(error, 2.0 ** (3 - self.precision) * as_float(decisive) + as_float(self.scale.tiny))
        return decided(error, as_float(margin) / 2)

    def _stale(self, neuron: Neuron) -> float:
        """A stale value h is kept as (h − n) + n, which needs one bit more than h and n have."""
        magnitude, measure = neuron.fact.magnitude, neuron.fact.measure
        if not self.arithmetic.stale:
            return 0.0
        if magnitude is None:
            return math.inf
        if measure is not None and fits(2 * magnitude, measure, self.precision, self.scale.tiny):
            return 0.0
        return 2.0 ** (3 - self.precision) * as_float(magnitude) + as_float(self.scale.tiny)

    def _sum(self, drive: Drive, state_errors: Sequence[float], shift: fmpq = ZERO) -> Sum:
        terms, constant = terms_of(drive, self.below)
        for i, weight in drive.own:
            fact = shifted(reached(self.neurons[i]), self.shifts[i])
            terms.append((weight, fact, state_errors[i]))
            if self.neurons[i].kind in self.arithmetic.several:
                terms.append((weight, fact, 0.0))
            terms += parts(self.neurons[i].copies, weight, fact)
            constant = constant + weight * self.shifts[i]
        return Sum(terms, constant + shift, tiny=self.scale.tiny)
