"""In-context dictionaries over tokens: a prompt in text, and the answer generated after it, symbol by symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_uppercase
from typing import Any

import numpy as np

from lsrl.errors import FormatError, ProgramError, RangeError, ShapeError, shortened
from lsrl.incontext.search import Search, branching, search
from lsrl.incontext.sequences import SequenceMap, Word
from lsrl.lang import Input, Program, ReLU, Value, Vocabulary, and_, at_least, cumsum, not_, shift_register, total

ASK = "="
"""The token that ends a prompt: now answer."""

END = "<eos>"
"""The token that ends an answer. The program outputs it and never reads it."""


@dataclass(frozen=True)
class TokenMap:
    """Any map from `key_length` to `value_length` symbols, given by example pairs in a prompt of text.

    The prompt is the query, then key, value, key, value, …, then `=`; blanks mean nothing. From the
    step of `=` on the program's first output is the next symbol of the value, given those before,
    then the end token `<eos>`. Its second output is not 0 before `=`, and from `=` on where there
    is no answer (the token `<none>`): the key is not in the prompt, the query is missing or a pair
    is cut short, or there is a second `=`. A key that appears in the prompt twice means its first
    value. `symbols` are the characters there are, all but `=` and `<`.

    `lsrl.backends.guarded` adds what text outside the vocabulary and prompts beyond `max_length` mean.

    >>> capitals = TokenMap(3, max_pairs=25)
    >>> prompt = capitals.prompt("BUL", {"AUS": "VIE", "BUL": "SOF"})
    >>> prompt
    'BUL AUS VIE BUL SOF ='
    >>> number, refused = capitals.program.run(capitals.numbers(prompt))[-1]
    >>> capitals.vocabulary.text_of(number), refused
    ('S', np.float64(0.0))
    """

    key_length: int
    value_length: int = 0
    symbols: str = ascii_uppercase
    max_pairs: int = 64

    def __init__(
        self,
        key_length: int,
        value_length: int | None = None,
        *,
        symbols: str = ascii_uppercase,
        max_pairs: int = 64,
    ) -> None:
        if not isinstance(symbols, str):
            raise ProgramError(f"symbols are {shortened(symbols)}; expected the text of all of them")
        words = SequenceMap(key_length, value_length, symbols=symbols, max_pairs=max_pairs)
        wrong = [symbol for symbol in symbols if symbol in ("=", "<", " ") or not symbol.isprintable()]
        if wrong:
            raise ProgramError(f"symbols hold {wrong[0]!r}; expected printable ones, but for '=', '<' and blanks")
        for field in ("key_length", "value_length", "symbols", "max_pairs"):
            object.__setattr__(self, field, getattr(words, field))

    @property
    def max_length(self) -> int:
        """The steps of a prompt with `max_pairs` pairs, its `=`, and all of the value read again."""
        return self._words.max_length + 1 + self.value_length

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The symbols, numbered from 0 in their order, then `=` and `<eos>`."""
        texts = [*self.symbols, ASK, END]
        return Vocabulary({text: number for number, text in enumerate(texts)}, end=END)

    @cached_property
    def program(self) -> Program:
        """The program: outputs the next symbol's number, and whether there is no answer."""
        ask = self.vocabulary.number_of(ASK)
        x = Input(1, range=(0, ask), integer=True, name="symbol")
        equals = at_least(x, ask, name="equals")
        asks = cumsum(equals, name="asks")
        # What is read ends at '=': the symbols after it are the program's own.
        reading = ReLU(1 - asks, name="reading")
        branch = branching("auto", True)
        found = search(x, self.key_length, self.value_length, branch, reading)

        asking = ReLU(2 * equals - asks, name="asking")  # the first '=', not one after it
        turns = shift_register(asking, self.value_length, name="turns")
        done = ReLU(not_(reading) - total(turns), hint="done")  # never negative anyway, but ranges do not tell
        answer = total(branch(turns, found.register)) + self.vocabulary.number_of(END) * done
        return Program(answer, self._refused(asks, reading, asking, found), name=self._name, vocabulary=self.vocabulary)

    @staticmethod
    def _refused(asks: Value, reading: Value, asking: Value, found: Search) -> Value:
        """0 from an `=` on that came where a key was found and a pair might begin; more before, and from a second on.

        The larger of 1 and the number of '=' so far, less 1 if the first of them was in order.
        """
        in_order = and_(asking, found.key_slots[0], found.found, name="in_order")
        return asks + reading - cumsum(in_order)

    @property
    def _name(self) -> str:
        return f"token_map_{self.key_length}_to_{self.value_length}"

    @cached_property
    def _words(self) -> SequenceMap:
        return SequenceMap(self.key_length, self.value_length, symbols=self.symbols, max_pairs=self.max_pairs)

    def prompt(self, query: Word, pairs: Mapping[Any, Word] | Sequence[tuple[Word, Word]]) -> str:
        """The text that asks for one key: words with single blanks between, then `=`.

        Raises `ShapeError` for a wrong length, `RangeError` for an unknown symbol, no pairs, or
        more than `max_pairs`.
        """
        self._words.query(query)
        self._words.prompt(pairs)
        items = pairs.items() if isinstance(pairs, Mapping) else pairs
        words = [query, *(word for pair in items for word in pair)]
        return " ".join([*("".join(map(str, word)) for word in words), ASK])

    def check(self, text: str) -> None:
        """Refuse a prompt that has no answer whatever the query is.

        Raises `RangeError` for a character that is not a symbol and for more than `max_pairs` pairs,
        `FormatError` where `=` is not last or appears twice, `ShapeError` where the symbols are not
        a query and whole pairs.
        """
        symbols = self._characters(text)
        asks = symbols.count(ASK)
        if asks > 1:
            raise FormatError(f"the prompt {shortened(text)} has {asks} of {ASK!r}; expected one, at its end")
        if not symbols or symbols[-1] != ASK:
            raise FormatError(f"the prompt {shortened(text)} does not end in {ASK!r}; expected that after the pairs")
        K, pair = self.key_length, self.key_length + self.value_length
        count = len(symbols) - 1
        if count < K + pair or (count - K) % pair:
            raise ShapeError(
                f"the prompt {shortened(text)} has {count} symbols before {ASK!r}; expected {K} of the query and "
                f"{pair} a pair: {K + pair}, {K + 2 * pair}, {K + 3 * pair}, …"
            )
        if count > self._words.max_length:
            raise RangeError(
                f"the prompt {shortened(text)} has {(count - K) // pair} pairs; expected at most {self.max_pairs}"
            )

    def numbers(self, text: str) -> np.ndarray:
        """A prompt as inputs (T, 1) of the program. Raises as `check` does."""
        self.check(text)
        numbers = [self.vocabulary.number_of(symbol) for symbol in self._characters(text)]
        return np.array(numbers, dtype=np.float64)[:, None]

    def _characters(self, text: str) -> str:
        if not isinstance(text, str):
            raise FormatError(f"the prompt is {shortened(text)}; expected text")
        wrong = next((c for c in text if c != ASK and c not in self.symbols and not c.isspace()), None)
        if wrong is not None:
            raise RangeError(
                f"the prompt {shortened(text)} has the character {wrong!r}; "
                f"expected those of {self.symbols!r}, and {ASK!r} at the end"
            )
        return "".join(text.split())
