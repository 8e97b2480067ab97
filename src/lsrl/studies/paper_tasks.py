"""What the programs of the paper's stability study are asked, and how wrong an answer is.

Source: Petrov et al. 2024, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

VARIABLES, VALUES, CELLS, POINTS, CONTROLS = 2, 2, 8, 10, 5
KEY, PAIRS, QUERIES, SYMBOLS = 10, 20, 5, 10
MAX_LENGTH = {"function": 1 + CELLS**VARIABLES, "dictionary": KEY * (1 + 2 * PAIRS)}

RESOLUTION = 512
"""Of `task`: query points are odd multiples of 1/512, on no face of a cell, and on no ramp of a comparison."""

FINEST = 2**20
"""Of `task`: the function's values in the prompt are multiples of 1/FINEST."""


@dataclass(frozen=True)
class Task:
    """Sequences (batch, T, in), how many last steps are read, and what should appear there (batch, last, out)."""

    x: np.ndarray
    last: int
    expected: np.ndarray


def task(program: str, rng: np.random.Generator) -> Task:
    """A random function or dictionary, with the sequences that ask for it, where no comparison is undecided.

    Function: 5 control points in [−0.1, 1.1]², values in [−3, 3]², joined by weights exp(−distance).
    Dictionary: 20 pairs of 10 symbols, 5 queries among them.

    >>> task("dictionary", np.random.default_rng(0)).x.shape
    (5, 410, 1)
    """
    if program == "dictionary":
        pairs = rng.integers(0, SYMBOLS, (PAIRS, 2, KEY))
        return _dictionary_task(pairs, rng.choice(PAIRS, QUERIES, replace=False))
    controls, values = rng.uniform(-0.1, 1.1, (CONTROLS, VARIABLES)), rng.uniform(-3, 3, (CONTROLS, VALUES))
    queries = (2 * rng.integers(0, RESOLUTION // 2, (POINTS, VARIABLES)) + 1) / RESOLUTION
    return _function_task(controls, values, queries, lambda y: np.rint(y * FINEST) / FINEST)


def authors_task(program: str, number: int) -> Task:
    """The task with this number as the authors drew it, from NumPy's old generator with the number as its seed.

    Query points are anywhere in the square, and values in the prompt are whatever they are.

    >>> authors_task("dictionary", 0).expected.shape
    (5, 10, 1)
    """
    rng = np.random.RandomState(number)
    if program == "function":
        controls, values = rng.rand(CONTROLS, VARIABLES) * 1.2 - 0.1, rng.rand(CONTROLS, VALUES) * 6 - 3
        return _function_task(controls, values, rng.rand(POINTS, VARIABLES))
    drawn = rng.randint(0, SYMBOLS, (PAIRS, 2, KEY))  # the value of a pair was drawn before its key
    asked: list[int] = []
    while len(asked) < QUERIES:
        pair = rng.choice(PAIRS)
        if pair not in asked:
            asked.append(pair)
    return _dictionary_task(drawn[:, ::-1], asked)


def _function_task(
    controls: np.ndarray,
    values: np.ndarray,
    queries: np.ndarray,
    stored: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Task:
    """`stored` is what the prompt holds of the values at the cells' centres."""

    def f(x: np.ndarray) -> np.ndarray:
        weights = np.exp(-np.linalg.norm(x[:, None] - controls, axis=2))
        mean: np.ndarray = weights @ values / weights.sum(axis=1, keepdims=True)
        return mean

    corners = np.stack(np.meshgrid(*[np.arange(CELLS)] * VARIABLES, indexing="ij"), -1).reshape(-1, VARIABLES) / CELLS
    x = np.zeros((POINTS, 1 + len(corners), 1 + VARIABLES + VALUES))
    x[:, 0, :VARIABLES] = queries
    centres = stored(f(corners + 0.5 / CELLS))
    x[:, 1:] = np.concatenate([np.full((len(corners), 1), 1 / CELLS), corners, centres], axis=1)
    return Task(x, 1, f(queries)[:, None])


def _dictionary_task(pairs: np.ndarray, asked: Sequence[int] | np.ndarray) -> Task:
    """`pairs` (pair, key or value, symbol), and which of them are asked for."""
    x = np.stack([np.concatenate([pairs[i, 0], pairs.ravel()]) for i in asked])
    return Task(x[:, :, None].astype(float), KEY, pairs[np.asarray(asked), 1][:, :, None].astype(float))


def error_of(program: str, outputs: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """One number for each copy of outputs (copies, batch, last, out): mean distance, or % of wrong symbols.

    >>> error_of("dictionary", np.array([[[[1.4], [2.0]]]]), np.array([[[1.0], [3.0]]])).tolist()
    [50.0]
    """
    if program == "function":
        distances: np.ndarray = np.linalg.norm(outputs - expected, axis=3).mean(axis=(1, 2))
        return distances
    with np.errstate(invalid="ignore"):
        wrong: np.ndarray = 100 * (~(np.abs(outputs - expected) < 0.5)).mean(axis=(1, 2, 3))
    return wrong
