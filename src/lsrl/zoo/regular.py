"""Regular languages beyond Tomita's, and automata that are known for something."""

from __future__ import annotations

from itertools import product

import numpy as np

from lsrl.automata import accepts, moore, regex
from lsrl.lang import Value
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import ordered, phrases, rarely
from lsrl.zoo.specifications import matching, of_prefixes
from lsrl.zoo.streams import Sampler, Stream, letters

FAMILY = Family(
    "regular",
    "regular languages: whether all symbols so far match, unless it says otherwise",
    ("Kleene 1956, Representation of events", "McNaughton and Papert 1971, Counter-free automata"),
)

AB, ABC = letters("ab"), letters("abc")


def _language(name: str, pattern: str, stream: Stream, difficulty: int, sampler: Sampler) -> None:
    """A language by a pattern, which Python's `re` and automata-lib read the same."""
    decorate = FAMILY.program(pattern, stream, matching(pattern), difficulty=difficulty, sampler=sampler, name=name)
    decorate(lambda symbol: regex(pattern, symbol, alphabet="".join(stream.texts), name="accepted"))


NUMERALS, NAMES = letters("s,5"), letters("x_0-")

_language("ends_in_abb", "[ab]*abb", AB, 1, phrases(AB, "abb", "ab", "b"))
_language("begins_with_ab", "ab[ab]*", AB, 2, phrases(AB, "ab", "ba", "b", "aba"))
_language("contains_aba", "[ab]*aba[ab]*", AB, 2, rarely(AB, 0, times=6))
_language("a_then_b", "a*b*", AB, 2, ordered(AB, "a", "b", "a"))
_language("pairs_ab_or_ba", "(ab|ba)*", AB, 2, phrases(AB, "ab", "ba", slip=0.01))
_language("abc_again", "(abc)*", ABC, 2, phrases(ABC, "abc", slip=0.01))
_language("even_as_between_bs", "(aa|b)*", AB, 3, phrases(AB, "aa", "b", slip=0.01))
_language("third_from_the_end", "[ab]*a[ab][ab]", AB, 1, AB.sample)
_language("no_two_bs_together", "(b?a)*b?", AB, 2, phrases(AB, "a", "ba", slip=0.03))
_language("number_literal", "s?5+(,5+)?", NUMERALS, 2, rarely(NUMERALS, 2))
_language("identifier", "[x_][x_0]*", NAMES, 2, rarely(NAMES, 0, 1, times=4))


@FAMILY.program(
    "no three symbols in a row are alike",
    AB,
    of_prefixes(lambda word: all(three not in "".join(word) for three in ("aaa", "bbb"))),
    difficulty=2,
    sampler=phrases(AB, "ab", "aab", slip=0.03),
)
def no_three_alike(symbol: Value) -> Value:
    """Which symbol there was once or twice in a row."""
    table = {("", "a"): "a", ("", "b"): "b", ("a", "a"): "aa", ("b", "b"): "bb"}
    table |= {(state, other): other for state, other in (("a", "b"), ("aa", "b"), ("b", "a"), ("bb", "a"))}
    numbered = {(state, "ab".index(letter)): after for (state, letter), after in table.items()}
    return accepts(symbol, numbered, start="", accepting=["", "a", "b", "aa", "bb"], name="accepted")


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
    return moore(symbol, table, [1, 1, 1, 1, 1, 1, 2, 0], name="verdict")
