"""Products of layers that multiply a number by what of another is above 0."""

from __future__ import annotations

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder
from lsrl.lang.numbers import ONE


def gated(builder: CircuitBuilder, left: Affine, right: Affine) -> Affine:
    """left · right: one unit where a factor is never negative, two where both can be.

    left · right = left · relu(right) − left · relu(−right). In a circuit as it is written always two: what is known of
    a factor is not true of noisy ones.
    """
    if left.is_constant or right.is_constant:
        return builder.product(left, right)
    nonnegative = [not builder.as_written and builder.fact(side).is_nonnegative for side in (left, right)]
    if any(nonnegative):
        return builder.gate(left, right) if nonnegative[1] else builder.gate(right, left)
    parts = builder.gate(left, right), builder.gate(left, right.times(-ONE))
    return combination([(ONE, parts[0]), (-ONE, parts[1])])
