"""How far a stack in floating point can be from the exact stack."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lsrl.circuit.facts import Fact
from lsrl.circuit.stack import Cell, Layer, Stack
from lsrl.lang.matrix import Row
from lsrl.targets.float_sums import (
    LARGEST,
    PRECISION,
    Recurrence,
    Sum,
    fits,
    input_error,
    recurrent_errors,
)
from lsrl.targets.guarantee import Guarantee, Rounded, guarantee_from
from lsrl.targets.linear_stack.scan import LARGEST_GROWTH

BY_SCAN = Recurrence(sums=2, others=1 + LARGEST_GROWTH, roundings=8)
"""A cumulative sum may be evaluated in pieces; a piece is the difference of two states. A piece of a scan is
s − Aʲ s', and `block_powers` bounds Aʲ; such a state is rounded at every step of its block, once more when the
block before it is added, and so are the powers of A that do that: eight times the bound of a step covers them."""


def guarantee_of(stack: Stack, outputs: Sequence[Fact], dtype: str, max_length: int | None) -> Guarantee:
    """The guarantee of the stack's outputs, of which the facts are given, in `dtype`."""
    precision = PRECISION[dtype]
    cells: Sequence[Cell] = stack.inputs
    errors = [input_error(cell.fact, precision) for cell in cells]
    trail = [Rounded(cell.label, cell.fact, error) for cell, error in zip(cells, errors, strict=True)]
    for layer in stack.layers:
        states = [(cell.fact, init) for cell, init in zip(layer.states, layer.init, strict=True)]
        drives = [(_terms(row, cells, errors), b) for row, b in zip(layer.B.rows, layer.b, strict=True)]
        state_errors = recurrent_errors(layer.A.rows, states, drives, precision, max_length, BY_SCAN)
        errors = _output_errors(layer, cells, errors, state_errors, precision)
        for part, found in ((layer.states, state_errors), (layer.outputs, errors)):
            trail += [Rounded(cell.label, cell.fact, error) for cell, error in zip(part, found, strict=True)]
        cells = layer.outputs
    bounds = [
        Sum(_terms(row, cells, errors), constant).error(precision)
        for row, constant in zip(stack.R.rows, stack.r, strict=True)
    ]
    return guarantee_from(bounds, outputs, trail, max_length)


def _terms(row: Row, cells: Sequence[Cell], errors: Sequence[float]) -> list[tuple[fmpq, Fact, float]]:
    return [(weight, cells[i].fact, errors[i]) for i, weight in row]


def _output_errors(
    layer: Layer, cells: Sequence[Cell], errors: Sequence[float], state_errors: Sequence[float], precision: int
) -> list[float]:
    """Errors of γ ⊙ relu(C s + d): ReLU passes an error on, a product mixes two."""
    found = []
    for i, row in enumerate(layer.C.rows):
        argument = Sum(_terms(row, layer.states, state_errors), layer.d[i])
        error = argument.error(precision)
        if layer.G is not None and layer.g is not None and (layer.G.rows[i] or layer.g[i] != 1):
            gate = Sum(_terms(layer.G.rows[i], cells, errors), layer.g[i])
            error = _product_error(argument, error, gate, layer.outputs[i].fact, precision)
        found.append(error)
    return found


def _product_error(argument: Sum, argument_error: float, gate: Sum, product: Fact, precision: int) -> float:
    gate_error = gate.error(precision)
    inherited = _times(argument_error, gate.size + gate_error) + _times(gate_error, argument.size)
    size, measure = product.magnitude, product.measure
    if size is not None and measure is not None and not inherited and fits(size, measure, precision):
        return 0.0
    if (gate.is_boolean and not gate_error) or (argument.is_boolean and not argument_error):
        return argument_error + gate_error  # 0 · v and 1 · v do not round
    return inherited + 2.0**-precision * (_times(argument.size, gate.size) + inherited) + 1 / LARGEST[precision]


def _times(error: float, size: float) -> float:
    return error * size if error and size else 0.0
