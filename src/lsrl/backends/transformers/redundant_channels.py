"""What a robust network has in several channels: a number that would meet the noise of one weight at every step.

The noise of channels that are the same averages out. All counts are powers of two, so that parts of what is exact are.
"""

from __future__ import annotations

from lsrl.circuit.affine import UnitId
from lsrl.lowering.ramps import SMALL
from lsrl.placement.residual import ResidualStack

ALIKE, PARTS = 8, 4

MOST_BITS = 20
"""What is in parts has no more, so that a float32 holds a quarter of it, too."""


def alike(stack: ResidualStack) -> int:
    """How many channels hold what is the same at every step."""
    return ALIKE if stack.circuit.robust else 1


def parts_of(stack: ResidualStack, unit_id: UnitId, signs: int) -> int:
    """How many channels a sum is spread over, each with a part of its weight.

    Only large ones, of one sign, on a grid on which floats hold the parts: what these add up to rounds nowhere.
    """
    fact = stack.circuit.knowledge.facts[unit_id]
    if not stack.circuit.robust or signs > 1 or fact.magnitude is None or fact.measure is None:
        return 1
    return PARTS if SMALL < fact.magnitude <= fact.measure * 2**MOST_BITS else 1
