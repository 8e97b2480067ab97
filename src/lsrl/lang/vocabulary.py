"""Vocabularies: the texts of the tokens that a program's whole numbers stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from lsrl.errors import ProgramError, RangeError, listed, shortened
from lsrl.lang.numbers import MOST

LONGEST_TEXT = 200
"""Characters in the text of a token."""


@dataclass(frozen=True, init=False, repr=False)
class Vocabulary:
    """Which text stands for which whole number, the same for inputs and outputs. Immutable; order is kept.

    `end` is the text, one of the tokens, after which generation stops. `nothing` is the text of
    "no answer", which stands for no number. Texts are printable and hold no blanks.

    Raises `ProgramError` for texts or numbers that are malformed, none, or there twice.

    >>> answers = Vocabulary({"no": 0, "yes": 1})
    >>> answers.text_of(1), answers.number_of("no")
    ('yes', 0)
    """

    pairs: tuple[tuple[str, int], ...]
    end: str | None
    nothing: str

    def __init__(self, tokens: Mapping[str, int], *, end: str | None = None, nothing: str = "<none>") -> None:
        if not isinstance(tokens, Mapping) or not tokens:
            raise ProgramError(
                f"tokens of a vocabulary are {shortened(tokens)}; expected a dictionary from texts to whole numbers"
            )
        pairs = tuple((_text(text, "token"), _number(number, text)) for text, number in tokens.items())
        texts: dict[int, str] = {}
        for text, number in pairs:
            if number in texts:
                raise ProgramError(
                    f"the tokens {texts[number]!r} and {text!r} both stand for {number}; expected one each"
                )
            texts[number] = text
        if end is not None and end not in tokens:
            raise ProgramError(
                f"end of a vocabulary is {shortened(end)}, which is not a token of it; expected one, or None"
            )
        if _text(nothing, "nothing") in tokens:
            raise ProgramError(f"nothing of a vocabulary is {nothing!r}, which is a token of it; expected another text")
        for field, setting in (("pairs", pairs), ("end", end), ("nothing", nothing)):
            object.__setattr__(self, field, setting)

    @staticmethod
    def of_numbers(low: int, high: int) -> Vocabulary:
        """The whole numbers from `low` to `high`, written in decimal. Raises `ProgramError` if there are none.

        >>> Vocabulary.of_numbers(-1, 1)
        Vocabulary({'-1': -1, '0': 0, '1': 1}, end=None, nothing='<none>')
        """
        first, last = _number(low, "low"), _number(high, "high")
        if first > last:
            raise ProgramError(f"numbers of a vocabulary go from {low} to {high}; expected low ≤ high")
        return Vocabulary({str(number): number for number in range(first, last + 1)})

    @property
    def tokens(self) -> Mapping[str, int]:
        """The number of every text, in the given order; read-only."""
        return MappingProxyType(self._numbers)

    def text_of(self, number: int) -> str:
        """The text that stands for a number. Raises `RangeError` if there is none."""
        try:
            return self._texts[number]
        except (KeyError, TypeError):
            numbers = listed([str(known) for known in self._texts])
            raise RangeError(f"no token stands for {shortened(number)}; expected one of {numbers}") from None

    def number_of(self, text: str) -> int:
        """The number that a text stands for. Raises `RangeError` if it is not a token."""
        try:
            return self._numbers[text]
        except (KeyError, TypeError):
            texts = listed([repr(known) for known in self._numbers])
            raise RangeError(f"{shortened(text)} is not a token of the vocabulary; expected one of {texts}") from None

    def __repr__(self) -> str:
        return f"Vocabulary({self._numbers!r}, end={self.end!r}, nothing={self.nothing!r})"

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return dict(self.pairs)

    @cached_property
    def _texts(self) -> dict[int, str]:
        return {number: text for text, number in self.pairs}


def _text(text: Any, what: str) -> str:
    if not isinstance(text, str) or not text or " " in text or not text.isprintable():
        raise ProgramError(f"{what} {shortened(text)} of a vocabulary; expected printable text without blanks")
    if len(text) > LONGEST_TEXT:
        raise ProgramError(
            f"{what} {shortened(text)} of a vocabulary has {len(text):,} characters; expected at most {LONGEST_TEXT}"
        )
    return text


def _number(number: Any, what: str) -> int:
    if isinstance(number, (bool, np.bool_)) or not isinstance(number, (int, np.integer)) or abs(int(number)) > MOST:
        raise ProgramError(
            f"{shortened(what)} of a vocabulary stands for {shortened(number)}; "
            f"expected a whole number from {-MOST:,} to {MOST:,}"
        )
    return int(number)
