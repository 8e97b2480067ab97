"""Brackets that match: counted where there is one kind of them, and to a bounded depth where there are more."""

from __future__ import annotations

from itertools import accumulate, product

import numpy as np

from lsrl.automata import accepts, moore
from lsrl.lang import ReLU, Value, and_, cumsum, equal, latch, maximum, recur, smaller
from lsrl.zoo.entry import Family
from lsrl.zoo.specifications import of_prefixes, remembering
from lsrl.zoo.streams import Sampler, Stream, letters

FAMILY = Family(
    "dyck",
    "brackets that match: of one kind, or of more to a bounded depth",
    ("Suzgun et al. 2019, arXiv 1906.03648", "Hewitt et al. 2020, arXiv 2010.07515"),
)

BRACKETS = Stream((-1,), (1,), likely=(0.35, 0.25, 0.4))
"""1 opens, −1 closes, 0 is anything else."""


@FAMILY.program("open brackets (1 opens, -1 closes)", BRACKETS, lambda x: list(accumulate(x)), difficulty=4)
def dyck_depth(symbol: Value) -> Value:
    """How many brackets are open."""
    return cumsum(symbol, name="depth")


def _balanced(x: list[int]) -> list[int]:
    depths = list(accumulate(x))
    return [int(depths[t] == 0 and min(depths[: t + 1]) == 0) for t in range(len(x))]


def _excursions(rng: np.random.Generator, length: int) -> np.ndarray:
    """Brackets that are balanced again and again, until about the end, where one too many is closed."""
    x, depth, broken = np.zeros((length, 1)), 0, rng.integers(0, 3 * length)
    for t in range(length):
        low = -1 if depth > 0 or t >= broken else 0
        x[t] = rng.choice([step for step in (-1, -1, 0, 1) if step >= low])
        depth += int(x[t, 0])
    return x


@FAMILY.program("brackets are balanced (1 opens, -1 closes)", BRACKETS, _balanced, difficulty=4, sampler=_excursions)
def bracket_balance(symbol: Value) -> Value:
    """None open, and never more closed than opened."""
    depth = cumsum(symbol, name="depth")
    failures = cumsum(smaller(depth, 0))
    return and_(equal(depth, 0), failures < 1, name="balanced")


@FAMILY.program(
    "brackets that are open, where one that closes nothing counts nothing (1 opens, -1 closes)",
    BRACKETS,
    remembering(0, lambda depth, step: (max(depth + step, 0),) * 2),
    difficulty=4,
)
def open_brackets(symbol: Value) -> Value:
    """A walk that 0 reflects."""
    return recur(lambda depth: ReLU(depth + symbol), name="open")


@FAMILY.program(
    "brackets so far that closed nothing (1 opens, -1 closes)",
    BRACKETS,
    lambda x: [-min(0, *accumulate(x[: t + 1])) for t in range(len(x))],
    difficulty=4,
)
def unmatched_closings(symbol: Value) -> Value:
    """How far the reflected walk is above the walk itself."""
    return recur(lambda depth: ReLU(depth + symbol), name="open") - cumsum(symbol, name="depth")


@FAMILY.program(
    "the most brackets that were open at once (1 opens, -1 closes)",
    BRACKETS,
    lambda x: [max(0, *accumulate(x[: t + 1])) for t in range(len(x))],
    difficulty=4,
)
def deepest(symbol: Value) -> Value:
    """The running maximum of the depth."""
    depth = cumsum(symbol, name="depth")
    return recur(lambda before: maximum(before, depth), name="deepest")


@FAMILY.program(
    "the depth of the bracket that was opened last (1 opens, -1 closes)",
    BRACKETS,
    remembering((0, 0), lambda m, s: ((m[0] + s, m[0] + s if s == 1 else m[1]), m[0] + s if s == 1 else m[1])),
    difficulty=4,
)
def last_opened_at(symbol: Value) -> Value:
    """A latch of the depth, written when a bracket opens."""
    return latch(cumsum(symbol, name="depth"), symbol >= 1, name="last")


def stacks(kinds: int, depth: int) -> list[tuple[int, ...]]:
    """All stacks of so many kinds of brackets to this depth, the empty one first.

    >>> stacks(2, 1)
    [(), (0,), (1,)]
    """
    return [stack for height in range(depth + 1) for stack in product(range(kinds), repeat=height)]


def pushdown(kinds: int, depth: int) -> list[list[int]]:
    """The automaton whose states are stacks, and one for what does not match: symbols open, then close, each kind."""
    states = stacks(kinds, depth)
    number = {stack: i for i, stack in enumerate(states)}
    failed = len(states)

    def after(stack: tuple[int, ...], symbol: int) -> int:
        if symbol < kinds:
            return number.get((*stack, symbol), failed)
        return number[stack[:-1]] if stack[-1:] == (symbol - kinds,) else failed

    rows = [[after(stack, symbol) for symbol in range(2 * kinds)] for stack in states]
    return [*rows, [failed] * 2 * kinds]


def nested(texts: str, depth: int, slip: float = 0.3) -> Sampler:
    """Brackets that match to a depth; about `slip` times in a sequence one that does not."""
    kinds = len(texts) // 2

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        x, stack = np.zeros((length, 1)), list[int]()
        for t in range(length):
            opens = not stack or (len(stack) < depth and rng.random() < 0.45)
            symbol = int(rng.integers(kinds)) if opens else kinds + stack[-1]
            if rng.random() < slip / length:
                symbol = int(rng.integers(2 * kinds))
            if symbol < kinds:
                stack.append(symbol)
            elif stack:
                stack.pop()
            x[t] = symbol
        return x

    return sample


def _matches(texts: str, depth: int, word: list[str]) -> bool:
    closing = dict(zip(texts, texts[len(texts) // 2 :], strict=False))
    expected: list[str] = []
    for bracket in word:
        if bracket in texts[: len(texts) // 2]:
            expected.append(closing[bracket])
        elif not expected or expected.pop() != bracket:
            return False
        if len(expected) > depth:
            return False
    return not expected


def _bounded(texts: str, depth: int) -> None:
    kinds = len(texts) // 2
    FAMILY.program(
        f"{texts} match, to depth {depth}",
        letters(texts),
        of_prefixes(lambda word: _matches(texts, depth, word)),
        difficulty=2 if kinds == 1 else 5,
        sampler=nested(texts, depth),
        name=f"dyck_{kinds}_depth_{depth}",
    )(lambda symbol: accepts(symbol, pushdown(kinds, depth), accepting=[0]))


_bounded("()", 3)
_bounded("([)]", 2)
_bounded("([)]", 4)
_bounded("([{)]}", 2)


def _innermost(word: list[str]) -> list[int]:
    answers = []
    for end in range(1, len(word) + 1):
        text = "".join(word[:end])
        while (shorter := text.replace("()", "").replace("[]", "")) != text:
            text = shorter
        failed = any(closing in text for closing in ")]") or len(text) > 3 or _too_deep(word[:end], 3)
        answers.append(0 if failed or not text else "([".index(text[-1]) + 1)
    return answers


def _too_deep(word: list[str], depth: int) -> bool:
    return any(height > depth for height in accumulate(1 if bracket in "([" else -1 for bracket in word))


@FAMILY.program(
    "the innermost open bracket of ([)] to depth 3: 1 for (, 2 for [, 0 for none or a mistake",
    letters("([)]"),
    _innermost,
    difficulty=5,
    sampler=nested("([)]", 3),
)
def innermost_bracket(symbol: Value) -> Value:
    """The top of the stack."""
    top = [stack[-1] + 1 if stack else 0 for stack in stacks(2, 3)]
    return moore(symbol, pushdown(2, 3), [*top, 0], name="innermost")
