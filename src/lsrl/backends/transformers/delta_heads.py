"""The heads of a gated delta rule, one for each unit, and the tensors of a layer of them; see `delta_rule.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.mamba import FORGETS, HOLDS, TAPS
from lsrl.backends.transformers.mamba2 import OPEN, SHUT, decay_of
from lsrl.backends.transformers.scale import NORM, SILU, opened, sharpness
from lsrl.backends.transformers.weights import STARTED, StreamRows
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.powers_of_two import power, power_of_two_above
from lsrl.circuit.units import DelayUnit, LatchUnit, StateUnit, SumUnit, SwapUnit
from lsrl.lang.numbers import ONE, as_float
from lsrl.placement.residual import ResidualStack

KEY = -76
"""The exponent of a key whose square is 0, of β₁ = 2, too: the smallest float32 is 2⁻¹⁴⁹."""

SATURATED = 200.0
"""σ of this is 1, and of minus this it is 0."""

GATE = 32.0
"""silu of this is the number itself."""

SIGNED = -30
"""The exponent of the largest number that passes silu as a half of itself."""

CONSTANT = 12
"""The exponent of C: a quarter of its square, over up to 2¹⁰ components, is so large that 10⁻⁵ vanishes beside it."""

FIRST_TAP = 40
"""The exponent of what a convolution multiplies a C by that comes at the first position alone."""

TOKEN, FAR = -31, 30
"""The exponents of a token's size, of which silu is a half, and of its C: beside a small part of it 10⁻⁵ vanishes."""


@dataclass(frozen=True, slots=True)
class DeltaRule:
    """In what the models differ.

    `most_beta` is β₁; `columns` how many numbers a value has; `constant` whether the last one is C; `shift` is what
    the stream's norms add to their weights. `mixer` names a linear layer's tensors, `attention` gives
    those of attention that writes zero, by the stream's width, and `norms` the names of norms in each kind of layer.
    """

    most_beta: int
    columns: int
    constant: bool
    shift: float
    mixer: Callable[[Heads], dict[str, np.ndarray]]
    attention: Callable[[int], dict[str, np.ndarray]]
    norms: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Head:
    """A head whose value has `factor` times these forms, `delay` steps late, and adds up `weight` times what is left.

    `decay` is the A of a state that sums up, None of one that keeps nothing; `keep` a boolean form that makes it a
    latch, `token` a token that changes places, of which `factor` is its size.
    """

    unit: UnitId
    forms: tuple[Affine, ...]
    factor: fmpq
    weight: fmpq
    delay: int = 0
    decay: float | None = None
    keep: Affine | None = None
    token: SwapUnit | None = None


def head_of(stack: ResidualStack, unit_id: UnitId, rule: DeltaRule) -> Head:
    """The head of a unit, as in the docstring of this file."""
    match stack.circuit.units[unit_id]:
        case SumUnit(argument):
            return _signed(stack, unit_id, argument, rule)
        case DelayUnit(argument, steps):
            return replace(_signed(stack, unit_id, argument, rule), delay=steps)
        case LatchUnit(keep, argument):
            return replace(_signed(stack, unit_id, argument, rule), keep=keep)
        case StateUnit(previous, drive, _, _):
            decay = decay_of(previous[0][1])
            factor = sharpness(SILU, stack.circuit.knowledge.fact(drive), stack.circuit.origins[unit_id])
            read = factor * power(KEY) * rule.most_beta
            return Head(unit_id, (drive, drive.times(-ONE)), factor, 1 / read, decay=decay)
        case SwapUnit() as token if rule.most_beta > 1:
            weight = power(FAR - TOKEN) / 2 * (ONE if token.even else -ONE)
            return Head(unit_id, (), power(TOKEN), weight, decay=HOLDS, token=token)
        case unit:
            raise TypeError(f"a delta rule computes no {type(unit).__name__}")


def _signed(stack: ResidualStack, unit_id: UnitId, form: Affine, rule: DeltaRule) -> Head:
    """The head of a form of either sign that keeps nothing."""
    largest = [stack.circuit.knowledge.fact(read).magnitude or ONE for read in (form, variable(unit_id))]
    factor = power(SIGNED) / power_of_two_above(max(ONE, *largest))
    return Head(unit_id, (form,), factor, 2 / (factor * rule.most_beta))


def tiny_key() -> float:
    """The number of which a norm makes 2 to the `KEY`: divided by the root of 10⁻⁶ as float32 has it, or close to it.

    >>> key = np.float32(tiny_key())
    >>> bool(key * (np.float32(1) / np.sqrt(np.float32(1e-6))) == np.float32(2.0**KEY))
    True
    """
    inverse = np.float32(1) / np.sqrt(np.float32(1e-6))
    found = np.float32(2.0**KEY / float(inverse))
    near = [found, np.nextafter(found, np.float32(0)), np.nextafter(found, np.float32(1))]
    return float(next(key for key in near if key * inverse == np.float32(2.0**KEY)))


def smallest_norm(rule: DeltaRule) -> int:
    """The exponent of the least that the norm of what is read multiplies by, in a layer of up to 2¹⁰ components."""
    return 1 - CONSTANT if rule.constant else NORM


class Heads:
    """The tensors of the heads of one layer."""

    def __init__(self, rule: DeltaRule, rows: StreamRows, count: int, components: int) -> None:
        self.rule, self.rows, self.components = rule, rows, components
        self.query = np.zeros((count * components, rows.width))
        self.key = np.zeros((count * components, rows.width))
        self.query[::components] = self.key[::components] = rows.always(GATE)
        self.value = np.zeros((count * rule.columns, rows.width))
        self.value_taps = np.zeros((count * rule.columns, TAPS))
        self.beta = np.tile(rows.always(SATURATED), (count, 1))
        self.step = np.zeros((count, rows.width))
        self.logarithms, self.bias = np.full(count, FORGETS), np.full(count, OPEN)
        self.gate = np.zeros((count * rule.columns, rows.width))
        self.norm = np.ones(rule.columns)
        self.out = np.zeros((rows.width, count * rule.columns))

    @property
    def taps(self) -> np.ndarray:
        """The convolution of queries, keys and values, in this order."""
        now = np.eye(TAPS)[-1]
        shared = np.tile(now, (len(self.query) + len(self.key), 1))
        return np.vstack([shared, self.value_taps])[:, None]

    def add(self, i: int, head: Head) -> None:
        """Make a head of this layer the i-th."""
        if head.token is not None:
            self._token(i, head, head.token)
            return
        first, rows = i * self.rule.columns, self.rows
        for j, form in enumerate(head.forms):
            self._value(first + j, rows.of(form, head.factor), TAPS - 1 - head.delay, 1.0)
            self.gate[first + j] = rows.always(GATE)
            weight = head.weight * (-1) ** j * rows.scale.epsilon / fmpq(int(GATE))
            self.out[rows.channels[head.unit], first + j] = as_float(weight) / self._normed(head)
        if head.decay is not None:
            self.key[i * self.components] = rows.always(2 * tiny_key())
            self.logarithms[i] = head.decay
        if head.keep is not None:
            self.bias[i] = SHUT
            self.step[i] = rows.of(opened(head.keep), int(OPEN - SHUT))
            self.beta[i] = rows.of(opened(head.keep), 2 * int(SATURATED)) - rows.always(SATURATED)
        if self.rule.constant:
            self._constant(first + self.rule.columns - 1, head)

    def _token(self, i: int, head: Head, token: SwapUnit) -> None:
        """Let keys be what is exchanged at a step, or, at the first position, the place where the token begins."""
        rows, first, value = self.rows, i * self.components, i * self.rule.columns
        begins = self._first(GATE)
        self.query[first], self.query[first + 2 * token.place] = np.zeros(rows.width), rows.always(GATE)
        self.key[first] = np.zeros(rows.width)
        self.key[first + 2 * token.start] += begins
        self.beta[i] = 2 * self._first(SATURATED) - rows.always(SATURATED)
        for swap, pair in zip(token.swaps, token.pairs, strict=True):
            self.beta[i] += rows.of(swap, 2 * int(SATURATED))
            for place in pair:
                self.key[first + 2 * place : first + 2 * place + 2] += rows.of(swap, int(GATE))
        self.logarithms[i] = HOLDS
        self._value(value, self._first(as_float(head.factor)), TAPS - 1, 1.0)
        self._value(value + self.rule.columns - 1, self._first(2.0 ** (FAR - 1)), TAPS - 1, 1.0)
        self.gate[value] = rows.always(GATE)
        self.out[rows.channels[head.unit], value] = as_float(head.weight * rows.scale.epsilon / fmpq(int(GATE)))

    def _first(self, size: float) -> np.ndarray:
        """The row of what is so large at the first position, and 0 at every step."""
        row = self.rows.always(size)
        row[STARTED] = -size / as_float(self.rows.scale.epsilon)
        return row

    def _normed(self, head: Head) -> float:
        """What reading and the norm multiply by."""
        if self.rule.constant and _has_constant(head):  # which is read, too
            return 2.0 ** (1 - CONSTANT)
        return (1e5**0.5 if self.rule.constant else 2.0**NORM) / math.sqrt(self.components)

    def _constant(self, row: int, head: Head) -> None:
        """Put C where it stays: at every position if it is forgotten there, at the first if nothing is."""
        size = 2.0**CONSTANT / self.rule.most_beta
        if head.decay is None:
            self._value(row, self.rows.always(size), TAPS - 1, 1.0)
        elif _has_constant(head):
            size *= 2.0 ** (-KEY - FIRST_TAP)
            self._value(row, self._first(size), TAPS - 1, 2.0**FIRST_TAP)

    def _value(self, row: int, reads: np.ndarray, tap: int, times: float) -> None:
        self.value[row] = reads
        self.value_taps[row, tap] = times


def _has_constant(head: Head) -> bool:
    return head.decay is None or head.decay == HOLDS
