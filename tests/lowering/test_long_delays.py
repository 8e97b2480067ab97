"""Long delays on residual streams: chains of convolutions or rings of latches, whichever is smaller; always exact."""

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Input, Linear, Program, SequenceMap
from lsrl.circuit.translate import circuit_of
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rings import SHORTEST, rings_of
from lsrl.lowering.rules import AS_IT_IS, DIAGONAL
from noisy_circuits import evaluated
from strategies import HUB

x = Input(1, range=(-4, 5), integer=True, name="x")
WINDOW = 70
"""So wide that a ring of latches is smaller than a chain of convolutions."""


def drawn(steps, batch=2, seed=0):
    return np.random.default_rng(seed).integers(-4, 6, (batch, steps, 1)).astype(np.float32)


def compared(value, target, steps):
    """The model, after comparing it in a batch with the exact interpreter."""
    program = Program(value)
    model = lsrl.compile(program, target, max_length=steps)
    assert model.guarantee.kind == "exact"
    given = drawn(steps)
    assert (model.run(given) == program.run(given, exact=True)).all()
    return model


@pytest.mark.parametrize("target", ["mamba", "hawk"])
def test_long_delays_and_registers_are_right_in_a_batch_and_one_step_at_a_time(target):
    model = compared(Concat([lsrl.delay(x, 61), lsrl.shift_register(x, 40)]), target, 66)
    given, state = drawn(66), None
    full = model.run(given)
    for t in range(66):
        output, state = model.step(given[:, t], state)
        assert (output == full[:, t]).all(), t


RINGS = {
    "a window's sum": lambda: lsrl.total(lsrl.shift_register(x, WINDOW)),
    "a window that began elsewhere": lambda: lsrl.total(lsrl.shift_register(x, WINDOW, init=2)),
    "a window of what is large": lambda: lsrl.total(lsrl.shift_register(lsrl.ifelse(x > 2, x, 0), WINDOW)),
    "a mean of some": lambda: lsrl.total(lsrl.shift_register(x, WINDOW)[2:]) * "1/2",
}


@pytest.mark.parametrize(
    ("case", "target"), [*((case, "mamba") for case in RINGS), *(("a window's sum", target) for target in HUB[1:])]
)
def test_windows_are_right_when_they_become_rings(case, target):
    model = compared(RINGS[case](), target, 2 * WINDOW + 3)
    assert model.sizes.layers < WINDOW / 3


def test_a_longer_ring_is_no_deeper():
    sums = (Program(lsrl.total(lsrl.shift_register(x, window))) for window in (WINDOW, WINDOW + 10))
    shorter, longer = (lsrl.compile(program, "mamba", max_length=400).sizes.layers for program in sums)
    assert shorter == longer


def test_a_ring_goes_round_one_step_at_a_time():
    program = Program(lsrl.total(lsrl.shift_register(x, WINDOW)))
    model = lsrl.compile(program, "mamba", max_length=200)
    given, state = drawn(2 * WINDOW + 5), None
    expected = program.run(given, exact=True)
    for t in range(given.shape[1]):
        output, state = model.step(given[:, t], state)
        assert (output == expected[:, t]).all(), t


def test_short_delays_and_delays_of_unknown_length_are_chains():
    short = legalised(circuit_of(Program(lsrl.delay(x, SHORTEST - 2)), max_length=50), DIAGONAL)
    assert rings_of(short, ()) is None
    endless = legalised(circuit_of(Program(lsrl.delay(x, 4 * SHORTEST))), DIAGONAL)
    assert rings_of(endless, ()) is None


def long_keys(length, target):
    words = SequenceMap(length, length, symbols=10, max_pairs=3)
    model = lsrl.compile(words.program, target, max_length=words.max_length)
    assert model.guarantee.kind == "exact"
    assert model.sizes.layers <= 30
    return words, model


def test_a_dictionary_with_long_keys_is_answered():
    words, model = long_keys(20, "mamba")
    rng = np.random.default_rng(0)
    pairs = {tuple(rng.integers(0, 10, 20).tolist()): tuple(rng.integers(0, 10, 20).tolist()) for _ in range(3)}
    first = next(iter(pairs))
    near = (*first[:-1], (first[-1] + 1) % 10)
    assert words.answers(model, [*pairs, near], words.prompt(pairs)) == [*pairs.values(), None]


@pytest.mark.parametrize(("target", "longer"), [("mamba", 40), ("hawk", 25), ("griffin", 25)])
def test_longer_keys_need_no_more_layers(target, longer):
    layers = {long_keys(length, target)[1].sizes.layers for length in (20, longer)}
    assert len(layers) == 1


def filtered(value, rng):
    """A sum of some of a value's last numbers, as a window or with weights."""
    held = lsrl.shift_register(value, int(rng.integers(SHORTEST, 2 * SHORTEST)), init=int(rng.integers(3)))
    weights = [1] * held.dim if rng.random() < 0.3 else rng.integers(-1, 2, held.dim).tolist()
    return Linear(held, [weights])


def filters_of_filters(depth, rng):
    """Filters of a value that is made of filters, and of other delays of what they read."""
    if not depth:
        return x
    inner = filters_of_filters(depth - 1, rng)
    other = lsrl.delay(inner, int(rng.integers(1, 3 * SHORTEST)))
    return [filtered(inner, rng), filtered(inner + other, rng), filtered(filtered(inner, rng) - other, rng) + other][
        int(rng.integers(3))
    ]


@pytest.mark.parametrize("seed", range(30))
def test_rings_of_what_other_rings_hold_are_right(seed):
    """Made rings whatever they cost, and evaluated unit by unit."""
    program = Program(filters_of_filters(2, np.random.default_rng(seed)))
    legal = legalised(circuit_of(program, max_length=60), DIAGONAL)
    rings = rings_of(legal, ())
    assert rings is not None
    given = drawn(60, batch=1, seed=seed)[0]
    _, found = evaluated(legalised(legalised(legal, DIAGONAL, rings), AS_IT_IS), given)
    assert (found == program.run(given, exact=True).astype(float)).all()
