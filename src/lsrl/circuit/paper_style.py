"""A program in the forms that Petrov et al. 2024 give their library (section 4 and appendix), for studies of them.

    step              relu(x/w) − 1/w · relu(x − w)                      where ours is a clip in a clip
    ifelse by ReLUs   relu(−M (1 − c) + t) …  with M = 10¹⁰              where ours takes M from the ranges
    cyclic counters   a 2-vector turned by 2π/n, compared with n angles  where ours turns a one-hot vector

The result is a program like any other: what it means is the same, up to the rounding of sines and cosines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeGuard

from flint import fmpq

from lsrl.circuit.translate import circuit_of
from lsrl.lang import Concat, Linear, LinState, Matrix, Multi, Program, ReLU, Value
from lsrl.lang.logic import ramp_of
from lsrl.lang.matrix import beside, cycle, diagonal, identity
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lang.primitives import complement, complemented

BIG_M = 10**10
"""The paper's M."""

WIDTH = fmpq(1, 1000)
"""The ramp of the paper's steps (its scale is 1000); narrower between the angles of a long cycle."""

Rewriting: TypeAlias = "Callable[[Value, Mapping[Value, Value], set[Value]], Value | None]"
"""What a value becomes, given what the values before it became and which of them are never negative."""


def in_paper_style(
    program: Program, *, input_range: tuple[Any, Any] | None = None, max_length: int | None = None
) -> Program:
    """The program with the paper's forms of steps, branches by ReLUs and cyclic counters.

    Products (`via="multi"` or `"auto"`) stay products. Values keep their names and dimensions. Raises as
    `circuit_of` does, whose `input_range` and `max_length` tell what is never negative.

    >>> from lsrl import Input, mod_counter
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> program = in_paper_style(Program((x > 4) + mod_counter(3)))
    >>> program.run([[5], [4], [9], [0]]).round(9).ravel().tolist()
    [1.0, 1.0, 3.0, 0.0]
    """
    circuit = circuit_of(program, input_range=input_range, max_length=max_length)
    nonnegative = {
        value
        for value, name in program.names.items()
        if all(circuit.knowledge.fact(form).is_nonnegative for form in circuit.values[name])
    }
    made: dict[Value, Value] = {}
    for value in program.values:
        rewritten = (form(value, made, nonnegative) for form in FORMS)
        kept = value.reading([made[argument] for argument in value.arguments])
        made[value] = next((new for new in rewritten if new is not None), kept)
    return Program(made[program.output], name=program.name, vocabulary=program.vocabulary)


def _step(value: Value, made: Mapping[Value, Value], _: set[Value]) -> Value | None:
    """A clip in a clip, as `lsrl.step` writes it, as the difference of two ramps side by side."""
    ramp = ramp_of(value) if isinstance(value, ReLU) else None
    if ramp is None or not isinstance(ramp[0], Linear):
        return None
    progress = ramp[0]
    slopes = {weight for row in progress.A.rows for _, weight in row}
    if len(slopes) != 1 or any(progress.b) or diagonal([*slopes] * progress.dim) != progress.A:
        return None
    return _difference(made[progress.x], slopes.pop(), value.name)


def _difference(x: Value, scale: fmpq, name: str | None) -> Value:
    """A step as the difference of two ramps, of which one is scaled before its ReLU and the other after it."""
    start, end = ReLU(x * scale, hint="step.start"), ReLU(x - 1 / scale, hint="step.end")
    blocks = beside(identity(x.dim), diagonal([-scale] * x.dim))
    return Linear(Concat([start, end]), blocks, comparison=True, name=name, hint="step")


def _branches(value: Value, made: Mapping[Value, Value], _: set[Value]) -> Value | None:
    """Both branches of an `ifelse` by ReLUs, both signs of each even where one is never negative: *direct*."""
    if not isinstance(value, Linear) or not isinstance(value.x, Concat):
        return None
    branches = [part for part in value.x.arguments if _selects_by_relus(part)]
    if not len(branches) == len(value.x.arguments) == 2 or beside(identity(value.dim), identity(value.dim)) != value.A:
        return None
    return _sum([part for branch in branches for part in _halves(branch, made, signed=True)], value)


def _branch(value: Value, made: Mapping[Value, Value], nonnegative: set[Value]) -> Value | None:
    """One branch of an `ifelse` by ReLUs, the other being 0, without a sign that it never has: *optimised*."""
    if not _selects_by_relus(value):
        return None
    return _sum(_halves(value, made, signed=_factors(value)[1] not in nonnegative), value)


def _cyclic(value: Value, made: Mapping[Value, Value], _: set[Value]) -> Value | None:
    """The one-hot vector of a cyclic counter from a vector on the unit circle, turned by 2π/n at every step."""
    n = value.dim
    if not isinstance(value, LinState) or n < 2 or cycle(n) != value.A or value.B.nonzeros:
        return None
    if any(value.bias) or sorted(value.init) != [ZERO] * (n - 1) + [ONE]:
        return None
    turn, start = [_on_circle(1, n), _on_circle(-1, n)], _on_circle(value.init.index(ONE), n)
    rotation = [[turn[0][0], -turn[0][1]], [turn[0][1], turn[0][0]]]
    circle = LinState(made[value.x], rotation, Matrix.of(0, (2, 1)), start, hint=f"{value.label}.circle")
    along = Linear(circle, [list(_on_circle(i, n)) for i in range(n)], hint=f"{value.label}.along")
    between = fmpq(*math.cos(math.pi / n).as_integer_ratio())
    return _difference(along - between, 1 / min(WIDTH, 1 - between), value.name)


def _on_circle(i: int, n: int) -> tuple[fmpq, fmpq]:
    """The point at 2π·i/n, as the nearest floats."""
    angle = 2 * math.pi * i / n
    return fmpq(*math.cos(angle).as_integer_ratio()), fmpq(*math.sin(angle).as_integer_ratio())


def _selects_by_relus(value: Value) -> TypeGuard[Multi]:
    return isinstance(value, Multi) and value.via == "relu"


def _factors(multi: Multi) -> tuple[Value, Value]:
    """The condition and the value of a branch, as `lsrl.ifelse` writes it."""
    condition, value = multi.x.arguments
    return condition, value


def _halves(multi: Multi, made: Mapping[Value, Value], *, signed: bool) -> list[tuple[fmpq, Value]]:
    """relu(−M (1 − c) + t), and −relu(−M (1 − c) − t) if t can have both signs."""
    condition, value = _factors(multi)
    opposite = complemented(condition)
    off = complement(made[condition]) if opposite is None else made[opposite]
    signs = (ONE, -ONE) if signed else (ONE,)
    return [
        (
            sign,
            ReLU(
                Linear(Concat([off, made[value]]), beside(diagonal([-BIG_M] * off.dim), diagonal([sign] * off.dim))),
                hint=f"{multi.label}.{'up' if sign == ONE else 'down'}",
            ),
        )
        for sign in signs
    ]


def _sum(parts: list[tuple[fmpq, Value]], value: Value) -> Value:
    blocks = beside(*(diagonal([sign] * value.dim) for sign, _ in parts))
    return Linear(Concat([part for _, part in parts]), blocks, name=value.name, hint=value.hint)


FORMS: tuple[Rewriting, ...] = (_step, _branches, _branch, _cyclic)
