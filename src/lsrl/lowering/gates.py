"""Products of layers that multiply a number by what of another is above 0."""

from __future__ import annotations

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder
from lsrl.lang.numbers import ONE


def gated(builder: CircuitBuilder, left: Affine, right: Affine) -> Affine:
    """left · right: one unit where a factor is never negative, two where both can be.

    left · right = left · relu(right) − left · relu(−right).
    """
    if left.is_constant or right.is_constant:
        return builder.product(left, right)
    if not builder.fact(right).is_nonnegative and builder.fact(left).is_nonnegative:
        left, right = right, left
    if builder.fact(right).is_nonnegative:
        return builder.gate(left, right)
    parts = builder.gate(left, right), builder.gate(left, right.times(-ONE))
    return combination([(ONE, parts[0]), (-ONE, parts[1])])
