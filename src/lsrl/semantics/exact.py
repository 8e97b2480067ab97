"""Exact rational arithmetic on whole batches of sequences.

A value's numbers share one denominator, so that all arithmetic is on whole numbers: int64 while a
bound computed beforehand proves that nothing overflows, Python's unbounded integers otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Any

import numpy as np

from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import Vector
from lsrl.semantics.whole_matrix import WholeMatrix

LIMIT = 2**62
"""Whole numbers below this are int64."""


@dataclass(frozen=True, slots=True)
class Rationals:
    """numerators / denominator, of shape (dim, batch, T); numerators are int64 or Python integers."""

    numerators: np.ndarray
    denominator: int

    @property
    def magnitude(self) -> int:
        """The largest |numerator|."""
        return _largest(self.numerators)

    def over(self, denominator: int) -> np.ndarray:
        """The numerators over a multiple of the denominator."""
        factor = denominator // self.denominator
        if factor == 1:
            return self.numerators
        return _room_for(max(self.magnitude, 1) * factor, self.numerators) * factor

    def reduced(self) -> Rationals:
        """The same numbers over a denominator without a common factor, in int64 if they fit."""
        numerators, denominator = self.numerators, self.denominator
        if denominator != 1 and (common := gcd(denominator, int(np.gcd.reduce(numerators, axis=None)))) != 1:
            numerators, denominator = _room_for(common, numerators) // common, denominator // common
        if numerators.dtype == object and _largest(numerators) < LIMIT:
            numerators = numerators.astype(np.int64)
        return Rationals(numerators, denominator)


@dataclass(frozen=True, slots=True)
class ExactArithmetic:
    """Numbers are `Rationals`."""

    batch: int
    length: int

    def constant(self, numbers: Vector) -> Rationals:
        """The same numbers at every step."""
        whole, denominator = _whole(numbers)
        shape = len(numbers), self.batch, self.length
        return Rationals(np.broadcast_to(_integers(whole)[:, None, None], shape), denominator)

    def linear(self, x: Rationals, A: Matrix, b: Vector) -> Rationals:
        """A x + b."""
        matrix, (bias, bias_denominator) = WholeMatrix.of(A), _whole(b)
        denominator = lcm(x.denominator * matrix.denominator, bias_denominator)
        factor = denominator // (x.denominator * matrix.denominator)
        bias = [number * (denominator // bias_denominator) for number in bias]
        bound = max(x.magnitude, 1) * matrix.norm * factor + max(map(abs, bias))
        numerators = matrix.times(_room_for(bound, x.numerators), factor)
        return Rationals(numerators + _integers(bias, numerators.dtype)[:, None, None], denominator).reduced()

    def before(self, init: Vector) -> Rationals:
        """The one step before the first, with the same numbers in all sequences."""
        whole, denominator = _whole(init)
        return Rationals(np.broadcast_to(_integers(whole)[:, None, None], (len(init), self.batch, 1)), denominator)

    def state(self, drive: Rationals, A: Matrix, before: Rationals) -> Rationals:
        """sₜ = A sₜ₋₁ + driveₜ, one step after the other."""
        matrix = WholeMatrix.of(A)
        if matrix.denominator != 1:
            return _fractional_states(drive, matrix, before)
        denominator = lcm(drive.denominator, before.denominator)
        states = _whole_states(drive.over(denominator), matrix, before.over(denominator)[:, :, 0])
        return Rationals(states, denominator).reduced()

    def gated_state(self, drive: Rationals, gate: Rationals, before: Rationals) -> Rationals:
        """sₜ = gateₜ ⊙ sₜ₋₁ + driveₜ: all steps at once where every gate is 0 or 1."""
        if self.between(gate).any():
            return _gated_steps(drive, gate, before)
        denominator = lcm(drive.denominator, before.denominator)
        sums = _sums_since(gate.numerators == 0, drive.over(denominator), before.over(denominator))
        return Rationals(sums, denominator).reduced()

    def relu(self, x: Rationals) -> Rationals:
        """max(x, 0)."""
        return Rationals(np.maximum(x.numerators, 0), x.denominator)

    def product(self, left: Rationals, right: Rationals) -> Rationals:
        """left · right."""
        bound = left.magnitude * right.magnitude
        factors = (_room_for(bound, side.numerators) for side in (left, right))
        return Rationals(np.multiply(*factors), left.denominator * right.denominator).reduced()

    def remainder(self, x: Rationals, n: int) -> Rationals:
        """x mod n, from 0 up to n."""
        divisor = n * x.denominator
        return Rationals(_room_for(divisor, x.numerators) % divisor, x.denominator).reduced()

    def concat(self, parts: Sequence[Rationals]) -> Rationals:
        """The parts one after the other."""
        denominator = reduce(lcm, (part.denominator for part in parts))
        numerators = [part.over(denominator) for part in parts]
        return Rationals(np.concatenate(numerators), denominator)

    def slice(self, x: Rationals, start: int, stop: int) -> Rationals:
        """Components start … stop − 1."""
        return Rationals(x.numerators[start:stop], x.denominator)

    def replaced(self, x: Rationals, steps: Sequence[int], numbers: Rationals) -> Rationals:
        """x with these numbers, one for each of the steps, in place of its own there."""
        parts = self.steps(x)
        for step, part in zip(steps, self.steps(numbers), strict=True):
            parts[step] = part
        return self.joined(parts)

    def steps(self, x: Rationals) -> list[Rationals]:
        """x step by step."""
        return [Rationals(x.numerators[:, :, t : t + 1], x.denominator) for t in range(x.numerators.shape[-1])]

    def joined(self, steps: Sequence[Rationals]) -> Rationals:
        """The steps one after the other."""
        return _one_after_the_other(steps)

    def between(self, x: Rationals) -> np.ndarray:
        """Where x is neither 0 nor 1."""
        mask: np.ndarray = (x.numerators != 0) & (x.numerators != x.denominator)
        return mask

    def numbers(self, x: Rationals) -> np.ndarray:
        """x as an object array of `Fraction`, (batch, T, dim)."""
        return made_once(x.numerators.transpose(1, 2, 0), lambda number: Fraction(number, x.denominator))


def made_once(numbers: np.ndarray, make: Callable[[Any], Fraction]) -> np.ndarray:
    """An object array of what is made of each number, made once for equal ones.

    >>> made_once(np.array([1, 2, 1]), lambda number: Fraction(number, 3)).tolist()
    [Fraction(1, 3), Fraction(2, 3), Fraction(1, 3)]
    """
    distinct, places = np.unique(numbers, return_inverse=True)
    fractions, result = np.empty(len(distinct), dtype=object), np.empty(numbers.shape, dtype=object)
    fractions[:] = [make(number) for number in distinct.tolist()]
    result[...] = fractions[places.reshape(numbers.shape)]
    return result


def rationals(fractions: np.ndarray) -> Rationals:
    """An object array of `Fraction`, (batch, T, dim), as `Rationals`."""
    denominator = reduce(lcm, {number.denominator for number in fractions.flat}, 1)
    whole = [number.numerator * (denominator // number.denominator) for number in fractions.flat]
    numerators = _integers(whole).reshape(fractions.shape).transpose(2, 0, 1)
    return Rationals(np.ascontiguousarray(numerators), denominator)


def _whole_states(drive: np.ndarray, matrix: WholeMatrix, start: np.ndarray) -> np.ndarray:
    """The recurrence in whole numbers."""
    length = drive.shape[-1]
    growth, push = max(matrix.norm, 1), _largest(drive)
    if drive.dtype == object:
        push = LIMIT
    # Zeros times a number beyond int64 overflow too, so the matrix itself needs room.
    state = _room_for(growth, start)
    shortcut = _sums_or_delays(drive, matrix, state, _largest(start) + (length + 1) * push)
    if shortcut is not None:
        return shortcut
    bound = _largest(state)
    states = []
    for t in range(length):
        bound = bound * growth + push
        if bound >= LIMIT and state.dtype != object:
            bound = _largest(state) * growth + push  # what it is, not what it could have been
            state = _room_for(bound, state)
        state = matrix.times(state) + drive[:, :, t]
        states.append(state)
    if any(step.dtype == object for step in states):
        states = [step.astype(object) for step in states]
    return np.stack(states, axis=-1)


def _sums_or_delays(drive: np.ndarray, matrix: WholeMatrix, start: np.ndarray, bound: int) -> np.ndarray | None:
    """All steps at once where every state only sums itself up, or only copies one state before it."""
    if bound >= LIMIT:
        return None
    result = np.array(drive)
    start = start.astype(result.dtype)  # large or not, it is within the bound
    for i, row in enumerate(matrix.rows):
        if row == ((i, 1),):
            result[i, :, 0] += start[i]
            np.cumsum(result[i], axis=-1, out=result[i])
        elif len(row) == 1 and row[0][0] < i and row[0][1] == 1:
            result[i, :, 0] += start[row[0][0]]
            result[i, :, 1:] += result[row[0][0], :, :-1]
        elif row:
            return None
    return result


def _fractional_states(drive: Rationals, matrix: WholeMatrix, before: Rationals) -> Rationals:
    """The recurrence where every step divides by the matrix's denominator."""
    state = before
    steps = []
    for t in range(drive.numerators.shape[-1]):
        moved = Rationals(matrix.times(state.numerators.astype(object)), state.denominator * matrix.denominator)
        state = _pushed(moved, drive, t)
        steps.append(state)
    return _one_after_the_other(steps)


def _sums_since(resets: np.ndarray, drive: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Running sums from `start`, less what they were before the last reset, in whole numbers."""
    # A difference of two of the sums adds up some of the steps, so it is within the same bound.
    drive = _room_for(_largest(start) + drive.shape[-1] * _largest(drive), drive)
    sums = np.cumsum(np.concatenate([start.astype(drive.dtype), drive], axis=-1), axis=-1)
    last = np.maximum.accumulate(np.where(resets, np.arange(drive.shape[-1]), -1), axis=-1)
    before = np.take_along_axis(sums, np.broadcast_to(np.maximum(last, 0), drive.shape), axis=-1)  # before that step
    result: np.ndarray = sums[..., 1:] - np.where(last < 0, 0, before)
    return result


def _gated_steps(drive: Rationals, gate: Rationals, before: Rationals) -> Rationals:
    """The gated recurrence for any gate."""
    state = before
    steps = []
    for t in range(drive.numerators.shape[-1]):
        kept = gate.numerators[:, :, t : t + 1].astype(object) * state.numerators
        state = _pushed(Rationals(kept, gate.denominator * state.denominator), drive, t)
        steps.append(state)
    return _one_after_the_other(steps)


def _pushed(state: Rationals, drive: Rationals, t: int) -> Rationals:
    """The state plus the drive of step t."""
    push = Rationals(drive.numerators[:, :, t : t + 1].astype(object), drive.denominator)
    common = lcm(state.denominator, push.denominator)
    return Rationals(state.over(common) + push.over(common), common).reduced()


def _one_after_the_other(steps: Sequence[Rationals]) -> Rationals:
    """Steps of shape (dim, batch, 1) along time."""
    common = reduce(lcm, (step.denominator for step in steps))
    numerators = np.concatenate([step.over(common).astype(object) for step in steps], axis=-1)
    return Rationals(numerators, common).reduced()


def _whole(numbers: Vector) -> tuple[list[int], int]:
    denominator = reduce(lcm, {int(number.q) for number in numbers}, 1)
    return [int(number.p) * (denominator // int(number.q)) for number in numbers], denominator


def _integers(numbers: Sequence[int], dtype: np.dtype | None = None) -> np.ndarray:
    fits = max(map(abs, numbers)) < LIMIT
    return np.array(numbers, dtype=dtype or (np.int64 if fits else object))


def _largest(numerators: np.ndarray) -> int:
    return max(abs(int(numerators.min())), abs(int(numerators.max())))


def _room_for(bound: int, numerators: np.ndarray) -> np.ndarray:
    """The numerators in a type that holds numbers up to the bound."""
    return numerators if bound < LIMIT else numerators.astype(object)
