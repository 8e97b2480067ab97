"""Sensitivity: known margins, and bounds that hold while every weight is changed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import lsrl
from lsrl.circuit.translate import input_facts
from lsrl.circuit.weight_noise import errors, noisy
from lsrl.errors import LsrlError
from lsrl.targets.registry import TARGETS
from lsrl.targets.sampling import sampled_inputs
from noisy_circuits import evaluated
from strategies import expressible, programs, thorough

LENGTH = 8


def check_bounds(model, x, rng, largest=0.05):
    """Every unit and output is as near to its exact value as promised, and no decision flips."""
    circuit, found = model.circuit, model.explain()
    u = min(found.tolerance, largest)
    assume(u > 0)
    noise = noisy(circuit)
    bounds = np.array(errors(noise, u))
    exact, outputs = evaluated(circuit, x)
    changed, _ = evaluated(circuit, x, u, rng)
    closed = [i for i in range(len(circuit.units)) if i not in noise.open]
    off = np.abs(changed - exact).max(axis=0)
    slack = 1e-9 * (1 + np.abs(exact).max(initial=0))
    assert (off <= bounds + slack)[closed].all()
    tiny = min(u, 1e-7)
    _, nearby = evaluated(circuit, x, tiny, rng)
    assert np.abs(nearby - outputs).max() <= 1.01 * tiny * found.output_gain + slack
    return off, bounds


@pytest.mark.parametrize("target", TARGETS)
@thorough
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_bounds_hold_for_random_programs(target, data, seed):
    program = data.draw(programs(**expressible(target)))
    rng = np.random.default_rng(seed)
    try:
        model = lsrl.compile(program, target, max_length=LENGTH)
    except LsrlError:
        assume(False)
    x = sampled_inputs(input_facts(program, None), rng, 1, LENGTH)[0]
    assume(not program.undecided(x))
    check_bounds(model, x, rng)
