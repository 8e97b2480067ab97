"""The oracle's meaning of values that remember: linear states, gated states, delays, loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .running import Meaning, Run, Steps, Vector, numbers, plus, times, wide
from .syntax import Node


def _state(run: Run, args: Sequence[Steps], node: Node, after: Callable[[Vector, Sequence[Vector]], Vector]) -> Steps:
    """A value whose next is `after` of its last and of what it reads; before the first step it is `init`."""
    state, found = run.memory.get(node, numbers(node.params["init"], node.dim)), Steps()
    for rows in zip(*args, strict=True):
        state = after(state, rows)
        found.append(state)
    run.memory[node] = state
    return found


def _late(run: Run, x: Steps, node: Node, steps: int) -> Steps:
    """What x was in that many steps before the first, and then x."""
    last: Steps = run.memory.get(node, [numbers(node.params["init"], len(x[0]) if x else 1)] * steps)
    run.memory[node] = (last + x)[len(x) :]
    return last + x


def _lin_state(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    A, B, bias = node.params["A"], node.params["B"], numbers(node.params["bias"], node.dim)
    return _state(run, args, node, lambda last, rows: plus(times(A, last), times(B, rows[0]), bias))


def _cumsum(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    return _state(run, args, node, lambda last, rows: plus(last, rows[0]))


def _gated(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    def after(last: Vector, rows: Sequence[Vector]) -> Vector:
        gate = [run.boolean(value) for value in wide(rows[1], node.dim)]
        return tuple(g * s + x for g, s, x in zip(gate, last, rows[0], strict=True))

    return _state(run, args, node, after)


def _latch(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    def after(last: Vector, rows: Sequence[Vector]) -> Vector:
        write = [run.boolean(value) for value in wide(rows[1], node.dim)]
        return tuple(x if w == 1 else s for w, s, x in zip(write, last, rows[0], strict=True))

    return _state(run, args, node, after)


def _reset_sum(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    def after(last: Vector, rows: Sequence[Vector]) -> Vector:
        reset = [run.boolean(value) for value in wide(rows[1], node.dim)]
        return tuple(x if r == 1 else s + x for r, s, x in zip(reset, last, rows[0], strict=True))

    return _state(run, args, node, after)


def _delay(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    return _late(run, args[0], node, node.params["steps"])[: len(args[0])]


def _shift_register(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    length = node.params["length"]
    past = _late(run, args[0], node, length - 1)
    newest_first = (past[t : t + length][::-1] for t in range(len(args[0])))
    return [tuple(number for row in rows for number in row) for rows in newest_first]


def _previous(run: Run, _: Sequence[Steps], node: Node) -> Steps:
    """What the state was one step ago: loops go step by step."""
    (_,) = run.inputs
    return [run.memory.get(node, numbers(node.params["init"], node.dim))]


def _recur(run: Run, args: Sequence[Steps], node: Node) -> Steps:
    (run.memory[node.args[1]],) = args[0]
    return args[0]


STATES: dict[str, Meaning] = {
    "lin_state": _lin_state,
    "gated_state": _gated,
    "cumsum": _cumsum,
    "delay": _delay,
    "shift_register": _shift_register,
    "latch": _latch,
    "reset_sum": _reset_sum,
    "previous": _previous,
    "recur": _recur,
}
"""The meaning of every operation that remembers."""
