"""Random programs over tokens: a vocabulary, an answer, mostly a guard, and prompts also of what is not a token."""

from __future__ import annotations

import random
from fractions import Fraction

from . import inputs
from .cases import HUB, Case, Rows, Tokens
from .families import VIAS, WIDTH, compared, lookup
from .generate import Maker
from .operations import USES
from .oracle import value_of
from .running import Run
from .syntax import Node, Number, make, number

TEXTS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?()[]"
UNKNOWN = "§"
"""A text that no vocabulary here has."""


def token_case(rng: random.Random, target: str) -> Case:
    """A program over tokens for a target that is a language model."""
    assert target in HUB
    low, high = rng.choice([(0, 1), (0, 1), (-1, 1), (0, 3), (0, 9), (-5, 7), (0, 25)])
    x = make("input", dim=1, range=(low, high), grid=1, name="x")
    steps = rng.choice([1, 3, 6, 9, 14, 20])
    samples = [inputs.sequence(rng, x, steps) for _ in range(2)]
    answer = _answer(rng, x, target, samples)
    outputs = (answer, _guard(rng, x)) if rng.random() < 0.6 else (answer,)
    numbers = _vocabulary(rng, x, answer, samples)
    prompts = tuple(_prompt(rng, x, numbers, steps) for _ in range(5))
    nothing = rng.choice(["<none>", "<none>", "#"])
    return Case(outputs, tuple(samples), target, "float32", steps, None, Tokens(numbers, nothing, prompts))


def _answer(rng: random.Random, x: Node, target: str, samples: list[Rows]) -> Node:
    """The number of the answer's token: what a random program, a count, a table, or a memory says."""
    size = x.params["range"][1] - x.params["range"][0] + 1
    low, high = x.params["range"]
    kind = rng.random()
    if kind < 0.5:
        maker = Maker(rng, x, samples, target)
        for _ in range(rng.choice([4, 8, 16])):
            maker.grow(USES)
        fitting = [node for node in maker.pool if node.dim == 1]
        return fitting[-1] if fitting else make("total", maker.pool[-1])
    if kind < 0.6:
        return lookup(rng, x, size)
    if kind < 0.75:
        length = rng.choice([2, 5, 9, 12])
        flag = compared(rng, x, low, high)
        ones = make("total", make("shift_register", flag, length=length, init=0))
        return lookup(rng, ones, length + 1) if rng.random() < 0.5 else ones
    if kind < 0.85:
        return make("latch", x, compared(rng, x, low, high), init=rng.randint(low, high))
    if kind < 0.95:
        b = rng.choice([make("delay", x, steps=rng.choice([1, 4, 9]), init=0), number(rng.randint(-3, 3))])
        return make("ifelse", compared(rng, x, low, high), x, b, via=rng.choice(VIAS), short=True)
    return make("mod", make("cumsum", x, init=0), n=rng.choice([2, 3, 5]))


def _guard(rng: random.Random, x: Node) -> Node:
    """Where there is no answer: never negative, now and then a fraction, now and then large."""
    low, high = x.params["range"]
    factors: list[Number] = [Fraction(1, 256), 5, 1000]
    kinds = [
        lambda: compared(rng, x, low, high),
        lambda: make("div", compared(rng, x, low, high), by=rng.choice([2, 1024, 3])),
        lambda: make("relu", make("sub", make("cumsum", x, init=0), number(rng.randint(0, 9)))),
        lambda: make("mul", compared(rng, x, low, high), number(rng.choice(factors))),
        lambda: make("cumsum", compared(rng, x, low, high), init=0),
        lambda: make("absolute", make("sub", x, make("delay", x, steps=1, init=0))),
        lambda: make("not_equal", x, make("delay", x, steps=rng.choice([1, 5]), init=0), width=WIDTH),
    ]
    return rng.choice(kinds)()


def _vocabulary(rng: random.Random, x: Node, answer: Node, samples: list[Rows]) -> tuple[tuple[str, int], ...]:
    """Tokens for every input number and, mostly, for the answers; in any order."""
    low, high = x.params["range"]
    said: set[Number] = set()
    for rows in samples:
        said.update(part for row in value_of(Run(rows), answer) for part in row)
    wanted = {int(value) for value in said if value.denominator == 1 and rng.random() < 0.9}
    numbers = sorted({*range(low, high + 1), *wanted}, key=lambda value: (not low <= value <= high, abs(value)))
    kept = numbers[: len(TEXTS)]
    if rng.random() < 0.1:
        kept.remove(high)  # then it stands for any text that is not a token
    rng.shuffle(kept)
    return tuple(zip(rng.sample(TEXTS, len(kept)), kept, strict=True))


def _prompt(rng: random.Random, x: Node, numbers: tuple[tuple[str, int], ...], steps: int) -> tuple[str, ...]:
    """Texts: mostly tokens of the input; now and then something else, or too many."""
    low, high = x.params["range"]
    known = [text for text, value in numbers if low <= value <= high]
    others = [UNKNOWN, *(text for text, value in numbers if not low <= value <= high)]
    length = steps if rng.random() < 0.5 else rng.randint(1, steps)
    if rng.random() < 0.2:
        length = steps + rng.choice([1, 2, 3, 9])
    texts = [rng.choice(known) for _ in range(length)]
    if rng.random() < 0.25:
        texts[rng.randrange(length)] = rng.choice(others)
    return tuple(texts)
