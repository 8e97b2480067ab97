"""The two programs of the paper's stability study as its authors ran them.

They differ from the printed listings (`lsrl.studies.paper_programs`). A counter equals i where it is above i − ½ and
below i + ½; fewer conjunctions are nested; some conditions are compared with ½ before they select; and branches by
ReLUs are written with M = 10¹⁰ in the program. Source: the code that Petrov et al. 2024 published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsrl.circuit.paper_style import BIG_M
from lsrl.lang import (
    Input,
    LinState,
    Program,
    ReLU,
    Value,
    broadcast,
    bump,
    constant,
    cumsum,
    ifelse,
    mod_counter,
    not_,
    shift_register,
    total,
)
from lsrl.studies.paper_programs import WIDTH, above, below, both, function_token, stepped
from lsrl.studies.paper_tasks import KEY, SYMBOLS, VARIABLES


@dataclass(frozen=True)
class Condition:
    """When a branch is taken; `off` writes the opposite as a comparison, a new one for every ReLU that reads it."""

    on: Value
    off: Callable[[], Value]


def function_program(lowering: str) -> Program:
    """A function from [0, 1]² to ℝ², piecewise constant on the cells of the prompt.

    >>> function_program("optimised").output.dim
    2
    """
    branch, n = BRANCHES[lowering], VARIABLES
    token = function_token()
    size, corner, value = token[0], token[1 : 1 + n], token[1 + n :]
    count = LinState(constant(1), 1, 1, 0, name="count")
    counts = broadcast(count, n)
    first = Condition(below(counts, "3/2"), lambda: above(counts, "3/2"))
    x = cumsum(branch(first, token[:n], False), name="x")
    inside = bump(x, corner, corner + size, width=WIDTH, name="inside")
    in_cell = both(above(total(inside), f"{2 * n - 1}/2"), above(count, "1/2"))
    return Program(cumsum(branch(_sharp(broadcast(in_cell, value.dim)), value, True), name="y"), name="function")


def dictionary_program(lowering: str, length: int = KEY) -> Program:
    """Any map from `length` to `length` symbols; query first, then key, value, key, value, …

    >>> dictionary_program("direct").output.dim
    1
    """
    branch, T = BRANCHES[lowering], length
    x = Input(1, range=(0, SYMBOLS - 1), integer=True, name="symbol")
    n = LinState(constant(1), 1, 1, -1, name="n")
    within, within_pair = mod_counter(T, name="mT"), mod_counter(2 * T, name="m2T")
    prompt, compare = above(n, T - 0.5), above(within_pair, T - 0.5)
    copy = both(prompt, not_(compare))
    first = both(copy, below(within, "1/2"))
    asked = branch(Condition(below(prompt, "1/2"), lambda: above(prompt, "1/2")), x, False)
    query = cumsum(branch(_slot(within, T), broadcast(asked, T), False), name="query")
    expected = total(branch(_slot(within, T), query, False), name="expected")
    match = both(both(above(x, expected - 0.5), below(x, expected + 0.5)), compare)
    buffer = shift_register(match, T + 1, name="buffer")
    start = both(above(total(buffer[1:]), T - 0.5), first)
    started = cumsum(branch(Condition(start, lambda: not_(start)), n, False), name="started")
    copying = both(copy, below(n, started + T))
    slot = _slot(within, T).on
    register = cumsum(branch(_sharp(both(broadcast(copying, T), slot)), broadcast(x, T), False), name="register")
    return Program(total(branch(_sharp(slot), register, False)), name="dictionary")


def _slot(within: Value, T: int) -> Condition:
    """Which of the T places it is."""
    places = broadcast(within, T)
    low, high = [i - 0.5 for i in range(T)], [i + 0.5 for i in range(T)]
    return Condition(
        both(above(places, low), below(places, high)), lambda: stepped(above(places, high) + below(places, low))
    )


def _sharp(condition: Value) -> Condition:
    return Condition(above(condition, "1/2"), lambda: below(condition, "1/2"))


def _by_products(condition: Condition, value: Value, _: bool) -> Value:
    return ifelse(condition.on, value, 0, via="multi", short=False)


def _by_a_product(condition: Condition, value: Value, _: bool) -> Value:
    return ifelse(condition.on, value, 0, via="multi")


def _direct(condition: Condition, value: Value, _: bool) -> Value:
    return _halves(lambda: 1 - condition.on, value) + _halves(lambda: condition.on, 0 * value)


def _optimised(condition: Condition, value: Value, signed: bool) -> Value:
    return _halves(condition.off, value) if signed else _half(condition.off, value)


def _step_optimised(condition: Condition, value: Value, _: bool) -> Value:
    return _halves(lambda: 1 - stepped(condition.on - 0.5), value)


def _halves(off: Callable[[], Value], value: Value) -> Value:
    return _half(off, value) - _half(off, -value)


def _half(off: Callable[[], Value], value: Value) -> Value:
    return ReLU(value - BIG_M * off())


BRANCHES: dict[str, Callable[[Condition, Value, bool], Value]] = {
    "multiplicative": _by_products,
    "multiplicative-optimised": _by_a_product,
    "direct": _direct,
    "optimised": _optimised,
    "step-optimised": _step_optimised,
}
"""`value` where the condition is on, else 0, in five ways; the last argument says whether it can be negative."""
