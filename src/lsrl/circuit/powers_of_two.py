"""Powers of two around numbers: by them floats are scaled without rounding."""

from __future__ import annotations

from flint import fmpq

from lsrl.lang.numbers import ONE


def power(of: int) -> fmpq:
    """2 to this."""
    return fmpq(2) ** of


def exponent(number: fmpq) -> int:
    """The exponent of a power of two."""
    return int(number.p).bit_length() - int(number.q).bit_length()


def power_of_two_above(number: fmpq) -> fmpq:
    """The smallest power of two that is not below a positive number; 1 for 0.

    >>> power_of_two_above(fmpq(5)), power_of_two_above(fmpq(1, 3))
    (8, 1/2)
    """
    if not number:
        return ONE
    below = power_of_two_below(number)
    return below if below == number else 2 * below


def power_of_two_below(number: fmpq) -> fmpq:
    """The largest power of two that is not above a positive number."""
    near = power(int(number.p).bit_length() - int(number.q).bit_length())
    return near if near <= number else near / 2
