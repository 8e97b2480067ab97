"""The input with which a page opens: what it is given, as text or numbers, or a random one."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np

from lsrl.circuit.facts import Fact
from lsrl.errors import RangeError, ShapeError, UnsupportedProgram, shortened
from lsrl.lang.numbers import as_fraction
from lsrl.lang.program import whole_range
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.sampling import sampled_inputs
from lsrl.semantics.inputs import checked_fractions

STEPS = 16
"""Of a random input, or as many as the model takes."""

FINE = 16
"""Random reals are multiples of 1/FINE, which are short to read."""


def first_input(model: CompiledNetwork, x: Any) -> list[list[Fraction]]:
    """The inputs of every step: tokens of a text, numbers (T, dim), or random ones for None.

    Raises `RangeError` or `ShapeError` as `model.run`, and for text that is not a token, `UnsupportedProgram` for text
    without a vocabulary.
    """
    name = model.program.names[model.program.input]
    if x is None:
        steps = STEPS if model.max_length is None else min(STEPS, model.max_length)
        return _sampled(model, steps)
    if isinstance(x, str):
        x = _numbers(model, x)
    batch, single = checked_fractions(x, model.inputs, name)
    if not single:
        raise ShapeError(f"{name} is {len(batch)} sequences; expected one, of shape (T, {batch.shape[-1]})")
    model.check_length(batch.shape[1])
    rows: list[list[Fraction]] = batch[0].tolist()
    return rows


def _sampled(model: CompiledNetwork, steps: int) -> list[list[Fraction]]:
    facts = model.inputs
    drawn = sampled_inputs(facts, np.random.default_rng(1), 1, steps)[0]
    texts = token_numbers(model)
    if texts:
        drawn = np.minimum(drawn, max(texts.values()))
    return [[_allowed(number, fact) for number, fact in zip(row, facts, strict=True)] for row in drawn.tolist()]


def _allowed(number: float, fact: Fact) -> Fraction:
    """A number near one that was drawn, exactly on the grid and in the range: floats may hold neither."""
    if fact.grid is not None:
        grid = as_fraction(fact.grid)
        return round(Fraction(number) / grid) * grid
    low, high = (None if end is None else as_fraction(end) for end in (fact.low, fact.high))
    short = Fraction(round(number * FINE), FINE)
    inside = (low is None or low <= short) and (high is None or short <= high)
    found = short if inside else Fraction(number)
    found = found if low is None else max(low, found)
    return found if high is None else min(high, found)


def token_numbers(model: CompiledNetwork) -> dict[str, int]:
    """The number of every token that the input can be; none without a vocabulary."""
    vocabulary = model.program.vocabulary
    if vocabulary is None:
        return {}
    low, high = whole_range(model.program.input)
    last = high - 1 if model.refuses else high
    return {text: number for text, number in vocabulary.tokens.items() if low <= number <= last}


def _numbers(model: CompiledNetwork, text: str) -> list[list[int]]:
    """The numbers of a text's tokens: blanks separate and mean nothing, the longest token counts."""
    tokens = token_numbers(model)
    if not tokens:
        raise UnsupportedProgram(
            f"the text {shortened(text)} for {model.program.name}, which has no vocabulary; expected numbers"
        )
    longest_first = sorted(tokens, key=len, reverse=True)
    pieces = re.findall("|".join([*map(re.escape, longest_first), r"\S"]), text)
    wrong = next((piece for piece in pieces if piece not in tokens), None)
    if wrong is not None:
        raise RangeError(
            f"the text {shortened(text)} has {wrong!r}, which is not a token of {model.program.name}'s input; "
            f"expected those of {shortened(list(tokens), 120)}"
        )
    if not pieces:
        raise ShapeError(f"the text {shortened(text)} for {model.program.name} has no tokens; expected at least one")
    return [[tokens[piece]] for piece in pieces]
