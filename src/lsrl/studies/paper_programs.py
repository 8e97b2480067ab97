"""The two programs of the paper's stability study as the paper prints them.

Source: Petrov et al. 2024, Listings 1 and 2. As the authors ran them, they are in `lsrl.studies.paper_as_run`. Steps
have width 1/1000 (the paper's scale 1000).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from lsrl.studies.paper_tasks import FINEST, KEY, RESOLUTION, SYMBOLS, VALUES, VARIABLES

LOWERINGS: Mapping[str, Mapping[str, Any]] = {
    "multiplicative": {"via": "multi", "short": False},
    "multiplicative-optimised": {"via": "multi", "short": True},
    "direct": {"via": "relu", "short": False},
    "optimised": {"via": "relu", "short": True},
    "step-optimised": {"via": "relu-step", "short": True},
}
"""The paper's five ways to write `if c then t else f`, as arguments of `lsrl.ifelse`."""

WIDTH = "1/1000"


def function_token(**grid: Any) -> Input:
    """A token of Listing 1: the query, or a cell's size, corner and values; `grid` as in `Input`, if there is one.

    >>> function_token().dim
    5
    """
    n, m = VARIABLES, VALUES
    low, high = [0] * (1 + n) + [-3] * m, [1] * (1 + n) + [3] * m
    return Input(1 + n + m, range=(low, high), **grid, name="token")


def function_program(lowering: Mapping[str, Any]) -> Program:
    """Listing 1: a function from [0, 1]² to ℝ², piecewise constant on the cells of the prompt.

    >>> function_program(LOWERINGS["optimised"]).output.dim
    2
    """
    n = VARIABLES
    token = function_token(grid=[f"1/{RESOLUTION}"] * (1 + n) + [f"1/{FINEST}"] * VALUES)
    size, corner, value = token[0], token[1 : 1 + n], token[1 + n :]
    count = LinState(constant(1), 1, 1, 0, name="count")
    x = cumsum(ifelse(below(count, "3/2"), token[:n], 0, **lowering), name="x")
    inside = bump(x, corner, corner + size, width=WIDTH, name="inside")
    in_cell = both(above(total(inside), f"{2 * n - 1}/2"), above(count, "1/2"))
    return Program(cumsum(ifelse(in_cell, value, 0, **lowering), name="y"), name="function")


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
    copy = both(prompt, not_(compare))
    first = both(copy, _equal(within, 0))
    slot = Concat([_equal(within, i) for i in range(T)])
    query = cumsum(ifelse(both(slot, broadcast(not_(prompt), T)), x, 0, **lowering), name="query")
    expected = total(ifelse(slot, query, 0, **lowering), name="expected")
    near = both(above(x, expected - 0.5), below(x, expected + 0.5))
    match = both(both(compare, prompt), near)
    buffer = shift_register(match, T + 1, name="buffer")
    hit = _at_least(total(buffer[1:]), T)
    started = cumsum(ifelse(both(hit, first), n, 0, **lowering), name="started")
    copying = both(both(copy, below(n, started + (T - 0.5))), above(started, "1/2"))
    register = cumsum(ifelse(both(slot, broadcast(copying, T)), x, 0, **lowering), name="register")
    return Program(total(ifelse(slot, register, 0, **lowering)), name="dictionary")


def above(x: Value, y: Any) -> Value:
    """The paper's `larger`."""
    return larger(x, y, width=WIDTH)


def below(x: Value, y: Any) -> Value:
    """The paper's `smaller`."""
    return smaller(x, y, width=WIDTH)


def both(x: Value, y: Value) -> Value:
    """The paper's `and`: relu(step(x) + step(y) − 1)."""
    return and_(stepped(x), stepped(y))


def stepped(x: Value) -> Value:
    """The paper's `step`."""
    return step(x, width=WIDTH)


def _at_least(x: Value, count: int) -> Value:
    return above(x, f"{2 * count - 1}/2")


def _equal(x: Value, number: int) -> Value:
    """The paper's: step(1 − step(x − y) − step(y − x))."""
    return stepped(1 - stepped(x - number) - stepped(number - x))
