"""Random programs and inputs for them: all primitives, much of the library, random shapes and matrices."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Concat, GatedState, Input, Linear, LinState, Multi, Program, ReLU
from lsrl.backends.registry import TARGETS, target_named, targets_with
from lsrl.circuit.comparisons import MOST_RAMPS
from lsrl.circuit.translate import LONG_FORM, input_facts
from lsrl.lang.matrix import cycle, shift
from lsrl.lowering.rings import SHORTEST
from lsrl.model.sampling import sampled_inputs

WIDEST = 6
LONGEST = 12

WIDE = max(LONG_FORM, SHORTEST) + 1
"""Terms of a sum, or steps of a register, that the compiler no longer treats as few."""

COMPILABLE = [(target, dtype) for target in TARGETS for dtype in target_named(target).dtypes]
"""Every target with every dtype that it has."""

STYLES = st.sampled_from(["default", "robust"])
"""The styles in which every program compiles."""

HUB = tuple(targets_with(lambda target: target.tokens))
"""The targets that are transformers models."""


def rotated(cases, targets, share):
    """Of all pairs of a case and a target one in `share`: every case on some targets, every target as often.

    For what targets of a kind do by the same code, where other programs on each show more than all on all.
    """
    return [(case, target) for i, case in enumerate(cases) for j, target in enumerate(targets) if (i + j) % share == 0]


thorough = settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))


def examples_for(target, many=thorough):
    """Settings with as many examples as the target runs in a few seconds."""
    return settings(parent=many, max_examples=min(4, many.max_examples)) if target in HUB else many


weights = st.sampled_from([0, 0, 0, 1, 1, -1, 2, Fraction(1, 2), Fraction(-3, 4), Fraction(1, 3)])
dyadic_weights = st.sampled_from([0, 0, 0, 1, 1, -1, 2, Fraction(1, 2), Fraction(-3, 4)])


@st.composite
def inputs(draw):
    """A declared input: whole numbers, a finer grid, or any real in the range."""
    low = draw(st.integers(-4, 0))
    grid = draw(st.sampled_from([1, 1, Fraction(1, 4), None]))
    return Input(draw(st.integers(1, 3)), range=(low, draw(st.integers(max(low, 1), 5))), grid=grid, name="x")


def matrices(rows, columns, entries=weights):
    return st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@st.composite
def linear_states(draw, x, any_matrix):
    """A linear state; unless any matrix will do, of delays, decays, and cycles that nothing drives."""
    dim = draw(st.integers(1, 4))
    init = draw(st.lists(dyadic_weights, min_size=dim, max_size=dim))
    drive = draw(matrices(dim, x.dim, dyadic_weights))
    kind = draw(st.sampled_from(["identity", "cycle", "shift", "decay", "zero", "any"]))
    if kind == "any":
        matrix = draw(matrices(dim, dim, st.sampled_from([0, 0, 0, 1, -1, Fraction(1, 2)])))
        return LinState(x, matrix if any_matrix else _diagonal(matrix), drive, init)
    if kind == "cycle" and not any_matrix:
        drive = 0
    simple = {"identity": 1, "cycle": cycle(dim), "shift": shift(dim), "decay": Fraction(1, 2), "zero": 0}
    return LinState(x, simple[kind], drive, init)


def _diagonal(matrix):
    """What is below the diagonal, and on it without its sign: delays of delays and decays of decays."""
    return [[abs(w) if i == j else w * (j < i) for j, w in enumerate(row)] for i, row in enumerate(matrix)]


def expressible(target):
    """What `programs` may use for a target."""
    abilities = target_named(target).abilities
    return {
        "products": "products" in abilities,
        "gated_states": "selective_states" in abilities,
        "any_matrix": "any_matrix" in abilities,
    }


def integer_program(rng, gated_states):
    """A program of 3 to 10 random operations on whole numbers, whose values stay small however long it runs."""
    x = Input(
        int(rng.integers(1, 4)), range=(int(rng.integers(-3, 1)), int(rng.integers(1, 5))), integer=True, name="x"
    )
    values, booleans = [x], [x[0] > 0]
    for _ in range(rng.integers(3, 11)):
        a, b = (values[i] for i in rng.integers(0, len(values), 2))
        condition = booleans[rng.integers(len(booleans))]
        made = _INTEGER[rng.integers(len(_INTEGER) - (0 if gated_states else GATED_OPERATIONS))](
            a[0], b[0], condition, rng
        )
        if made.comparison:
            booleans.append(made)
        values.append(made)
    return Program(lsrl.Concat([values[-1], values[-2], x]), name="integers")


GATED_OPERATIONS = 4
_INTEGER = [
    lambda a, b, c, rng: a + int(rng.integers(1, 4)) * b - int(rng.integers(3)),
    lambda a, b, c, rng: lsrl.clip(a - b, -5, 7),
    lambda a, b, c, rng: lsrl.maximum(a, b),
    lambda a, b, c, rng: lsrl.absolute(a),
    lambda a, b, c, rng: a > int(rng.integers(-2, 4)),
    lambda a, b, c, rng: lsrl.equal(a, b),
    lambda a, b, c, rng: lsrl.at_most(a, int(rng.integers(-1, 5))),
    lambda a, b, c, rng: lsrl.and_(c, a > b),
    lambda a, b, c, rng: lsrl.ifelse(c, a, b),
    lambda a, b, c, rng: lsrl.ifelse(c, a, 0),
    lambda a, b, c, rng: lsrl.delay(a, int(rng.integers(1, 4)), init=int(rng.integers(-1, 2))),
    lambda a, b, c, rng: lsrl.total(lsrl.shift_register(a, int(rng.integers(2, 5)))),
    lambda a, b, c, rng: lsrl.clip(lsrl.cumsum(lsrl.clip(a, -2, 2)), -50, 50),
    lambda a, b, c, rng: lsrl.mod_counter(int(rng.integers(2, 8))) + a,
    lambda a, b, c, rng: counted(c, rng.integers(-2, 5, WIDE + 1).tolist()),
    lambda a, b, c, rng: mixed(lsrl.shift_register(lsrl.clip(a, -2, 2), WIDE), int(rng.integers(1, 6))),
    lambda a, b, c, rng: voted(lsrl.clip(a, -9, 9), c, int(rng.integers(2))),
    lambda a, b, c, rng: lsrl.switch(a, {-1: b, 0: 2, int(rng.integers(1, 5)): a - b}, default=b),
    lambda a, b, c, rng: lsrl.Concat([a, b, c])[lsrl.clip(a + b, -1, 3)],
    lambda a, b, c, rng: a % int(rng.integers(1, 6)) - b // 3,
    lambda a, b, c, rng: lsrl.latch(a, c, init=int(rng.integers(-2, 3))),
    lambda a, b, c, rng: lsrl.clip(lsrl.reset_sum(lsrl.clip(a, -2, 2), c), -20, 20),
    lambda a, b, c, rng: lsrl.register_file(lsrl.clip(a, -3, 3), b, 3, write=c, init=int(rng.integers(2)))[a],
    lambda a, b, c, rng: lsrl.GatedState(lsrl.ifelse(c, lsrl.clip(b, -3, 3), 0), lsrl.not_(c), init=1),
]
"""Operations on numbers a, b and a boolean c; those with a selective state last."""


def counted(boolean, table):
    """An entry for how often a boolean was 1 in the last steps: a long sum that many comparisons read."""
    return lsrl.lookup(lsrl.total(lsrl.shift_register(boolean, len(table) - 1)), table)


def mixed(wide, seed):
    """Sums of sums of all components, of which each reads all of the first."""
    dim = wide.dim
    signs = [[(i * seed + j) % 3 - 1 for j in range(dim)] for i in range(dim)]
    return lsrl.total(lsrl.clip(Linear(Linear(wide, signs), signs), -7, 9))


def voted(x, boolean, every):
    """Whether all, or any, of more comparisons hold than are put in order."""
    compared = [x > i - MOST_RAMPS // 2 for i in range(MOST_RAMPS)]
    return lsrl.and_(boolean, *compared) if every else lsrl.or_(boolean, *(~one for one in compared))


@st.composite
def programs(draw, products: bool = True, gated_states: bool = True, any_matrix: bool = True):
    """A program of 2 to 9 random operations over one input."""
    values = [draw(inputs())]
    booleans, wide = [], []
    operations = [
        "linear",
        "state",
        "relu",
        "concat",
        "slice",
        "compare",
        "compare",
        "library",
        "branch",
        "branch",
        "wide",
    ]
    if products:
        operations.append("product")
    if gated_states:
        operations += ["gated state", "gated state"]
    for operation in draw(st.lists(st.sampled_from(operations), min_size=2, max_size=9)):
        x = draw(st.sampled_from(values))
        if operation == "state":
            made = draw(linear_states(x, any_matrix))
        else:
            made = _applied(draw, operation, x, values, booleans)
        if made is not None and made.dim <= WIDEST:
            values.append(made)
            wide += [made] * (operation == "wide")
    outputs = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3)) + wide[:1]
    if not any(value is values[0] for value in Concat(outputs).arguments):
        outputs.append(values[0])
    return Program(*outputs, name="random")


def _applied(draw, operation, x, values, booleans):
    match operation:
        case "linear":
            rows = draw(st.integers(1, 4))
            return Linear(x, draw(matrices(rows, x.dim)), draw(st.lists(weights, min_size=rows, max_size=rows)))
        case "relu":
            return ReLU(x)
        case "concat":
            return Concat([x, draw(st.sampled_from(values))])
        case "slice":
            start = draw(st.integers(0, x.dim - 1))
            return x[start : draw(st.integers(start + 1, x.dim))]
        case "compare":
            function = draw(st.sampled_from([lsrl.larger, lsrl.smaller, lsrl.at_least, lsrl.at_most, lsrl.equal]))
            booleans.append(function(x[0], draw(st.integers(-3, 4))))
            return booleans[-1]
        case "product":
            return Multi(Concat([x, x])) if x.dim <= 2 else Multi(Concat([x[0], x[1]]))
        case "wide":
            return _wide(draw, x, booleans)
        case "library":
            return _from_library(draw, x, booleans)
        case _:
            return _chosen(draw, operation, x, booleans) if booleans else None


def _chosen(draw, operation, x, booleans):
    """What reads a boolean."""
    boolean = draw(st.sampled_from(booleans))
    if operation == "branch":
        via = draw(st.sampled_from(["auto", "relu", "relu-step"]))
        return lsrl.ifelse(boolean, x, draw(st.sampled_from([0, 1, x])), via=via, short=draw(st.booleans()))
    made = draw(st.sampled_from([lsrl.latch, lsrl.reset_sum, GatedState]))
    return made(x, boolean, init=draw(dyadic_weights))


def _wide(draw, x, booleans):
    """Something with more terms than are few."""
    seed, boolean = draw(st.integers(1, 5)), booleans[-1] if booleans else x[0] > 1
    options = [
        lambda: counted(boolean, [(seed * i) % 7 - 3 for i in range(WIDE + 1)]),
        lambda: counted(boolean, [seed * i - 9 for i in range(WIDE + 1)]),
        lambda: mixed(lsrl.shift_register(x[0], WIDE), seed),
        lambda: voted(x[0], boolean, seed % 2),
        lambda: lsrl.ifelse(boolean, lsrl.total(lsrl.shift_register(x[0], WIDE)), -seed),
        lambda: lsrl.delay(x, WIDE, init=1),
    ]
    return draw(st.sampled_from(options))()


def _from_library(draw, x, booleans):
    whole = draw(st.integers(-2, 3))
    options = [
        lambda: lsrl.maximum(x, whole),
        lambda: lsrl.minimum(x, whole),
        lambda: lsrl.absolute(x),
        lambda: lsrl.clip(x, -1, 2),
        lambda: lsrl.cumsum(x),
        lambda: lsrl.delay(x, 2, init=1),
        lambda: lsrl.total(x),
        lambda: lsrl.mod_counter(3) + x[0],
        lambda: lsrl.counter(whole) + x[0],
        lambda: lsrl.lookup(x[0], [x, whole, x[-1]]),
        lambda: lsrl.switch(x[-1], {whole: x[0], 4: "1/2"}, default=-x),
        lambda: lsrl.quotient(x, x[0], 4, grid="1/8"),
        lambda: lsrl.not_(booleans[-1]) if booleans else x,
        lambda: lsrl.and_(booleans[0], booleans[-1]) if booleans else x,
        lambda: lsrl.or_(booleans[0], booleans[-1]) if booleans else x,
    ]
    return draw(st.sampled_from(options))()


@st.composite
def sequences(draw, program):
    """Inputs (2, T, dim) inside what the program declares, T up to LONGEST."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = sampled_inputs(input_facts(program, None), rng, 2, draw(st.integers(1, LONGEST)))
    # Few bits after the point: exact arithmetic stays quick.
    return np.round(x * 16) / 16
