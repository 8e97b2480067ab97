"""The languages of Delétang et al. 2023, *Neural networks and the Chomsky hierarchy*, to a bounded depth."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from lsrl.lang import (
    Concat,
    Value,
    constant,
    cumsum,
    delay,
    equal,
    ifelse,
    latch,
    lookup,
    modulo,
    not_,
    not_equal,
    recur,
    reset_sum,
    shift_register,
    total,
)
from lsrl.zoo.entry import Family
from lsrl.zoo.specifications import of_prefixes, of_windows
from lsrl.zoo.streams import BITS, letters, symbols

FAMILY = Family(
    "chomsky",
    "languages and expressions of the Chomsky hierarchy, to a bounded depth",
    ("Delétang et al. 2023, arXiv 2207.02098",),
)


@FAMILY.program(
    "even pairs: 01 and 10 were there an even number of times",
    BITS,
    of_prefixes(lambda x: sum(a != b for a, b in pairwise(x)) % 2 == 0),
    difficulty=2,
)
def even_pairs(symbol: Value) -> Value:
    """This symbol is the first: no counting is needed."""
    first = latch(symbol, not_(delay(constant(1))), name="first")
    return equal(symbol, first, name="even")


@FAMILY.program(
    "cycle navigation: where one is on a cycle of 5, after steps on (1), back (2) or none (0)",
    symbols(3),
    lambda x: [(x[: t + 1].count(1) - x[: t + 1].count(2)) % 5 for t in range(len(x))],
    difficulty=3,
)
def cycle_navigation(symbol: Value) -> Value:
    """A count modulo 5 that goes up and down."""
    return modulo(cumsum(lookup(symbol, [0, 1, -1])), 5, name="place")


EXPRESSION = letters("01234+-*")
PRODUCTS = [a * b % 5 for a in range(5) for b in range(5)]


def _in_turn(rng: np.random.Generator, length: int) -> np.ndarray:
    """Digits and operators in turn."""
    x = rng.integers(0, 5, (length, 1)).astype(np.float64)
    x[1::2] = rng.integers(5, 8, x[1::2].shape)
    return x


def _evaluated(word: list[str]) -> int:
    text, value = "".join(word).rstrip("+-*"), 0
    for sign, product in re.findall(r"([+-]?)([0-4*]+)", text):
        term = 1
        for digit in product.split("*"):
            term *= int(digit)
        value += -term if sign == "-" else term
    return value % 5


@FAMILY.program(
    "modular arithmetic: digits and operators + - * in turn, modulo 5; the value of what is complete",
    EXPRESSION,
    of_prefixes(_evaluated),
    difficulty=3,
    sampler=_in_turn,
)
def modular_arithmetic(symbol: Value) -> Value:
    """The sum of the finished terms, the term that is growing, and the last operator."""

    def step(last: Value) -> Value:
        added, term, operator = last[0], last[1], last[2]
        digit = symbol <= 4
        product = ifelse(equal(operator, 7), modulo(lookup(5 * term + symbol, PRODUCTS), 5), 0)
        signed = ifelse(equal(operator, 5), symbol, ifelse(equal(operator, 6), modulo(5 - symbol, 5), product))
        grown = Concat([added, signed, operator])
        ended = Concat([modulo(added + term, 5), 0 * term, symbol])
        carried = Concat([added, term, symbol])
        return ifelse(digit, grown, ifelse(equal(symbol, 7), carried, ended))

    state = recur(step, [0, 0, 5], name="state")
    return modulo(state[0] + state[1], 5, name="value")


NESTED = letters("01234+-()")


def _nested(rng: np.random.Generator, length: int) -> np.ndarray:
    """Sums and differences with brackets, at most three in each other."""
    text, depth = "", 0
    while len(text) < length:
        while depth < 3 and rng.random() < 0.3:
            text, depth = text + "(", depth + 1
        text += str(rng.integers(5))
        while depth and rng.random() < 0.4:
            text, depth = text + ")", depth - 1
        text += "+-"[rng.integers(2)]
    return np.array([[NESTED.texts.index(symbol)] for symbol in text[:length]], dtype=np.float64)


def _value(word: list[str]) -> int:
    totals, signs = [0], [1]
    for symbol in word:
        if symbol == "(":
            totals.append(0)
            signs.append(1)
        elif symbol in "+-":
            signs[-1] = 1 if symbol == "+" else -1
        else:
            value = int(symbol) if symbol != ")" else totals.pop()
            if symbol == ")":
                signs.pop()
            totals[-1] += signs[-1] * value
    while len(totals) > 1:
        value = totals.pop()
        signs.pop()
        totals[-1] += signs[-1] * value
    return totals[0] % 5


@FAMILY.program(
    "modular arithmetic with brackets, at most three in each other: + and - modulo 5; what is missing is 0",
    NESTED,
    of_prefixes(_value),
    difficulty=5,
    sampler=_nested,
)
def modular_brackets(symbol: Value) -> Value:
    """The signs of the brackets that are open: a stack of bits, which each sign turns over as it stands."""
    opens, closes = equal(symbol, 7, name="opens"), equal(symbol, 8, name="closes")
    minus, plus = equal(symbol, 6, name="minus"), equal(symbol, 5, name="plus")

    def step(last: Value) -> Value:
        now, outer = last[0], last[1:5]
        pushed = Concat([now, now, outer[0], outer[1], outer[2]])
        popped = Concat([outer[0], outer[1], outer[2], outer[3], 0 * now])
        signed = Concat([ifelse(minus, not_equal(outer[0], 1), outer[0]), outer])
        return ifelse(opens, pushed, ifelse(closes, popped, ifelse(minus + plus, signed, last)))

    negative = recur(step, [0, 0, 0, 0, 0], name="signs")[0]
    digit = ifelse(symbol <= 4, symbol, 0)
    return modulo(cumsum(ifelse(negative, -digit, digit)), 5, name="value")


EQUATION = letters("01234+-x=;")


def _equations(rng: np.random.Generator, length: int) -> np.ndarray:
    text = ""
    while len(text) < length:
        terms = [str(rng.integers(5)) for _ in range(rng.integers(0, 4))]
        terms.insert(int(rng.integers(len(terms) + 1)), "x")
        left = terms[0] + "".join("+-"[rng.integers(2)] + term for term in terms[1:])
        text += f"{left}={rng.integers(5)};"
    return np.array([[EQUATION.texts.index(symbol)] for symbol in text[:length]], dtype=np.float64)


def _solved(word: list[str]) -> int:
    left, _, right = "".join(word).rpartition(";")[2].partition("=")
    if "x" not in left:
        left += "+x"

    def value(x: int) -> int:
        terms = re.findall(r"([+-]?)([0-4x])", left)
        return sum((-1 if sign == "-" else 1) * int(term.replace("x", str(x))) for sign, term in terms)

    return next(x for x in range(5) if value(x) % 5 == int(right or 0))


@FAMILY.program(
    "solve equations like 3-x+1=2 modulo 5, each ended by a semicolon; what is missing is 0 or +x",
    EQUATION,
    lambda x: [0 if symbol == ";" else _solved(x[: t + 1]) for t, symbol in enumerate(x)],
    difficulty=3,
    sampler=_equations,
    max_length=1024,
)
def solve_equation(symbol: Value) -> Value:
    """The left side less the right one, without x, and the sign of x."""
    ends = equal(symbol, 9, name="ends")
    minus = latch(equal(symbol, 6) + equal(symbol, 8), symbol >= 5, name="minus")
    before = delay(minus, name="before")
    digit = ifelse(symbol <= 4, symbol, 0)
    excess = reset_sum(ifelse(before, -digit, digit), ends, name="excess")
    is_x = equal(symbol, 7)
    turned = latch(ifelse(is_x, before, 0), is_x + ends, name="turned")
    return modulo(ifelse(turned, excess, -excess), 5, name="x")


def _stacked(x: list[int]) -> list[tuple[int, ...]]:
    stack: list[int] = []
    answers = []
    for command in x:
        if command == 2:
            stack = stack[:-1]
        elif len(stack) < 4:
            stack = [*stack, command + 1]
        answers.append(tuple([*reversed(stack), 0, 0, 0, 0][:4]))
    return answers


@FAMILY.program(
    "stack manipulation: 0 and 1 are pushed, 2 pops; the stack from its top, 1 and 2 for 0 and 1, 0 for none, up to 4",
    symbols(3),
    _stacked,
    difficulty=5,
)
def stack_manipulation(symbol: Value) -> Value:
    """Four places that move on or back; a full stack takes no more."""

    def step(last: Value) -> Value:
        pushed = ifelse(last[3] >= 1, last, Concat([symbol + 1, last[:3]]))
        return ifelse(symbol >= 2, Concat([last[1:], 0 * last[0]]), pushed)

    return recur(step, [0, 0, 0, 0], name="stack")


def _partners(window: list[int]) -> int:
    return sum(window[(i + 4) % 8] for i in range(8) if window[i] == 2)


def _with_gaps(rng: np.random.Generator, length: int) -> np.ndarray:
    """Words of four bits, each repeated for a while, with every eighth symbol missing (2)."""
    words = rng.integers(0, 2, (length // 40 + 1, 1, 4))
    x = np.broadcast_to(words, (len(words), 10, 4)).reshape(-1, 1)[:length].astype(np.float64)
    x[int(rng.integers(8)) :: 8] = 2
    return x


@FAMILY.program(
    "missing duplicate: the last 8 symbols are a word twice, with one missing (2): which it is; added up if more are",
    symbols(3),
    of_windows(8, _partners),
    difficulty=1,
    sampler=_with_gaps,
)
def missing_duplicate(symbol: Value) -> Value:
    """Each symbol’s partner in a window."""
    window = shift_register(symbol, 8, name="window")
    partners = Concat([window[4:], window[:4]])
    return total(ifelse(window >= 2, partners, 0), name="missing")
