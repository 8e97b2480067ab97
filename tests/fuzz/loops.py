"""Random states that read their own past: finite ones, real ones, loops in loops, and programs around them.

Each kind is a function of a `Maker` that returns a state over values that the maker has; as elsewhere, nothing here
knows what the compiler can do.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .generate import UNNAMED, Maker
from .operations import USES, VIAS
from .running import Run
from .syntax import MalformedError, Node, Number, make, number, ordered

Kind = Callable[[Maker], Node | None]

WIDTH = Fraction(1, 1024)
INITS: list[Number] = [0, 0, 0, 1, 1, -1, 2, 5, Fraction(1, 3), Fraction(1, 2), Fraction(-3, 4)]
DECAYS: list[Number] = [
    0,
    1,
    1,
    1,
    -1,
    Fraction(1, 2),
    Fraction(3, 4),
    Fraction(9, 10),
    Fraction(-1, 2),
    Fraction(1, 3),
]
DECAYS += [2, Fraction(9, 8)]


def recur(m: Maker) -> Node | None:
    """A state of any kind, now and then beside another value of its loop."""
    kind = m.rng.choice(KINDS)
    state = kind(m)
    if state is None or state.op != "recur" or m.rng.random() > 0.2:
        return state
    was = state.args[1]
    inside = [node for node in ordered([state]) if was in ordered([node]) and node.op != "number"]
    return make("concat", state, m.rng.choice(inside))


def _closed(init: Any, step: Callable[[Node], Node]) -> Node:
    """The state of that step, and names for some of the values in it."""
    was = make("previous", init=init if isinstance(init, tuple) else (init,))
    return make("recur", step(was), was)


def _named(m: Maker, op: str, *args: Node, **params: Any) -> Node:
    """A value of a loop, which may have a name."""
    name = f"in{next(m.labels)}" if m.rng.random() < 0.2 and op not in UNNAMED else None
    return make(op, *args, name=name, **params)


def _whole(m: Maker) -> tuple[Node, int] | None:
    """A value that is whole on the samples, and how many numbers from its lowest on."""
    x = m.whole()
    if x is None:
        return None
    low, high = m.span(x)
    return (x if low == 0 else make("sub", x, number(low))), int(high - low) + 1


# Finite ones.


def _table(m: Maker) -> Node | None:
    found = _whole(m)
    if found is None or found[1] > 40:
        return None
    symbol, k = found
    n = m.rng.choice([1, 2, 3, 4, 5, 8, 9, 16, 17, 30, 65])
    successor: list[Callable[[int], int]] = [
        lambda i: m.rng.randrange(n),
        lambda i: m.rng.randrange(n),
        lambda i: (i // k + i % k) % n,
        lambda i: min(i // k + i % k, n - 1),
        lambda i: i % k % n,
        lambda i: i // k if i % k else (i // k * 7 + 1) % n,
    ]
    after = m.rng.choice(successor)
    table = tuple(after(i) for i in range(n * k + m.rng.choice([0, 0, 0, -1, 1])))
    if not table:
        return None

    def step(was: Node) -> Node:
        place = make("add", make("mul", was, number(k)), symbol)
        return _named(m, "lookup", place, table=table, width=WIDTH)

    return _closed(m.rng.randrange(n), step)


def _remainder(m: Maker) -> Node | None:
    found = _whole(m)
    n, factor = m.rng.choice([2, 3, 4, 5, 7, 8, 16, 17, 60, 97, 1000, 5000]), m.rng.choice([1, 1, 2, 3, -1])
    if found is None:
        return None
    return _closed(
        m.rng.randrange(n), lambda was: make("mod", make("add", make("mul", was, number(factor)), found[0]), n=n)
    )


def _saturating(m: Maker) -> Node:
    x = m.one()
    low, high = sorted([m.rng.choice([-9, -3, -1, 0, 0]), m.rng.choice([0, 1, 2, 5, 20, 300])])
    factor = m.rng.choice([1, 1, 1, -1, 2, Fraction(1, 2)])
    return _closed(
        m.rng.choice([low, high, 0]),
        lambda was: _named(m, "clip", make("add", make("mul", was, number(factor)), x), low=low, high=high),
    )


def _logic(m: Maker) -> Node:
    """Bits that are logic of one another, of comparisons, and of how many of them are 1."""
    dim = m.rng.choice([1, 1, 2, 3, 4, 5, 8])
    flags = [m.boolean() for _ in range(m.rng.choice([1, 1, 2, 3]))]

    def step(was: Node) -> Node:
        bits = [make("item", was, index=i) for i in range(dim)]
        if dim > 1 and m.rng.random() < 0.3:
            counted = make("total", was)
            bits.append(_named(m, m.rng.choice(["at_least", "equal"]), counted, number(m.rng.randint(1, dim)), width=1))

        def formula(depth: int) -> Node:
            if depth == 0 or m.rng.random() < 0.2:
                return m.rng.choice(bits + flags)
            op = m.rng.choice(["and", "or", "not", "both", "either", "invert", "xor", "if"])
            a, b = formula(depth - 1), formula(depth - 1)
            if op == "xor":
                return _named(m, "not_equal", a, b, width=WIDTH)
            if op == "if":
                return _named(m, "ifelse", m.rng.choice(bits + flags), a, b, via=m.rng.choice(VIAS), short=True)
            return _named(m, op, a) if op in {"not", "invert"} else _named(m, op, a, b)

        return _concat([formula(m.rng.choice([1, 2, 3])) for _ in range(dim)])

    return _closed(tuple(m.rng.randint(0, 1) for _ in range(dim)), step)


def _concat(parts: list[Node]) -> Node:
    return make("concat", *parts)


def _permuted(m: Maker) -> Node:
    """One-hot states that a boolean moves."""
    n, flag = m.rng.choice([2, 3, 5, 8, 12]), m.boolean()

    def matrix() -> Any:
        targets = m.rng.choice([m.rng.sample(range(n), n), [m.rng.randrange(n) for _ in range(n)]])
        return tuple(tuple(int(targets[j] == i) for j in range(n)) for i in range(n))

    def step(was: Node) -> Node:
        moved = make("linear", was, A=matrix(), b=0)
        stays = was if m.rng.random() < 0.5 else make("linear", was, A=matrix(), b=0)
        return _named(m, "ifelse", flag, moved, stays, via=m.rng.choice(VIAS), short=True)

    start = m.rng.randrange(n)
    return _closed(tuple(int(i == start) for i in range(n)), step)


def _trigger(m: Maker) -> Node:
    """On above one number, off below another, else what it was."""
    x = m.one()
    low, high = sorted([m.threshold(x), m.threshold(x)])
    width = m.rng.choice([WIDTH, WIDTH, Fraction(1, 4)])
    on, off = make("larger", x, number(high), width=width), make("smaller", x, number(low), width=width)
    return _closed(m.rng.randint(0, 1), lambda was: _named(m, "or", on, make("and", was, _named(m, "not", off))))


# Real ones.


def _extreme(m: Maker) -> Node:
    """The largest or smallest number so far, which may decay."""
    x = m.any()
    decay, op = m.rng.choice(DECAYS), m.rng.choice(["maximum", "maximum", "minimum"])
    init = tuple(m.rng.choice([*INITS, -100]) for _ in range(x.dim))

    def step(was: Node) -> Node:
        before = was if decay == 1 else make("mul", was, number(decay))
        if m.rng.random() < 0.2:
            before = make("add", before, number(m.small()))
        return _named(m, op, before, x)

    return _closed(init, step)


def _leaky(m: Maker) -> Node:
    """A linear state that bends: not below 0, clipped, or its absolute value."""
    x, decay = m.any(), m.rng.choice(DECAYS)
    bend = m.rng.choice(["relu", "relu", "clip", "clip", "absolute", "none"])
    low, high = m.rng.choice([(0, 1), (-1, 1), (-2, 5), (Fraction(-1, 3), Fraction(1, 2)), (0, 300)])

    def step(was: Node) -> Node:
        after = make("add", make("mul", was, number(decay)), x)
        if m.rng.random() < 0.3:
            after = make("sub", after, number(m.rng.choice([1, Fraction(1, 2), Fraction(1, 3)])))
        if bend == "clip":
            return _named(m, "clip", after, low=low, high=high)
        return after if bend == "none" else _named(m, bend, after)

    return _closed(tuple(m.rng.choice(INITS) for _ in range(x.dim)), step)


def _spiking(m: Maker) -> Node:
    """A neuron that starts again from a number where it reaches a threshold."""
    x, decay = m.one(), m.rng.choice(DECAYS)
    threshold, reset = m.rng.choice([1, 2, 3, Fraction(5, 2)]), m.rng.choice([0, 0, 0, -1, Fraction(1, 2)])
    op = m.rng.choice(["ge", "gt", "at_least", "larger"])
    width = {"width": m.rng.choice([WIDTH, WIDTH, Fraction(1, 4)])} if "l" in op else {}

    def step(was: Node) -> Node:
        v = make("add", make("mul", was, number(decay)), x)
        fires = _named(m, op, m.rng.choice([v, v, v, was]), number(threshold), **width)
        kept = m.rng.choice([v, v, make("sub", v, number(threshold))]) if m.rng.random() < 0.2 else v
        return _named(m, "ifelse", fires, number(reset), kept, via=m.rng.choice(VIAS), short=m.rng.random() < 0.8)

    return _closed(m.rng.choice(INITS), step)


def _chosen(m: Maker) -> Node:
    """A state that others switch: held, replaced, added to, or started again."""
    x, flag, decay = m.any(), m.boolean(), m.rng.choice(DECAYS)

    def step(was: Node) -> Node:
        moved = make("add", make("mul", was, number(decay)), x)
        branches = [m.rng.choice([was, x, moved, number(0), number(m.small())]) for _ in range(2)]
        if all(branch.op == "number" for branch in branches):
            branches[0] = moved
        if was not in ordered(branches):
            branches[1] = was
        return _named(m, "ifelse", flag, *branches, via=m.rng.choice(VIAS), short=m.rng.random() < 0.8)

    return _closed(tuple(m.rng.choice(INITS) for _ in range(x.dim)), step)


def _mixed(m: Maker) -> Node:
    """Several real states that mix linearly, and bend or not."""
    x, dim = m.any(), m.rng.choice([1, 2, 2, 3, 4])
    entries: list[Number] = [0, 0, 1, -1, Fraction(1, 2), Fraction(-1, 2), Fraction(1, 4), Fraction(1, 3)]

    def matrix(rows: int, columns: int) -> Any:
        return tuple(tuple(m.rng.choice(entries) for _ in range(columns)) for _ in range(rows))

    def step(was: Node) -> Node:
        read = make("concat", was, x)
        after = make("linear", read, A=matrix(dim, read.dim), b=m.vector(dim))
        kind = m.rng.random()
        if kind < 0.3:
            return _named(m, "relu", after)
        if kind < 0.5:
            return _named(m, "clip", after, low=m.rng.choice([-1, 0]), high=m.rng.choice([1, 4]))
        if kind < 0.7:
            bends = _named(m, "relu", make("linear", read, A=matrix(m.rng.choice([1, 2, 3, 12]), read.dim), b=0))
            return make("linear", make("concat", after, bends), A=matrix(dim, dim + bends.dim), b=0)
        return after

    return _closed(tuple(m.rng.choice(INITS) for _ in range(dim)), step)


# Of everything.


def _remembering(m: Maker) -> Node:
    """Other states within the step."""
    x, flag = m.one(), m.boolean()

    def step(was: Node) -> Node:
        moved = make("add", was, x)
        kinds: list[Callable[[], Node]] = [
            lambda: _named(m, "cumsum", moved, init=m.small()),
            lambda: _named(m, "delay", moved, steps=m.rng.choice([1, 2, 3, 5]), init=m.small()),
            lambda: _named(m, "latch", moved, flag, init=m.small()),
            lambda: _named(m, "latch", x, make("gt", was, number(m.small())), init=m.small()),
            lambda: _named(m, "reset_sum", x, make("ge", was, number(m.rng.choice([1, 2, 3]))), init=m.small()),
            lambda: _named(m, "gated_state", x, make("lt", was, number(m.rng.choice([1, 2, 3]))), init=m.small()),
            lambda: _named(m, "lin_state", moved, A=Fraction(1, 2), B=1, init=m.small(), bias=0),
            lambda: make("total", _named(m, "shift_register", moved, length=m.rng.choice([2, 3, 5]), init=0)),
        ]
        held = m.rng.choice(kinds)()
        if m.rng.random() < 0.5:
            held = make("sub", held, make("mul", was, number(m.rng.choice([1, Fraction(1, 2)]))))
        return _bounded(m, held)

    return _closed(m.rng.choice(INITS), step)


def _bounded(m: Maker, value: Node) -> Node:
    """The value, most often within limits."""
    kind = m.rng.random()
    if kind < 0.4:
        return _named(m, "clip", value, low=m.rng.choice([0, -1, -3]), high=m.rng.choice([1, 2, 5]))
    if kind < 0.55:
        return make("gt", value, number(m.rng.choice([0, 1, 2])))
    if kind < 0.7:
        return make("mod", value, n=m.rng.choice([2, 3, 5]))
    return value


def _within(m: Maker, was: Node) -> Maker:
    """A maker that has what a state was, too, as some numbers that it might be."""
    inner = copy.copy(m)
    inner.pool = [*m.pool, was]
    inner.runs = []
    numbers: list[Number] = m.rng.choice([[0, 1], [0, 1, 2, 3], [-1, 0, 1], [*INITS]])
    for run in m.runs:
        guess = Run(run.inputs)
        guess.values = dict(run.values)
        rows = [tuple(m.rng.choice(numbers) for _ in range(was.dim)) for _ in run.inputs[1:]]
        guess.values[was] = [was.params["init"], *rows][: len(run.inputs)]
        inner.runs.append(guess)
    return inner


def _anything(m: Maker) -> Node | None:
    """A step of random operations."""
    dim = m.rng.choice([1, 1, 1, 2, 3])
    was = make("previous", init=tuple(m.rng.choice([0, 0, 1, 1, *INITS]) for _ in range(dim)))
    inner = _within(m, was)
    for _ in range(m.rng.choice([1, 2, 3, 5, 8])):
        inner.grow([*USES, recur] if m.rng.random() < 0.3 else USES)
    reading = [node for node in inner.pool if node is not was and was in ordered([node]) and node.op != "number"]
    if not reading:
        return None
    after = reading[-1]
    if after.dim > dim:
        start = m.rng.randrange(after.dim - dim + 1)
        after = make("part", after, start=start, stop=start + dim)
    elif after.dim < dim:
        after = make("concat", after, *(m.rng.choice([m.one(), make("item", was, index=0)]) for _ in range(dim - 1)))
    return make("recur", _bounded(m, after), was)


def _nested(m: Maker) -> Node | None:
    """A loop in a loop."""
    was = make("previous", init=(m.rng.choice([0, 0, 1, 1, 2]),))
    inner = _within(m, was)
    moved = make("add", was, m.one())
    inner.pool += [moved]
    inside = m.rng.choice(KINDS)(inner)
    if inside is None:
        return None
    read = make("total", inside) if inside.dim > 1 else inside
    after = m.rng.choice([read, make("add", read, moved), make("sub", moved, read)])
    return make("recur", _bounded(m, after), was)


FINITE: list[Kind] = [_table, _table, _remainder, _saturating, _logic, _logic, _permuted, _trigger]
REAL: list[Kind] = [_extreme, _leaky, _spiking, _chosen, _mixed]
KINDS: list[Kind] = [*FINITE, *REAL, _remembering, _anything, _anything, _nested]
"""Every kind of state."""

__all__ = ["FINITE", "KINDS", "REAL", "MalformedError", "recur"]
