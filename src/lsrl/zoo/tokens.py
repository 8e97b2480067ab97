"""Programs over tokens: what a small model of language might be asked to do with text."""

from __future__ import annotations

import re
from itertools import product

import numpy as np

from lsrl.automata import moore
from lsrl.lang import (
    Concat,
    Linear,
    Value,
    and_,
    broadcast,
    constant,
    cumsum,
    cyclic,
    delay,
    equal,
    ifelse,
    latch,
    lookup,
    minimum,
    modulo,
    not_,
    or_,
    recur,
    reset_sum,
    shift_register,
    total,
)
from lsrl.zoo.dyck import nested, pushdown, stacks
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import phrases
from lsrl.zoo.specifications import of_prefixes
from lsrl.zoo.streams import tokens

FAMILY = Family("tokens", "programs over tokens, with a vocabulary")

PROSE = tokens("abcdefghijklmnopqrstuvwxyz_", "0123456789")


@FAMILY.program(
    "how many vowels this word has so far, at most 9; _ is between words",
    PROSE,
    of_prefixes(lambda word: str(min(9, len(re.sub("[^aeiou]", "", "".join(word).rpartition("_")[2]))))),
    difficulty=4,
    sampler=phrases(PROSE, "the", "recurrent", "model", "counts", "a", "_", "beautiful", "_", slip=0.05),
)
def count_vowels(letter: Value) -> Value:
    """A sum that begins anew after each word."""
    vowel = or_(*(equal(letter, "abcdefghijklmnopqrstuvwxyz".index(v)) for v in "aeiou"), name="vowel")
    count = reset_sum(vowel, equal(letter, 26), name="count")
    return 27 + minimum(count, 9)


MARKS = tokens("abc")


@FAMILY.program(
    "the token that was there most often; of several, the first in the alphabet",
    MARKS,
    of_prefixes(lambda word: max("abc", key=word.count)),
    difficulty=4,
)
def most_frequent(token: Value) -> Value:
    """A count for each, compared."""
    a, b, c = (cumsum(equal(token, i), name=f"count_{text}") for i, text in enumerate("abc"))
    return ifelse(and_(a >= b, a >= c), 0, ifelse(b >= c, 1, 2), name="winner")


FIELDS = tokens("abcd:", "?")


@FAMILY.program(
    "the token after the last separator (:), ? before there was one",
    FIELDS,
    lambda word: [_after_separator(word[: t + 1]) for t in range(len(word))],
    difficulty=2,
)
def after_separator(token: Value) -> Value:
    """A latch, written where the token before it was the separator."""
    return 5 - latch(5 - token, equal(delay(token), 4), name="kept")


def _after_separator(word: list[str]) -> str:
    found = re.findall(":(?=(.))", "".join(word))
    return found[-1] if found else "?"


SUMS = tokens("0123456789+=", ".")


def _additions(rng: np.random.Generator, length: int) -> np.ndarray:
    text = ""
    while len(text) < length:
        a, b = rng.integers(0, 100, 2)
        text += f"{a:02}+{b:02}={a + b:03}"
    return np.array([[SUMS.texts.index(symbol)] for symbol in text[:length]], dtype=np.float64)


def _summed(word: list[str]) -> str:
    found = re.fullmatch(r".*?(\d\d)\+(\d\d)=(.{0,2})", "".join(word[-8:]))
    return f"{int(found[1]) + int(found[2]):03}"[len(found[3])] if found else "."


@FAMILY.program(
    "addition: after 37+58= the digits of the sum, 095, a token a step, whatever is read then; else a dot",
    SUMS,
    of_prefixes(_summed),
    difficulty=1,
    sampler=_additions,
)
def addition(token: Value) -> Value:
    """A window that looks like a task, and its sum, whose digits wait their turn."""
    window = shift_register(token, 6, init=12, name="window")
    digits = [window[i] <= 9 for i in (1, 2, 4, 5)]
    asked = and_(*digits, equal(window[0], 11), equal(window[3], 10), name="asked")
    both = Linear(window, [[0, 1, 10, 0, 1, 10]], name="sum")
    hundreds = both >= 100
    rest = both - 100 * hundreds
    tens = total(broadcast(rest, 9) >= constant([10 * n for n in range(1, 10)]), name="tens")
    answers = [hundreds, delay(tens), delay(rest - 10 * tens, 2)]
    turns = shift_register(asked, 3, name="turns")
    return 12 - total(ifelse(turns, 12 - Concat(answers), 0))


BRACKETS = tokens("([{)]}", ".")


def _completion(word: list[str]) -> str:
    closing = dict(zip("([{", ")]}", strict=True))
    expected: list[str] = []
    for bracket in word:
        if bracket in closing:
            expected.append(closing[bracket])
        elif not expected or expected.pop() != bracket:
            return "."
        if len(expected) > 2:
            return "."
    return expected[-1] if expected else "."


@FAMILY.program(
    "bracket completion: what closes the innermost of ([{, at most two in each other; a dot for none or a mistake",
    BRACKETS,
    of_prefixes(_completion),
    difficulty=5,
    sampler=nested("([{)]}", 2),
)
def bracket_completion(token: Value) -> Value:
    """The top of a stack."""
    top = [stack[-1] + 3 if stack else 6 for stack in stacks(3, 2)]
    return moore(token, pushdown(3, 2), [*top, 6], name="closing")


ALPHABET = tokens("abcdefghijklmnopqrstuvwxyz")


@FAMILY.program(
    "Caesar’s cipher: the letter three places on",
    ALPHABET,
    lambda word: [chr((ord(letter) - ord("a") + 3) % 26 + ord("a")) for letter in word],
    difficulty=1,
)
def caesar(letter: Value) -> Value:
    """A sum, and what is beyond z."""
    moved = letter + 3
    return moved - 26 * (moved >= 26)


TITLES = tokens("abcd_", "ABCD")


@FAMILY.program(
    "each word with a capital; _ is between words",
    TITLES,
    lambda word: list("".join(word).replace("_", " ").title().replace(" ", "_")),
    difficulty=1,
)
def capitals_of_words(token: Value) -> Value:
    """A letter after what is none is a capital."""
    starts = and_(token <= 3, equal(delay(token, init=4), 4))
    return token + 5 * starts


@FAMILY.program(
    "FizzBuzz: every third, every fifth, every fifteenth step has its name",
    tokens(["tick"], ["fizz", "buzz", "fizzbuzz"]),
    lambda word: [_fizzbuzz(n) for n in range(1, len(word) + 1)],
    difficulty=3,
)
def fizzbuzz(token: Value) -> Value:
    """Two clocks."""
    return cyclic(3, start=1)[0] + 2 * cyclic(5, start=1)[0] + 0 * token


def _fizzbuzz(n: int) -> str:
    return ("fizz" * (n % 3 == 0) + "buzz" * (n % 5 == 0)) or "tick"


CODONS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
BASES = tokens("TCAG", [*sorted(set(CODONS) - set("TCAG")), "-"])


def _translated(word: list[str]) -> list[str]:
    triples = ["".join(bases) for bases in product("TCAG", repeat=3)]
    known = dict(zip(triples, CODONS, strict=True))
    return [known["".join(word[t - 2 : t + 1])] if t % 3 == 2 else "-" for t in range(len(word))]


@FAMILY.program(
    "the genetic code: three bases, then their amino acid (* for a stop), - between",
    BASES,
    _translated,
    difficulty=3,
    references=("Crick 1968",),
)
def genetic_code(base: Value) -> Value:
    """A clock of three, and a table of 64."""
    number = Linear(shift_register(base, 3, name="codon"), [[1, 4, 16]], name="number")
    known = BASES.texts + (BASES.answers or ())
    acid = lookup(number, [known.index(letter) - known.index("-") for letter in CODONS], name="acid")
    return known.index("-") + ifelse(cyclic(3, name="place")[2], acid, 0)


@FAMILY.program(
    "quotes: what is between them, and a dash for all else",
    tokens("ab'", "-"),
    lambda word: [s if "".join(word[:t]).count("'") % 2 and s != "'" else "-" for t, s in enumerate(word)],
    difficulty=3,
)
def between_quotes(token: Value) -> Value:
    """Quotes modulo 2."""
    quote = equal(token, 2)
    inside = modulo(cumsum(quote), 2, name="inside")
    return ifelse(and_(inside, not_(quote)), token, 3)


WORDS = tokens(["the", "not", "good", "bad"], ["neutral", "positive", "negative"])


def _mood(word: list[str]) -> str:
    score = 0
    for before, token in zip(["", *word], word, strict=False):
        value = {"good": 1, "bad": -1}.get(token, 0)
        score += -value if before == "not" else value
    return "positive" if score > 0 else "negative" if score < 0 else "neutral"


@FAMILY.program("sentiment: more good than bad; not turns the next word over", WORDS, of_prefixes(_mood), difficulty=4)
def sentiment(token: Value) -> Value:
    """A sum of signs."""
    value = equal(token, 2) - equal(token, 3)
    score = cumsum(ifelse(equal(delay(token), 1), -value, value), name="score")
    return 4 + (score > 0) + 2 * (score < 0)


NOUNS = tokens(["dog", "dogs", "near", "."], ["runs", "run", "?"])


def _verb(word: list[str]) -> str:
    sentence = " ".join(word).rpartition(".")[2].split()
    noun = next((token for token in sentence if token != "near"), None)
    return {"dog": "runs", "dogs": "run", None: "?"}[noun]


@FAMILY.program(
    "agreement: the verb that fits the first noun of the sentence, whatever nouns are near it",
    NOUNS,
    of_prefixes(_verb),
    difficulty=2,
    references=("Linzen et al. 2016, arXiv 1611.01368",),
)
def agreement(token: Value) -> Value:
    """A latch that takes the first noun after each dot."""
    noun, dot = token <= 1, equal(token, 3)
    expected = recur(lambda last: ifelse(dot, 2, ifelse(and_(noun, equal(last, 2)), token, last)), 2, name="number")
    return 4 + expected


@FAMILY.program(
    "repeat: after : the three tokens before it, one a step, whatever is read then; else a dot",
    tokens("abc:", "."),
    of_prefixes(
        lambda word: next((word[-1 - 3] for k in range(3) if word[-1 - k :][:1] == [":"] and len(word) > 3), ".")
    ),
    difficulty=1,
)
def repeat(token: Value) -> Value:
    """What was there three steps ago, while there was a : in the last three."""
    asked = total(shift_register(equal(token, 3), 3, name="recent")) >= 1
    return ifelse(asked, delay(token, 3, init=4), 4, name="repeated")
