"""What a program's output is everywhere: by the interpreters and in the networks of every target that can have it."""

from __future__ import annotations

import numpy as np

import lsrl
from lsrl import Program
from lsrl.backends.registry import TARGETS, targets_with

SELECTIVE = tuple(targets_with(lambda target: "selective_states" in target.abilities))
"""The targets that can keep or drop a state as an input says."""


def everywhere(value, points, targets=tuple(TARGETS)):
    """The value at each point: by the exact interpreter, which the float one and all networks must equal."""
    program = Program(value)
    x = np.array([[float(number) for number in np.atleast_1d(point)] for point in points])
    exact = program.run(x, exact=True)
    assert (program.run(x) == exact).all()
    for target in targets:
        assert (lsrl.compile(program, target, max_length=len(points)).run(x) == exact).all(), target
    return exact[:, 0].tolist() if exact.shape[1] == 1 else exact.tolist()
