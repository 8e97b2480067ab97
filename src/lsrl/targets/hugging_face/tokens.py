"""Tokens: what a vocabulary becomes in an embedding, a language model's head and a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact
from lsrl.errors import RangeError
from lsrl.lang import Program, Vocabulary
from lsrl.lang.numbers import as_float
from lsrl.lang.program import whole_range
from lsrl.targets.hugging_face.weights import ALWAYS, STARTED, Rows

PAD, BOS, UNKNOWN = "<pad>", "<bos>", "<unk>"

LARGEST_SCORE = 2**22
"""Scores are whole numbers up to this, which float32 adds up exactly."""


@dataclass(frozen=True)
class TokenTable:
    """The tokens of a model, each with its place: special ones, those of the vocabulary, and its `nothing`.

    `first` to `last` are the numbers of input tokens; `invalid` stands for everything else in the input.
    """

    vocabulary: Vocabulary
    first: int
    last: int

    @property
    def invalid(self) -> int:
        """The input number of what is no token of the input."""
        return self.last + 1

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of every token, by its place."""
        special = [_unlike(text, self.vocabulary) for text in (PAD, BOS, UNKNOWN)]
        return (*special, *self.vocabulary.tokens, self.vocabulary.nothing)

    @property
    def pad(self) -> int:
        """The place of what fills short sequences on the left."""
        return 0

    @property
    def bos(self) -> int:
        """The place of what every sequence begins with."""
        return 1

    @property
    def unknown(self) -> int:
        """The place of text that is no token."""
        return 2

    @property
    def nothing(self) -> int:
        """The place of "no answer"."""
        return len(self.texts) - 1

    @property
    def ends(self) -> list[int]:
        """The places of tokens after which generation stops."""
        end = self.vocabulary.end
        return ([] if end is None else [self.place(end)]) + [self.nothing]

    def place(self, text: str) -> int:
        """The place of a token, that of `unknown` for text that is none."""
        return self._places.get(text, self.unknown)

    def place_of(self, number: int) -> int:
        """The place of the token that stands for a number."""
        return self.place(self.vocabulary.text_of(number))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {text: place for place, text in enumerate(self.texts)}

    @property
    def input_texts(self) -> list[str]:
        """The texts of the input's tokens."""
        return [text for text, number in self.vocabulary.tokens.items() if self.first <= number <= self.last]

    @property
    def is_spelled(self) -> bool:
        """Whether every token but the end is one character: then texts are joined without blanks."""
        return all(len(text) == 1 for text in self.vocabulary.tokens if text != self.vocabulary.end)

    def joined(self, texts: Sequence[str]) -> str:
        """The texts of tokens as one."""
        return ("" if self.is_spelled else " ").join(texts)

    @property
    def input_numbers(self) -> list[int | None]:
        """The number that each token stands for in the input; None for what comes before the first step."""
        numbers = self.vocabulary.tokens.values()
        known = [number if self.first <= number <= self.last else self.invalid for number in numbers]
        return [None, None, self.invalid, *known, self.invalid]


def table_of(program: Program) -> TokenTable | None:
    """The tokens of a program that refuses what is no token (`lsrl.lang.guarded`), None without a vocabulary."""
    if program.vocabulary is None:
        return None
    first, invalid = whole_range(program.input)
    return TokenTable(program.vocabulary, first, invalid - 1)


def embedding_of(table: TokenTable, maps: dict[str, np.ndarray]) -> np.ndarray:
    """A row for every token, as the input map would make it."""
    rows = [
        maps["bos"] if number is None else maps["input.weight"][:, 0] * number + maps["input.bias"]
        for number in table.input_numbers
    ]
    return np.stack(rows)


def head_of(table: TokenTable, rows: Rows, outputs: Sequence[Affine], symbol: Fact) -> np.ndarray:
    """A row for every token: token k scores 2kv − k², which is largest where k is the symbol v.

    Where `refused` is not 0, `nothing` scores more than any of them; before the first step, too.
    Raises `RangeError` for numbers so large that float32 could not tell scores apart.
    """
    value, refused = outputs
    numbers = list(table.vocabulary.tokens.values())
    reach = max(map(abs, numbers))
    if 3 * reach * reach > LARGEST_SCORE:
        raise RangeError(
            f"the tokens of the vocabulary stand for numbers up to {reach:,}, whose scores would need "
            f"{3 * reach * reach:,}; expected at most {LARGEST_SCORE:,}; use smaller numbers"
        )
    # Whatever the symbol may be as far as is known: where it is no token's number, the answer is refused.
    most = reach * (2 * (int(symbol.magnitude or 0) + 1) + reach) + 1
    head = np.zeros((len(table.texts), rows.width))
    for place, number in enumerate(numbers, start=table.unknown + 1):
        head[place] = rows.of(value.times(2 * fmpq(number)).shifted(-fmpq(number * number)), 1)
    head[: table.unknown + 1, ALWAYS] = -8.0 * most
    head[table.nothing] = rows.of(refused.times(fmpq(4 * most)).shifted(-fmpq(2 * most)), 1)
    # Before the first step all scores are 0, but this one.
    head[table.nothing, ALWAYS] += 0.5
    head[table.nothing, STARTED] -= 0.5 / as_float(rows.scale.epsilon)
    return head


def _unlike(text: str, vocabulary: Vocabulary) -> str:
    """The text of a special token, with more brackets if the vocabulary has it."""
    taken = {*vocabulary.tokens, vocabulary.nothing}
    while text in taken:
        text = f"<{text}>"
    return text
