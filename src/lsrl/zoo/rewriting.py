"""From strings to strings, after Delétang et al. 2023, *Neural networks and the Chomsky hierarchy*.

A clock divides the steps: as many to read as the string is long, then as many as the answer is. What comes in meanwhile
means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt

from lsrl.lang import (
    Concat,
    Linear,
    Value,
    at_most,
    broadcast,
    constant,
    cyclic,
    delay,
    ifelse,
    lookup,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family, Specification
from lsrl.zoo.streams import BITS, symbols

FAMILY = Family(
    "rewriting",
    "from strings to strings of a fixed length, by a clock",
    ("Delétang et al. 2023, arXiv 2207.02098",),
)


def answering(read: int, delays: Sequence[int], symbol: Value) -> Value:
    """A clock reads so many symbols; then come answers, each the symbol of so many steps ago."""
    clock = cyclic(read + len(delays), name="clock")
    window = shift_register(symbol, max(delays) + 1, name="window")
    answers = Concat([window[steps] for steps in delays])
    return total(ifelse(clock[read:], answers, 0), name="answer")


def framed(read: int, answer: Callable[[list[int]], list[int]]) -> Specification:
    """Zeros while a clock reads so many symbols, then what a function makes of them; and so on."""

    def specification(x: list[int]) -> list[int]:
        answers: list[int] = []
        while len(answers) < len(x):
            start = len(answers)
            answers += [0] * read + answer([*x[start : start + read], *[0] * read][:read])
        return answers[: len(x)]

    return specification


@FAMILY.program("reverse string: 5 symbols are read, 5 answered", BITS, framed(5, lambda w: w[::-1]), difficulty=3)
def reverse_string(symbol: Value) -> Value:
    """The k-th answer came 2 k + 1 steps ago."""
    return answering(5, [2 * k + 1 for k in range(5)], symbol)


@FAMILY.program(
    "duplicate string: 4 symbols are read, 8 answered", symbols(3), framed(4, lambda w: w + w), difficulty=3
)
def duplicate_string(symbol: Value) -> Value:
    """Four steps ago, then eight."""
    return answering(4, [4] * 4 + [8] * 4, symbol)


@FAMILY.program(
    "odds first: 6 symbols are read; the first, third and fifth answered, then the others",
    symbols(3),
    framed(6, lambda w: w[::2] + w[1::2]),
    difficulty=3,
)
def odds_first(symbol: Value) -> Value:
    """A permutation of places."""
    return answering(6, [6 + k - place for k, place in enumerate([0, 2, 4, 1, 3, 5])], symbol)


def _counted(x: list[int]) -> list[int]:
    return [symbol for symbol in range(5) for _ in range(x.count(symbol))]


@FAMILY.program(
    "bucket sort: 6 symbols of 0 … 4 are read, then answered in order", symbols(5), framed(6, _counted), difficulty=5
)
def bucket_sort(symbol: Value) -> Value:
    """How many of the last six are at most 0, 1, …; the k-th answer is how many of these counts it is beyond."""
    at_most_each = at_most(broadcast(symbol, 4), [0, 1, 2, 3])
    counts = total_each(shift_register(at_most_each, 6, name="window"), 4)
    clock = cyclic(12, name="clock")
    answers = [total(delay(counts, k + 1) <= k) for k in range(6)]
    return total(ifelse(clock[6:], Concat(answers), 0), name="answer")


def total_each(window: Value, dim: int) -> Value:
    """The sums of each of `dim` components over a window."""
    return Linear(window, [[int(i % dim == row) for i in range(window.dim)] for row in range(dim)], name="counts")


def _bits_of(number: int, count: int) -> list[int]:
    return [number >> place & 1 for place in range(count)]


def calculated(read: int, write: int, number: Value) -> Value:
    """A clock reads so many bits, of which `number` is made in time; then its bits are answered, the lowest first."""
    bits = lookup(number, [_bits_of(n, write) for n in range(2**write)], name="bits")
    clock = cyclic(read + write, name="clock")
    answers = Concat([delay(bits[k], k + 1) for k in range(write)])
    return total(ifelse(clock[read:], answers, 0), name="answer")


def _numbers(bits: list[int]) -> list[int]:
    """Two numbers of as many bits, each with its lowest bit first."""
    half = len(bits) // 2
    return [sum(bit << place for place, bit in enumerate(part)) for part in (bits[:half], bits[half:])]


@FAMILY.program(
    "binary addition: two numbers of 4 bits are read, the lowest bits first, then 5 bits answered",
    BITS,
    framed(8, lambda w: _bits_of(sum(_numbers(w)), 5)),
    difficulty=3,
)
def binary_addition(symbol: Value) -> Value:
    """The sum of a weighted window."""
    both = Linear(shift_register(symbol, 8, name="window"), [[8, 4, 2, 1, 8, 4, 2, 1]], name="sum")
    return calculated(8, 5, both)


@FAMILY.program(
    "binary multiplication: two numbers of 3 bits are read, the lowest bits first, then 6 bits answered",
    BITS,
    framed(6, lambda w: _bits_of(_numbers(w)[0] * _numbers(w)[1], 6)),
    difficulty=3,
)
def binary_multiplication(symbol: Value) -> Value:
    """The first number, twice it and four times it, where the second has its bits."""
    window = shift_register(symbol, 6, name="window")
    first = Linear(window, [[0, 0, 0, 4, 2, 1]], name="first")
    parts = [ifelse(window[2 - place], 2**place * first, 0) for place in range(3)]
    return calculated(6, 6, total(Concat(parts), name="product"))


@FAMILY.program(
    "square root: a number of 6 bits is read, the lowest first, then its root’s 3 bits, rounded down, answered",
    BITS,
    framed(6, lambda w: _bits_of(isqrt(sum(bit << place for place, bit in enumerate(w))), 3)),
    difficulty=3,
)
def square_root(symbol: Value) -> Value:
    """How many of the squares are reached."""
    number = Linear(shift_register(symbol, 6, name="window"), [[32, 16, 8, 4, 2, 1]], name="number")
    root = total(broadcast(number, 7) >= constant([n * n for n in range(1, 8)]), name="root")
    return calculated(6, 3, root)
