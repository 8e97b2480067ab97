"""Random programs on whole numbers are exact, for as many steps as they were compiled for.

`pytest tests/test_integer_programs.py --integer-programs 500 --steps 10000` runs many of them for long.
"""

import numpy as np
import pytest

import lsrl
from lsrl.circuit.translate import input_facts
from lsrl.model.sampling import sampled_inputs
from strategies import COMPILABLE, expressible, integer_program

EXACTLY = 300
"""Steps that are compared with exact rational arithmetic."""


@pytest.mark.parametrize(("target", "dtype"), COMPILABLE)
def test_integer_programs_are_exact(target, dtype, pytestconfig):
    steps = pytestconfig.getoption("--steps")
    for seed in range(pytestconfig.getoption("--integer-programs")):
        rng = np.random.default_rng(seed)
        program = integer_program(rng, expressible(target)["gated_states"])
        model = lsrl.compile(program, target, max_length=steps, dtype=dtype)
        assert model.guarantee.kind == "exact", (seed, str(model.guarantee))
        x = sampled_inputs(input_facts(program, None), rng, 1, steps)[0]
        found = model.run(x)
        trace = program.trace(x[:EXACTLY], exact=True)
        assert not trace.undecided
        assert (found[:EXACTLY] == trace.output.astype(np.float64)).all(), seed
        assert (found == program.run(x)).all(), seed  # float64 holds whole numbers, and is quicker
