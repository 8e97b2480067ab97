"""A number may stand wherever the library takes a value."""

import inspect

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program
from on_every_target import SELECTIVE, everywhere

x = Input(1, range=(0, 9), integer=True, name="x")
bit = x > 4

FUNCTIONS = {
    "absolute": (lambda n: lsrl.absolute(n(-3)), [3, 3]),
    "and_": (lambda n: lsrl.and_(bit, n(1)), [0, 1]),
    "at_least": (lambda n: lsrl.at_least(n(5), n(5)), [1, 1]),
    "at_most": (lambda n: lsrl.at_most(n(5), x), [0, 1]),
    "broadcast": (lambda n: lsrl.broadcast(n(3), 2)[1], [3, 3]),
    "bump": (lambda n: lsrl.bump(n(3), n(2), x), [0, 1]),
    "clip": (lambda n: lsrl.clip(n(7), 0, 5), [5, 5]),
    "cumsum": (lambda n: lsrl.cumsum(n(3)), [3, 6]),
    "delay": (lambda n: lsrl.delay(n(1), init=3), [3, 1]),
    "equal": (lambda n: lsrl.equal(n(2), x), [1, 0]),
    "ifelse": (lambda n: lsrl.ifelse(bit, n(3), n([5, 7]))[1], [7, 3]),
    "ifequal": (lambda n: lsrl.ifequal(n(2), x, n(3), n(5)), [3, 5]),
    "larger": (lambda n: lsrl.larger(n(5), x), [1, 0]),
    "latch": (lambda n: lsrl.latch(n(3), bit), [0, 3]),
    "lookup": (lambda n: lsrl.lookup(n(1), [5, 7]), [7, 7]),
    "maximum": (lambda n: lsrl.maximum(n(2), n(5)), [5, 5]),
    "minimum": (lambda n: lsrl.minimum(n(2), n(5)), [2, 2]),
    "modulo": (lambda n: lsrl.modulo(n(-7), 3), [2, 2]),
    "not_": (lambda n: lsrl.not_(n(0)), [1, 1]),
    "not_equal": (lambda n: lsrl.not_equal(n(2), x), [0, 1]),
    "one_hot": (lambda n: lsrl.one_hot(n(1), 2)[1], [1, 1]),
    "or_": (lambda n: lsrl.or_(bit, n(0)), [0, 1]),
    "quotient": (lambda n: lsrl.quotient(n(8), n(2), 2), [4, 4]),
    "register_file": (lambda n: lsrl.register_file(n(3), n(1), 2, write=bit)[1], [0, 3]),
    "reset_sum": (lambda n: lsrl.reset_sum(n(1), bit), [1, 1]),
    "select": (lambda n: lsrl.select(n([5, 7]), n(1)), [7, 7]),
    "shift_register": (lambda n: lsrl.shift_register(n(3), 2)[1], [0, 3]),
    "smaller": (lambda n: lsrl.smaller(n(5), x), [0, 1]),
    "step": (lambda n: lsrl.step(n(1)), [1, 1]),
    "switch": (lambda n: lsrl.switch(n(2), {2: n(5)}, n(7)), [5, 5]),
    "total": (lambda n: lsrl.total(n([2, "1/2"])), [2.5, 2.5]),
    "Concat": (lambda n: lsrl.Concat([x, n(3)])[1], [3, 3]),
}
"""Calls with numbers, and what they give for x of 2 and then 6."""

GATED = {"latch", "register_file", "reset_sum"}


def test_every_function_of_values_is_among_them():
    functions = {name for name in lsrl.lang.__all__ if inspect.isfunction(getattr(lsrl, name))}
    assert functions - {"constant", "counter", "cyclic", "mod_counter", "recur"} == set(FUNCTIONS) - {"Concat"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_number_is_a_constant(name):
    function, expected = FUNCTIONS[name]
    value = function(lambda number: number) + 0 * x
    assert Program(value) == Program(function(lsrl.constant) + 0 * x)
    assert Program(value).run([[2], [6]], exact=True).ravel().tolist() == expected


def test_numbers_compile_on_every_target():
    calls = {name: function(lambda number: number) for name, (function, _) in FUNCTIONS.items()}
    few = [value for name, value in calls.items() if name not in GATED]
    expected = [[FUNCTIONS[name][1][step] for name in calls if name not in GATED] for step in range(2)]
    assert everywhere(lsrl.Concat([*few, x])[: len(few)], [2, 6]) == expected
    gated = [calls[name] for name in sorted(GATED)]
    assert everywhere(lsrl.Concat(gated), [2, 6], targets=SELECTIVE) == [[0, 0, 1], [3, 3, 1]]


def test_booleans_may_be_numbers_that_are_0_or_1():
    value = lsrl.Concat([lsrl.latch(x, 1), lsrl.reset_sum(x, 0), lsrl.ifelse(1, x, 7), lsrl.latch(3, 0, init=5)])
    assert everywhere(value, [2, 6], targets=SELECTIVE) == [[2, 2, 2, 5], [6, 8, 6, 5]]


@pytest.mark.parametrize("gate", ["9/10", 0, 1, [1, "1/2"]])
def test_a_gated_state_with_a_gate_of_numbers_is_a_linear_state(gate):
    pair = Input(2, name="x")
    state = lsrl.LinState(pair, np.diag(np.broadcast_to(gate, 2).astype(object)), init=[3, 4], name="s")
    assert str(Program(lsrl.GatedState(pair, gate, [3, 4], name="s"))) == str(Program(state))


def test_a_constant_as_a_gate_is_a_boolean_like_any_value():
    assert type(lsrl.GatedState(x, lsrl.constant(1))) is lsrl.GatedState
    with pytest.raises(lsrl.ProgramError, match="state.gate is the number 9/10; expected a boolean, 0 or 1"):
        lsrl.GatedState(x, lsrl.constant("9/10"))
