"""Counter languages: what a few counters that go up and down can accept, and what they count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsrl.lang import Concat, Value, and_, clip, cumsum, delay, equal, ifelse, not_, or_, recur, reset_sum, smaller
from lsrl.zoo.entry import Family, Specification
from lsrl.zoo.samplers import phrases
from lsrl.zoo.specifications import of_prefixes, remembering
from lsrl.zoo.streams import BITS, Sampler, Stream, letters

FAMILY = Family(
    "counters",
    "counter languages, and counts",
    ("Fischer et al. 1968", "Weiss et al. 2018, arXiv 1805.04908", "Bhattamishra et al. 2020, arXiv 2009.11264"),
)

AB, ABC = letters("ab"), letters("abc")

VERDICTS = "2 for a word, 1 for what may begin one, 0 for all else"


@FAMILY.program(
    "more ones than zeros so far",
    BITS,
    lambda x: [int(2 * sum(x[: t + 1]) > t + 1) for t in range(len(x))],
    difficulty=4,
)
def majority(symbol: Value) -> Value:
    """1 while there were more ones than zeros."""
    return cumsum(2 * symbol - 1, name="lead") > 0


def verdicts(word: Callable[[int], str]) -> Specification:
    """What a sequence is to a language that has one word of each size n ≥ 1."""

    def verdict(symbols: list[str]) -> int:
        text = "".join(symbols)
        words = [word(n) for n in range(1, len(text) + 1)]
        return 2 * (text in words) or int(any(longer.startswith(text) for longer in words))

    return of_prefixes(verdict)


def in_blocks(stream: Stream, *blocks: str) -> Sampler:
    """Blocks of as many symbols each, and after them anything."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        n = int(rng.integers(1, max(2, length // len(blocks) + 1)))
        x = stream.sample(rng, length)
        start = [stream.texts.index(block) for block in blocks for _ in range(n)][:length]
        x[: len(start), 0] = start
        return x

    return sample


def _blocks(symbol: Value, count: int) -> tuple[Value, Value]:
    """How often there was each symbol, and whether they came in the order of their numbers."""
    counts = cumsum(Concat([equal(symbol, i) for i in range(count)]), name="counts")
    return counts, cumsum(smaller(symbol, delay(symbol))) < 1


@FAMILY.program(
    f"aⁿbⁿ: {VERDICTS}",
    AB,
    verdicts(lambda n: "a" * n + "b" * n),
    difficulty=4,
    sampler=in_blocks(AB, "a", "b"),
)
def a_n_b_n(symbol: Value) -> Value:
    """Two counts, and the order of symbols."""
    counts, in_order = _blocks(symbol, 2)
    return and_(in_order, counts[1] <= counts[0]) + and_(in_order, equal(counts[0], counts[1]))


@FAMILY.program(
    f"aⁿb²ⁿ: {VERDICTS}",
    AB,
    verdicts(lambda n: "a" * n + "b" * 2 * n),
    difficulty=4,
    sampler=in_blocks(AB, "a", "b", "b"),
)
def a_n_b_2n(symbol: Value) -> Value:
    """Two counts, and the order of symbols."""
    counts, in_order = _blocks(symbol, 2)
    return and_(in_order, counts[1] <= 2 * counts[0]) + and_(in_order, equal(2 * counts[0], counts[1]))


@FAMILY.program(
    f"aⁿbⁿcⁿ, which no stack accepts: {VERDICTS}",
    ABC,
    verdicts(lambda n: "a" * n + "b" * n + "c" * n),
    difficulty=4,
    sampler=in_blocks(ABC, "a", "b", "c"),
)
def a_n_b_n_c_n(symbol: Value) -> Value:
    """Three counts, and the order of symbols."""
    counts, in_order = _blocks(symbol, 3)
    a, b, c = (counts[i] for i in range(3))
    second = and_(c < 1, b <= a)
    third = and_(c >= 1, equal(a, b), c <= b)
    return and_(in_order, or_(second, third)) + and_(in_order, equal(a, b), equal(b, c))


@FAMILY.program(
    "as many as as bs",
    AB,
    of_prefixes(lambda word: word.count("a") == word.count("b")),
    difficulty=4,
    sampler=phrases(AB, "ab", "ba", slip=0.02),
)
def equal_counts(symbol: Value) -> Value:
    """A count that goes up and down."""
    return equal(cumsum(2 * symbol - 1, name="lead"), 0, name="equal")


@FAMILY.program(
    "twice as many bs as as",
    AB,
    of_prefixes(lambda word: word.count("b") == 2 * word.count("a")),
    difficulty=4,
    sampler=phrases(AB, "abb", "bab", "bba", slip=0.01),
)
def twice_as_many(symbol: Value) -> Value:
    """a is 2 up, b 1 down."""
    return equal(cumsum(2 - 3 * symbol, name="lead"), 0, name="twice")


@FAMILY.program(
    "whether a, b and c came within one of each other in number",
    ABC,
    of_prefixes(lambda word: max(map(word.count, "abc")) - min(map(word.count, "abc")) <= 1),
    difficulty=4,
    sampler=phrases(ABC, "abc", "cba", "bca", slip=0.03),
)
def nearly_equal_counts(symbol: Value) -> Value:
    """Three counts, and their differences."""
    counts = cumsum(Concat([equal(symbol, i) for i in range(3)]), name="counts")
    pairs = [(0, 1), (0, 2), (1, 2)]
    close = [and_(counts[i] - counts[j] <= 1, counts[j] - counts[i] <= 1) for i, j in pairs]
    return and_(*close, name="close")


@FAMILY.program(
    "the letter that was there most often so far, the first of several: 0, 1 or 2",
    ABC,
    of_prefixes(lambda word: max(range(3), key=lambda i: word.count("abc"[i]))),
    difficulty=4,
)
def plurality(symbol: Value) -> Value:
    """Three counts, compared."""
    a, b, c = (cumsum(equal(symbol, i)) for i in range(3))
    first = and_(a >= b, a >= c)
    return ifelse(first, 0, ifelse(b >= c, 1, 2), name="winner")


@FAMILY.program(
    "at least two of three symbols are ones",
    letters("01", (0.35, 0.65)),
    of_prefixes(lambda word: 3 * word.count("1") >= 2 * len(word)),
    difficulty=4,
)
def two_thirds(symbol: Value) -> Value:
    """A one counts 1 and a zero −2."""
    return cumsum(3 * symbol - 2, name="lead") >= 0


SHUFFLED = letters("([)]")


def _both_balanced(word: list[str]) -> bool:
    for pair in ("()", "[]"):
        text = "".join(symbol for symbol in word if symbol in pair)
        while pair in text:
            text = text.replace(pair, "")
        if text:
            return False
    return True


def _interleaved(rng: np.random.Generator, length: int) -> np.ndarray:
    """Two kinds of brackets, seldom deep, each closed where it is open; at times one is that is not."""
    x, open_ = np.zeros((length, 1)), [0, 0]
    for t in range(length):
        kind = int(rng.integers(2))
        closes = open_[kind] > 0 and rng.random() < 0.9
        closes = closes or rng.random() < 0.3 / length
        open_[kind] += -1 if closes else 1
        x[t] = kind + 2 * closes
    return x


@FAMILY.program(
    "( match ) and [ match ], whatever is between: Shuffle-Dyck of two kinds",
    SHUFFLED,
    of_prefixes(_both_balanced),
    difficulty=4,
    sampler=_interleaved,
)
def shuffle_dyck(symbol: Value) -> Value:
    """Two counters that may not go below 0."""
    step = Concat([equal(symbol, i) - equal(symbol, i + 2) for i in range(2)])
    depths = cumsum(step, name="depths")
    failures = cumsum(smaller(depths, 0))
    return and_(*equal(depths, 0), *(failures < 1), name="balanced")


def _since_reset(word: list[str]) -> bool:
    text = "".join(word).rpartition("R")[2]
    while "()" in text:
        text = text.replace("()", "")
    return not text


@FAMILY.program(
    "brackets since the last R are balanced: Reset-Dyck",
    letters("()R", (0.4, 0.35, 0.25)),
    of_prefixes(_since_reset),
    difficulty=4,
    references=("Bhattamishra et al. 2020, arXiv 2009.11264",),
)
def reset_dyck(symbol: Value) -> Value:
    """Depth and failures, each a sum that R starts anew."""
    reset = equal(symbol, 2, name="reset")
    depth = reset_sum(equal(symbol, 0) - equal(symbol, 1), reset, name="depth")
    failures = reset_sum(smaller(depth, 0), reset)
    return and_(equal(depth, 0), failures < 1, name="balanced")


POLISH = letters("+~x")


def _formula(word: list[str]) -> int:
    """2 for one whole formula, 1 for the beginning of one, 0 for more than one."""
    needed = 1
    for symbol in word:
        if needed == 0:
            return 0
        needed += {"+": 1, "~": 0, "x": -1}[symbol]
    return 2 if needed == 0 else 1


@FAMILY.program(
    "formulas in Polish notation, of + with two operands, ~ with one and x: 2 for whole, 1 for begun, 0 for too much",
    POLISH,
    of_prefixes(_formula),
    difficulty=4,
    sampler=phrases(POLISH, "+", "~", "x", "+x", "~+x", "+~x"),
    references=("Fischer et al. 1968", "Bhattamishra et al. 2020, arXiv 2009.11264 (Boolean-k)"),
)
def polish_notation(symbol: Value) -> Value:
    """How many operands are needed, and whether none were needed before."""
    needed = cumsum(equal(symbol, 0) - equal(symbol, 2), init=1, name="needed")
    done = needed <= 0
    late = cumsum(delay(done)) >= 1
    return ifelse(late, 0, 1 + done, name="verdict")


@FAMILY.program(
    "a branch predictor: a counter from 0 to 3 that goes up with a one and down with a zero",
    BITS,
    remembering(0, lambda n, bit: (max(0, min(3, n + (1 if bit else -1))),) * 2),
    difficulty=2,
    references=("Smith 1981, A study of branch prediction strategies",),
)
def branch_predictor(symbol: Value) -> Value:
    """A sum that is clipped at every step."""
    return recur(lambda n: clip(n + 2 * symbol - 1, 0, 3), name="counter")


@FAMILY.program(
    "gambler’s ruin: a walk from 0 that stays where it reaches 4 or −4",
    BITS,
    remembering(0, lambda n, bit: (n if abs(n) == 4 else n + 2 * bit - 1,) * 2),
    difficulty=2,
)
def gamblers_ruin(symbol: Value) -> Value:
    """A walk that is absorbed."""

    def step(last: Value) -> Value:
        playing = not_(or_(last >= 4, last <= -4))
        return ifelse(playing, last + 2 * symbol - 1, last)

    return recur(step, name="fortune")


@FAMILY.program(
    "how often ab was there so far",
    AB,
    of_prefixes(lambda word: "".join(word).count("ab")),
    difficulty=4,
)
def count_ab(symbol: Value) -> Value:
    """A sum of what a window of two shows."""
    return cumsum(and_(symbol, equal(delay(symbol, init=1), 0)), name="count")
