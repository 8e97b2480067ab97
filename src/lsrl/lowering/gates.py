"""Products of layers that multiply a number by what of another is above 0."""

from __future__ import annotations

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder
from lsrl.lang.numbers import ONE


def gated(builder: CircuitBuilder, left: Affine, right: Affine) -> Affine:
    """left · right: one unit where a factor is never negative, two where both can be.

    left · right = left · relu(right) − left · relu(−right). Always two in a circuit as it is written: what is known of
    a factor is true of exact numbers, and a gate's other sign is part of what noise does.
    """
    if left.is_constant or right.is_constant:
        return builder.product(left, right)
    if not builder.as_written and not builder.fact(right).is_nonnegative and builder.fact(left).is_nonnegative:
        left, right = right, left
    if not builder.as_written and builder.fact(right).is_nonnegative:
        return builder.gate(left, right)
    parts = builder.gate(left, right), builder.gate(left, right.times(-ONE))
    return combination([(ONE, parts[0]), (-ONE, parts[1])])
