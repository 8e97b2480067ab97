"""What programs mean, in plain exact arithmetic, written from docs/language.md and from nothing else.

A value is a list of vectors, one a step. Where the documents leave the meaning open the run is *undefined*; where a
comparison or a condition is neither 0 nor 1 it is *undecided*. Nothing is said about the values of such runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .running import (
    Meaning,
    Run,
    Steps,
    Vector,
    by_clock,
    each_number,
    each_step,
    numbers,
    plus,
    ramp,
    simple,
    times,
    wide,
)
from .states import STATES
from .syntax import MalformedError, Node, Number, Params, ordered

DEFAULT_WIDTH = Fraction(1, 1024)

MOST_BITS = 4096
"""Numbers that loops make longer than this have no place in a test."""


def _larger(run: Run, params: Params, x: Number, y: Number) -> Number:
    return ramp(run, x - y, params.get("width", DEFAULT_WIDTH))


def _smaller(run: Run, params: Params, x: Number, y: Number) -> Number:
    return ramp(run, y - x, params.get("width", DEFAULT_WIDTH))


def _at_least(run: Run, params: Params, x: Number, y: Number) -> Number:
    return 1 - _smaller(run, params, x, y)


def _at_most(run: Run, params: Params, x: Number, y: Number) -> Number:
    return 1 - _larger(run, params, x, y)


def _not_equal(run: Run, params: Params, x: Number, y: Number) -> Number:
    return ramp(run, max(x - y, y - x), params.get("width", DEFAULT_WIDTH))


def _equal(run: Run, params: Params, x: Number, y: Number) -> Number:
    return 1 - _not_equal(run, params, x, y)


def _bump(run: Run, params: Params, x: Number, low: Number, high: Number) -> Number:
    """The difference of two ramps. Where only these are undecided, the documents leave open what is reported."""
    inner = Run([])
    value = ramp(inner, x - low, params["width"]) - ramp(inner, x - high, params["width"])
    run.unclear |= inner.undecided > 0 and value in {0, 1}
    return run.boolean(value)


def _and(run: Run, _: Params, *given: Number) -> Number:
    booleans = [run.boolean(value) == 1 for value in given]
    return int(all(booleans))


def _or(run: Run, _: Params, *given: Number) -> Number:
    booleans = [run.boolean(value) == 1 for value in given]
    return int(any(booleans))


def _not(run: Run, _: Params, value: Number) -> Number:
    return 1 - run.boolean(value)


def _if(run: Run, _: Params, condition: Number, a: Number, b: Number) -> Number:
    return a if run.boolean(condition) == 1 else b


def _if_equal(run: Run, params: Params, x: Number, y: Number, a: Number, b: Number) -> Number:
    return a if _equal(run, params, x, y) == 1 else b


def _modulo(run: Run, params: Params, x: Number) -> Number:
    """Defined for whole numbers, and below the bound that was promised."""
    below = params.get("below")
    run.undefined |= x.denominator != 1 or (below is not None and not 0 <= x < below)
    return x % int(params["n"])


def _claim(run: Run, _: Params, x: Number) -> Number:
    return run.boolean(max(x, 0))


def _one_hot(run: Run, params: Params, rows: Sequence[Vector]) -> Vector:
    run.undefined |= rows[0][0].denominator != 1
    return tuple(int(rows[0][0] == index) for index in range(params["n"]))


def _lookup(run: Run, params: Params, rows: Sequence[Vector]) -> Vector:
    (index,), table = rows[0], [entry if isinstance(entry, tuple) else (entry,) for entry in params["table"]]
    run.undefined |= index.denominator != 1
    return table[int(index)] if 0 <= index < len(table) else (0,) * len(table[0])


def _linear(_: Run, params: Params, rows: Sequence[Vector]) -> Vector:
    moved = times(params["A"], rows[0])
    return plus(moved, numbers(params["b"], len(moved)))


def _multi(_: Run, __: Params, rows: Sequence[Vector]) -> Vector:
    half = len(rows[0]) // 2
    return tuple(a * b for a, b in zip(rows[0][:half], rows[0][half:], strict=True))


def _cyclic(params: Params, t: int) -> Vector:
    return tuple(int((params["start"] + t) % params["n"] == index) for index in range(params["n"]))


MEANINGS: dict[str, Meaning] = {
    **STATES,
    "input": lambda run, args, node: list(run.inputs),
    "number": by_clock(lambda params, t: (params["value"],)),
    "constant": by_clock(lambda params, t: params["numbers"]),
    "counter": by_clock(lambda params, t: (params["start"] + t * params["by"],)),
    "mod_counter": by_clock(lambda params, t: ((params["start"] + t) % params["n"],)),
    "cyclic": by_clock(_cyclic),
    "linear": each_step(_linear),
    "multi": each_step(_multi),
    "concat": each_step(lambda run, params, rows: tuple(number for row in rows for number in row)),
    "item": each_step(lambda run, params, rows: (rows[0][params["index"]],)),
    "part": each_step(lambda run, params, rows: rows[0][params["start"] : params["stop"]]),
    "total": each_step(lambda run, params, rows: (simple(sum(rows[0], start=Fraction(0))),)),
    "broadcast": each_step(lambda run, params, rows: wide(rows[0], params["dim"])),
    "one_hot": each_step(_one_hot),
    "lookup": each_step(_lookup),
    "claim": each_number(_claim),
    "relu": each_number(lambda run, params, x: max(x, 0)),
    "add": each_number(lambda run, params, x, y: x + y),
    "sub": each_number(lambda run, params, x, y: x - y),
    "mul": each_number(lambda run, params, x, y: x * y),
    "div": each_number(lambda run, params, x: simple(Fraction(x) / params["by"])),
    "neg": each_number(lambda run, params, x: -x),
    "mod": each_number(_modulo),
    "modulo": each_number(_modulo),
    "maximum": each_number(lambda run, params, x, y: max(x, y)),
    "minimum": each_number(lambda run, params, x, y: min(x, y)),
    "absolute": each_number(lambda run, params, x: abs(x)),
    "clip": each_number(lambda run, params, x: min(max(x, params["low"]), params["high"])),
    "gt": each_number(_larger),
    "ge": each_number(_at_least),
    "lt": each_number(_smaller),
    "le": each_number(_at_most),
    "larger": each_number(_larger),
    "smaller": each_number(_smaller),
    "at_least": each_number(_at_least),
    "at_most": each_number(_at_most),
    "equal": each_number(_equal),
    "not_equal": each_number(_not_equal),
    "step": each_number(lambda run, params, x: ramp(run, x, params["width"])),
    "bump": each_number(_bump),
    "and": each_number(_and),
    "both": each_number(_and),
    "or": each_number(_or),
    "either": each_number(_or),
    "not": each_number(_not),
    "invert": each_number(_not),
    "ifelse": each_number(_if),
    "ifequal": each_number(_if_equal),
}
"""The meaning of every operation of `syntax.OPERATIONS`."""


def value_of(run: Run, node: Node) -> Steps:
    """The node's value at every step; what it reads is computed first. What reads its own past goes step by step."""
    missing = [inner for inner in ordered([node]) if inner not in run.values]
    looped: set[Node] = set()
    for inner in missing:
        if inner.op == "previous" or not looped.isdisjoint(inner.args):
            looped.add(inner)
        else:
            run.values[inner] = MEANINGS[inner.op](run, [run.values[arg] for arg in inner.args], inner)
    if looped:
        _step_by_step(run, [inner for inner in missing if inner in looped])
    return run.values[node]


def _step_by_step(run: Run, looped: Sequence[Node]) -> None:
    memory: dict[Node, Any] = {}
    found: dict[Node, Steps] = {node: [] for node in looped}
    for t in range(len(run.inputs)):
        part = run.part(t, memory)
        for node in looped:
            args = [[found[arg][t] if arg in found else run.values[arg][t]] for arg in node.args]
            (row,) = MEANINGS[node.op](part, args, node)
            if any(max(n.numerator.bit_length(), n.denominator.bit_length()) > MOST_BITS for n in row):
                raise MalformedError(f"{node.op} grows too long")
            found[node].append(row)
        run.note(part)
    run.values.update(found)


def outputs_of(run: Run, nodes: Sequence[Node]) -> Steps:
    """The outputs one after the other, at every step."""
    columns = [value_of(run, node) for node in nodes]
    return [tuple(number for vector in parts for number in vector) for parts in zip(*columns, strict=True)]
