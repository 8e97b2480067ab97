"""How errors pass through a network's cells, whatever made them: rounding or changed weights.

With |x| the largest value of x from the facts and e(x) a bound on |computed − exact|,

    e(Σ w x + c)    = Σ |w| e(x), and what the sum itself loses
    e(relu(v))      = e(v); 0 where v is below 0 by more than e(v); relu(v) − relu(−v) has e(v) once
    e(v · w)        = |v| e(w) + |w| e(v) + e(v) e(w), and what the product itself loses
    e(state)        the error that one step adds, times 1 + ρ + ρ² + … over the steps; ρ is the norm of A
    e(decision)     = 0 as long as e(argument) is within its margin; else anything from 0 to 1

What a sum or a product itself loses, and how its cells are made, is each analysis's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.facts import Fact, Gap, gap_at_zero
from lsrl.lang.numbers import ZERO, as_float
from lsrl.rounding.sums import Sum, is_float, stored_error


@dataclass(frozen=True, slots=True)
class Number:
    """What is known of a number of a network as others see it.

    `at_zero` bounds the error where the exact value is 0, and `least` is the smallest positive value,
    if they are known to be better than `error` and 0; they are known of no number that can be negative. `dip` is what
    a smooth activation may have taken from it or added to it where it is 0, or nearly.
    """

    fact: Fact
    error: float
    at_zero: float | None = None
    least: fmpq = ZERO
    dip: float = 0.0


Numbers: TypeAlias = Mapping[int, Number] | Sequence[Number]


def gap_around_zero(argument: Fact, known: Gap | None) -> Gap:
    """How far the argument of a ReLU stays off 0: what is known of it, or what its grid tells."""
    if known is not None:
        return known
    return gap_at_zero(argument) or Gap(ZERO, ZERO)


def relu(
    argument: Sum,
    error: float,
    fact: Fact,
    gap: Gap,
    copied: tuple[fmpq, Number] | None,
    precision: int,
    *,
    dead: float = 0.0,
    smooth: float = 0.0,
) -> Number:
    """max(v, 0), of which `fact` is known, of a v with this error: exactly 0 where v is below 0 by more than that.

    `copied` is the one number that v reads, with its weight. 1 − relu(g), by which comparisons are made, is only
    off where relu(g) = 0 is off; elsewhere it is so far below 0 that it is cut off. An activation may be off by
    `smooth` where it is fed with less than `dead` off 0.
    """
    if copied is not None and copied[1].at_zero is not None:
        (weight, read), top = copied, argument.constant
        least = read.least or read.fact.measure or ZERO
        if weight > 0 and not top:
            return Number(fact, error + smooth, error + smooth if read.at_zero else 0.0, weight * least, smooth)
        if weight < 0 < top:
            if error + dead <= as_float(-(top + weight * least)) and as_float(top) >= 2 * dead:
                return Number(fact, _left(weight, read.at_zero or 0.0, top, precision), 0.0, top, smooth)
            # What is taken away is never negative, but for a dip: what is left is no more than the constant.
            if math.isfinite(error):
                whole = as_float(top) if is_float(top, precision) else (1 + 2.0**-precision) * as_float(top)
                error = min(error, whole + 4 * as_float(-weight) * read.dip)
    at_zero = 0.0 if error + dead <= as_float(gap.below) else error + smooth
    return Number(fact, error + smooth, at_zero, gap.above, smooth)


def size_of(fact: Fact) -> float:
    """The largest |value|, infinite where it is not known."""
    return math.inf if fact.magnitude is None else as_float(fact.magnitude)


def _left(weight: fmpq, at_zero: float, top: fmpq, precision: int) -> float:
    """How far off top + weight · 0 can be."""
    if not at_zero:
        return stored_error(top, precision)
    return Sum([(weight, Fact(ZERO, ZERO), at_zero)], top).error(precision)


def decided(error: float, room: float) -> float:
    """The error of a decision whose argument may be off by `room`: none, or that it went the other way."""
    return 0.0 if error <= room else 1.0


def product(left: float, left_error: float, right: float, right_error: float) -> float:
    """What a product of two numbers up to so large inherits of their errors."""
    return times(left_error, right) + times(right_error, left) + times(left_error, right_error)


def times(one: float, other: float) -> float:
    """The product of two bounds; nothing times what is not bounded is nothing."""
    return one * other if one and other else 0.0


def accumulated(added: float, start: float, rate: float, steps: float) -> float:
    """The largest of e₀ = start, eₜ = rate · eₜ₋₁ + added over so many steps.

    >>> accumulated(1.0, 0.0, 1.0, 10), accumulated(1.0, 0.0, 0.5, math.inf), accumulated(0.0, 1.0, 2.0, 3)
    (10.0, 2.0, 8.0)
    """
    added, start, rate, steps = map(float, (added, start, rate, steps))  # NumPy's warn where Python's raise
    if not added and not start:
        return 0.0
    if math.isinf(rate) or math.isinf(added):
        return math.inf
    try:
        if rate < 1:
            return start + added * min(steps, 1 / (1 - rate))
        grown = 1.0 if rate == 1 else rate**steps
        total = (grown - 1) / (rate - 1) if rate > 1 + 2.0**-20 else steps * grown
        return times(start, grown) + times(added, total)
    except OverflowError:
        return math.inf
