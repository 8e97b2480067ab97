"""Random programs on whole numbers are exact, for as many steps as they were compiled for.

`pytest tests/test_integer_programs.py --integer-programs 500 --steps 10000` runs many of them for long.
"""

import functools

import numpy as np
import pytest

import lsrl
from lsrl.circuit.translate import input_facts
from lsrl.model.sampling import sampled_inputs
from strategies import COMPILABLE, HUB, expressible, integer_program

EXACTLY = 300
"""Steps that are compared with exact rational arithmetic."""


@functools.cache
def followed(seed, gated_states, steps):
    """A program, inputs, and its outputs: exactly for the first steps, and for all, in floats that hold them."""
    rng = np.random.default_rng(seed)
    program = integer_program(rng, gated_states)
    x = sampled_inputs(input_facts(program, None), rng, 1, steps)[0]
    trace = program.trace(x[:EXACTLY], exact=True)
    assert not trace.undecided
    return program, x, trace.output.astype(np.float64), program.run(x)


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_integer_programs_are_exact(target, dtype, pytestconfig):
    steps = pytestconfig.getoption("--steps")
    seeds = range(pytestconfig.getoption("--integer-programs"))
    # Models of transformers take longest, and do most things by the same code: each has every second program.
    for seed in seeds[HUB.index(target) % 2 :: 2] if target in HUB else seeds:
        program, x, exact, expected = followed(seed, expressible(target)["gated_states"], steps)
        model = lsrl.compile(program, target, max_length=steps, dtype=dtype)
        assert model.guarantee.kind == "exact", (seed, str(model.guarantee))
        found = model.run(x)
        assert (found[:EXACTLY] == exact).all(), seed
        assert (found == expected).all(), seed
