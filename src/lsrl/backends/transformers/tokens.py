"""Tokens: what a vocabulary becomes in an embedding, a language model's head and a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.weights import ALWAYS, StreamRows
from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.facts import Fact
from lsrl.errors import RangeError
from lsrl.lang import Program, Vocabulary
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lang.program import whole_range

PAD, BOS, UNKNOWN = "<pad>", "<bos>", "<unk>"

LARGEST_SCORE = 2**22
"""Scores are whole numbers up to this, times the margin, which float32 adds up exactly."""

MARGIN = fmpq(32)
"""How much more than all others the right token scores: e to this is 8·10¹³."""


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
        """The input number of what is not a token of the input."""
        return self.last + 1

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text of every token, by its place.

        `nothing` comes first: where scores are not numbers, since a format does not hold the weights, arg-max is 0.
        """
        special = [_unlike(text, self.vocabulary) for text in (PAD, BOS, UNKNOWN)]
        return (self.vocabulary.nothing, *special, *self.vocabulary.tokens)

    @property
    def pad(self) -> int:
        """The place of what fills short sequences on the left."""
        return 1

    @property
    def bos(self) -> int:
        """The place of what every sequence begins with."""
        return 2

    @property
    def unknown(self) -> int:
        """The place of text that is not a token."""
        return 3

    @property
    def nothing(self) -> int:
        """The place of "no answer"."""
        return 0

    @property
    def ends(self) -> list[int]:
        """The places of tokens after which generation stops."""
        end = self.vocabulary.end
        return ([] if end is None else [self.place(end)]) + [self.nothing]

    def place(self, text: str) -> int:
        """The place of a token, that of `unknown` for text that is not one."""
        return self._places.get(text, self.unknown)

    def place_of(self, number: int) -> int:
        """The place of the token that stands for a number."""
        return self.place(self.vocabulary.text_of(number))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {text: place for place, text in enumerate(self.texts)}

    @property
    def above(self) -> int:
        """The number above those of all tokens."""
        return max(self.vocabulary.tokens.values()) + 1

    @property
    def reach(self) -> int:
        """The largest number, of either sign, that a token or `above` stands for."""
        return max(map(abs, [*self.vocabulary.tokens.values(), self.above]))

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
        return [self.invalid, None, None, self.invalid, *known]


def table_of(program: Program) -> TokenTable | None:
    """The tokens of a program that refuses what is not a token (`lsrl.backends.guarded`), None without a vocabulary."""
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


def logits_of(table: TokenTable, symbol: Affine, refusal: Affine, far: Fact) -> dict[str, Affine]:
    """The logit of every token at a step: 32 times 2kv − k² for token k, which is largest where k is the symbol v.

    The next logit is 32 lower, so that the right token has a probability of 1 − 10⁻¹³ at temperature 1. `nothing`,
    the first, scores like the number above all tokens, which symbols above all tokens are nearest to, and more the more
    is refused: so much that it is most likely for every symbol that can be, however large. Special tokens, which are
    never likely, are left out.

    `refusal` is 0, or at least 1 where there is no answer (`lsrl.backends.transformers.head_forms`); `far` is what is
    known of the symbol within far too many steps. Raises `RangeError` for numbers so large that float32 could not tell
    scores apart.
    """
    numbers = table.vocabulary.tokens
    above, reach = table.above, table.reach
    span = above - min(numbers.values()) + 1
    if 3 * reach * reach > LARGEST_SCORE:
        raise RangeError(
            f"the tokens of the vocabulary stand for numbers up to {reach - 1:,}, whose scores would need "
            f"{3 * reach * reach:,}; expected at most {LARGEST_SCORE:,}; use smaller numbers"
        )
    # For a symbol v = min − d, a token k scores (above − k)(above + k − 2v) < span² + 2·span·d more than `above`. Twice
    # that leaves room for rounding.
    deepest = max(fmpq(min(numbers.values())) - far.low, ZERO) if far.low is not None else ZERO
    weight = 2 * (span * span + 2 * span * deepest)
    scores = {table.vocabulary.nothing: combination([(ONE, _score(symbol, above)), (weight, refusal)])}
    scores |= {text: _score(symbol, number) for text, number in numbers.items()}
    return {text: score.times(MARGIN) for text, score in scores.items()}


def head_of(table: TokenTable, rows: StreamRows, symbol: Affine, refusal: Affine, far: Fact) -> np.ndarray:
    """A row for every token, which gives its logit (`logits_of`).

    Before the first step, too, `nothing` is the only likely token. Raises as `logits_of` does.
    """
    head = np.zeros((len(table.texts), rows.width))
    logits = logits_of(table, symbol, refusal, far)
    # Special tokens are never likely: no score is lower than this.
    lowest = -8 * table.reach * ((far.magnitude or ZERO) + table.reach)
    head[: table.unknown + 1, ALWAYS] = as_float(MARGIN * lowest)
    for text in table.vocabulary.tokens:
        head[table.place(text)] = rows.of(logits[text], ONE)
    head[table.nothing] = rows.of(logits[table.vocabulary.nothing].shifted(-MARGIN), ONE)
    head[table.nothing, ALWAYS] += as_float(MARGIN)  # at a step of the program, this and the −32 cancel
    return head


def _score(symbol: Affine, number: int) -> Affine:
    return symbol.times(fmpq(2 * number)).shifted(-fmpq(number * number))


def _unlike(text: str, vocabulary: Vocabulary) -> str:
    """The text of a special token, with more brackets if the vocabulary has it."""
    taken = {*vocabulary.tokens, vocabulary.nothing}
    while text in taken:
        text = f"<{text}>"
    return text
