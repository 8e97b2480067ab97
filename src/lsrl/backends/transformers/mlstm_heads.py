"""The heads of an mLSTM, and the tensors of a layer of them; see `xlstm.py`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.scale import NORM, opened
from lsrl.backends.transformers.weights import StreamRows
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.powers_of_two import power, power_of_two_above
from lsrl.circuit.units import DelayUnit, LatchUnit, StateUnit, SumUnit
from lsrl.lang.numbers import ONE, as_float
from lsrl.lowering.rounded_delays import KEPT, LIFT
from lsrl.placement.residual import ResidualStack

SATURATED = 200
"""log σ of this is 0, σ of it is 1, and exp of minus this is 0."""

KEY, VALUE = -60, 40
"""The exponents of k, and of the largest v."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head whose v is `factor` times a form, and of which `weight` times its state is added to a unit.

    `forget` is f; a boolean form `keep` makes it a latch.
    """

    unit: UnitId
    form: Affine
    factor: fmpq
    weight: fmpq
    forget: float = -SATURATED
    keep: Affine | None = None


def heads_of(stack: ResidualStack, unit_id: UnitId) -> Iterator[Head]:
    """The heads of a unit, as `xlstm.py` says."""
    match stack.circuit.units[unit_id]:
        case SumUnit(argument):
            yield _head(stack, unit_id, argument)
        case LatchUnit(keep, argument):
            yield replace(_head(stack, unit_id, argument), keep=keep)
        case StateUnit(previous, drive, _, _):
            yield replace(_head(stack, unit_id, drive), forget=forget_of(previous[0][1]))
        case DelayUnit(argument, 1, constant) if constant == LIFT:
            yield replace(_head(stack, unit_id, argument, power(KEPT)), forget=forget_of(power(-KEPT)))
            yield _head(stack, unit_id, argument.times(-power(KEPT)).shifted(LIFT))
        case unit:
            raise TypeError(f"an mLSTM computes no {unit}")


def _head(stack: ResidualStack, unit_id: UnitId, form: Affine, times: fmpq = ONE) -> Head:
    """The head that keeps nothing."""
    largest = [stack.circuit.knowledge.fact(read).magnitude or ONE for read in (form, variable(unit_id))]
    factor = power(VALUE) / power_of_two_above(max(ONE, *largest))
    return Head(unit_id, form, factor, times / (factor * power(KEY)))


def forget_of(decay: fmpq) -> float:
    """The f for which a state keeps this part of itself."""
    return SATURATED if decay == 1 else logit(as_float(decay))


def logit(share: float) -> float:
    """What σ makes this of."""
    return math.log(share / (1 - share))


class Heads:
    """The tensors of the heads of one layer."""

    def __init__(self, rows: StreamRows, count: int) -> None:
        self.rows = rows
        self.value, self.out = np.zeros((2 * count, rows.width)), np.zeros((rows.width, 2 * count))
        self.input, self.forget = np.zeros((count, rows.width)), np.zeros((count, rows.width))
        self.input_bias, self.forget_bias = np.zeros(count), np.full(count, -float(SATURATED))

    def add(self, i: int, head: Head) -> None:
        """Make a head of this layer the i-th."""
        rows = self.rows
        self.value[2 * i] = rows.of(head.form, head.factor)
        self.out[rows.channels[head.unit], 2 * i] = as_float(head.weight * rows.scale.epsilon * power(1 - NORM))
        self.forget_bias[i] = head.forget
        if head.keep is not None:
            self.input_bias[i], self.forget_bias[i] = -SATURATED, SATURATED
            self.input[i] = rows.of(opened(head.keep), SATURATED)
            self.forget[i] = rows.of(opened(head.keep), -2 * SATURATED)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """All of them by their names in a layer."""
        count, always = len(self.input), self.rows.always
        return {
            "q.weight": np.tile(always(1.0), (count, 1)),
            "k.weight": np.tile(always(2.0**KEY), (count, 1)),
            "v.weight": self.value,
            "ogate_preact.weight": np.tile(always(SATURATED), (2 * count, 1)),
            "igate_preact.weight": self.input,
            "igate_preact.bias": self.input_bias,
            "fgate_preact.weight": self.forget,
            "fgate_preact.bias": self.forget_bias,
            "multihead_norm.weight": np.ones(2 * count),
            "out_proj.weight": self.out,
        }
