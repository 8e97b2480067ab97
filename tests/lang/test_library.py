"""Every library function against its plain meaning, at, below and above its thresholds."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program
from lsrl.backends.registry import TARGETS
from on_every_target import everywhere

WIDTH = Fraction(1, 4)
THRESHOLD = 2
# Outside the ramp on both sides, at its ends, and far away.
POINTS = [-50, 1, Fraction(7, 4), 2, Fraction(9, 4), 3, 50]


def number(dim=1, grid="1/4"):
    return Input(dim, range=(-50, 50), grid=grid, name="x")


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        (lsrl.larger, lambda x: x >= THRESHOLD + WIDTH),
        (lsrl.smaller, lambda x: x <= THRESHOLD - WIDTH),
        (lsrl.at_least, lambda x: x >= THRESHOLD),
        (lsrl.at_most, lambda x: x <= THRESHOLD),
        (lsrl.equal, lambda x: x == THRESHOLD),
        (lsrl.not_equal, lambda x: x != THRESHOLD),
    ],
)
def test_comparisons_with_a_number(function, meaning):
    assert everywhere(function(number(), THRESHOLD, width=WIDTH), POINTS) == [int(meaning(x)) for x in POINTS]


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        (lsrl.larger, lambda x, y: x > y),
        (lsrl.smaller, lambda x, y: x < y),
        (lsrl.at_least, lambda x, y: x >= y),
        (lsrl.at_most, lambda x, y: x <= y),
        (lsrl.equal, lambda x, y: x == y),
        (lsrl.not_equal, lambda x, y: x != y),
    ],
)
def test_comparisons_of_two_values_on_whole_numbers(function, meaning):
    pair = number(2, grid=1)
    points = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
    assert everywhere(function(pair[0], pair[1]), points) == [int(meaning(a, b)) for a, b in points]


def test_operators_are_the_comparisons():
    x = number(grid=1)
    operators = lsrl.Concat([x > 2, x >= 2, x < 2, x <= 2])
    assert everywhere(operators, [1, 2, 3]) == [[0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0]]


@pytest.mark.parametrize("form", ["nested", "difference"])
def test_step_is_a_clipped_ramp(form):
    value = lsrl.step(Input(1, range=(-4, 4), grid="1/4"), width=1, form=form)
    ramp = [-4, Fraction(-1, 4), 0, Fraction(1, 4), Fraction(3, 4), 1, Fraction(5, 4), 4]
    program = Program(value)
    with pytest.warns(lsrl.UndecidedComparisonWarning, match=r"'step\(.*\)' is 0\.25 at batch 0, step 3.*and 1 more"):
        found = program.run([[x] for x in ramp], exact=True)
    assert found.ravel().tolist() == [min(max(x, 0), 1) for x in ramp]


def test_bump_is_the_half_open_interval():
    value = lsrl.bump(number(), 1, 3, width=WIDTH)
    points = [-50, 1, Fraction(5, 4), 2, 3, Fraction(13, 4), 50]
    assert everywhere(value, points) == [0, 0, 1, 1, 1, 0, 0]


BOOLEANS = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 1, 1)]


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        (lambda a, b, c: lsrl.and_(a, b, c), all),
        (lambda a, b, c: lsrl.or_(a, b, c), any),
        (lambda a, b, c: a & b, lambda bits: bits[0] and bits[1]),
        (lambda a, b, c: a | c, lambda bits: bits[0] or bits[2]),
        (lambda a, b, c: ~b, lambda bits: not bits[1]),
    ],
)
def test_logic(function, meaning):
    bits = Input(3, range=(0, 1), integer=True)
    assert everywhere(function(*bits), BOOLEANS) == [int(meaning(point)) for point in BOOLEANS]


BRANCHES = [("x", "y"), ("x", 0), (0, "y"), (7, -7), (0, 0)]
CHOICES = list(product(["auto", "relu", "relu-step"], [True, False], BRANCHES))


@pytest.mark.parametrize("turn", range(len(CHOICES)), ids=map(str, CHOICES))
def test_ifelse_on_every_lowering(turn):
    via, short, (a, b) = CHOICES[turn]
    x = number(3, grid=1)
    named = {"x": x[1], "y": x[2]}
    value = lsrl.ifelse(x[0] > 0, named.get(a, a), named.get(b, b), via=via, short=short)
    points = [(c, p, q) for c in (-1, 0, 1, 2) for p in (-5, 0, 3) for q in (-4, 6)]
    chosen = [a if c > 0 else b for c, _, _ in points]
    expected = [{"x": p, "y": q}.get(choice, choice) for choice, (_, p, q) in zip(chosen, points, strict=True)]
    assert everywhere(value, points, list(TARGETS)[turn % 3 :: 3]) == expected


def test_ifelse_by_products_needs_a_target_with_products():
    x = number(2, grid=1)
    program = Program(lsrl.ifelse(x[0] > 0, x[1], -1, via="multi", name="choice"))
    model = lsrl.compile(program, "gated-linear-rnn")
    assert model.run([[0, 5], [1, 5]]).ravel().tolist() == [-1, 5]
    with pytest.raises(lsrl.UnsupportedProgram, match="choice.*via='multi'.*gated-linear-rnn"):
        lsrl.compile(program, "linear-rnn")


def test_ifequal():
    x = number(grid=1)
    assert everywhere(lsrl.ifequal(x, 2, x + 10, -1), [1, 2, 3]) == [-1, 12, -1]


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        (lambda x: lsrl.maximum(x, 2), lambda x: max(x, 2)),
        (lambda x: lsrl.minimum(x, 2), lambda x: min(x, 2)),
        (lambda x: lsrl.absolute(x - 2), lambda x: abs(x - 2)),
        (lambda x: lsrl.clip(x, 1, 3), lambda x: min(max(x, 1), 3)),
        (lambda x: lsrl.clip(x, 2, 2), lambda x: 2),
    ],
)
def test_piecewise_linear_functions(function, meaning):
    assert everywhere(function(number()), POINTS) == [meaning(x) for x in POINTS]


@pytest.mark.parametrize("n", [1, 3, 8])
def test_remainders_and_whole_quotients_of_either_sign_need_no_promise(n):
    x = Input(1, range=(-20, 20), integer=True)
    value = lsrl.Concat([x % n, x // n, lsrl.cumsum(x, init=7) % n])
    stream = [-20, -7, -1, 0, 1, 2, 19, 20]
    assert everywhere(value, stream) == [
        [x % n, x // n, (total + 7) % n] for x, total in zip(stream, np.cumsum(stream), strict=True)
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
def test_modulo_of_every_number_below_its_bound(n):
    x = Input(1, range=(0, 39), integer=True)
    assert everywhere(lsrl.modulo(x, n, below=40), range(40)) == [x % n for x in range(40)]


def test_constant_total_and_broadcast():
    x = number(3, grid=1)
    assert everywhere(lsrl.total(x), [(1, 2, 3)]) == [6]
    assert everywhere(lsrl.broadcast(x[0], 2) + lsrl.constant([10, 20]), [(1, 2, 3)]) == [[11, 21]]
    assert lsrl.constant("1/3", dim=2).dim == 2


STREAM = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: lsrl.cumsum(x), np.cumsum(STREAM)),
        (lambda x: lsrl.cumsum(x, init=-2), np.cumsum(STREAM) - 2),
        (lambda x: lsrl.counter() + 0 * x, range(8)),
        (lambda x: lsrl.counter(5, by=-2) + 0 * x, range(5, -11, -2)),
        (lambda x: lsrl.mod_counter(3) + 0 * x, [t % 3 for t in range(8)]),
        (lambda x: lsrl.mod_counter(5, start=3) + 0 * x, [(t + 3) % 5 for t in range(8)]),
        (lambda x: lsrl.delay(x), [0, *STREAM[:-1]]),
        (lambda x: lsrl.delay(x, 3, init=7), [7, 7, 7, *STREAM[:-3]]),
    ],
)
def test_states_of_one_number(function, expected):
    x = Input(1, range=(0, 9), integer=True)
    assert everywhere(function(x), STREAM) == list(expected)


def test_states_of_vectors():
    x = Input(2, range=(0, 9), integer=True)
    points = [(1, 2), (3, 4), (5, 6)]
    assert everywhere(lsrl.shift_register(x, 2), points) == [[1, 2, 0, 0], [3, 4, 1, 2], [5, 6, 3, 4]]
    assert everywhere(lsrl.delay(x, init=[8, 9]), points) == [[8, 9], [1, 2], [3, 4]]
    assert everywhere(lsrl.cyclic(2, start=1) + 0 * x, points) == [[0, 1], [1, 0], [0, 1]]


WRITES = [0, 0, 1, 0, 1, 1, 0, 0]


def latched(stream, writes, init=0):
    """x when it was last written, in plain Python."""
    held = init
    for x, write in zip(stream, writes, strict=True):
        held = x if write else held
        yield held


def summed(stream, resets, init=0):
    """The sum since the last reset, in plain Python."""
    total = init
    for x, reset in zip(stream, resets, strict=True):
        total = x if reset else total + x
        yield total


def interpreted(value, points):
    """The value at each point, by the exact interpreter, which the float one must equal."""
    program = Program(value)
    exact = program.run(points, exact=True)
    assert (program.run(points) == exact).all()
    return exact[:, 0].tolist() if exact.shape[1] == 1 else exact.tolist()


@pytest.mark.parametrize("init", [0, 7, Fraction(-1, 2)])
@pytest.mark.parametrize("bits", [WRITES, [1] + [0] * 7, [0] * 8, [1] * 8])
def test_latch_and_reset_sum(init, bits):
    stream = Input(2, range=(0, 9), integer=True)
    points = list(zip(STREAM, bits, strict=True))
    assert interpreted(lsrl.latch(stream[0], stream[1], init=init), points) == list(latched(STREAM, bits, init))
    assert interpreted(lsrl.reset_sum(stream[0], stream[1], init=init), points) == list(summed(STREAM, bits, init))


def test_latch_and_reset_sum_of_vectors():
    stream = Input(4, range=(0, 9), integer=True)
    x, both, first = stream[:2], stream[2:], stream[2]
    points = [(1, 2, 0, 1), (3, 4, 1, 0), (5, 6, 0, 0)]
    assert interpreted(lsrl.latch(x, both, init=[8, 9]), points) == [[8, 2], [3, 2], [3, 2]]
    assert interpreted(lsrl.latch(x, first, init=[8, 9]), points) == [[8, 9], [3, 4], [3, 4]]
    assert interpreted(lsrl.latch(x[0], both, init=[8, 9]), points) == [[8, 1], [3, 1], [3, 1]]
    assert interpreted(lsrl.reset_sum(x, both), points) == [[1, 2], [3, 6], [8, 12]]
    assert interpreted(lsrl.reset_sum(x, first), points) == [[1, 2], [3, 4], [8, 10]]
    assert interpreted(lsrl.reset_sum(x[0], both), points) == [[1, 1], [3, 4], [8, 9]]


def test_booleans_that_are_not_0_or_1_are_reported_by_their_part():
    stream = Input(2, range=(0, 9), integer=True)
    for state, part in (
        (lsrl.latch(stream[0], stream[1], name="kept"), "kept.write"),
        (lsrl.latch(stream[0], stream[1]), "latch.write"),
        (lsrl.reset_sum(stream[0], stream[1]), "reset_sum.reset"),
    ):
        (undecided,) = Program(state).undecided([[1, 0], [1, 3]])
        assert (undecided.value, undecided.step, undecided.amount) == (part, 1, 3)
