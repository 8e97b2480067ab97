"""Arithmetic with whole numbers: products, sums, accounts, remainders, generators."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from math import gcd

from lsrl.automata import moore
from lsrl.lang import (
    Concat,
    Linear,
    Multi,
    Value,
    absolute,
    clip,
    cumsum,
    ifelse,
    lookup,
    modulo,
    recur,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.specifications import of_prefixes, of_windows, remembering
from lsrl.zoo.streams import BITS, symbols, whole

FAMILY = Family("arithmetic", "whole numbers: products, sums, accounts, remainders, generators")

TWO_DIGITS, DIGITS = whole((0, 9), (0, 9), name="digits"), symbols(10)
TERNARY = whole((-3, 3), (-3, 3), (-3, 3), (-3, 3), name="numbers")


@FAMILY.program("the digit sum modulo 9", DIGITS, lambda x: [n % 9 for n in accumulate(x)], difficulty=3)
def casting_out_nines(digit: Value) -> Value:
    """A sum modulo 9."""
    return modulo(cumsum(digit), 9, name="remainder")


@FAMILY.program("the product of two digits", TWO_DIGITS, lambda x: [a * b for a, b in x], difficulty=1)
def multiply_digits(digits: Value) -> Value:
    """A product of whole numbers."""
    return Multi(digits, name="product")


@FAMILY.program("the distance of two digits", TWO_DIGITS, lambda x: [max(a, b) - min(a, b) for a, b in x], difficulty=1)
def distance(digits: Value) -> Value:
    """An absolute value."""
    return absolute(digits[0] - digits[1], name="distance")


@FAMILY.program(
    "the greatest common divisor of two numbers from 1 to 8",
    whole((1, 8), (1, 8), name="numbers"),
    lambda x: [gcd(a, b) for a, b in x],
    difficulty=1,
)
def common_divisor(numbers: Value) -> Value:
    """A table."""
    table = [gcd(a, b) for a in range(1, 9) for b in range(1, 9)]
    return lookup(8 * numbers[0] + numbers[1] - 9, table, name="divisor")


@FAMILY.program(
    "the number that the last four bits are, the highest bit first",
    BITS,
    of_windows(4, lambda w: int("".join(map(str, w)), 2)),
    difficulty=1,
)
def value_of_4_bits(bit: Value) -> Value:
    """A weighted sum of a window."""
    return Linear(shift_register(bit, 4, name="recent"), [[1, 2, 4, 8]], name="value")


@FAMILY.program("the mean of the last 4 digits", DIGITS, of_windows(4, lambda w: Fraction(sum(w), 4)), difficulty=1)
def mean_of_4(digit: Value) -> Value:
    """A quarter of a sum."""
    return total(shift_register(digit, 4, name="recent")) / 4


@FAMILY.program(
    "the inner products of two vectors of two numbers, added up",
    TERNARY,
    of_prefixes(lambda x: sum(a * c + b * d for a, b, c, d in x)),
    difficulty=4,
)
def inner_products(numbers: Value) -> Value:
    """Products, and a sum of them."""
    return cumsum(total(Multi(numbers)), name="sum")


@FAMILY.program(
    "the determinant of a 2 × 2 matrix",
    TERNARY,
    lambda x: [a * d - b * c for a, b, c, d in x],
    difficulty=1,
)
def determinant(numbers: Value) -> Value:
    """Two products."""
    return numbers[0] * numbers[3] - numbers[1] * numbers[2]


@FAMILY.program(
    "the sum of all sums so far", DIGITS, lambda x: list(accumulate(accumulate(x))), difficulty=4, max_length=1024
)
def double_sum(digit: Value) -> Value:
    """It grows with the square of time."""
    return cumsum(cumsum(digit, name="sum"), name="double")


@FAMILY.program(
    "an account that refuses withdrawals that it does not cover",
    whole((-9, 9), name="amount"),
    remembering(0, lambda m, x: (m + x if m + x >= 0 else m,) * 2),
    difficulty=4,
)
def covered_account(amount: Value) -> Value:
    """A sum that keeps what it was where it would be below 0."""
    return recur(lambda m: ifelse(m + amount >= 0, m + amount, m), name="balance")


def _fibonacci(x: list[int]) -> list[int]:
    numbers = [0, 1]
    answers = []
    for bit in x:
        if bit:
            numbers.append(numbers[-1] + numbers[-2])
        answers.append(numbers[-2] % 10)
    return answers


@FAMILY.program("the last digit of the n-th Fibonacci number, for n ones so far", BITS, _fibonacci, difficulty=3)
def fibonacci_digit(bit: Value) -> Value:
    """Two digits that move on with each one: a cycle of length 60."""

    def step(last: Value) -> Value:
        moved = Concat([last[1], modulo(last[0] + last[1], 10)])
        return ifelse(bit, moved, last)

    return recur(step, [0, 1], name="digits")[0]


@FAMILY.program(
    "a linear congruential generator, s ↦ 5 s + 3 modulo 16 with every one",
    BITS,
    of_prefixes(lambda x: _generated(sum(x))),
    difficulty=3,
    references=("Lehmer 1951",),
)
def random_numbers(bit: Value) -> Value:
    """A permutation of 16 numbers, of one cycle."""
    return moore(bit, [[s, (5 * s + 3) % 16] for s in range(16)], range(16), name="number")


def _generated(times: int) -> int:
    state = 0
    for _ in range(times):
        state = (5 * state + 3) & 15
    return state


@FAMILY.program(
    "a sum that never leaves -100 … 100: saturating arithmetic",
    whole((-9, 9), name="amount"),
    remembering(0, lambda s, x: (min(100, max(-100, s + x)),) * 2),
    difficulty=2,
)
def saturating_sum(amount: Value) -> Value:
    """A sum that is clipped at every step."""
    return recur(lambda s: clip(s + amount, -100, 100), name="sum")
