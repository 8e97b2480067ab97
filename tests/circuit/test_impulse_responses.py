"""Ranges of linear states from their responses: they hold for the worst inputs, and hardly reach further."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl.backends.registry import target_named
from lsrl.circuit.translate import circuit_of


def worst_of(program, name, steps=300):
    """What inputs from −1 to 1 make of a component of a value at the last step, if all of them push the same way."""
    impulse = np.zeros((steps, 1))
    impulse[0] = 1
    return np.abs(program.trace(impulse)[name]).sum(axis=0).max()


def range_of(program, name):
    circuit = circuit_of(program, max_length=None)
    (form,) = [form for value, forms in circuit.values.items() if value == name for form in forms[:1]]
    return float(circuit.knowledge.fact(form).high)


@settings(deadline=None, max_examples=30)
@given(decay=st.integers(-7, 7), delay=st.integers(1, 3), weight=st.integers(-4, 4))
def test_a_state_gets_as_far_as_its_inputs_can_drive_it(decay, delay, weight):
    x = lsrl.Input(1, range=(-1, 1), name="x")
    drive = x + lsrl.delay(x, delay) * fmpq(weight, 2)
    program = lsrl.Program(lsrl.LinState(drive, fmpq(decay, 8), name="state"))
    worst = worst_of(program, "state")
    assert worst * (1 - 1e-12) <= range_of(program, "state") <= 1.001 * worst + 1e-6


def test_states_of_states_cancel_too():
    x = lsrl.Input(1, range=(-1, 1), name="x")
    slow = lsrl.LinState(x, "7/8", "1/8", name="slow")
    program = lsrl.Program(lsrl.LinState(x - slow, "3/4", name="fast"))
    worst = worst_of(program, "fast")
    assert worst * (1 - 1e-12) <= range_of(program, "fast") <= 1.001 * worst
    # What it is driven with may be anything from −2 to 2, which would make 8 of it.
    assert range_of(program, "fast") < 4


def test_what_does_not_fade_or_begins_elsewhere_has_no_response():
    x = lsrl.Input(1, range=(-1, 1), name="x")
    program = lsrl.Program(lsrl.LinState(x - lsrl.delay(x), "7/8", init=3, name="state"))
    assert range_of(program, "state") == 16
    kept = lsrl.Program(lsrl.cumsum(x - lsrl.delay(x), name="state"))
    assert circuit_of(kept, max_length=None).knowledge.facts[-1].high is None


@pytest.mark.parametrize("target", ["linear-rnn", "lstm", "hawk"])
def test_a_network_stays_within_its_bound(target):
    x = lsrl.Input(1, range=(-1, 1), name="x")
    program = lsrl.Program(lsrl.LinState(x - lsrl.delay(x), "7/8", name="state"))
    model = lsrl.compile(program, target)
    dtype = "float32" if target_named(target).library == "transformers" else "float64"
    rng = np.random.default_rng(0)
    inputs = np.stack([rng.uniform(-1, 1, (200, 1)), (-1.0) ** (np.arange(200)[:, None] // 8)]).astype(dtype)
    exact = program.run(inputs, exact=True).astype(np.float64)
    assert 0 < np.abs(model.run(inputs) - exact).max() <= model.guarantee.bound
