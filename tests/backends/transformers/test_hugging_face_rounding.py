"""Real numbers in Mamba, Hawk and Griffin: within the guarantee, which is not far from what is seen."""

import functools
from itertools import product

import numpy as np
import pytest

import lsrl
from lsrl import FunctionApproximator, Input, LinState, Program
from lsrl.model.verification import absolute_errors
from strategies import HUB, rotated

pytest.importorskip("transformers")

STEPS = 120
x = Input(2, range=(-3, 5), integer=True, name="x")
r = Input(2, range=(-3, 5), name="r")
over = lsrl.larger(r[0], 1, width="1/8")

EXACT = {
    "a sum that begins anywhere": lsrl.cumsum(x, init=[-7, "1/4"]),
    "a delay that begins anywhere": lsrl.delay(x, 9, init=[5, -2]),
    "a shift register": lsrl.shift_register(x[0], 7, init=3),
    "a latch": lsrl.latch(x[1], x[0] > 1, init=5),
    "a sum that is reset": lsrl.reset_sum(x[1], x[0] > 1, init=-4),
    "a state under a gate": lsrl.GatedState(x[1], x[0] < 4, init=9),
    "a product": x[0] * x[1] * x[0],
}
BOUNDED = {
    "a state that halves": LinState(r[0], "1/2", init=3),
    "a state that forgets slowly": LinState(r[0], "255/256", init="1/3"),
    "a state that forgets at once": LinState(r[0], "1/100", init=5),
    "decays of decays": LinState(r, [["1/2", 0], [1, "1/4"]], init=[1, 2]),
    "a sum": lsrl.cumsum(r[0], init="1/3"),
    "a delay": lsrl.delay(r[0], 7, init="1/3"),
    "a delay of a decay": lsrl.delay(LinState(r[0], "3/4", init=1), 3, init=2),
    "a shift register": lsrl.shift_register(r[0], 5, init=2),
    "a latch": lsrl.latch(r[1], over, init="1/3"),
    "a sum that is reset": lsrl.reset_sum(r[1], over, init="1/3"),
    "a product": r[0] * r[1] * r[0],
    "an extreme": lsrl.maximum(r[0], r[1]) / 3,
    "a branch": lsrl.ifelse(over, lsrl.maximum(r[0], r[1]) / 3, lsrl.absolute(r[1]) - r[0] / 7),
}


STEPPED = {*rotated(BOUNDED, HUB, 3), *(("a state that forgets slowly", target) for target in HUB)}
"""What is run one step at a time, too: a full pass may round less often, above all where it adds up chunks."""


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", EXACT)
def test_whole_numbers_are_exact_whatever_they_begin_with(case, target):
    program = Program(EXACT[case])
    model = lsrl.compile(program, target, max_length=STEPS)
    assert model.guarantee.kind == "exact"
    drawn = np.random.default_rng(0).integers(-3, 6, (2, STEPS, 2))
    assert (model.run(drawn) == program.run(drawn, exact=True)).all()


@functools.cache
def hard_inputs(dtype="float32"):
    """Sequences: random ones, the same again and again, the kinks of an extreme, both ends of a comparison's ramp."""
    made = [np.full((STEPS, 2), ends, dtype) for ends in ((0.3, 4.9), (4.9, 0.3))]
    for seed in range(6):
        drawn = np.random.default_rng(seed).uniform(-3, 5, (STEPS if seed < 4 else 1, 2)).astype(dtype)
        drawn = np.tile(drawn, (STEPS // len(drawn), 1))
        drawn[:, 0] = np.where((drawn[:, 0] > 1) & (drawn[:, 0] < 1.125), 2, drawn[:, 0])
        if seed < 4:
            drawn[::7, 1] = drawn[::7, 0]
            drawn[3::7, 1] = np.nextafter(drawn[3::7, 0], np.array(9, dtype))
            drawn[5::14, 0], drawn[12::14, 0] = 1, 1.125
        made.append(drawn)
    return np.stack(made)


def stepped(model, drawn):
    found, state = [], None
    for t in range(drawn.shape[1]):
        output, state = model.step(drawn[:, t], state)
        found.append(output)
    return np.stack(found, axis=1)


@functools.cache
def exactly(case):
    """What is right for the hard inputs."""
    trace = Program(BOUNDED[case]).trace(hard_inputs(), exact=True)
    assert not trace.undecided
    return trace.output


@pytest.mark.parametrize(("case", "target"), rotated(BOUNDED, HUB, 2))
def test_real_values_stay_within_a_bound_that_means_something(case, target):
    model, drawn = lsrl.compile(Program(BOUNDED[case]), target, max_length=STEPS), hard_inputs()
    ways = [model.run, functools.partial(stepped, model)] if (case, target) in STEPPED else [model.run]
    worst = max(absolute_errors(way(drawn), exactly(case)).max() for way in ways)
    assert model.guarantee.kind == "bounded"
    assert 0 < worst <= model.guarantee.bound
    assert model.guarantee.bound <= 100 * worst


def wave(points):
    return np.sin(3 * points[:, 0] + points[:, -1])


@functools.cache
def approximated(dim, order, uneven):
    """A function's program, queries on it, and what it answers exactly."""
    approximator = FunctionApproximator(dim, 1, order=order, max_cells=64)
    prompt = approximator.prompt(wave, 64, uneven=uneven)
    points = np.concatenate([np.random.default_rng(0).random((6, dim)), np.zeros((1, dim)), np.ones((1, dim))])
    queries = approximator.queries(prompt, points).astype("float32")
    return approximator, queries, approximator.program.run(queries, exact=True)


@pytest.mark.parametrize(("kind", "target"), rotated(list(product([1, 2], [0, 1], [False, True])), HUB, 3))
def test_functions_are_approximated_within_the_guarantee(kind, target):
    dim, order, uneven = kind
    approximator, queries, exact = approximated(dim, order, uneven)
    model = lsrl.compile(approximator.program, target, max_length=approximator.max_length)
    assert model.guarantee.kind == "bounded"
    assert absolute_errors(model.run(queries), exact).max() <= model.guarantee.bound


@functools.cache
def the_largest_sum():
    """A function of which every cell answers: the most that can be added up."""
    square = FunctionApproximator(1, 1, max_cells=1024)
    prompt = square.prompt(lambda x: 3.9 + x / 100, 1024)
    prompt[:, 0], prompt[:, 1] = 0, 1025 / 1024
    queries = square.queries(prompt, [[0.25], [0.75]]).astype("float32")
    return square, queries, square.program.run(queries, exact=True)


@pytest.mark.parametrize("target", HUB)
def test_the_bound_of_a_function_means_something(target):
    square, queries, exact = the_largest_sum()
    model = lsrl.compile(square.program, target, max_length=square.max_length)
    worst = absolute_errors(model.run(queries), exact).max()
    assert 0 < worst <= model.guarantee.bound <= 1000 * worst


ONE_SIGN = {
    "a latch of what is not negative": ((0, 1), lambda x, write: lsrl.latch(x, write)),
    "a latch of what is not positive": ((-1, 0), lambda x, write: lsrl.latch(x, write)),
    "a branch of what is not negative": ((0, 4), lambda x, write: lsrl.ifelse(write, x, 0)),
    "a branch of what is not positive": ((-1, 0), lambda x, write: lsrl.ifelse(write, 3 * x, 0)),
    "a latch of either sign by itself": ((-1, 1), lambda x, _: lsrl.latch(x, x <= 0)),
}
SMALLEST, LARGEST = -46, -30
"""Powers of two between which a number that is read is neither 0 nor saturates an activation."""


@pytest.mark.parametrize("style", ["default", "robust"])
@pytest.mark.parametrize(("case", "target"), rotated(ONE_SIGN, HUB, 2))
def test_small_reals_of_one_sign_stay_within_the_bound(case, target, style):
    """Where only one of ±v has an activation, nothing makes up for what that is off."""
    (low, high), of = ONE_SIGN[case]
    both = Input(2, range=((low, 0), (high, 1)), name="both")
    program = Program(of(both[0], both[1] > 0))
    model = lsrl.compile(program, target, max_length=1, style=style)
    small = np.exp2(np.arange(SMALLEST, LARGEST, 0.25)) * (high if low == 0 else -1)
    rows = np.array([[[number, write]] for number, write in product(small, (0, 1))], dtype=np.float32)
    exact = np.array([program.run(row, exact=True) for row in rows])
    assert (absolute_errors(model.run(rows), exact) <= model.guarantee.bounds).all()
