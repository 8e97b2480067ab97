"""Networks in full passes, and step by step."""

import numpy as np


def check_pass_and_steps(model, x, expected, steps=150):
    """Outputs for x (batch, T, dim) are as expected in one pass and, for the first sequence, in so many steps."""
    np.testing.assert_array_equal(model.run(x), expected)
    state, found = None, []
    for step in x[0, :steps]:
        output, state = model.step(step, state)
        found.append(output)
    np.testing.assert_array_equal(found, expected[0, :steps])
