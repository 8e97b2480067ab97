"""Errors of cells that read their layer through ReLUs: bounds that hold for loops in float32, against float64."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from lsrl.rounding.feedback import feedback_errors

ONE, MINUS = fmpq(1), fmpq(-1)


def followed(P, B, bends, deltas):
    """The largest |error| of each cell of h = D (B P h' + x + δ), D as ReLUs have it, beside the loop without δ."""
    P, B = np.array(P, dtype=float), np.array(B, dtype=float)
    rng = np.random.default_rng(0)
    h = g = np.zeros(len(B))
    worst = np.zeros(len(B))
    for delta in deltas:
        x = rng.uniform(-2, 2, len(B))
        h, g = B @ (P @ h) + x + delta, B @ (P @ g) + x
        h, g = np.where(bends, np.maximum(h, 0), h), np.where(bends, np.maximum(g, 0), g)
        worst = np.maximum(worst, np.abs(h - g))
    return worst


def rows(matrix):
    return [tuple((j, fmpq(*float(w).as_integer_ratio())) for j, w in enumerate(row) if w) for row in matrix]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([0.3, 0.6, 1.0]), shut=st.booleans())
def test_no_loop_is_off_by_more(seed, scale, shut):
    rng = np.random.default_rng(seed)
    P, B = rng.integers(-2, 3, (2, 3)) * scale / 2, rng.integers(-2, 3, (3, 2)) * 0.5
    bends, local = rng.random(3) < 0.6, rng.uniform(0, 0.01, 3) * (rng.random(3) < 0.7)
    steps = 40
    deltas = rng.choice([-1, 1], (steps, 3)) * local
    bound = feedback_errors(rows(P), rows(B), list(bends), list(local), [0.0] * 3, 0.0, steps, shut=shut)
    assert (followed(P, B, bends, deltas) <= np.array(bound) + 1e-12).all()


def test_what_a_relu_rounds_comes_with_the_rate_of_where_it_is_not_0():
    # max(7/8 p, x) is 7/8 p + relu(x − 7/8 p), of which the ReLU makes all that is off.
    faded = [((0, fmpq(7, 8)), (1, ONE))], [((0, ONE),), ((0, MINUS),)], [False, True]
    assert feedback_errors(*faded, [0.0, 1.0], [0.0, 0.0], 0.0, float("inf")) == pytest.approx([8 / 7, 15 / 7])
    assert feedback_errors(*faded, [0.0, 1.0], [0.0, 0.0], 0.0, float("inf"), shut=False)[0] == pytest.approx(8.0)
