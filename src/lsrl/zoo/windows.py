"""Windows: what the last few symbols decide. A shift register remembers them."""

from __future__ import annotations

from statistics import median

from lsrl.lang import (
    Concat,
    Value,
    and_,
    constant,
    delay,
    equal,
    maximum,
    minimum,
    not_equal,
    or_,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import phrases, sticky
from lsrl.zoo.specifications import of_windows
from lsrl.zoo.streams import BITS, symbols

FAMILY = Family(
    "windows",
    "what the last few symbols decide",
    ("Rogers et al. 2013, Cognitive and sub-regular complexity (definite and locally testable languages)",),
)

LETTERS, DIGITS = symbols(4), symbols(10)


@FAMILY.program("the symbol of 5 steps ago", LETTERS, lambda x: ([0] * 5 + x)[: len(x)], difficulty=1)
def delayed_copy(symbol: Value) -> Value:
    """The symbol of five steps ago, 0 before."""
    return delay(symbol, 5, name="copy")


@FAMILY.program(
    "sum of the last 8 symbols",
    LETTERS,
    lambda x: [sum(x[max(0, t - 7) : t + 1]) for t in range(len(x))],
    difficulty=1,
)
def moving_sum(symbol: Value) -> Value:
    """The sum of the last eight symbols."""
    return total(shift_register(symbol, 8, name="recent"), name="sum")


@FAMILY.program(
    "the last 4 symbols are the same",
    BITS,
    lambda x: [int(t >= 3 and len(set(x[t - 3 : t + 1])) == 1) for t in range(len(x))],
    difficulty=1,
    sampler=sticky(BITS, 0.5),
)
def last_k_equal(symbol: Value) -> Value:
    """Whether the last four symbols are the same."""
    recent = shift_register(symbol, 4, init=-1, name="recent")
    return and_(*(equal(recent[i], recent[i + 1]) for i in range(3)), recent[3] >= 0, name="same")


def _palindromes(x: list[int]) -> list[int]:
    windows = [x[t - 5 : t + 1] if t >= 5 else [0, 1] for t in range(len(x))]
    return [int(window == window[::-1]) for window in windows]


@FAMILY.program(
    "the last 6 symbols are a palindrome",
    BITS,
    _palindromes,
    difficulty=1,
    sampler=phrases(BITS, (0, 0, 0), (0, 1, 1, 0), (1, 0, 0, 1), (1,), slip=0.05),
)
def palindrome(symbol: Value) -> Value:
    """Whether the last six symbols read the same backwards."""
    recent = shift_register(symbol, 6, init=-1, name="recent")
    return and_(*(equal(recent[i], recent[5 - i]) for i in range(3)), recent[5] >= constant(0), name="palindrome")


@FAMILY.program("the symbol itself", LETTERS, list, difficulty=1)
def identity(symbol: Value) -> Value:
    """Nothing to do, for every layer to pass on."""
    return 1 * symbol


@FAMILY.program("the symbol changed", LETTERS, of_windows(2, lambda w: int(w[0] != w[1])), difficulty=1)
def change(symbol: Value) -> Value:
    """Whether it is another than before; 0 is what was before the first."""
    return not_equal(symbol, delay(symbol), name="changed")


@FAMILY.program("this symbol less the last one", DIGITS, of_windows(2, lambda w: w[1] - w[0]), difficulty=1)
def difference(symbol: Value) -> Value:
    """The first difference."""
    return symbol - delay(symbol)


@FAMILY.program("the second difference", DIGITS, of_windows(3, lambda w: (w[2] - w[1]) - (w[1] - w[0])), difficulty=1)
def second_difference(symbol: Value) -> Value:
    """The difference of the difference."""
    first = symbol - delay(symbol)
    return first - delay(first)


@FAMILY.program("the largest of the last 5 symbols", DIGITS, of_windows(5, max), difficulty=1)
def moving_maximum(symbol: Value) -> Value:
    """A tournament over a window."""
    recent = shift_register(symbol, 5, name="recent")
    first = maximum(maximum(recent[0], recent[1]), maximum(recent[2], recent[3]))
    return maximum(first, recent[4], name="maximum")


@FAMILY.program("the smallest of the last 3 symbols", DIGITS, of_windows(3, min), difficulty=1)
def moving_minimum(symbol: Value) -> Value:
    """A tournament over a window."""
    recent = shift_register(symbol, 3, name="recent")
    return minimum(minimum(recent[0], recent[1]), recent[2], name="minimum")


def _sorted(values: list[Value]) -> list[Value]:
    """The values in order, the smallest first: odd-even transposition, as many rounds as there are values."""
    values = list(values)
    for turn in range(len(values)):
        for i in range(turn % 2, len(values) - 1, 2):
            values[i], values[i + 1] = minimum(values[i], values[i + 1]), maximum(values[i], values[i + 1])
    return values


@FAMILY.program("the median of the last 3 symbols", DIGITS, of_windows(3, lambda w: int(median(w))), difficulty=1)
def median_of_3(symbol: Value) -> Value:
    """The middle of three."""
    recent = shift_register(symbol, 3, name="recent")
    return _sorted([recent[i] for i in range(3)])[1]


@FAMILY.program("the last 4 symbols, sorted", DIGITS, of_windows(4, lambda w: tuple(sorted(w))), difficulty=1)
def sort_window(symbol: Value) -> Value:
    """A sorting network over a window."""
    recent = shift_register(symbol, 4, name="recent")
    return Concat(_sorted([recent[i] for i in range(4)]))


@FAMILY.program(
    "how many different symbols are among the last 4",
    LETTERS,
    of_windows(4, lambda w: len(set(w) - {None}), before=None),
    difficulty=1,
)
def distinct_in_window(symbol: Value) -> Value:
    """Nothing is before the first symbol, but a symbol of its own, which is not counted."""
    recent = shift_register(symbol, 4, init=-1, name="recent")
    return total(Concat([or_(*(equal(recent[i], k) for i in range(4))) for k in range(4)]), name="distinct")


@FAMILY.program(
    "at least 3 of the last 5 symbols are ones", BITS, of_windows(5, lambda w: int(sum(w) >= 3)), difficulty=1
)
def majority_of_5(symbol: Value) -> Value:
    """A vote over a window."""
    return total(shift_register(symbol, 5, name="recent")) >= 3


@FAMILY.program(
    "the last 3 symbols are 1, 0, 1",
    BITS,
    of_windows(3, lambda w: int(w == [1, 0, 1])),
    difficulty=1,
    sampler=phrases(BITS, (1, 0), (1, 0, 1), (0,), slip=0.05),
)
def pattern_101(symbol: Value) -> Value:
    """A word in a window; occurrences may overlap."""
    return and_(symbol, equal(delay(symbol, 1), 0), delay(symbol, 2), name="found")


@FAMILY.program(
    "the symbol before this one was larger than both beside it",
    DIGITS,
    of_windows(3, lambda w: int(w[0] < w[1] > w[2])),
    difficulty=1,
)
def local_maximum(symbol: Value) -> Value:
    """A peak, seen one step later."""
    before = delay(symbol)
    return and_(before > symbol, before > delay(symbol, 2), name="peak")


@FAMILY.program(
    "the last 4 symbols are a word of two, twice",
    BITS,
    of_windows(4, lambda w: int(w[:2] == w[2:]), before=-1),
    difficulty=1,
    sampler=phrases(BITS, (0, 1), (0, 1, 0, 1), (1, 1), slip=0.1),
)
def repetition(symbol: Value) -> Value:
    """A square: ww. What is before the first symbol is equal to none."""
    recent = shift_register(symbol, 4, init=-1, name="recent")
    return and_(equal(recent[0], recent[2]), equal(recent[1], recent[3]), recent[3] >= 0, name="square")
