"""The two programs of the paper's stability study as the paper writes them, and what they are tested on.

Source: Petrov et al. 2024, Listings 1 and 2 and section 5. Steps have width 1/1000 (the paper's scale 1000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.lang import (
    Concat,
    Input,
    LinState,
    Program,
    Value,
    and_,
    broadcast,
    bump,
    constant,
    cumsum,
    ifelse,
    larger,
    mod_counter,
    not_,
    shift_register,
    smaller,
    step,
    total,
)

LOWERINGS: Mapping[str, Mapping[str, Any]] = {
    "multiplicative": {"via": "multi", "short": False},
    "multiplicative-optimised": {"via": "multi", "short": True},
    "direct": {"via": "relu", "short": False},
    "optimised": {"via": "relu", "short": True},
    "step-optimised": {"via": "relu-step", "short": True},
}
"""The paper's five ways to write `if c then t else f`, as arguments of `lsrl.ifelse`."""

WIDTH = "1/1000"
RESOLUTION = 512
"""Query points are odd multiples of 1/512: on no face of a cell, and on no ramp of a comparison."""

VARIABLES, VALUES, CELLS, POINTS = 2, 2, 8, 10
KEY, PAIRS, QUERIES, SYMBOLS = 10, 20, 5, 10


@dataclass(frozen=True)
class Task:
    """Sequences (batch, T, in), how many last steps are read, and what should appear there (batch, last, out)."""

    x: np.ndarray
    last: int
    expected: np.ndarray


def function_program(lowering: Mapping[str, Any]) -> Program:
    """Listing 1: a function from [0, 1]² to ℝ², piecewise constant on the cells of the prompt.

    >>> function_program(LOWERINGS["optimised"]).output.dim
    2
    """
    n, m = VARIABLES, VALUES
    low = [0] * (1 + n) + [-3] * m
    token = Input(1 + n + m, range=(low, [1] * (1 + n) + [3] * m), grid=_grids(n, m), name="token")
    size, corner, value = token[0], token[1 : 1 + n], token[1 + n :]
    count = LinState(constant(1), 1, 1, 0, name="count")
    x = cumsum(ifelse(_smaller(count, "3/2"), token[:n], 0, **lowering), name="x")
    inside = bump(x, corner, corner + size, width=WIDTH, name="inside")
    in_cell = _and(_larger(total(inside), f"{2 * n - 1}/2"), _larger(count, "1/2"))
    return Program(cumsum(ifelse(in_cell, value, 0, **lowering), name="y"), name="function")


def _grids(n: int, m: int) -> list[str]:
    return [f"1/{RESOLUTION}"] * (1 + n) + ["1/1048576"] * m


def dictionary_program(lowering: Mapping[str, Any], length: int = KEY) -> Program:
    """Listing 2: any map from `length` to `length` symbols; query first, then key, value, key, value, …

    >>> dictionary_program(LOWERINGS["direct"]).output.dim
    1
    """
    T = length
    x = Input(1, range=(0, SYMBOLS - 1), integer=True, name="symbol")
    n = LinState(constant(1), 1, 1, -1, name="n")
    within, within_pair = mod_counter(T, name="mT"), mod_counter(2 * T, name="m2T")
    prompt, compare = _at_least(n, T), _at_least(within_pair, T)
    copy = _and(prompt, not_(compare))
    first = _and(copy, _equal(within, 0))
    slot = Concat([_equal(within, i) for i in range(T)])
    query = cumsum(ifelse(_and(slot, broadcast(not_(prompt), T)), x, 0, **lowering), name="query")
    expected = total(ifelse(slot, query, 0, **lowering), name="expected")
    near = _and(_larger(x, expected - 0.5), _smaller(x, expected + 0.5))
    match = _and(_and(compare, prompt), near)
    buffer = shift_register(match, T + 1, name="buffer")
    hit = _at_least(total(buffer[1:]), T)
    started = cumsum(ifelse(_and(hit, first), n, 0, **lowering), name="started")
    copying = _and(_and(copy, _smaller(n, started + (T - 0.5))), _larger(started, "1/2"))
    register = cumsum(ifelse(_and(slot, broadcast(copying, T)), x, 0, **lowering), name="register")
    return Program(total(ifelse(slot, register, 0, **lowering)), name="dictionary")


PROGRAMS = {"function": function_program, "dictionary": dictionary_program}
MAX_LENGTH = {"function": 1 + CELLS**VARIABLES, "dictionary": KEY * (1 + 2 * PAIRS)}


def task(program: str, rng: np.random.Generator) -> Task:
    """A random function or dictionary as the paper draws it, with the sequences that ask for it.

    Function: 5 control points in [−0.1, 1.1]², values in [−3, 3]², joined by weights exp(−distance).
    Dictionary: 20 pairs of 10 symbols, 5 queries among them.

    >>> task("dictionary", np.random.default_rng(0)).x.shape
    (5, 410, 1)
    """
    return _function_task(rng) if program == "function" else _dictionary_task(rng)


def _function_task(rng: np.random.Generator) -> Task:
    controls, values = rng.uniform(-0.1, 1.1, (5, VARIABLES)), rng.uniform(-3, 3, (5, VALUES))

    def f(x: np.ndarray) -> np.ndarray:
        weights = np.exp(-np.linalg.norm(x[:, None] - controls, axis=2))
        mean: np.ndarray = weights @ values / weights.sum(axis=1, keepdims=True)
        return mean

    queries = (2 * rng.integers(0, RESOLUTION // 2, (POINTS, VARIABLES)) + 1) / RESOLUTION
    corners = np.stack(np.meshgrid(*[np.arange(CELLS)] * VARIABLES, indexing="ij"), -1).reshape(-1, VARIABLES) / CELLS
    centres = np.rint(f(corners + 0.5 / CELLS) * 2**20) / 2**20
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


def _larger(x: Value, y: Any) -> Value:
    return larger(x, y, width=WIDTH)


def _smaller(x: Value, y: Any) -> Value:
    return smaller(x, y, width=WIDTH)


def _at_least(x: Value, count: int) -> Value:
    return _larger(x, f"{2 * count - 1}/2")


def _step(x: Value) -> Value:
    return step(x, width=WIDTH)


def _and(x: Value, y: Value) -> Value:
    """The paper's: relu(step(x) + step(y) − 1)."""
    return and_(_step(x), _step(y))


def _equal(x: Value, number: int) -> Value:
    """The paper's: step(1 − step(x − y) − step(y − x))."""
    return _step(1 - _step(x - number) - _step(number - x))
