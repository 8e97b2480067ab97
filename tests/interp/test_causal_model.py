"""The causal model that a program is: unrolled, it computes what the interpreter does."""

from fractions import Fraction

import numpy as np
import pytest

from lsrl import zoo
from lsrl.interp import CausalModel


def evaluated(unrolled, given):
    """All variables, parents before what reads them, as a reader of the four parts alone would find them."""
    known, waiting = dict(given), [name for name in unrolled.variables if name not in given]
    while waiting:
        ready = [name for name in waiting if all(parent in known for parent in unrolled.parents[name])]
        assert ready
        for name in ready:
            known[name] = unrolled.mechanisms[name](*(known[parent] for parent in unrolled.parents[name]))
        waiting = [name for name in waiting if name not in known]
    return known


@pytest.mark.parametrize(
    "name", ["bracket_balance", "palindrome", "count_modulo", "leaky_integrator", "peak_hold", "tomita_5"]
)
def test_an_unrolled_program_is_its_trace(name):
    entry = zoo.get(name)
    model = CausalModel(entry.program)
    steps, rng = 6, np.random.default_rng(0)
    x = entry.sample(rng, steps)
    unrolled, source = model.unrolled(steps), entry.program.names[entry.program.input]
    inputs = {f"{source}[{t}]": tuple(map(Fraction, x[t].tolist())) for t in range(steps)}
    trace, found = model.run(x), evaluated(unrolled, inputs)
    for variable in model.variables:
        for t in range(steps):
            assert found[f"{variable}[{t}]"] == tuple(trace[variable][t].tolist())


def test_what_is_set_in_an_unrolled_program_is_what_later_steps_go_on_from():
    entry = zoo.get("bracket_balance")
    model, x = CausalModel(entry.program), entry.sample(np.random.default_rng(0), 6)
    source = entry.program.names[entry.program.input]
    inputs = {f"{source}[{t}]": tuple(map(Fraction, x[t].tolist())) for t in range(6)}
    found = evaluated(model.unrolled(6), inputs | {"depth[2]": (Fraction(5),)})
    trace = model.run(x, {"depth": (2, 5)}, kind="continuing")
    for variable in model.variables:
        assert [found[f"{variable}[{t}]"] for t in range(6)] == [tuple(row) for row in trace[variable].tolist()]


def test_an_input_must_be_set():
    program = zoo.get("palindrome").program
    unrolled = CausalModel(program).unrolled(1)
    first = f"{program.names[program.input]}[0]"
    with pytest.raises(KeyError, match="set it"):
        unrolled.mechanisms[first]()
