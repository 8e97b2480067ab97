"""Numbers digit by digit, from the lowest digit or from the highest: what is carried is the state."""

from __future__ import annotations

import numpy as np

from lsrl.automata import moore
from lsrl.lang import (
    Value,
    delay,
    equal,
    ifelse,
    latch,
    lookup,
    modulo,
    not_equal,
    recur,
)
from lsrl.zoo.entry import Family, Specification
from lsrl.zoo.samplers import phrases
from lsrl.zoo.specifications import of_prefixes, of_windows
from lsrl.zoo.streams import BITS, symbols, whole

FAMILY = Family("digits", "numbers digit by digit, in binary and decimal")

TWO_BITS, TWO_DIGITS = whole((0, 1), (0, 1), name="bits"), whole((0, 9), (0, 9), name="digits")
DIGITS = symbols(10)


def number_of(digits: list[int], base: int) -> int:
    """The number whose digits these are, the highest first.

    >>> number_of([1, 0, 1], 2)
    5
    """
    number = 0
    for digit in digits:
        number = base * number + digit
    return number


def _from_units(base: int, result: object) -> Specification:
    """The digits of a function of numbers that come with their lowest digit first."""

    def specification(x: list[object]) -> list[int]:
        rows = [row if isinstance(row, tuple) else (row,) for row in x]
        answers = []
        for t in range(len(rows)):
            numbers = [number_of([row[i] for row in rows[t::-1]], base) for i in range(len(rows[0]))]
            answers.append(result(*numbers) // base**t % base)  # type: ignore[operator]
        return answers

    return specification


def _carried(place: Value, base: int, most: int) -> Value:
    """The digits of numbers whose places hold 0 … `most`: what is more than a digit is carried on."""
    sums = range(most + most // (base - 1) + 1)
    carry = recur(lambda last: lookup(last + place, [n // base for n in sums]), name="carry")
    return lookup(delay(carry) + place, [n % base for n in sums], name="digit")


@FAMILY.program("addition in binary, the lowest bits first", TWO_BITS, _from_units(2, lambda a, b: a + b), difficulty=2)
def add_binary(bits: Value) -> Value:
    """A full adder: the carry is kept where the bits differ."""
    carry = latch(bits[0], equal(bits[0], bits[1]), name="carry")
    return modulo(bits[0] + bits[1] + delay(carry), 2, name="sum")


@FAMILY.program(
    "subtraction in binary, the lowest bits first; what is below 0 goes on as two’s complement",
    TWO_BITS,
    _from_units(2, lambda a, b: a - b),
    difficulty=2,
)
def subtract_binary(bits: Value) -> Value:
    """A full subtractor: the borrow is kept where the bits are the same."""
    borrow = latch(bits[1], not_equal(bits[0], bits[1]), name="borrow")
    return modulo(bits[0] + bits[1] + delay(borrow), 2, name="difference")


@FAMILY.program(
    "addition in decimal, the lowest digits first", TWO_DIGITS, _from_units(10, lambda a, b: a + b), difficulty=2
)
def add_decimal(digits: Value) -> Value:
    """A nine passes a carry on; more makes one, less takes it."""
    both = digits[0] + digits[1]
    carry = latch(both >= 10, not_equal(both, 9), name="carry")
    here = both + delay(carry)
    return here - 10 * (here >= 10)


@FAMILY.program("thrice a binary number, the lowest bit first", BITS, _from_units(2, lambda n: 3 * n), difficulty=2)
def times_3_binary(bit: Value) -> Value:
    """A carry of 0, 1 or 2."""
    return _carried(3 * bit, 2, 3)


@FAMILY.program(
    "seven times a decimal number, the lowest digit first", DIGITS, _from_units(10, lambda n: 7 * n), difficulty=2
)
def times_7_decimal(digit: Value) -> Value:
    """A carry of 0 … 6."""
    return _carried(7 * digit, 10, 63)


@FAMILY.program(
    "a binary number and 1, the lowest bit first",
    BITS,
    _from_units(2, lambda n: n + 1),
    difficulty=2,
    sampler=phrases(BITS, (1,), slip=0.1),
)
def increment(bit: Value) -> Value:
    """Ones are zeros until the first zero is a one."""
    seen = latch(1 - bit, 1 - bit, name="seen")
    return equal(bit, delay(seen), name="digit")


@FAMILY.program(
    "minus a binary number as two’s complement, the lowest bit first",
    BITS,
    _from_units(2, lambda n: -n),
    difficulty=2,
    sampler=phrases(BITS, (0,), slip=0.2),
)
def negate(bit: Value) -> Value:
    """After the first one, bits are turned over."""
    return not_equal(bit, delay(latch(bit, bit, name="seen")), name="digit")


@FAMILY.program(
    "the larger of two binary numbers, the lowest bits first: 1 for the first, -1 for the second, 0 for neither",
    TWO_BITS,
    of_prefixes(lambda x: _sign(x[::-1])),
    difficulty=2,
)
def compare_from_units(bits: Value) -> Value:
    """The last difference decides."""
    difference = bits[0] - bits[1]
    return latch(difference, not_equal(difference, 0), name="sign")


def _sign(x: list[tuple[int, int]]) -> int:
    first, second = (number_of([row[i] for row in x], 2) for i in (0, 1))
    return (first > second) - (first < second)


def _alike(rng: np.random.Generator, length: int) -> np.ndarray:
    """Two numbers that are the same for a while."""
    bits = rng.integers(0, 2, (length, 1))
    return np.asarray((bits + (rng.random((length, 2)) < 1 / length)) % 2, dtype=np.float64)


@FAMILY.program(
    "the larger of two binary numbers, the highest bits first: 1 for the first, -1 for the second, 0 for neither",
    TWO_BITS,
    of_prefixes(_sign),
    difficulty=2,
    sampler=_alike,
)
def compare_from_the_top(bits: Value) -> Value:
    """The first difference decides: what is kept takes no other any more."""
    difference = bits[0] - bits[1]
    return recur(lambda sign: ifelse(equal(sign, 0), difference, sign), name="sign")


@FAMILY.program(
    "the quotient of a binary number by 3, the highest bit first",
    BITS,
    of_prefixes(lambda x: number_of(x, 2) // 3 % 2),
    difficulty=3,
)
def divide_by_3(bit: Value) -> Value:
    """Long division: the remainder is carried down."""
    remainder = moore(bit, [[(2 * r + b) % 3 for b in (0, 1)] for r in range(3)], range(3), name="remainder")
    return 2 * delay(remainder) + bit >= 3


@FAMILY.program(
    "a binary number modulo 3, the highest bit first",
    BITS,
    of_prefixes(lambda x: number_of(x, 2) % 3),
    difficulty=3,
)
def binary_modulo_3(bit: Value) -> Value:
    """Twice the remainder and the bit: the group S₃ in its action on 0, 1, 2."""
    return recur(lambda r: modulo(2 * r + bit, 3), name="remainder")


@FAMILY.program(
    "a decimal number modulo 7, the highest digit first",
    DIGITS,
    of_prefixes(lambda x: int("".join(map(str, x))) % 7),
    difficulty=3,
)
def decimal_modulo_7(digit: Value) -> Value:
    """Ten times the remainder and the digit."""
    return recur(lambda r: modulo(10 * r + digit, 7), name="remainder")


@FAMILY.program(
    "from Gray code to binary, the highest bit first", BITS, of_prefixes(lambda x: x.count(1) % 2), difficulty=3
)
def gray_to_binary(bit: Value) -> Value:
    """Bits are added up modulo 2."""
    return recur(lambda last: not_equal(last, bit), name="binary")


@FAMILY.program("from binary to Gray code", BITS, of_windows(2, lambda w: w[0] ^ w[1]), difficulty=1)
def binary_to_gray(bit: Value) -> Value:
    """Where the bit changes."""
    return not_equal(bit, delay(bit), name="gray")
