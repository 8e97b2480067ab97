"""Signals: what feeds the gates of a hidden unit, in terms of the stack's neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import fmpq

from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.neurons import Drive, Neuron

NOTHING = Drive((), (), ZERO)


@dataclass(frozen=True, slots=True)
class Signal:
    """What feeds a gate: factor · (drive + shift), and units of the same neuron one step ago (`held`).

    `plus` is another signal that is added.
    """

    drive: Drive = NOTHING
    factor: fmpq = ONE
    shift: fmpq = ZERO
    held: Row = ()
    plus: Signal | None = None


def constant(number: fmpq) -> Signal:
    """The same number at every step."""
    return Signal(shift=number)


@dataclass(frozen=True, slots=True)
class HiddenUnit:
    """One hidden unit: what feeds each gate, and its value before the first step."""

    gates: Mapping[str, Signal]
    init: fmpq = ZERO


def signed(neuron: Neuron) -> fmpq:
    """What a unit that is −1 or 1 for 0 or 1 holds before the first step: nothing where nobody reads it."""
    return 2 * neuron.init - ONE if neuron.fed_back else ZERO


@dataclass(frozen=True, slots=True)
class Expression:
    """The hidden units of one neuron, and how to read its value: Σ weight · unit + constant."""

    units: tuple[HiddenUnit, ...]
    weights: tuple[fmpq, ...]
    constant: fmpq = ZERO


def repeated(expression: Expression, copies: int) -> Expression:
    """The same number as the mean of several copies of its units, each of which reads them all: what noise on weights
    multiplies it by at every step averages out. `copies` is a power of two, so that the mean is exact.
    """
    weights = tuple(weight / copies for weight in expression.weights)
    return Expression(expression.units * copies, weights * copies, expression.constant)
