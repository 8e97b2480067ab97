"""Sequences: runs, records, reversals, and statistics of all symbols so far."""

from __future__ import annotations

from itertools import accumulate, groupby, pairwise
from typing import Any

import numpy as np

from lsrl.lang import (
    Concat,
    LinState,
    Value,
    at_least,
    broadcast,
    constant,
    counter,
    cumsum,
    cyclic,
    delay,
    equal,
    ifelse,
    latch,
    maximum,
    minimum,
    not_equal,
    recur,
    reset_sum,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import sticky
from lsrl.zoo.specifications import of_prefixes
from lsrl.zoo.streams import BITS, Sampler, symbols

FAMILY = Family("sequences", "runs, records, reversals, and statistics of all symbols so far")

LETTERS, LEVELS, DIGITS = symbols(4), symbols(8), symbols(10)


def climbing(count: int) -> Sampler:
    """Symbols below a bound that rises over the sequence."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        bounds = np.linspace(1, count, length)[:, None]
        return np.floor(rng.random((length, 1)) ** 0.3 * bounds)

    return sample


@FAMILY.program(
    "the largest symbol so far, of 0 … 7",
    LEVELS,
    lambda x: list(accumulate(x, max)),
    difficulty=2,
    sampler=climbing(8),
)
def running_maximum(symbol: Value) -> Value:
    """The largest symbol so far, of a bounded alphabet: how many of the levels were reached."""
    levels = list(range(1, 8))
    visits = cumsum(at_least(broadcast(symbol, 7), levels))
    return total(visits >= 1, name="maximum")


def _run_lengths(x: list[Any]) -> list[int]:
    return [n for _, run in groupby(x) for n in range(1, len(list(run)) + 1)]


def _run(symbol: Value) -> Value:
    return reset_sum(constant(1), not_equal(symbol, delay(symbol, init=-1)), name="run")


@FAMILY.program(
    "how long the run of equal symbols is so far", BITS, _run_lengths, difficulty=4, sampler=sticky(BITS, 0.7)
)
def run_length(symbol: Value) -> Value:
    """A sum of ones that begins anew where the symbol changes."""
    return _run(symbol)


@FAMILY.program(
    "the longest run of equal symbols so far",
    BITS,
    lambda x: list(accumulate(_run_lengths(x), max)),
    difficulty=4,
    sampler=sticky(BITS, 0.8),
)
def longest_run(symbol: Value) -> Value:
    """The running maximum of the run's length."""
    run = _run(symbol)
    return recur(lambda longest: maximum(longest, run), name="longest")


def _ended(x: list[int]) -> list[int]:
    lengths = _run_lengths(x)
    return [0, *(before if now == 1 else 0 for before, now in pairwise(lengths))]


@FAMILY.program(
    "how long the run was that has just ended, else 0",
    LETTERS,
    _ended,
    difficulty=4,
    sampler=sticky(LETTERS, 0.6),
)
def run_that_ended(symbol: Value) -> Value:
    """What a run's length was one step ago, where the symbol changes."""
    return ifelse(not_equal(symbol, delay(symbol, init=-1)), delay(_run(symbol)), 0, name="ended")


@FAMILY.program(
    "how many runs of equal symbols there were", BITS, of_prefixes(lambda x: len(list(groupby(x)))), difficulty=4
)
def runs(symbol: Value) -> Value:
    """Changes, counted."""
    return cumsum(not_equal(symbol, delay(symbol, init=-1)), name="runs")


def _rising(x: list[int]) -> list[int]:
    lengths: list[int] = []
    for i, symbol in enumerate(x):
        lengths.append(lengths[-1] + 1 if i > 0 and symbol > x[i - 1] else 1)
    return lengths


@FAMILY.program(
    "how many steps the symbols have been growing",
    DIGITS,
    _rising,
    difficulty=4,
)
def rising_run(symbol: Value) -> Value:
    """A sum of ones that begins anew where the symbol does not grow."""
    return reset_sum(constant(1), symbol <= delay(symbol, init=-1), name="rising")


def _largest_before(x: list[int]) -> list[int]:
    return [max(x[:t], default=-1) for t in range(len(x))]


@FAMILY.program(
    "the symbol is larger than all before it, of 0 … 99",
    symbols(100),
    lambda x: [int(s > before) for s, before in zip(x, _largest_before(x), strict=True)],
    difficulty=2,
    sampler=climbing(100),
)
def record(symbol: Value) -> Value:
    """The running maximum, of one step ago."""
    largest = recur(lambda before: maximum(before, symbol), -1, name="largest")
    return symbol > delay(largest, init=-1)


@FAMILY.program(
    "when the largest symbol so far came first, counting from 0",
    symbols(100),
    of_prefixes(lambda x: x.index(max(x))),
    difficulty=4,
    sampler=climbing(100),
)
def largest_at(symbol: Value) -> Value:
    """A latch of the time, written by records."""
    largest = recur(lambda before: maximum(before, symbol), -1, name="largest")
    return latch(counter(), symbol > delay(largest, init=-1), name="place")


@FAMILY.program(
    "the two largest symbols so far, the second as large as the first where that was there twice; -1 for none",
    symbols(100),
    of_prefixes(lambda x: tuple(sorted([-1, *x])[:-3:-1])),
    difficulty=2,
    sampler=climbing(100),
)
def two_largest(symbol: Value) -> Value:
    """Two states: the first keeps the larger, and what it passes on meets the second."""
    first = recur(lambda before: maximum(before, symbol), -1, name="first")
    passed = minimum(delay(first, init=-1), symbol)
    return Concat([first, recur(lambda before: maximum(before, passed), -1, name="second")])


@FAMILY.program(
    "the largest symbol so far less the smallest",
    symbols(100),
    of_prefixes(lambda x: max(x) - min(x)),
    difficulty=2,
)
def spread(symbol: Value) -> Value:
    """Two running extremes."""
    largest = recur(lambda before: maximum(before, symbol), 0, name="largest")
    return largest - recur(lambda before: minimum(before, symbol), 99, name="smallest")


@FAMILY.program(
    "how often each of four symbols was there",
    LETTERS,
    of_prefixes(lambda x: tuple(x.count(k) for k in range(4))),
    difficulty=4,
)
def histogram(symbol: Value) -> Value:
    """A count for each symbol."""
    return cumsum(equal(broadcast(symbol, 4), [0, 1, 2, 3]), name="counts")


@FAMILY.program(
    "how many different symbols there were, of 0 … 7",
    LEVELS,
    of_prefixes(lambda x: len(set(x))),
    difficulty=2,
    sampler=sticky(LEVELS, 0.8),
)
def distinct(symbol: Value) -> Value:
    """Which symbols were there, and how many those are."""
    seen = cumsum(equal(broadcast(symbol, 8), list(range(8)))) >= 1
    return total(seen, name="distinct")


def _reversed_blocks(x: list[int]) -> list[int]:
    blocks = [[0] * 4, *(x[i : i + 4] for i in range(0, len(x), 4))]
    return [symbol for block in blocks for symbol in block[::-1]][: len(x)]


@FAMILY.program(
    "the symbols in blocks of four, each backwards, four steps later",
    DIGITS,
    _reversed_blocks,
    difficulty=3,
)
def reverse_blocks(symbol: Value) -> Value:
    """At place p of a block, what came 1 + 2p steps ago."""
    recent = shift_register(symbol, 8, name="recent")
    choices = Concat([recent[1 + 2 * p] for p in range(4)])
    return total(ifelse(cyclic(4, name="place"), choices, 0), name="backwards")


@FAMILY.program(
    "the first symbol of each block of four, held",
    DIGITS,
    lambda x: [x[t - t % 4] for t in range(len(x))],
    difficulty=3,
)
def hold_of_four(symbol: Value) -> Value:
    """A latch that the clock writes: sample and hold."""
    return latch(symbol, cyclic(4, name="place")[0], name="held")


@FAMILY.program(
    "the sum of every third symbol, from the first on",
    DIGITS,
    of_prefixes(lambda x: sum(x[::3])),
    difficulty=4,
)
def every_third(symbol: Value) -> Value:
    """A sum of what the clock lets through."""
    return cumsum(ifelse(cyclic(3, name="place")[0], symbol, 0), name="sum")


@FAMILY.program(
    "this symbol, less the last one, and the one before that, and so on: an alternating sum",
    DIGITS,
    of_prefixes(lambda x: sum(x[::-1][::2]) - sum(x[::-1][1::2])),
    difficulty=3,
)
def alternating_sum(symbol: Value) -> Value:
    """A state that changes its sign at every step."""
    return LinState(symbol, -1, name="sum")
