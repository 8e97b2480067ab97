"""Random linear stacks, and what they compute by definition."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.sparse import csr_array

from lsrl.backends.linear.weights import LayerWeights, StackWeights

LARGEST = 2.0**40


def state_block(kind, size, rng):
    """A state matrix with whole entries whose powers stay small."""
    if kind == "pass":
        return np.zeros((size, size))
    if kind == "identity":
        return np.eye(size)
    if kind == "chain":
        return np.eye(size, k=-1)
    if kind == "nilpotent":
        return np.tril(rng.integers(-1, 2, (size, size)), -1).astype(float)
    if kind == "alternating":
        return -np.eye(size)
    cycle = np.roll(np.eye(size), 1, axis=0)
    return cycle if kind == "cycle" else cycle * rng.choice([-1, 1], (size, 1))


KINDS = ["pass", "identity", "chain", "nilpotent", "alternating", "cycle", "signed cycle"]


def random_layer(kinds, width, gated, rng):
    """A layer with the given kinds of state blocks, loosely coupled, its states in random order."""
    A = block_diag(*(state_block(kind, rng.integers(1, 5), rng) for kind in kinds))
    n, m = len(A), rng.integers(1, 7)
    A += np.tril(rng.random((n, n)) < 0.05, -1) * (A == 0)
    B = rng.integers(-1, 2, (n, width)) * (rng.random((n, 1)) < 0.6) * (rng.random((n, width)) < 0.5)
    C = rng.integers(-2, 3, (m, n)) * (rng.random((m, n)) < 0.3)
    for row in range(0, m, 2):  # every other output is a plain carry
        C[row] = np.arange(n) == rng.integers(n)
    order = rng.permutation(n)
    return LayerWeights(
        A=sparse(A[order][:, order]),
        B=sparse(B),
        b=some(n, rng),
        init=some(n, rng),
        C=sparse(C),
        d=some(m, rng),
        G=sparse(rng.integers(-1, 2, (m, width)) * (rng.random((m, width)) < 0.3)) if gated else None,
        g=rng.integers(0, 2, m).astype(float) if gated else None,
    )


@st.composite
def stacks(draw):
    """A stack of up to three layers with whole weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    width = draw(st.integers(1, 3))
    input_dim, layers = width, []
    for kinds in draw(st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), max_size=3)):
        layers.append(random_layer(kinds, width, draw(st.booleans()), rng))
        width = len(layers[-1].d)
    outputs = draw(st.integers(1, 3))
    R = sparse(rng.integers(-2, 3, (outputs, width)))
    return StackWeights(tuple(layers), R, some(outputs, rng)), random_input(rng, draw, input_dim)


def random_input(rng, draw, dim):
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 150)), dim
    return rng.integers(-2, 3, shape).astype(float)


def some(n, rng):
    """A vector of small whole numbers, half of them zero."""
    return rng.integers(-2, 3, n) * (rng.random(n) < 0.5).astype(float)


def sparse(matrix):
    return csr_array(np.asarray(matrix, dtype=float))


def by_definition(weights, x):
    """Outputs and every layer's (s, y), from the recurrence itself."""
    activations = []
    for layer in weights.layers:
        A, B, C = (matrix.toarray() for matrix in (layer.A, layer.B, layer.C))
        s = np.empty((*x.shape[:2], len(layer.b)))
        state = np.tile(layer.init, (len(x), 1))
        for t in range(x.shape[1]):
            state = state @ A.T + x[:, t] @ B.T + layer.b
            s[:, t] = state
        y = np.maximum(s @ C.T + layer.d, 0)
        if layer.G is not None:
            y *= x @ layer.G.toarray().T + layer.g
        activations.append((s, y))
        x = y
    return x @ weights.R.toarray().T + weights.r, activations


def exactly(weights, x):
    """The same, for cases of hypothesis: those with numbers that floats may not hold are dropped."""
    outputs, activations = by_definition(weights, x)
    assume(all(np.abs(array).max() < LARGEST for pair in activations for array in pair))
    return outputs, activations


def one_layer(A, *, init=None, driven=True, dtype=float):
    """A stack whose single layer reads one input into every state and shows all states, whatever their sign."""
    A = np.atleast_2d(A).astype(dtype)
    n = len(A)
    both = np.concatenate([np.eye(n), -np.eye(n)])
    layer = LayerWeights(
        A=csr_array(A),
        B=csr_array(np.full((n, 1), driven, dtype=dtype)),
        b=np.zeros(n, dtype=dtype),
        init=np.zeros(n, dtype=dtype) if init is None else np.array(init, dtype=dtype),
        C=csr_array(both.astype(dtype)),
        d=np.zeros(2 * n, dtype=dtype),
    )
    return StackWeights((layer,), csr_array(both.T.astype(dtype)), np.zeros(n, dtype=dtype))
