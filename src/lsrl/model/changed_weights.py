"""Compiled networks whose stored weights were changed: noise, say, or a smaller format. Works on every target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsrl.backends.network import Network
from lsrl.model.compiled_network import CompiledNetwork

Change = Callable[[np.ndarray], np.ndarray]


def changed(model: CompiledNetwork, change: Change, *, only: Callable[[str], bool] | None = None) -> Network | None:
    """The model's network with `change` applied to every array of floats in its checkpoint, or to those `only` names.

    None where a changed weight is not finite: such a network cannot be stored. Zeros should stay zeros.

    >>> import lsrl
    >>> model = lsrl.compile(lsrl.Program(2 * lsrl.Input(1)))
    >>> changed(model, lambda weights: 3 * weights).run(np.ones((1, 1, 1))).item()
    6.0
    """
    tensors = {
        file: {name: _applied(change, array) if only is None or only(name) else array for name, array in arrays.items()}
        for file, arrays in model.network.tensors().items()
    }
    if not all(np.isfinite(array).all() for arrays in tensors.values() for array in arrays.values()):
        return None
    return model.target.read(tensors, model.network.description or {})


def _applied(change: Change, array: np.ndarray) -> np.ndarray:
    if not np.issubdtype(array.dtype, np.floating):
        return array
    with np.errstate(over="ignore"):
        result: np.ndarray = change(array).astype(array.dtype)
    return result


def outputs_of(network: Network | None, x: np.ndarray, dtype: str) -> np.ndarray | None:
    """What it computes on x (batch, T, in); None for no network."""
    if network is None:
        return None
    with np.errstate(all="ignore"):
        return np.asarray(network.run(x.astype(dtype)), dtype=np.float64)


def relative_noise(sigma: float, rng: np.random.Generator) -> Change:
    """weight · (1 + N(0, σ²)).

    >>> relative_noise(0.0, np.random.default_rng(0))(np.array([2.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    return lambda weights: weights * (1 + sigma * rng.standard_normal(weights.shape))
