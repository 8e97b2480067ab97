"""Regular languages beyond Tomita's, and automata that are known for something."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from lsrl.lang import Value, lookup
from lsrl.zoo.automata import accepted, state_of
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import ordered, phrases, rarely
from lsrl.zoo.specifications import matching
from lsrl.zoo.streams import Sampler, Stream, letters

FAMILY = Family(
    "regular",
    "regular languages: whether all symbols so far match, unless it says otherwise",
    ("Kleene 1956, Representation of events", "McNaughton and Papert 1971, Counter-free automata"),
)

AB, ABC = letters("ab"), letters("abc")


def _language(
    name: str,
    pattern: str,
    stream: Stream,
    table: Sequence[Sequence[int]],
    *accepting: int,
    memory: int,
    sampler: Sampler,
) -> None:
    """A language: an expression says what it is, an automaton is the program."""
    decorate = FAMILY.program(pattern, stream, matching(pattern), difficulty=memory, sampler=sampler, name=name)
    decorate(lambda symbol: accepted(symbol, table, *accepting))


_language(
    "ends_in_abb",
    "[ab]*abb",
    AB,
    [[1, 0], [1, 2], [1, 3], [1, 0]],
    3,
    memory=1,
    sampler=phrases(AB, "abb", "ab", "b"),
)
_language(
    "begins_with_ab",
    "ab[ab]*",
    AB,
    [[1, 3], [3, 2], [2, 2], [3, 3]],
    2,
    memory=2,
    sampler=phrases(AB, "ab", "ba", "b", "aba"),
)
_language(
    "contains_aba",
    "[ab]*aba[ab]*",
    AB,
    [[1, 0], [1, 2], [3, 0], [3, 3]],
    3,
    memory=2,
    sampler=rarely(AB, 0, times=6),
)
_language(
    "a_then_b",
    "a*b*",
    AB,
    [[0, 1], [2, 1], [2, 2]],
    0,
    1,
    memory=2,
    sampler=ordered(AB, "a", "b", "a"),
)
_language(
    "pairs_ab_or_ba",
    "(ab|ba)*",
    AB,
    [[1, 2], [3, 0], [0, 3], [3, 3]],
    0,
    memory=2,
    sampler=phrases(AB, "ab", "ba", slip=0.01),
)
_language(
    "abc_again",
    "(abc)*",
    ABC,
    [[1, 3, 3], [3, 2, 3], [3, 3, 0], [3, 3, 3]],
    0,
    memory=2,
    sampler=phrases(ABC, "abc", slip=0.01),
)
_language(
    "even_as_between_bs",
    "(aa|b)*",
    AB,
    [[1, 0], [0, 2], [2, 2]],
    0,
    memory=3,
    sampler=phrases(AB, "aa", "b", slip=0.01),
)
_language(
    "third_from_the_end",
    "[ab]*a[ab][ab]",
    AB,
    [[2 * s % 8 + 1, 2 * s % 8] for s in range(8)],
    4,
    5,
    6,
    7,
    memory=1,
    sampler=AB.sample,
)
_language(
    "no_two_bs_together",
    "(b?a)*b?",
    AB,
    [[0, 1], [0, 2], [2, 2]],
    0,
    1,
    memory=2,
    sampler=phrases(AB, "a", "ba", slip=0.03),
)
_language(
    "number_literal",
    r"[+-]?5+(\.5+)?",
    letters("+-.5"),
    [[1, 1, 5, 2], [5, 5, 5, 2], [5, 5, 3, 2], [5, 5, 5, 4], [5, 5, 5, 4], [5, 5, 5, 5]],
    2,
    4,
    memory=2,
    sampler=rarely(letters("+-.5"), 3),
)
_language(
    "identifier",
    "[x_][x_0]*",
    letters("x_0-"),
    [[1, 1, 2, 2], [1, 1, 1, 2], [2, 2, 2, 2]],
    1,
    memory=2,
    sampler=rarely(letters("x_0-"), 0, 1, times=4),
)
_language(
    "no_three_alike",
    r"(?!.*(.)\1\1).*",
    AB,
    [[1, 2], [3, 2], [1, 4], [5, 2], [1, 5], [5, 5]],
    0,
    1,
    2,
    3,
    4,
    memory=2,
    sampler=phrases(AB, "ab", "aab", slip=0.03),
)


TIME = letters("0123456789:")


def _times(rng: np.random.Generator, length: int) -> np.ndarray:
    """A time of the day, and then perhaps something else; what comes later is alike."""
    text = f"{rng.integers(24):02}:{rng.integers(60):02}"
    x = TIME.sample(rng, length)
    x[: len(text), 0] = [TIME.texts.index(symbol) for symbol in text][:length]
    return x


def _time_of_day(word: list[str]) -> int:
    text = "".join(word)
    times = [f"{hour:02}:{minute:02}" for hour, minute in product(range(24), range(60))]
    return 2 * (text in times) or int(any(time.startswith(text) for time in times))


@FAMILY.program(
    "a time of the day, as in 23:59: 2 for one, 1 for what may begin one, 0 for all else",
    TIME,
    lambda x: [_time_of_day(x[: t + 1]) if t < 5 else 0 for t in range(len(x))],
    difficulty=2,
    sampler=_times,
    max_length=16,
)
def time_of_day(symbol: Value) -> Value:
    """Places after each other, each with the digits that may be there."""
    dead = 7
    steps: list[dict[str, int]] = [
        dict.fromkeys("01", 1) | {"2": 2},
        dict.fromkeys("0123456789", 3),
        dict.fromkeys("0123", 3),
        {":": 4},
        dict.fromkeys("012345", 5),
        dict.fromkeys("0123456789", 6),
        {},
        {},
    ]
    table = [[step.get(text, dead) for text in TIME.texts] for step in steps]
    return lookup(state_of(symbol, table, name="place"), [1, 1, 1, 1, 1, 1, 2, 0], name="verdict")
