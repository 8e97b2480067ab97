"""Remainders: long division in binary, a comparison and a subtraction for each bit of the quotient."""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import Fact
from lsrl.circuit.unbounded_sums import remainder_of_sum
from lsrl.errors import RangeError
from lsrl.lang.numbers import ONE, ZERO


def remainder(builder: CircuitBuilder, form: Affine, n: int, below: int | None) -> Affine:
    """form mod n, for a form that is known to be whole, with a known range.

    A sum without a range is followed by a finite automaton. Else, with d = n · 2ᵏ, …, 2n, n in turn: what is left,
    which is below 2d, less d where it is at least d. Raises `RangeError` for numbers that are not whole, have no known
    range, or reach beyond what was promised by `below`.
    """
    fact = builder.fact(form)
    name = builder.origin
    if fact.measure is None or fact.measure.q != 1:
        raise RangeError(
            f"{name!r} is a remainder of what may not be whole; expected Input(…, integer=True), or whole multiples"
        )
    if fact.low is None or fact.high is None:
        endless = remainder_of_sum(builder, form, n) if below is None else None
        if endless is not None:
            return endless
        raise RangeError(
            f"{name!r} is a remainder of a value whose range is not known; declare Input(range=(low, high)) "
            "and compile(..., max_length=...)"
        )
    if below is not None and not (fact.low >= 0 and fact.high < below):
        raise RangeError(
            f"{name!r} is a remainder of what can be {fact.low} … {fact.high}, and below={below} promises "
            f"0 … {below - 1}; leave it out, or declare a smaller range or max_length"
        )
    lowest = fmpq(n) * (fact.low / n).floor()
    rest, most = form.shifted(-lowest), fact.high - lowest
    divisor = fmpq(n)
    while 2 * divisor <= most:
        divisor *= 2
    while divisor >= n and most >= n:
        fits = builder.ramp(rest.shifted(ONE - divisor))
        rest = combination([(ONE, rest), (-divisor, fits)])
        most = min(most, divisor - 1)
        builder.assume(rest, Fact(ZERO, most, ONE))
        divisor /= 2
    return rest
