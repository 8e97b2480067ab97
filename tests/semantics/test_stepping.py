"""Programs one step at a time: what they are all at once, in longer floats."""

import numpy as np
import pytest

from lsrl import zoo
from lsrl.semantics.stepping import SteppedProgram

PROGRAMS = [
    "biquad",
    "clamped_integrator",
    "sample_and_hold",
    "median_filter",
    "pulse_width",
    "spiking_neuron",
    "parity",
]


@pytest.mark.parametrize("name", PROGRAMS)
def test_steps_are_what_the_whole_run_is(name):
    entry = zoo.get(name)
    x = np.stack([entry.sample(np.random.default_rng(i), 40) for i in range(3)])
    stepped, expected = SteppedProgram(entry.program), entry.program.run(x, exact=True)
    before, found, undecided = stepped.start(len(x)), [], []
    for t in range(x.shape[1]):
        outputs, open_ones, before = stepped.step(x[:, t], before)
        found.append(outputs)
        undecided.append(open_ones)
    assert not np.any(undecided)
    np.testing.assert_allclose(np.stack(found, axis=1).astype(np.float64), expected.astype(np.float64), atol=1e-15)


def test_longer_floats_keep_more():
    stepped = SteppedProgram(zoo.get("leaky_integrator").program)
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        pytest.skip("no longer floats here")
    _, _, before = stepped.step(np.full((1, 1), 1.0), stepped.start(1))
    second, *_ = stepped.step(np.full((1, 1), 2.0**-60), before)
    assert second[0, 0] - np.longdouble(15) / 16 == np.longdouble(2.0**-60)


def test_it_says_where_a_comparison_is_undecided():
    entry = zoo.get("sample_and_hold")
    stepped = SteppedProgram(entry.program)
    _, undecided, _ = stepped.step(np.array([[1.0, 0.5], [1.0, 0.5 + 2.0**-12]]), stepped.start(2))
    assert undecided.tolist() == [False, True]
