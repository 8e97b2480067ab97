"""Gated MLPs, down(f(gate x) ⊙ (up x)): ReLUs, comparisons and products, as `recurrent_gemma.py` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.scale import Activation, sharpness
from lsrl.backends.transformers.weights import StreamRows
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.units import GateUnit, ReLUUnit, StepUnit
from lsrl.lang.numbers import ONE, as_float
from lsrl.lowering.ramps import step_by_relus
from lsrl.placement.residual import ResidualStack

Product = tuple[UnitId, fmpq, Affine, Affine | None]
"""A unit, the weight with which weight · relu(form) · value is added to it, form and value (1 for None)."""


def products_of(stack: ResidualStack, units: Sequence[UnitId]) -> Iterator[Product]:
    """What an MLP computes for these units."""
    for unit_id in units:
        match stack.circuit.units[unit_id]:
            case ReLUUnit(argument):
                yield unit_id, ONE, argument, None
            case StepUnit(argument, margin):
                for weight, form in step_by_relus(argument, margin):
                    yield unit_id, weight, form, None
            case GateUnit(gate, argument):
                yield unit_id, ONE, argument, gate
            case unit:
                raise TypeError(f"an MLP computes no {type(unit).__name__}")


def erasing(units: Sequence[UnitId]) -> Iterator[Product]:
    """What an MLP computes to take these units out of the stream."""
    for unit_id in units:
        for sign in (ONE, -ONE):
            yield unit_id, -sign, variable(unit_id).times(sign), None


def mlp_of(
    rows: StreamRows, stack: ResidualStack, products: Sequence[Product], inner: int, activation: Activation
) -> dict[str, np.ndarray]:
    """The weights of an MLP with `inner` channels that computes these products; its biases, if it has any, are 0."""
    width, epsilon = rows.width, rows.scale.epsilon
    gate, up, down = np.zeros((inner, width)), np.zeros((inner, width)), np.zeros((width, inner))
    for i, (unit_id, weight, form, value) in enumerate(products):
        factor = sharpness(activation, stack.circuit.knowledge.fact(form), stack.circuit.origins[unit_id])
        gate[i] = rows.of(form, factor)
        up[i] = rows.always(as_float(epsilon)) if value is None else rows.of(value, epsilon)
        down[rows.channels[unit_id], i] = as_float(weight / factor)
    return {"gate_proj.weight": gate, "up_proj.weight": up, "down_proj.weight": down}
