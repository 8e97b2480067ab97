"""A function in a prompt: the same network, longer and better prompts.

Run: python examples/function.py
"""

import numpy as np

import lsrl


def hill(points):
    """A smooth function that is steep in one place."""
    return np.exp(-60 * ((points - [0.3, 0.6]) ** 2).sum(axis=-1))


points = np.random.default_rng(0).random((500, 2)).round(2)
for order, kind in ((0, "cells"), (1, "planes")):
    approximator = lsrl.FunctionApproximator(2, 1, order=order)
    model = lsrl.compile(approximator.program, "gated-linear-rnn", max_length=approximator.max_length)
    for uneven in (False, True):
        for cells in (64, 256):
            prompt = approximator.prompt(hill, cells, uneven=uneven)
            error = approximator.evaluate(model, prompt, points)[:, 0] - hill(points)
            shape = "uneven" if uneven else "even"
            print(f"{cells} {shape} {kind}: root mean square error {np.sqrt((error**2).mean()):.5f}")
