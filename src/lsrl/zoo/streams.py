"""What zoo programs read: one input a step, as a program's `Input`, as a specification sees it, and at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from lsrl.lang import Input, Vocabulary

Sampler: TypeAlias = Callable[[np.random.Generator, int], np.ndarray]
"""Random inputs of so many steps: (length, dim)."""

FINE = 1024
"""Reals are drawn as multiples of 1/FINE, so that exact arithmetic on them stays short."""


@dataclass(frozen=True)
class Stream:
    """Inputs from `low` to `high`, whole numbers or reals; where there are `texts`, they stand for 0, 1, 2, ….

    `likely` are the chances of the numbers from `low` to `high`, if they are not the same. With `answers`, programs
    have a vocabulary: the texts, then these, which are outputs only.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    whole: bool = True
    name: str = "symbol"
    texts: tuple[str, ...] = ()
    answers: tuple[str, ...] | None = None
    likely: tuple[float, ...] | None = None

    @property
    def dim(self) -> int:
        """Numbers a step."""
        return len(self.low)

    @property
    def vocabulary(self) -> Vocabulary | None:
        """The vocabulary of a program over tokens."""
        if self.answers is None:
            return None
        return Vocabulary({text: number for number, text in enumerate(self.texts + self.answers)})

    def source(self) -> Input:
        """The input of a program."""
        return Input(self.dim, range=(self.low, self.high), grid=1 if self.whole else None, name=self.name)

    def sample(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """Random inputs (length, dim), each step alike."""
        if self.likely is not None:
            return rng.choice(np.arange(self.low[0], self.high[0] + 1), (length, 1), p=self.likely).astype(np.float64)
        fine = 1 if self.whole else FINE
        low, high = np.array(self.low) * fine, np.array(self.high) * fine
        return rng.integers(low, high + 1, (length, self.dim)) / fine

    def seen(self, x: np.ndarray) -> list[Any]:
        """Inputs (T, dim) as a specification takes them: texts, numbers, or tuples of numbers; exact."""
        if self.texts:
            return [self.texts[int(number)] for number in x[:, 0]]
        exact = [tuple(int(number) if self.whole else Fraction(number) for number in row) for row in x]
        return exact if self.dim > 1 else [row[0] for row in exact]

    def numbers(self, answers: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What a specification answers, as rows of a program's outputs."""
        if self.answers is not None:
            known = self.texts + self.answers
            return [(known.index(answer),) for answer in answers]
        return [answer if isinstance(answer, tuple) else (answer,) for answer in answers]


def symbols(count: int, likely: tuple[float, ...] | None = None) -> Stream:
    """0 … count − 1."""
    return Stream((0,), (count - 1,), likely=likely)


def whole(*ranges: tuple[int, int], name: str = "x") -> Stream:
    """Whole numbers, a range for each component."""
    return Stream(tuple(low for low, _ in ranges), tuple(high for _, high in ranges), name=name)


def reals(*ranges: tuple[int, int], name: str = "signal") -> Stream:
    """Reals, a range for each component."""
    return Stream(tuple(low for low, _ in ranges), tuple(high for _, high in ranges), whole=False, name=name)


def letters(texts: str, likely: tuple[float, ...] | None = None) -> Stream:
    """Characters, numbered from 0."""
    return Stream((0,), (len(texts) - 1,), texts=tuple(texts), likely=likely)


def tokens(texts: str | Sequence[str], answers: str | Sequence[str] = "") -> Stream:
    """Tokens of a vocabulary: those that are read, and those that are only answered."""
    return Stream((0,), (len(texts) - 1,), texts=tuple(texts), answers=tuple(answers))


BITS = symbols(2)
"""0 or 1."""
