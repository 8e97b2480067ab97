"""What each target can express, found by compiling."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lsrl.automata import automaton, word_problem
from lsrl.backends.registry import TARGETS
from lsrl.errors import LsrlError
from lsrl.lang import (
    Concat,
    Input,
    LinState,
    Multi,
    Program,
    ReLU,
    Value,
    absolute,
    and_,
    bump,
    clip,
    counter,
    cumsum,
    delay,
    equal,
    ifelse,
    larger,
    latch,
    lookup,
    maximum,
    minimum,
    mod_counter,
    modulo,
    not_,
    or_,
    recur,
    reset_sum,
    shift_register,
)
from lsrl.model.compiler import compile as compiled

STEPS = 1000
"""The longest sequence, where one is declared."""

UP_TO = " to `max_length`"


def _whole(dim: int = 1) -> Value:
    return Input(dim, range=(-9, 9), integer=True)


def _real(dim: int = 1) -> Value:
    return Input(dim, range=(-9, 9))


def _bit() -> Value:
    return Input(1, range=(0, 1), integer=True)


def _digit() -> Value:
    return Input(1, range=(0, 2), integer=True)


Probe: TypeAlias = tuple[Value, Callable[[Value], Value]]

ABILITIES: dict[str, Probe] = {
    "`Linear`, `Concat`, slices": (_whole(2), lambda x: 2 * x[0] - Concat([x[1], x[0]])),
    "`ReLU`, `absolute`, `clip` of whole numbers": (_whole(), lambda x: ReLU(x) + absolute(x) + clip(x, 0, 3)),
    "`ReLU` of reals": (_real(), ReLU),
    "`maximum`, `minimum` of reals": (_real(2), lambda x: minimum(maximum(x[0], x[1]), 3)),
    "comparisons, `and_`, `or_`, `not_`": (_whole(), lambda x: or_(and_(x > 3, not_(x > 5)), equal(x, 0))),
    "`bump`, `one_hot`, `lookup`": (_whole(), lambda x: lookup(x, [3, 1, 4]) + bump(x, 2, 4)),
    "`ifelse` with whole numbers": (_whole(), lambda x: ifelse(x > 3, x, -1)),
    "`ifelse` with reals": (_real(2), lambda x: ifelse(larger(x[0], 3, width=1), x[1], -1)),
    "`Multi` (`x * y`) of whole numbers": (_whole(2), Multi),
    "`Multi` of reals": (_real(2), Multi),
    "`cumsum` of whole numbers, `counter`": (_whole(), lambda x: cumsum(x) + counter()),
    "`modulo` of a sum": (_bit(), lambda x: modulo(cumsum(x), 5)),
    "`delay`, `shift_register`": (_whole(), lambda x: shift_register(x, 3, init=2) + delay(x, 5)),
    "`delay` of reals": (_real(), delay),
    "`mod_counter`, `cyclic`": (_whole(), lambda x: mod_counter(5) + 0 * x),
    "`latch` (`GatedState`)": (_whole(2), lambda x: latch(x[0], x[1] > 3)),
    "`reset_sum` (`GatedState`)": (_whole(2), lambda x: reset_sum(x[0], x[1] > 3)),
    "`LinState` that decays (A = ½)": (_real(), lambda x: LinState(x, "1/2")),
    "`LinState` that alternates (A = −1)": (_whole(), lambda x: LinState(x, -1)),
    "`LinState` that permutes (A a swap)": (_whole(2), lambda x: LinState(x, [[0, 1], [1, 0]])),
    "running maximum of reals (`recur`)": (_real(), lambda x: recur(lambda last: maximum(last, x), init=-9)),
    "maximum of reals with decay (`recur`)": (_real(), lambda x: recur(lambda last: maximum(last * "7/8", x))),
    "threshold neuron with reset (`recur`)": (
        Input(1, range=(0, 1), grid="1/8"),
        lambda x: recur(lambda v: ifelse(v + x >= 200, 0, v + x)),
    ),
    "automaton that is star-free (a flip-flop)": (_digit(), lambda x: automaton(x, [[0, 0, 1], [1, 0, 1]])),
    "automaton with Z₂ (parity)": (_bit(), lambda x: automaton(x, [[0, 1], [1, 0]])),
    "automaton with S₃": (_bit(), lambda x: automaton(x, word_problem((1, 0, 2), (1, 2, 0)))),
    "automaton with S₅, by exchanges of neighbours": (
        Input(1, range=(0, 3), integer=True),
        lambda x: automaton(x, word_problem(*((*range(i), i + 1, i, *range(i + 2, 5)) for i in range(4)))),
    ),
    "automaton with A₅": (_bit(), lambda x: automaton(x, word_problem((1, 2, 0, 3, 4), (0, 1, 3, 4, 2)))),
    "any step of a state with few values (`recur`)": (
        _digit(),
        lambda x: recur(lambda s: modulo(s * s + 3 * x + lookup(s, [2, 0, 1, 4, 3]), 5)),
    ),
    "`LinState` with any matrix": (_real(2), lambda x: LinState(x, [[0, "1/2"], ["-1/2", "1/4"]])),
}
"""What is asked for: an input, and a function of it that needs the ability."""


def expressiveness() -> list[dict[str, str]]:
    """A row for each ability, with what each target's guarantee is.

    "exact", "bounded" (an error bound) or "refused"; "to `max_length`" where it takes one.
    """
    return [
        {"": ability} | {target: answer(function(source), target) for target in TARGETS}
        for ability, (source, function) in ABILITIES.items()
    ]


def answer(value: Value, target: str) -> str:
    """What a target's guarantee of a value is, "to `max_length`" where it takes one; "refused" without one."""
    free = _guarantee(value, target, None)
    if free in ("exact", "bounded"):
        return free
    found = _guarantee(value, target, STEPS)
    return found if found == "refused" else found + UP_TO


def refusal(value: Value, target: str) -> str | None:
    """Why a target refuses a value, for sequences of a declared length; None if it does not.

    >>> x = Input(2, range=(-9, 9))
    >>> refusal(Multi(x), "lstm").partition(",")[0]
    "value 'Multi(input)' multiplies two values that are not booleans"
    >>> refusal(Multi(x), "mamba")
    """
    try:
        compiled(Program(value), target, max_length=STEPS)
    except LsrlError as problem:
        return str(problem)
    return None


def _guarantee(value: Value, target: str, max_length: int | None) -> str:
    try:
        return compiled(Program(value), target, max_length=max_length).guarantee.kind
    except LsrlError:
        return "refused"
