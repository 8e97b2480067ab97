"""A linear stack with noise on its weights, many noisy copies at once.

Every copy reads the *noise-free* state of the step before, as Petrov et al. 2024 do (section 5): what is
measured is what noise does within a step. So steps do not depend on one another, and copies × sequences × steps
are one batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.weights import Floats, LayerWeights, StackWeights

WORKSPACE = 2**26
"""Numbers that the noisy copies of one layer may take, roughly."""


def noisy_outputs(
    weights: StackWeights, x: Floats, *, last: int, sigma: float, copies: int, rng: np.random.Generator
) -> Floats:
    """Outputs (copies, batch, last, out) at the `last` steps of x (batch, T, in), each copy with noise of its own.

    Every number of A, B, b, C, d, G, g, R, r that is not zero gets a normal number of deviation `sigma` added.

    >>> identity = csr_array(np.eye(1))
    >>> weights = StackWeights((), identity, np.zeros(1))
    >>> noisy_outputs(weights, np.ones((1, 2, 1)), last=1, sigma=0.0, copies=3, rng=np.random.default_rng(0)).shape
    (3, 1, 1, 1)
    """
    states = [
        before(layer, s, last)
        for layer, (s, _) in zip(weights.layers, NumpyNetwork(weights).activations(x), strict=True)
    ]
    inputs = x[:, -last:].reshape(-1, x.shape[2]).astype(weights.dtype)
    parts = [_noisy(weights, inputs, states, sigma, part, rng) for part in _portions(weights, len(inputs), copies)]
    outputs: Floats = np.concatenate(parts)
    return outputs.reshape(copies, len(x), last, -1)


def before(layer: LayerWeights, states: Floats, last: int) -> Floats:
    """The states (batch · last, n) before each of the last steps; `states` (batch, T, n) are those after every step."""
    start = np.broadcast_to(layer.init, (len(states), 1, states.shape[2]))
    shifted: Floats = np.concatenate([start, states[:, :-1]], axis=1)[:, -last:]
    return shifted.reshape(-1, states.shape[2])


def _portions(weights: StackWeights, rows: int, copies: int) -> Iterator[int]:
    """How many copies at a time."""
    width = max(weights.widest, weights.input_dim, 1)
    portion = max(1, WORKSPACE // (width * (4 * width + rows)))
    for start in range(0, copies, portion):
        yield min(portion, copies - start)


def _noisy(
    weights: StackWeights, inputs: Floats, states: list[Floats], sigma: float, copies: int, rng: np.random.Generator
) -> Floats:
    """Outputs (copies, rows, out) of that many noisy copies."""

    def noisy(array: Any) -> Floats:
        """The array with noise on what is not zero: (copies, …)."""
        dense = array.toarray() if isinstance(array, csr_array) else array
        result: Floats = np.repeat(dense[None], copies, axis=0)
        places = np.flatnonzero(dense)
        noise = rng.standard_normal((copies, len(places)))
        result.reshape(copies, -1)[:, places] += (sigma * noise).astype(dense.dtype)
        return result

    def mapped(values: Floats, matrix: Any, constants: Floats | None = None) -> Floats:
        product: Floats = values @ noisy(matrix).transpose(0, 2, 1)
        return product if constants is None else product + noisy(constants)[:, None]

    y = np.broadcast_to(inputs, (copies, *inputs.shape))
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, state in zip(weights.layers, states, strict=True):
            s = mapped(state, layer.A) + mapped(y, layer.B, layer.b)
            value = np.maximum(mapped(s, layer.C, layer.d), 0)
            y = value if layer.gates is None else mapped(y, *layer.gates) * value
        return mapped(y, weights.R, weights.r)
