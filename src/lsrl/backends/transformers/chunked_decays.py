"""How far off a decay is that a full pass makes of sums of logarithms, in chunks."""

from __future__ import annotations

import math


def chunk_errors(decay: float, chunk: int, logarithm: float) -> float:
    """How far off a decay a = exp(−c) can be, relatively, in every step, in chunks of so many.

    In units of 2⁻²⁴: c is off by `logarithm`, and exp adds 2. That counts k times in what is k steps old, of
    which there is aᵏ: k·aᵏ adds up to a times what errors made in every step do. What the full pass makes once
    in each aᵏ adds up to a(1 − a) times that, or to a quarter of it in sequences of any length: two more exp, four
    products, and 2·chunk·c where sums of c over a chunk are subtracted. And it adds up all of a chunk in any order,
    where the two additions that are counted for a step in any case are those of a number that grows with age.
    """
    c = -math.log(decay)
    of_age = 1.5 * decay * (logarithm + 2)
    once = (decay * (1 - decay) if decay < 1 / 2 else 1 / 4) * (10 + 2 * chunk * c)
    felt = min(chunk, 2 + 17 / c)  # what is older is below the last place of the sum
    added = max(0.0, (felt + 2) * (1 - decay) / (1 - decay**felt) - 2)
    found: float = 2.0**-24 * (of_age + once + added)
    return found
