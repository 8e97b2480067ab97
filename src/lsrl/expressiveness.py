"""What each target can express, found by compiling."""

from __future__ import annotations

from collections.abc import Callable

from lsrl.errors import LsrlError
from lsrl.lang import (
    Input,
    LinState,
    Multi,
    Program,
    ReLU,
    Value,
    cumsum,
    ifelse,
    larger,
    latch,
    mod_counter,
    reset_sum,
    shift_register,
)
from lsrl.targets.compiler import compile as compiled
from lsrl.targets.registry import TARGETS


def _whole(dim: int = 1) -> Value:
    return Input(dim, range=(-9, 9), integer=True)


def _real(dim: int = 1) -> Value:
    return Input(dim, range=(-9, 9))


def _branch_of_whole_numbers() -> Value:
    x = _whole()
    return ifelse(x > 3, x, -1)


def _branch_of_reals() -> Value:
    x = _real(2)
    return ifelse(larger(x[0], 3, width=1), x[1], -1)


def _memory() -> Value:
    x = _whole(2)
    return latch(x[0], x[1] > 3) + reset_sum(x[1], x[0] > 3)


STEPS = 1000
"""The longest sequence, where one is declared."""

ABILITIES: dict[str, tuple[Callable[[], Value], int | None]] = {
    "sum of whole numbers (`cumsum`)": (lambda: cumsum(_whole()), STEPS),
    "the same without `max_length`": (lambda: cumsum(_whole()), None),
    "decaying state (A = ½)": (lambda: LinState(_real(), "1/2"), STEPS),
    "state with any matrix": (lambda: LinState(_real(2), [[0, "1/2"], ["-1/2", "1/4"]]), STEPS),
    "delay, shift register": (lambda: shift_register(_real(), 3), STEPS),
    "cyclic counter (`mod_counter`)": (lambda: mod_counter(5) + 0 * _whole(), STEPS),
    "ReLU of whole numbers": (lambda: ReLU(_whole()), STEPS),
    "ReLU of reals": (lambda: ReLU(_real()), STEPS),
    "comparison": (lambda: _whole() > 3, STEPS),
    "branch (`ifelse`) with whole numbers": (_branch_of_whole_numbers, STEPS),
    "branch with reals": (_branch_of_reals, STEPS),
    "selective state (`latch`, `reset_sum`)": (_memory, STEPS),
    "product of whole numbers (`x * y`)": (lambda: Multi(_whole(2)), STEPS),
    "product of reals": (lambda: Multi(_real(2)), STEPS),
}
"""What is asked for: how to build it, and the longest sequence."""


def expressiveness() -> list[dict[str, str]]:
    """A row for each ability: for each target "exact", "bounded" (an error bound), "unbounded" or "refused"."""
    return [
        {"": ability} | {target: _answer(build(), target, max_length) for target in TARGETS}
        for ability, (build, max_length) in ABILITIES.items()
    ]


def _answer(value: Value, target: str, max_length: int | None) -> str:
    try:
        kind = compiled(Program(value), target, max_length=max_length).guarantee.kind
    except LsrlError:
        return "refused"
    return {"none": "unbounded"}.get(kind, kind)
