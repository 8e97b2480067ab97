"""What the programs of the paper's stability study are asked, and how wrong an answer is.

Source: Petrov et al. 2024, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VARIABLES, VALUES, CELLS, POINTS = 2, 2, 8, 10
KEY, PAIRS, QUERIES, SYMBOLS = 10, 20, 5, 10
MAX_LENGTH = {"function": 1 + CELLS**VARIABLES, "dictionary": KEY * (1 + 2 * PAIRS)}

FINEST = 2**20
"""Queries and values of the function are whole multiples of 1/FINEST."""


@dataclass(frozen=True)
class Task:
    """Sequences (batch, T, in), how many last steps are read, and what should appear there (batch, last, out)."""

    x: np.ndarray
    last: int
    expected: np.ndarray


def task(program: str, rng: np.random.Generator, *, anywhere: bool = False) -> Task:
    """A random function or dictionary as the paper draws it, with the sequences that ask for it.

    Function: 5 control points in [−0.1, 1.1]², values in [−3, 3]², joined by weights exp(−distance). Queries are odd
    multiples of 1/512, on no face of a cell and on no ramp of a comparison; or, as the authors drew them, `anywhere`.
    Dictionary: 20 pairs of 10 symbols, 5 queries among them.

    >>> task("dictionary", np.random.default_rng(0)).x.shape
    (5, 410, 1)
    """
    return _function_task(rng, anywhere) if program == "function" else _dictionary_task(rng)


def _function_task(rng: np.random.Generator, anywhere: bool) -> Task:
    controls, values = rng.uniform(-0.1, 1.1, (5, VARIABLES)), rng.uniform(-3, 3, (5, VALUES))

    def f(x: np.ndarray) -> np.ndarray:
        weights = np.exp(-np.linalg.norm(x[:, None] - controls, axis=2))
        mean: np.ndarray = weights @ values / weights.sum(axis=1, keepdims=True)
        return mean

    drawn = rng.uniform(0, 1, (POINTS, VARIABLES))
    queries = np.rint(drawn * FINEST) / FINEST if anywhere else (2 * np.floor(drawn * 256) + 1) / 512
    corners = np.stack(np.meshgrid(*[np.arange(CELLS)] * VARIABLES, indexing="ij"), -1).reshape(-1, VARIABLES) / CELLS
    centres = np.rint(f(corners + 0.5 / CELLS) * FINEST) / FINEST
    x = np.zeros((POINTS, 1 + len(corners), 1 + VARIABLES + VALUES))
    x[:, 0, :VARIABLES] = queries
    x[:, 1:] = np.concatenate([np.full((len(corners), 1), 1 / CELLS), corners, centres], axis=1)
    return Task(x, 1, f(queries)[:, None])


def _dictionary_task(rng: np.random.Generator) -> Task:
    pairs = rng.integers(0, SYMBOLS, (PAIRS, 2, KEY))
    asked = rng.choice(PAIRS, QUERIES, replace=False)
    x = np.stack([np.concatenate([pairs[i, 0], pairs.ravel()]) for i in asked])
    return Task(x[:, :, None].astype(float), KEY, pairs[asked, 1][:, :, None].astype(float))


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
