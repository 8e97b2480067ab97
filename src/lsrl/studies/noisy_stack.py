"""A linear stack with noise on its weights.

Every noisy copy reads the *noise-free* state of the step before, as Petrov et al. 2024 do (section 5): what is
measured is what noise does within a step. So steps do not depend on one another, and sequences × steps are one batch.
Linear maps in a row are one map with one noise, as theirs are: what a layer only passes on to its ReLUs is no map of
its own. Products are sparse, term by term: with weights of 10¹³ the order of a sum decides what is left of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

from lsrl.backends.linear.weights import Floats, LayerWeights, StackWeights

Map: TypeAlias = Callable[[Floats, csr_array, Floats], Floats]
"""values (n, batch), matrix (m, n) and constants (m,) to the matrix times the values plus the constants."""


def noisy_outputs(
    weights: StackWeights, x: Floats, *, last: int, sigma: float, copies: int, rng: np.random.Generator
) -> Floats:
    """Outputs (copies, batch, last, out) at the `last` steps of x (batch, T, in), each copy with noise of its own.

    Every number of A, B, b, C, d, G, g, R, r that is not zero gets a normal number of deviation `sigma` added, after
    `folded`.

    >>> identity = csr_array(np.eye(1))
    >>> weights = StackWeights((), identity, np.zeros(1))
    >>> noisy_outputs(weights, np.ones((1, 2, 1)), last=1, sigma=0.0, copies=3, rng=np.random.default_rng(0)).shape
    (3, 1, 1, 1)
    """
    weights = replace(weights, layers=tuple(map(folded, weights.layers)))
    states, clean = clean_run(weights, x, last)
    found = [clean] * copies
    if sigma:
        noise = _Noise(sigma, rng)
        inputs = x[:, -last:].reshape(-1, x.shape[2]).T.astype(weights.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            found = [_outputs(weights, inputs, states, noise) for _ in range(copies)]
    outputs: Floats = np.stack(found).transpose(0, 2, 1)
    return outputs.reshape(copies, len(x), last, -1)


def folded(layer: LayerWeights) -> LayerWeights:
    """The layer with a row of B for each output, which holds all that does not come from the layer's own states.

    So the last columns of C are those of the identity.
    """
    keeps = np.asarray(abs(layer.A).sum(axis=0) + abs(layer.A).sum(axis=1)).ravel() != 0
    passed, outputs = layer.C[:, ~keeps], len(layer.d)
    return replace(
        layer,
        A=block_diag((layer.A[keeps][:, keeps], csr_array((outputs, outputs), dtype=layer.d.dtype)), format="csr"),
        B=_sorted(vstack((layer.B[keeps], passed @ layer.B[~keeps]))),
        b=np.concatenate([layer.b[keeps], passed @ layer.b[~keeps] + layer.d]),
        init=np.concatenate([layer.init[keeps], np.zeros_like(layer.d)]),
        C=csr_array(hstack((layer.C[:, keeps], eye_array(outputs, dtype=layer.d.dtype)))),
        d=np.zeros_like(layer.d),
    )


def _sorted(matrix: csr_array) -> csr_array:
    """The matrix with the terms of every row in the order of the columns, which is the order of sums."""
    result = csr_array(matrix)
    result.sort_indices()
    return result


def clean_run(weights: StackWeights, x: Floats, last: int) -> tuple[list[Floats], Floats]:
    """Without noise, at the last steps: the states before each step (n, batch · last), layer by layer, and outputs.

    `weights` are `folded`, x is (batch, T, in); outputs are (out, batch · last).
    """
    batch, T, _ = x.shape
    y = x.reshape(batch * T, -1).T.astype(weights.dtype)
    found = []
    for layer in weights.layers:
        drive = _mapped(y, layer.B, layer.b)
        s, before = _scanned(layer, drive.reshape(-1, batch, T))
        found.append(before[:, :, -last:].reshape(len(before), -1))
        y = _layer_outputs(layer, y, s.reshape(len(s), -1), _mapped)
    outputs: Floats = _mapped(y, weights.R, weights.r)
    return found, outputs.reshape(-1, batch, T)[:, :, -last:].reshape(weights.output_dim, -1)


def _scanned(layer: LayerWeights, drive: Floats) -> tuple[Floats, Floats]:
    """States after and before every step, (n, batch, T) like the drive."""
    after, before = drive.copy(), np.zeros_like(drive)
    keeps = np.arange(len(layer.b) - len(layer.d))
    A, state = layer.A[keeps][:, keeps], np.repeat(layer.init[keeps, None], drive.shape[1], axis=1)
    for t in range(drive.shape[2] if len(keeps) else 0):
        before[keeps, :, t] = state
        state = A @ state + drive[keeps, :, t]
        after[keeps, :, t] = state
    return after, before


def _outputs(weights: StackWeights, inputs: Floats, states: list[Floats], noise: _Noise) -> Floats:
    """Outputs (out, batch) of one noisy copy that reads these states."""
    y = inputs
    for layer, state in zip(weights.layers, states, strict=True):
        s = noise(layer.A) @ state + noise.mapped(y, layer.B, layer.b)
        y = _layer_outputs(layer, y, s, noise.mapped)
    return noise.mapped(y, weights.R, weights.r)


def _layer_outputs(layer: LayerWeights, y: Floats, s: Floats, mapped: Map) -> Floats:
    """What a folded layer makes of its input y and its states s."""
    own = len(s) - len(layer.d)
    value: Floats = np.maximum(mapped(s[:own], layer.C[:, :own], layer.d) + s[own:], 0)
    return value if layer.gates is None else mapped(y, *layer.gates) * value


def _mapped(values: Floats, matrix: csr_array, constants: Floats) -> Floats:
    product: Floats = matrix @ values
    return product + constants[:, None]


class _Noise:
    """Adds a normal number of deviation `sigma` to every number that is not zero."""

    def __init__(self, sigma: float, rng: np.random.Generator) -> None:
        self.sigma = sigma
        self.rng = rng

    def __call__(self, stored: csr_array) -> csr_array:
        return csr_array((self._numbers(stored.data), stored.indices, stored.indptr), shape=stored.shape)

    def _numbers(self, numbers: Floats) -> Floats:
        noise = self.sigma * self.rng.standard_normal(len(numbers))
        return numbers + np.where(numbers != 0, noise, 0).astype(numbers.dtype)

    def mapped(self, values: Floats, matrix: csr_array, constants: Floats) -> Floats:
        """The values through a noisy map."""
        return _mapped(values, self(matrix), self._numbers(constants))
