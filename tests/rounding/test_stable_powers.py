"""States whose matrix makes everything smaller only in the long run: ranges and bounds hold at any length."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, LinState, Program
from lsrl.backends.registry import targets_with
from lsrl.circuit.stable_powers import stable_powers

TARGETS = targets_with(lambda target: "any_matrix" in target.abilities)
entries = st.sampled_from([-1.5, -1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.25])


@st.composite
def matrices(draw):
    """Matrices that settle, though a step of theirs may make things larger."""
    size = draw(st.integers(2, 3))
    A = np.array(draw(st.lists(st.lists(entries, min_size=size, max_size=size), min_size=size, max_size=size)))
    largest = np.abs(np.linalg.eigvals(A)).max()
    return A / 2 ** max(0, np.ceil(np.log2(max(largest, 1e-9) / 0.9)))


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_bounds_of_powers_hold_for_all_powers(A):
    found = stable_powers([tuple((j, fmpq(*float(w).as_integer_ratio())) for j, w in enumerate(row)) for row in A])
    norms = [np.abs(np.linalg.matrix_power(A, t)).sum(axis=1).max() for t in range(300)]
    if found is not None:
        assert max(norms) <= float(found.largest) * (1 + 1e-9)
        assert sum(norms) <= float(found.total) * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(matrices(), st.sampled_from(TARGETS), st.sampled_from(["float32", "float64"]), st.integers(0, 2**32 - 1))
def test_networks_keep_to_their_range_and_bound_for_thousands_of_steps(A, target, dtype, seed):
    x = Input(1, range=(-1, 1), name="x")
    program = Program(LinState(x, A.tolist(), [[1]] * len(A), [1] * len(A)))
    model = lsrl.compile(program, target, dtype=dtype)
    stream = np.random.default_rng(seed).uniform(-1, 1, (3000, 1)).astype(np.float32).astype(np.float64)
    state, states = np.ones(len(A), dtype=np.longdouble), []
    for (value,) in stream:
        state = A.astype(np.longdouble) @ state + value
        states.append(state)
    off = np.abs(model.run(stream) - np.array(states))
    assert (off <= np.array(model.guarantee.bounds)).all()


@pytest.mark.parametrize("target", TARGETS)
def test_a_filter_that_rings_is_bounded_at_any_length(target):
    x = Input(1, range=(-1, 1), name="x")
    model = lsrl.compile(Program(LinState(x, [[1, "-1/2"], [1, 0]], [[1], [0]])), target)
    assert model.guarantee.kind == "bounded"
    assert model.guarantee.max_length is None
    assert model.guarantee.bound < 1e-11
