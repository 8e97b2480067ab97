"""One random use of each operation, over values that a `Maker` has."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .generate import WIDER, WIDTHS, Maker
from .syntax import Node, Number, make, number

Use = Callable[[Maker], Node | None]

VIAS = ["auto", "auto", "multi", "relu", "relu-step"]


def _unary(op: str) -> Use:
    return lambda m: make(op, m.any())


def _binary(op: str) -> Use:
    def use(m: Maker) -> Node:
        x = m.any()
        y = m.other(x)
        swapped = m.rng.random() < 0.3 and op not in {"both", "either"}
        return make(op, y, x) if swapped else make(op, x, y)

    return use


def _comparison(op: str) -> Use:
    def use(m: Maker) -> Node:
        x = m.any()
        return make(op, x, m.other(x), width=m.rng.choice(WIDER))

    return use


def _product(m: Maker) -> Node:
    x = m.any()
    if m.multiplies and m.rng.random() < 0.7:
        return make("mul", x, m.any(x.dim))
    return make("mul", x, m.boolean() if m.rng.random() < 0.5 else number(m.small()))


def _multi(m: Maker) -> Node:
    x = m.any()
    first = m.boolean() if not m.multiplies or m.rng.random() < 0.4 else m.one()
    wide = first if x.dim == 1 else make("broadcast", first, dim=x.dim)
    return make("multi", make("concat", wide, x), via=m.rng.choice(["auto", "auto", "multi", "relu"]))


def _linear(m: Maker) -> Node:
    x = m.any()
    rows = m.rng.choice([1, 1, 2, 3, x.dim])
    A: Any = m.small() if m.rng.random() < 0.2 else m.matrix(rows, x.dim)
    return make("linear", x, A=A, b=m.vector(rows if isinstance(A, tuple) else x.dim))


def _state_matrix(m: Maker, dim: int) -> Any:
    """Shifts, cycles, permutations, diagonals, rotations by a quarter, rational eigenvectors, anything."""

    def unit(i: int) -> tuple[int, ...]:
        return tuple(int(i == j) for j in range(dim))

    kinds = ["shift", "diagonal", "decay"] + ["cycle", "permutation", "turn", "eigen", "any"] * m.any_matrix
    kind = m.rng.choice(kinds)
    if kind == "shift":
        return tuple(unit(i - 1) for i in range(dim))
    if kind == "cycle":
        return tuple(unit((i - 1) % dim) for i in range(dim))
    if kind == "permutation":
        return tuple(unit(i) for i in m.rng.sample(range(dim), dim))
    if kind == "turn" and dim == 2:
        return ((0, -1), (1, 0))
    if kind == "eigen" and dim == 2:
        return ((Fraction(3, 4), Fraction(1, 4)), (Fraction(1, 4), Fraction(3, 4)))
    if kind == "any":
        return tuple(tuple(m.rng.choice([0, 0, 0, Fraction(1, 2), -1, 1]) for _ in range(dim)) for _ in range(dim))
    decays: list[Number] = [0, 1, Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(1, 3), *[-1] * m.any_matrix]
    entries = [m.rng.choice(decays) for _ in range(dim)]
    return entries[0] if kind == "decay" else tuple(tuple(entries[i] * u for u in unit(i)) for i in range(dim))


def _lin_state(m: Maker) -> Node:
    x = m.any()
    dim = m.rng.choice([1, 2, 2, 3, 4, 7, x.dim])
    B = m.matrix(dim, x.dim, sparse=0.6)
    bias = 0 if m.rng.random() < 0.7 else m.vector(dim)
    return make("lin_state", x, A=_state_matrix(m, dim), B=B, init=m.vector(dim), bias=bias)


def _concat(m: Maker) -> Node:
    return make("concat", *(m.any() for _ in range(m.rng.choice([2, 2, 3, 5]))))


def _item(m: Maker) -> Node:
    x = m.any()
    return make("item", x, index=m.rng.randrange(-x.dim, x.dim))


def _part(m: Maker) -> Node:
    x = m.any()
    start = m.rng.randrange(x.dim)
    return make("part", x, start=start, stop=m.rng.randint(start + 1, x.dim))


def _clip(m: Maker) -> Node:
    x = m.any()
    low, high = sorted([m.threshold(x), m.threshold(x)])
    return make("clip", x, low=low, high=high)


def _modulo(m: Maker) -> Node | None:
    x = m.whole()
    if x is None:
        return None
    n = m.rng.choice([1, 2, 3, 4, 5, 7, 8, 10, 16, 30])
    low, high = m.span(x)
    if m.rng.random() < 0.5:
        return make("mod", x, n=n)
    below = int(high) + 1 if low >= 0 and m.rng.random() < 0.4 else None
    return make("modulo", x, n=n, below=below)


def _step(m: Maker) -> Node:
    x = m.any()
    shifted = make("sub", x, number(m.threshold(x))) if m.rng.random() < 0.5 else x
    return make("step", shifted, width=m.rng.choice(WIDER), form=m.rng.choice(["nested", "difference"]))


def _bump(m: Maker) -> Node:
    x = m.one()
    low, high = sorted([m.threshold(x), m.threshold(x)])
    ends = [number(low), number(high)]
    if m.rng.random() < 0.3:
        ends[m.rng.randrange(2)] = m.one()
    return make("bump", x, *ends, width=m.rng.choice(WIDER))


def _logical(op: str) -> Use:
    return lambda m: make(op, *(m.boolean() for _ in range(m.rng.choice([1, 2, 2, 3, 4]))))


def _negation(op: str) -> Use:
    return lambda m: make(op, m.boolean())


def _pair_of_booleans(op: str) -> Use:
    return lambda m: make(op, m.boolean(), m.boolean())


def _if(m: Maker) -> Node:
    a = m.any()
    b = m.other(a)
    if m.rng.random() < 0.3:
        b = number(0)
    first, second = (a, b) if m.rng.random() < 0.5 else (b, a)
    return make("ifelse", m.boolean(), first, second, via=m.rng.choice(VIAS), short=m.rng.random() < 0.7)


def _if_equal(m: Maker) -> Node:
    x, a = m.one(), m.any()
    return make("ifequal", x, m.other(x), a, m.other(a), via=m.rng.choice(VIAS))


def _one_hot(m: Maker) -> Node | None:
    x = m.whole()
    return x and make("one_hot", x, n=m.rng.choice([1, 2, 3, 5, 9, 18]), width=m.rng.choice(WIDTHS))


def _lookup(m: Maker) -> Node | None:
    x = m.whole()
    size, dim = m.rng.choice([1, 2, 3, 5, 9, 10, 18, 30]), m.rng.choice([1, 1, 1, 2, 3])
    rows = m.matrix(size, dim, sparse=0)
    table = tuple(row[0] for row in rows) if dim == 1 else rows
    return x and make("lookup", x, table=table, width=m.rng.choice(WIDTHS))


def _cumsum(m: Maker) -> Node:
    x = m.any()
    return make("cumsum", x, init=m.vector(x.dim))


def _counter(m: Maker) -> Node:
    return make("counter", start=m.small(), by=m.small())


def _mod_counter(m: Maker) -> Node:
    n = m.rng.choice([1, 2, 3, 5, 8, 9, 12])
    return make("mod_counter", n=n, start=m.rng.randrange(n))


def _cyclic(m: Maker) -> Node:
    n = m.rng.choice([1, 2, 3, 5, 8, 9, 12])
    return make("cyclic", n=n, start=m.rng.randrange(n))


def _delay(m: Maker) -> Node:
    x = m.any()
    return make("delay", x, steps=m.rng.choice([1, 1, 2, 3, 4, 5, 7, 8, 9, 13]), init=m.vector(x.dim))


def _shift_register(m: Maker) -> Node:
    x = m.any()
    return make("shift_register", x, length=m.rng.choice([1, 2, 3, 4, 5, 8, 9]), init=m.small())


def _remembered(op: str) -> Use:
    def use(m: Maker) -> Node | None:
        x = m.any()
        return make(op, x, m.boolean(), init=m.vector(x.dim)) if m.gated else None

    return use


def _claim(m: Maker) -> Node:
    return make("claim", m.boolean())


PLAIN = ["relu", "absolute", "neg", "total"]
OPERATORS = ["add", "add", "sub", "sub", "maximum", "minimum", "gt", "ge", "lt", "le"]
COMPARISONS = ["larger", "smaller", "at_least", "at_most", "equal", "equal", "not_equal"]
USES: list[Use] = [
    *map(_unary, PLAIN),
    *map(_binary, OPERATORS),
    *map(_comparison, COMPARISONS),
    *map(_logical, ["and", "or"]),
    *map(_negation, ["not", "invert"]),
    *map(_pair_of_booleans, ["both", "either"]),
    *map(_remembered, ["latch", "latch", "reset_sum", "reset_sum", "gated_state", "gated_state"]),
    lambda m: make("div", m.any(), by=m.rng.choice([2, 4, -2, 3])),
    lambda m: make("broadcast", m.one(), dim=m.rng.choice([2, 3])),
    lambda m: make("constant", numbers=tuple(m.small() for _ in range(m.rng.choice([1, 2, 3])))),
    *[_product, _multi, _linear, _linear, _lin_state, _lin_state, _concat, _concat, _item, _part, _clip],
    *[_modulo, _step, _bump, _if, _if, _if, _if_equal, _one_hot, _lookup, _lookup, _cumsum, _cumsum, _counter],
    *[_mod_counter, _cyclic, _delay, _delay, _shift_register, _claim],
]
"""Every operation, the more interesting ones more than once."""
