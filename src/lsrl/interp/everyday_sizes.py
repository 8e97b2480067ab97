"""The same network with numbers of everyday sizes, as far as that goes: where training has gradients to go by.

Compiled networks store values times 2⁻ᵏ, so that tanh and norms do not see them, and feed gates with thousands, so
that they are 0 or 1. Here values are stored as large as they can be where that costs little, gates get ±`GATE` at least
on one of their sides, and what is kept for ever in a RecurrentGemma is kept for `KEPT` steps. So answers are nearly the
same on inputs such as the sampled ones, and no longer exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lsrl.backends.layout import Layout, ReadOut
from lsrl.backends.network import Network
from lsrl.backends.torch_rnn.weights import RecurrentWeights
from lsrl.backends.unit_groups import Arrays, Rearrangement, UnitGroup
from lsrl.interp.changed_weights import without_promise
from lsrl.model.compiled_model import CompiledModel

GATE = 5.0
"""What a gate gets at least that is open or shut on all inputs, and a comparison next to its threshold."""

LARGEST, FREE = 2.0**-3, 1.0
"""As large as values become: in front of a tanh, and where all is linear."""

SMALL = 2.0**-10
"""Values of at most this size are made larger."""

KEPT = 2.0**11

Factors = Mapping[str, np.ndarray]
"""How many times as large the numbers of modules are."""


def with_everyday_sizes(model: CompiledModel, x: np.ndarray) -> CompiledModel:
    """The model with other sizes, found on inputs x (batch, T, in), and with sites that are right for them."""
    arrays, factors = _values(model.network, x)
    if isinstance(model.weights, RecurrentWeights):
        arrays = _gates(model, model.network.with_arrays(arrays), arrays, x)
    network = model.network.with_arrays(_holds(arrays))
    changed = without_promise(model, network, "its numbers have other sizes, which is exact nowhere")
    reads = {name: _of_factors(model.network, way, factors) for name, way in model.layout.reads.items()}
    states = {
        name: None if way is None else _of_factors(model.network, way, factors, state=True)
        for name, way in model.states.items()
    }
    return replace(changed, layout=Layout(reads, model.layout.absent), states=states)


def _values(network: Network, x: np.ndarray) -> tuple[dict[str, np.ndarray], Factors]:
    """The weights with larger values, and how many times as large."""
    arrays, factors = dict(network.arrays), dict[str, np.ndarray]()
    outputs = {}
    for layer, (state, output) in enumerate(network.activations(x.astype(network.dtype))):
        outputs[network.address(layer, "output")[-1]] = output.reshape(-1, output.shape[-1])
        if state.shape[-1]:
            outputs[network.address(layer, "state")[-1]] = state.reshape(-1, state.shape[-1])
    for group in network.unit_groups:
        seen = [outputs[module] for module in group.modules if module in outputs]
        if not seen:
            continue
        size = np.abs(np.concatenate(seen)).max(axis=0).astype(np.float64)
        factor = _factor(group, size)
        Rearrangement((), factor, np.arange(group.size)).apply(group, arrays)
        factors |= dict.fromkeys(group.modules, factor)
    return arrays, factors


def _factor(group: UnitGroup, size: np.ndarray) -> np.ndarray:
    """The power of two that makes each number as large as it can be."""
    if group.apart:  # a stream, whose norm must not see values: noise on larger ones is on what is 1 beside them, too
        return np.ones(group.size)
    free = "powers" in group.allows
    change = (size > 0) & (free | (size < SMALL))
    largest = FREE if free else LARGEST
    return np.where(change, 2.0 ** np.floor(np.log2(largest / np.where(change, size, 1))), 1)


def _gates(model: CompiledModel, network: Network, arrays: Arrays, x: np.ndarray) -> dict[str, np.ndarray]:
    """The weights of a recurrent module of torch whose gates and comparisons are less saturated."""
    found = dict(arrays)
    if model.weights.architecture.arguments.get("nonlinearity") == "relu":
        return found
    below = x.astype(network.dtype)
    for layer, (_, hidden) in enumerate(network.activations(below)):
        names = {kind: f"recurrent.{kind}_l{layer}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        first = np.broadcast_to(arrays[f"h0[{layer}]"], hidden[:, :1].shape)
        before = np.concatenate([first, hidden[:, :-1]], axis=1)
        got = below @ arrays[names["weight_ih"]].T + before @ arrays[names["weight_hh"]].T
        least = np.abs(got + arrays[names["bias_ih"]] + arrays[names["bias_hh"]]).min(axis=(0, 1))
        factor = np.where(least > GATE, GATE / np.maximum(least, GATE), 1)
        for name in names.values():
            found[name] = (arrays[name].T * factor).T
        below = hidden
    return found


def _holds(arrays: Arrays) -> dict[str, np.ndarray]:
    """The weights with a decay of 1 − 1/`KEPT` in place of one that rounds to 1 in a RecurrentGemma.

    There the gain √(1 − a²) comes from the last bit of a² alone, and the convolution makes up for that.
    """
    found = dict(arrays)
    for name, numbers in arrays.items():
        if name.endswith("rg_lru.recurrent_param"):
            rate = 8 * np.logaddexp(0, numbers.astype(np.float64))
            kept = rate < 1 / KEPT / 4
            found[name] = np.where(kept, np.log(np.expm1(1 / KEPT / 8)), numbers).astype(numbers.dtype)
            gain = np.where(kept, 2.0**-12 / np.sqrt(-np.expm1(-2 / KEPT)), 1)
            for part in ("conv_1d.weight", "conv_1d.bias"):
                own = name.replace("rg_lru.recurrent_param", part)
                found[own] = (arrays[own].T * gain).T.astype(numbers.dtype)
    return found


def _of_factors(network: Network, way: ReadOut, factors: Factors, *, state: bool = False) -> ReadOut:
    """How to read the same value from numbers that are so many times as large."""
    reads = []
    for read in way.reads:
        module = "" if read.part == "input" else network.address(read.layer, "state" if state else read.part)[-1]
        by = factors.get(module)
        rows = read.rows if by is None else tuple(tuple((i, float(w / by[i])) for i, w in row) for row in read.rows)
        reads.append(replace(read, rows=rows))
    return replace(way, reads=tuple(reads))
