"""Products of layers that multiply a number by what of another is above 0.

In a robust circuit a boolean c gates as relu(2c − 1): it takes nothing at all while c is below ½, where what c is off
would let through some of the number at every step. Two booleans are a comparison, which is clean again.
"""

from __future__ import annotations

from flint import fmpq

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
    booleans = [builder.fact(side).is_boolean for side in (left, right)]
    if builder.robust and all(booleans):
        return builder.ramp(left.plus(right).shifted(-ONE))
    if builder.robust and any(booleans):
        boolean, value = (left, right) if booleans[0] else (right, left)
        return builder.gate(value, boolean.times(fmpq(2)).shifted(-ONE))
    nonnegative = [not builder.as_written and builder.fact(side).is_nonnegative for side in (left, right)]
    if any(nonnegative):
        return builder.gate(left, right) if nonnegative[1] else builder.gate(right, left)
    parts = builder.gate(left, right), builder.gate(left, right.times(-ONE))
    return combination([(ONE, parts[0]), (-ONE, parts[1])])
