"""How far a stack in floating point can be from the exact stack.

Forward error analysis (Higham, *Accuracy and Stability of Numerical Algorithms*, ch. 3): a sum of
n products is off by at most γₙ Σ|w||x|, γₙ = n·u / (1 − n·u), in whatever order it is added up.
It is exact when all its terms are multiples of some 2⁻ᵏ and Σ|w||x| ≤ 2ᵖ⁻ᵏ, p the float's
precision: then every partial sum is a multiple of 2⁻ᵏ that the float holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from lsrl.circuit.affine import common_measure
from lsrl.circuit.facts import Fact, constant_fact, union
from lsrl.circuit.stack import Cell, Layer, Stack
from lsrl.circuit.state_graph import components
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO, as_float
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.linear_stack.scan import LARGEST_GROWTH

PRECISION = {"float32": 24, "float64": 53}
LARGEST = {24: 2**126, 53: 2**1022}
"""Magnitudes from one over this to this are normal floats of that precision."""

SLACK = 1 + 2.0**-20
"""The bound itself is computed in float64; this covers its own rounding."""

SCAN_ROUNDINGS = 8
"""A general state is rounded at every step of its block, once more when the block before it is added, and so
are the powers of A that do that: eight times the bound of a step covers them."""

HEADROOM_OF_SUMS = 2
"""A cumulative sum may be evaluated in pieces; a piece is the difference of two states."""

HEADROOM_OF_SCANS = 1 + LARGEST_GROWTH
"""A piece of a scan is s − Aʲ s', and `block_powers` bounds Aʲ."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A row Σ weight · cell + constant: what its terms look like, and how far off they can be."""

    terms: Sequence[tuple[fmpq, Fact, float]]
    constant: fmpq
    headroom: int = 1
    """How many times larger than the sum itself its evaluation may get."""

    def error(self, precision: int) -> float:
        """A bound on |computed − exact|: inherited errors, rounded weights, rounded additions."""
        if self._is_copy() or self._is_exact(precision):
            return sum(abs(as_float(weight)) * error for weight, _, error in self.terms)
        if self.size > LARGEST[precision]:
            return math.inf
        unit = 2.0**-precision
        roundings = len(self.terms) + 3  # the weight (through float64), the product, the additions
        gamma = roundings * unit / (1 - roundings * unit)
        inherited = sum(abs(as_float(weight)) * error for weight, _, error in self.terms)
        return inherited + gamma * (self.size + inherited) + self._underflow(precision)

    def _underflow(self, precision: int) -> float:
        """What is lost where a weight, a product or the constant is below the normal floats, or flushed to zero."""
        smallest = 1 / float(LARGEST[precision])
        lost = smallest * (1 + len(self.terms))
        for weight, fact, _ in self.terms:
            if abs(as_float(weight)) < smallest and fact.magnitude is not None:
                lost += smallest * as_float(fact.magnitude)
        return lost

    @property
    def size(self) -> float:
        """The largest |value|, infinite where it is not known."""
        total = abs(as_float(self.constant))
        for weight, fact, _ in self.terms:
            total += math.inf if fact.magnitude is None else abs(as_float(weight)) * as_float(fact.magnitude)
        return total

    @property
    def is_boolean(self) -> bool:
        """Whether this is a boolean cell, as it is."""
        return self._is_copy() and any(weight == 1 and fact.is_boolean for weight, fact, _ in self.terms)

    def _is_copy(self) -> bool:
        """±1 times one cell: a copy, whatever the number."""
        return not self.constant and len(self.terms) <= 1 and all(abs(weight) == 1 for weight, _, _ in self.terms)

    def _is_exact(self, precision: int) -> bool:
        total = abs(self.constant)
        measures = [self.constant]
        for weight, fact, error in self.terms:
            magnitude, measure = fact.magnitude, fact.measure
            if error or magnitude is None or measure is None or not _is_float(weight, precision):
                return False
            total += abs(weight) * magnitude
            measures.append(weight * measure)
        return _fits(total * self.headroom, common_measure(measures), precision)


def _fits(total: fmpq, measure: fmpq, precision: int) -> bool:
    """Whether every multiple of `measure` up to `total` is a float of that precision."""
    denominator = int(measure.q)
    if denominator & (denominator - 1):
        return False
    numerator = int(measure.p)
    step = fmpq(numerator & -numerator, denominator)  # the power of two in the measure
    return total <= step * fmpq(2) ** precision and fmpq(1) / LARGEST[precision] <= step and total <= LARGEST[precision]


def _is_float(number: fmpq, precision: int) -> bool:
    return _fits(abs(number), abs(number), precision) if number else True


def guarantee_of(stack: Stack, dtype: str, max_length: int | None) -> Guarantee:
    """The guarantee of the stack's output in `dtype`."""
    precision = PRECISION[dtype]
    cells: Sequence[Cell] = stack.inputs
    errors = [_input_error(cell.fact, precision) for cell in cells]
    culprit = ""
    for layer in stack.layers:
        state_errors = _state_errors(layer, cells, errors, precision, max_length)
        culprit = culprit or _first_unbounded(layer.states, state_errors)
        errors = _output_errors(layer, cells, errors, state_errors, precision)
        culprit = culprit or _first_unbounded(layer.outputs, errors)
        cells = layer.outputs
    bound = max(
        Sum(_terms(row, cells, errors), constant).error(precision)
        for row, constant in zip(stack.R.rows, stack.r, strict=True)
    )
    if bound == 0:
        return Guarantee("exact", 0.0, max_length)
    if math.isfinite(bound):
        return Guarantee("bounded", bound * SLACK, max_length)
    reason = (
        f"no range that floats hold is known for {culprit or 'the output'!r}; "
        "declare Input(range=...) and max_length (a state that grows at every step has none)"
    )
    return Guarantee("none", math.inf, max_length, reason)


def _input_error(fact: Fact, precision: int) -> float:
    """Inputs are the floats that they are, except that floats stand for the ends and grid points nearest to them."""
    points = [number for number in (fact.low, fact.high) if number is not None]
    held = all(_is_float(point, precision) for point in points)
    if fact.grid is not None and fact.magnitude is not None:
        held = _fits(fact.magnitude, fact.grid, precision)
    elif fact.grid is not None:
        held = _is_float(fact.grid, precision)
    if held:
        return 0.0
    return 2.0**-precision * (math.inf if fact.magnitude is None else as_float(fact.magnitude)) + 1 / LARGEST[precision]


def _terms(row: Row, cells: Sequence[Cell], errors: Sequence[float]) -> list[tuple[fmpq, Fact, float]]:
    return [(weight, cells[i].fact, errors[i]) for i, weight in row]


def _state_errors(
    layer: Layer, cells: Sequence[Cell], errors: Sequence[float], precision: int, max_length: int | None
) -> list[float]:
    """Errors of sₜ = A sₜ₋₁ + B xₜ + b: one step's error, and what A makes of earlier ones."""
    found = [0.0] * len(layer.b)
    starts = [_stored_error(init, precision) for init in layer.init]
    read = {j for row in layer.A.rows for j, _ in row}
    before = {j: union([layer.states[j].fact, constant_fact(layer.init[j])]) for j in read}
    for members in components(layer.A.rows):
        inside = set(members)
        loops = [sum((abs(weight) for j, weight in layer.A.rows[i] if j in inside), ZERO) for i in members]
        simple = len(members) == 1 and loops[0] in (0, 1)
        for i in members:
            earlier = [
                (weight, before[j], 0.0 if j in inside else max(found[j], starts[j])) for j, weight in layer.A.rows[i]
            ]
            drive = _terms(layer.B.rows[i], cells, errors)
            row = Sum([*earlier, *drive], layer.b[i], HEADROOM_OF_SUMS if simple else HEADROOM_OF_SCANS)
            found[i] = row.error(precision)
        norm, local, start = max(map(as_float, loops)), max(found[i] for i in members), max(starts[i] for i in members)
        if norm and (local or start):
            steps = _accumulated(norm, max_length) * (1 if simple else SCAN_ROUNDINGS) if local else 0.0
            total = local * steps + start * _grown(norm, max_length)
            for i in members:
                found[i] = total
    return found


def _stored_error(number: fmpq, precision: int) -> float:
    """How far the float nearest to a number can be from it."""
    return 0.0 if _is_float(number, precision) else abs(as_float(number)) * 2.0**-precision + 1 / LARGEST[precision]


def _grown(norm: float, max_length: int | None) -> float:
    """The largest power of the norm over the steps."""
    if norm <= 1:
        return 1.0
    try:
        return math.inf if max_length is None else norm**max_length
    except OverflowError:
        return math.inf


def _accumulated(norm: float, max_length: int | None) -> float:
    """1 + ρ + ρ² + … over the steps."""
    if norm < 1:
        return 1 / (1 - norm)
    if max_length is None:
        return math.inf
    try:
        return max_length * norm ** (max_length - 1)
    except OverflowError:
        return math.inf


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
    if size is not None and measure is not None and not inherited and _fits(size, measure, precision):
        return 0.0
    if (gate.is_boolean and not gate_error) or (argument.is_boolean and not argument_error):
        return argument_error + gate_error  # 0 · v and 1 · v do not round
    return inherited + 2.0**-precision * (_times(argument.size, gate.size) + inherited) + 1 / LARGEST[precision]


def _times(error: float, size: float) -> float:
    return error * size if error and size else 0.0


def _first_unbounded(cells: Sequence[Cell], errors: Sequence[float]) -> str:
    return next((cell.label for cell, error in zip(cells, errors, strict=True) if math.isinf(error)), "")
