"""Tomita's seven regular languages over 0 and 1, which recurrent networks have been trained on ever since."""

from __future__ import annotations

from itertools import pairwise

from lsrl.automata import accepts, regex
from lsrl.lang import Value, and_, cumsum, equal, modulo, recur
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import ordered, phrases, rarely
from lsrl.zoo.specifications import matching, of_prefixes
from lsrl.zoo.streams import BITS

FAMILY = Family(
    "tomita",
    "Tomita's seven languages over 0 and 1; all symbols so far are a word of the language",
    ("Tomita 1982, Dynamic construction of finite-state automata", "Weiss et al. 2018, arXiv 1711.09576"),
)


@FAMILY.program("1*: no 0 so far", BITS, matching("1*"), difficulty=2, sampler=rarely(BITS, 1))
def tomita_1(symbol: Value) -> Value:
    """A latch that a 0 clears."""
    return recur(lambda alive: and_(alive, symbol), 1, name="alive")


@FAMILY.program("(10)*", BITS, matching("(10)*"), difficulty=2, sampler=phrases(BITS, (1, 0), slip=0.01))
def tomita_2(symbol: Value) -> Value:
    """Three states: what comes next is 1, or 0, or it is too late."""
    return regex("(10)*", symbol, name="accepted")


def _even_zeros_after_odd_ones(word: list[int]) -> bool:
    runs: list[list[int]] = []
    for symbol in word:
        if runs and runs[-1][0] == symbol:
            runs[-1][1] += 1
        else:
            runs.append([symbol, 1])
    # A run of zeros that has not ended may not be odd either: the word ends here.
    pairs = pairwise(runs)
    return not any(first == 1 and ones % 2 and zeros % 2 for (first, ones), (_, zeros) in pairs)


@FAMILY.program(
    "no odd number of 0s after an odd number of 1s",
    BITS,
    of_prefixes(_even_zeros_after_odd_ones),
    difficulty=3,
    sampler=phrases(BITS, (1, 1), (0, 0), (1, 0, 0), (0, 1, 1), slip=0.005),
)
def tomita_3(symbol: Value) -> Value:
    """Even 1s; odd 1s; odd 0s after odd 1s; even 0s after odd 1s; failed."""
    return accepts(symbol, [[0, 1], [2, 0], [3, 4], [2, 1], [4, 4]], accepting=[0, 1, 3], name="accepted")


@FAMILY.program(
    "no three 0s in a row",
    BITS,
    of_prefixes(lambda word: "000" not in "".join(map(str, word))),
    difficulty=2,
    sampler=phrases(BITS, (1,), (0, 1), (0, 0, 1), slip=0.05),
)
def tomita_4(symbol: Value) -> Value:
    """How many 0s there are in a row, up to three, which stays."""
    return accepts(symbol, [[1, 0], [2, 0], [3, 0], [3, 3]], accepting=[0, 1, 2], name="accepted")


@FAMILY.program(
    "an even number of 0s and an even number of 1s",
    BITS,
    of_prefixes(lambda word: word.count(0) % 2 == 0 and word.count(1) % 2 == 0),
    difficulty=3,
)
def tomita_5(symbol: Value) -> Value:
    """Two counts modulo 2."""
    return and_(equal(modulo(cumsum(symbol), 2), 0), equal(modulo(cumsum(1 - symbol), 2), 0), name="even")


@FAMILY.program(
    "as many 0s as 1s, modulo 3",
    BITS,
    of_prefixes(lambda word: (word.count(0) - word.count(1)) % 3 == 0),
    difficulty=3,
)
def tomita_6(symbol: Value) -> Value:
    """A count modulo 3 that goes up and down."""
    return equal(modulo(cumsum(1 - 2 * symbol), 3), 0, name="divisible")


@FAMILY.program("0*1*0*1*", BITS, matching("0*1*0*1*"), difficulty=2, sampler=ordered(BITS, 0, 1, 0, 1, 0))
def tomita_7(symbol: Value) -> Value:
    """Which of the four runs it is in; a fifth is one too many."""
    return regex("0*1*0*1*", symbol, name="accepted")
