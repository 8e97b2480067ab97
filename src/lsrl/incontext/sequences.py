"""In-context dictionaries: one network that answers from whatever key → value pairs its prompt holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np

from lsrl.errors import FormatError, ProgramError, RangeError, ShapeError, shortened
from lsrl.incontext.search import branching, search
from lsrl.lang import Input, Program, total
from lsrl.lang.logic import BranchVia
from lsrl.lang.numbers import whole_number

Word: TypeAlias = str | Sequence[int]
"""A key or a value: text where the vocabulary is text, whole numbers otherwise."""


class Runs(Protocol):
    """A program or a compiled model."""

    def run(self, x: Any) -> np.ndarray:
        """Outputs (batch, T, out) for inputs (batch, T, in)."""


@dataclass(frozen=True)
class SequenceMap:
    """Any map from `key_length` to `value_length` symbols, given by example pairs in the prompt.

    The sequence is the query, then key, value, key, value, …; the answer appears at the last
    `value_length` steps. `symbols` is how many symbols there are (numbers from 0), or the text of
    all of them. A key that appears in the prompt twice means its first value; a key that does not
    appear there is answered by None. Source: Petrov et al. 2024, Listing 2, with lengths free.

    >>> capitals = SequenceMap(3, symbols="ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_pairs=25)
    >>> prompt = capitals.prompt({"AUS": "VIE", "BUL": "SOF"})
    >>> capitals.answer(capitals.program, "BUL", prompt), capitals.answer(capitals.program, "ITA", prompt)
    ('SOF', None)
    """

    key_length: int
    value_length: int = 0
    symbols: int | str = 10
    max_pairs: int = 100
    via: BranchVia = "auto"
    short: bool = True

    def __init__(
        self,
        key_length: int,
        value_length: int | None = None,
        *,
        symbols: int | str = 10,
        max_pairs: int = 100,
        via: BranchVia = "auto",
        short: bool = True,
    ) -> None:
        value_length = key_length if value_length is None else value_length
        for what, count in (("key_length", key_length), ("value_length", value_length), ("max_pairs", max_pairs)):
            whole_number(count, what)
        if isinstance(symbols, str) and (not symbols or len(set(symbols)) != len(symbols)):
            raise ProgramError(f"symbols {symbols!r} repeat or are none; expected every character once")
        if not isinstance(symbols, str):
            symbols = whole_number(symbols, "symbols")
        fields = {
            "key_length": key_length,
            "value_length": value_length,
            "symbols": symbols,
            "max_pairs": max_pairs,
            "via": via,
            "short": short,
        }
        for field, setting in fields.items():
            object.__setattr__(self, field, setting)

    @property
    def max_length(self) -> int:
        """The steps of a query with `max_pairs` pairs."""
        return self.key_length + self.max_pairs * (self.key_length + self.value_length)

    @property
    def _symbol_count(self) -> int:
        return len(self.symbols) if isinstance(self.symbols, str) else self.symbols

    @cached_property
    def program(self) -> Program:
        """The program: outputs the answer's symbol, and whether the key was found so far."""
        K, V = self.key_length, self.value_length
        x = Input(1, range=(0, self._symbol_count - 1), integer=True, name="symbol")
        branch = branching(self.via, self.short)
        value_slots, _, found, register = search(x, K, V, branch)
        answer = total(branch(value_slots, register), name="answer")
        return Program(answer, found, name=f"sequence_map_{K}_to_{V}")

    def prompt(self, pairs: Mapping[Any, Word] | Sequence[tuple[Word, Word]]) -> np.ndarray:
        """The pairs as tokens of shape (T, 1), key after value after key.

        Raises `ShapeError` for a wrong length, `RangeError` for a symbol outside the vocabulary,
        no pairs, or more than `max_pairs`.
        """
        items = list(pairs.items()) if isinstance(pairs, Mapping) else pairs
        pair_like = isinstance(items, Sequence) and all(isinstance(item, (tuple, list)) for item in items)
        if not pair_like or not all(len(item) == 2 for item in items):
            raise ShapeError(f"pairs are {shortened(pairs)}; expected a dictionary, or a list of (key, value)")
        if not 1 <= len(items) <= self.max_pairs:
            raise RangeError(f"the prompt has {len(items)} pairs; expected 1 to max_pairs={self.max_pairs}")
        tokens: list[int] = []
        for key, value in items:
            tokens += self._tokens(key, self.key_length, "key")
            tokens += self._tokens(value, self.value_length, f"value of key {key!r}")
        return np.array(tokens, dtype=np.float64)[:, None]

    def answer(self, model: Runs, key: Word, prompt: np.ndarray) -> Any:
        """What the model answers to one key; see `answers`."""
        return self.answers(model, [key], prompt)[0]

    def answers(self, model: Runs, keys: Sequence[Word], prompt: np.ndarray) -> list[Any]:
        """What a model of `.program` (or the program itself) answers to each key after the prompt.

        Text or a tuple of symbols, as the vocabulary is; None for a key that is not in the prompt.
        Raises as `prompt` does.
        """
        return self.read(model.run(self.sequences(keys, prompt)))

    def sequences(self, keys: Sequence[Word], prompt: np.ndarray) -> np.ndarray:
        """A sequence for each key, its query and then the prompt: (keys, T, 1)."""
        if isinstance(keys, (str, bytes)) or not isinstance(keys, Sequence) or not len(keys):
            raise ShapeError(f"keys are {shortened(keys)}; expected a list of at least one")
        pair = self.key_length + self.value_length
        length = len(prompt) if np.ndim(prompt) == 2 else 0
        if not length or np.shape(prompt)[1] != 1 or length % pair or length > pair * self.max_pairs:
            raise ShapeError(
                f"prompt has shape {np.shape(prompt)}; expected (T, 1) from .prompt(), "
                f"T a multiple of {pair} up to {pair * self.max_pairs}"
            )
        return np.stack([np.concatenate([self.query(key), prompt]) for key in keys])

    def read(self, outputs: np.ndarray) -> list[Any]:
        """The answers in outputs (keys, T, 2), as `answers` gives them."""
        return [self._word(output) if output[-1, 1] else None for output in outputs]

    def query(self, key: Word) -> np.ndarray:
        """The key as tokens of shape (key_length, 1): how every sequence begins."""
        return np.array(self._tokens(key, self.key_length, "key"), dtype=np.float64)[:, None]

    def _word(self, output: np.ndarray) -> Any:
        tokens = [round(float(token)) for token in output[-self.value_length :, 0]]
        if not all(0 <= token < self._symbol_count for token in tokens):
            raise RangeError(f"the model answered {tokens}; expected symbols from 0 to {self._symbol_count - 1}")
        return "".join(self.symbols[token] for token in tokens) if isinstance(self.symbols, str) else tuple(tokens)

    def _tokens(self, word: Word, length: int, what: str) -> list[int]:
        if not hasattr(word, "__len__"):
            raise ShapeError(f"{what} is {shortened(word)}; expected {length} symbols")
        if len(word) != length:
            raise ShapeError(f"{what} {shortened(word)} has {len(word)} symbols; expected {length}")
        tokens = [self._token(symbol) for symbol in word]
        if None in tokens:
            wrong = word[tokens.index(None)]
            which = repr(self.symbols) if isinstance(self.symbols, str) else f"0 … {self.symbols - 1}"
            raise RangeError(f"{what} {shortened(word)} has the symbol {wrong!r}; expected those of {which}")
        return [token for token in tokens if token is not None]

    def _token(self, symbol: str | int) -> int | None:
        if isinstance(self.symbols, str):
            place = self.symbols.find(symbol) if isinstance(symbol, str) and len(symbol) == 1 else -1
            return place if place >= 0 else None
        whole = isinstance(symbol, (int, np.integer)) and not isinstance(symbol, bool)
        return int(symbol) if whole and 0 <= int(symbol) < self.symbols else None


def read_pairs(path: Any) -> dict[str, str]:
    """A dictionary from a CSV file of two columns, key and value, without a header.

    Raises `FormatError` with the line for ragged rows, a key that was there before, and keys or
    values of unequal length.
    """
    from lsrl.csv_files import read_rows

    pairs: dict[str, str] = {}
    lengths: tuple[int, int] | None = None
    for line, (key, value) in read_rows(path, 2, "key,value"):
        if key in pairs:
            raise FormatError(f"{path}, line {line} has the key {key!r} again; expected every key once")
        lengths = lengths or (len(key), len(value))
        if not key or not value:
            raise FormatError(f"{path}, line {line} has {key!r},{value!r}; expected a key and a value")
        if (len(key), len(value)) != lengths:
            raise FormatError(
                f"{path}, line {line} has {key!r},{value!r}; expected {lengths[0]} and {lengths[1]} symbols, "
                "as in the first line"
            )
        pairs[key] = value
    return pairs
