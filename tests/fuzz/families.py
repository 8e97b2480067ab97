"""Programs that are wider than anything a compiler would enumerate: long sums, tables, registers, circles, ladders.

Faults like to lie just past a constant (so many terms, so many cases), so sizes are drawn around and far beyond the
usual ones. Each family is a function of a source of randomness and a target that returns its outputs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

from .cases import GATED, MULTIPLYING
from .syntax import Node, Number, make, number

Family = Callable[[random.Random, str], tuple[Node, ...]]

WIDTH = Fraction(1, 1024)
VIAS = ["auto", "auto", "multi", "relu", "relu-step"]


def bits(dim: int = 1) -> Node:
    """An input of so many bits."""
    return make("input", dim=dim, range=(0, 1), grid=1, name="x")


def whole(low: int, high: int, dim: int = 1) -> Node:
    """An input of whole numbers."""
    return make("input", dim=dim, range=(low, high), grid=1, name="x")


def table(rng: random.Random, size: int, dim: int = 1) -> Any:
    """Numbers for a lookup; now and then squares, a staircase, or mostly the same."""
    kind = rng.random()
    if dim > 1:
        return tuple(tuple(rng.randint(-3, 9) for _ in range(dim)) for _ in range(size))
    if kind < 0.2:
        return tuple(i * i for i in range(size))
    if kind < 0.4:
        return tuple(i // 3 for i in range(size))
    if kind < 0.5:
        return tuple(rng.choice([0, 0, 0, 0, Fraction(1, 2)]) for _ in range(size))
    return tuple(rng.randint(-9, 9) for _ in range(size))


def lookup(rng: random.Random, x: Node, size: int, dim: int = 1) -> Node:
    """A table of about so many entries."""
    return make("lookup", x, table=table(rng, size + rng.choice([0, 0, -1, 1]), dim), width=WIDTH)


def compared(rng: random.Random, x: Node, low: int, high: int) -> Node:
    """A boolean of a whole number between low and high."""
    end = number(rng.randint(low, high))
    kind = rng.choice(["gt", "ge", "lt", "le", "equal", "not_equal", "bump"])
    if kind == "bump":
        return make("bump", x, end, number(end.params["value"] + rng.randint(0, high - low)), width=WIDTH)
    return make(kind, x, end, width=WIDTH) if "equal" in kind else make(kind, x, end)


def used(rng: random.Random, x: Node, low: int, high: int) -> Node:
    """Something that a whole number between low and high is used for."""
    kind = rng.random()
    if kind < 0.35:
        return lookup(rng, x if low == 0 else make("sub", x, number(low)), high - low + 1)
    if kind < 0.7:
        return compared(rng, x, low, high)
    return make("mod", x, n=rng.choice([2, 3, 5, 8, 9, 17])) if kind < 0.85 else x


def wide_sum(rng: random.Random, target: str) -> tuple[Node, ...]:
    """The sum of many components, in tables, comparisons, and remainders."""
    del target
    dim, low, high = rng.randint(7, 20), rng.choice([0, 0, -1]), rng.choice([1, 1, 2, 3])
    x = whole(low, high, dim)
    summed = make("total", x, name="sum")
    if rng.random() < 0.4:
        weights = (tuple(rng.choice([0, 1, 1, 2, -1]) for _ in range(dim)),)
        summed = make("linear", x, A=weights, b=0, name="sum")
        return used(rng, summed, dim * min(low, -high), 2 * dim * high), summed
    return used(rng, summed, dim * low, dim * high), summed


def counted_bits(rng: random.Random, target: str) -> tuple[Node, ...]:
    """How many of the last bits were 1."""
    del target
    length = rng.choice([7, 8, 9, 10, 15, 17, 31, 40])
    ones = make("total", make("shift_register", bits(), length=length, init=rng.choice([0, 0, 1])), name="ones")
    return (used(rng, ones, 0, length), *([ones] if rng.random() < 0.5 else []))


def long_table(rng: random.Random, target: str) -> tuple[Node, ...]:
    """A table of many entries, of numbers or vectors, read at its ends and beyond."""
    del target
    size = rng.choice([9, 16, 17, 18, 30, 33, 65])
    x = whole(rng.choice([0, 0, -2]), size + rng.choice([-1, -1, 2]))
    found = lookup(rng, x, size, rng.choice([1, 1, 1, 2, 3]))
    if found.dim == 1 and rng.random() < 0.5:
        return (used(rng, make("add", found, make("delay", x, steps=1, init=0)), -10, 20), found)
    return (found,)


def clock(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Circles that nothing drives, alone and together with the input."""
    del target
    n, x = rng.choice([2, 7, 8, 9, 15, 16, 17, 30, 31, 63, 64, 65, 70]), whole(-3, 3)
    start = rng.randrange(n)
    if rng.random() < 0.5:
        circle = make("cyclic", n=n, start=start)
        now = make("item", circle, index=rng.randrange(n))
        weighed = make("linear", circle, A=(tuple(rng.randint(-4, 4) for _ in range(n)),), b=0, name="weighed")
        return make("ifelse", now, x, number(0), via=rng.choice(VIAS), short=True), make("add", weighed, x)
    hour = make("mod_counter", n=n, start=start, name="hour")
    return lookup(rng, hour, n), make("add", compared(rng, hour, 0, n - 1), x)


def long_memory(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Delays and registers much longer than a convolution."""
    x = whole(-2, 5) if rng.random() < 0.7 else make("input", dim=1, range=(-1, 1), grid=None, name="x")
    if rng.random() < 0.5:
        steps = rng.choice([3, 4, 5, 8, 9, 16, 33, 61, 64, 65])
        late: Node = make("delay", x, steps=steps, init=rng.randint(-1, 2), name="late")
    else:
        length = rng.choice([4, 5, 8, 9, 17, 40])
        register = make("shift_register", x, length=length, init=rng.randint(-1, 1))
        late = make("item", register, index=rng.choice([-1, -2, length // 2]))
    if target in GATED and rng.random() < 0.3:
        late = make("delay", make("latch", late, make("gt", x, number(0)), init=1), steps=rng.choice([2, 5, 9]), init=0)
    return make("maximum", late, x), late


def many_booleans(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Conjunctions, disjunctions and sums of many comparisons."""
    del target
    count, dim = rng.randint(5, 22), rng.choice([1, 3, 14])
    x = whole(-2, 3, dim)
    delayed = [x, make("delay", x, steps=1, init=0), make("delay", x, steps=2, init=1)]
    parts = [make("item", rng.choice(delayed), index=rng.randrange(dim)) for _ in range(count)]
    flags = [compared(rng, part, -2, 3) for part in parts]
    how = rng.random()
    if how < 0.3:
        return (make(rng.choice(["and", "or"]), *flags, name="all"),)
    held = make("total", make("concat", *flags), name="held")
    if how < 0.6:
        return used(rng, held, 0, count), held
    value = reduce(lambda a, b: make(rng.choice(["both", "either"]), a, b), flags)
    return make("invert", value), held


def staircase(rng: random.Random, target: str) -> tuple[Node, ...]:
    """The sum of many ramps of one number, of unequal heights and widths."""
    del target
    count = rng.choice([5, 9, 15, 16, 17, 20, 33])
    x = whole(-3, count + 2)
    widths: list[Number] = [WIDTH, WIDTH, Fraction(1, 2), 1]
    stairs = [make("larger", x, number(i), width=rng.choice(widths)) for i in range(count)]
    heights = (tuple(rng.choice([1, 1, 2, -1, Fraction(1, 2)]) for _ in stairs),)
    stair = make("linear", make("concat", *stairs), A=heights, b=0, name="stair")
    return stair, make("ge", stair, number(count // 2))


def remainder(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Remainders of sums."""
    del target
    n, x = rng.choice([2, 3, 7, 8, 16, 17, 30, 64, 97]), whole(rng.choice([0, 0, -2]), rng.choice([1, 3, 9]))
    residue = make("modulo", make("cumsum", x, init=rng.randint(0, 3)), n=n, below=None, name="residue")
    return used(rng, residue, 0, n - 1), residue


def extremes(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Chains of maxima and minima over many components."""
    del target
    dim, grid = rng.randint(3, 14), rng.choice([1, Fraction(1, 4), None])
    x = make("input", dim=dim, range=(-4, 5), grid=grid, name="x")
    parts = [make("item", x, index=i) for i in range(dim)]
    top = reduce(lambda a, b: make("maximum", a, b), parts)
    bottom = reduce(lambda a, b: make("minimum", a, b), parts)
    return make("sub", top, bottom), make("total", make("absolute", make("sub", x, bottom)))


def ladder(rng: random.Random, target: str) -> tuple[Node, ...]:
    """One branch after the other."""
    count = rng.choice([3, 8, 9, 12, 17])
    x = whole(0, count)
    value: Node = rng.choice([number(0), x, make("cumsum", x, init=0)])
    for i in range(count):
        a = rng.choice([number(rng.randint(-9, 9)), x, make("neg", x)])
        condition = compared(rng, x, i, i + 1)
        if value.op == "number" and a.op == "number":
            a = x
        via = rng.choice(VIAS if target in MULTIPLYING else ["auto", "auto", "relu"])
        value = make("ifelse", condition, a, value, via=via, short=rng.random() < 0.8)
    return (value,)


def many_latches(rng: random.Random, target: str) -> tuple[Node, ...]:
    """A memory of many cells, each written on its own address."""
    del target
    cells, x = rng.choice([3, 8, 9, 12, 17]), whole(0, 9, 2)
    address, content = make("item", x, index=0), make("item", x, index=1)
    writes = [make("equal", address, number(i), width=WIDTH) for i in range(cells)]
    op = rng.choice(["latch", "latch", "reset_sum"])
    memory = make("concat", *(make(op, content, write, init=rng.choice([0, 0, -1])) for write in writes))
    return make("total", memory, name="held"), make("item", memory, index=rng.randrange(cells))


def heavy(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Large and fine weights, large and fine inputs, their sums and products."""
    grid = rng.choice([Fraction(1), Fraction(1, 64), Fraction(1, 256), Fraction(1, 1024), Fraction(1, 3)])
    high = rng.choice([1, 100, 3000, 50_000]) * max(grid, Fraction(1, 8))
    x = make("input", dim=rng.choice([1, 2, 3]), range=(-high, high), grid=grid, name="x")
    weights: list[Number] = [1, -1, 3, 255, 1025, 2047, Fraction(1, 128), Fraction(3, 256), Fraction(-7, 512)]
    weights += [Fraction(1, 3), Fraction(2, 7)]
    mixed = make("linear", x, A=(tuple(rng.choice(weights) for _ in range(x.dim)),), b=rng.choice(weights), name="mix")
    if rng.random() < 0.4:
        mixed = make("cumsum", mixed, init=rng.choice(weights), name="sum")
    part = make("item", x, index=0)
    ends: list[Number] = [0, high, high / 2]
    condition = make("gt", rng.choice([part, mixed]), number(rng.choice(ends)))
    chosen = make("ifelse", condition, mixed, number(rng.choice(weights)), via="auto", short=True)
    if target in MULTIPLYING and rng.random() < 0.5:
        return make("mul", chosen, part), make("relu", mixed)
    return chosen, make("minimum", mixed, part)


def wide_state(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Shifts and permutations of many components, driven."""
    del target
    dim = rng.choice([5, 8, 9, 13, 20])
    order = rng.sample(range(dim), dim) if rng.random() < 0.4 else [(i - 1) % dim for i in range(dim)]
    rows = [tuple(int(j == order[i]) for j in range(dim)) for i in range(dim)]
    if rng.random() < 0.6:
        rows[0] = (0,) * dim
    drive = tuple((rng.choice([0, 0, 1, -1]),) for _ in range(dim))
    init = tuple(rng.randint(0, 1) for _ in range(dim))
    state = make("lin_state", whole(-1, 1), A=tuple(rows), B=drive, init=init, bias=0, name="state")
    return make("total", state), compared(rng, make("item", state, index=rng.randrange(dim)), -2, 2)


def doubtful_gate(rng: random.Random, target: str) -> tuple[Node, ...]:
    """Conditions and gates that may, or may not, be something else than 0 or 1."""
    x = whole(rng.choice([0, 0, -1]), rng.choice([1, 1, 2, 3]), rng.choice([1, 2, 9]))
    first, last = make("item", x, index=0), make("item", x, index=-1)
    gates: list[Callable[[], Node]] = [
        lambda: first,
        lambda: make("sub", make("gt", first, number(0)), make("gt", last, number(1))),
        lambda: make("total", make("one_hot", first, n=2, width=WIDTH)),
        lambda: make("lookup", first, table=(0, 1, rng.choice([0, 1, Fraction(1, 2), 2])), width=WIDTH),
        lambda: make("claim", make("sub", make("total", x), number(rng.randint(0, 9)))),
        lambda: make("total", x),
        lambda: make("step", make("sub", first, number(Fraction(1, 2))), width=rng.choice([1, WIDTH]), form="nested"),
        lambda: make("bump", first, number(0), last, width=WIDTH),
        lambda: make("clip", make("total", x), low=0, high=1),
        lambda: make("absolute", make("clip", make("sub", first, last), low=-1, high=rng.choice([1, 2]))),
    ]
    gate = rng.choice(gates)()
    value = make("add", last, number(1))
    uses = ["ifelse", "not", "and", "or"] + ["latch", "gated_state", "reset_sum"] * (2 if target in GATED else 0)
    use = rng.choice(uses)
    if use == "ifelse":
        return (make("ifelse", gate, value, number(rng.choice([0, 7])), via=rng.choice(VIAS), short=True),)
    if use in {"and", "or"}:
        return (make(use, gate, make("gt", last, number(0))),)
    return (make(use, gate),) if use == "not" else (make(use, value, gate, init=rng.randint(0, 2)),)


FAMILIES: tuple[Family, ...] = (
    wide_sum,
    counted_bits,
    long_table,
    clock,
    long_memory,
    many_booleans,
    staircase,
    remainder,
    extremes,
    ladder,
    many_latches,
    heavy,
    wide_state,
    doubtful_gate,
    doubtful_gate,
)
