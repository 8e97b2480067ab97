"""Scales of sites fitted anew: in a network that was trained on, a variable may have become a little larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lsrl.backends.layout import Layout, Read, ReadOut
from lsrl.backends.transformers.network import HubNetwork
from lsrl.model.compiled_model import CompiledModel


def with_fitted_sites(model: CompiledModel, x: np.ndarray) -> CompiledModel:
    """The model with scales and offsets of its sites fitted to what its program says on inputs x (batch, T, in).

    Places stay, and so do scales of variables that never change on x, and of residual-stream models, where what a layer
    adds is in no activation of its own.
    """
    if isinstance(model.network, HubNetwork):
        return model
    traced, seen = model.program.trace(x), model.network.activations(x.astype(model.network.dtype))

    def fitted(name: str, way: ReadOut | None) -> ReadOut | None:
        return None if way is None else _fitted(way, traced[name], seen)

    reads = dict(model.layout.reads) | {name: _fitted(model.layout[name], traced[name], seen) for name in model.sites}
    states = {name: fitted(name, way) for name, way in model.states.items()}
    return replace(model, layout=Layout(reads, model.layout.absent), states=states)


def _fitted(way: ReadOut, values: np.ndarray, seen: Sequence[tuple[np.ndarray, np.ndarray]]) -> ReadOut:
    reads, constants = list(way.reads), list(way.constants)
    for component in range(len(constants)):
        places = [(i, *entry) for i, read in enumerate(reads) for entry in read.rows[component]]
        if len(places) != 1:  # two halves, each above 0
            continue
        ((i, index, weight),) = places
        numbers = seen[reads[i].layer][reads[i].part == "output"][..., index].ravel().astype(np.float64)
        wanted = values[..., component].ravel()
        if not numbers.std() or not wanted.std():
            continue
        slope = float(np.cov(numbers, wanted)[0, 1] / numbers.var(ddof=1))
        if slope * weight <= 0:  # it has another meaning now, which `check_site` says
            continue
        constants[component] = float(wanted.mean() - slope * numbers.mean())
        reads[i] = _with_weight(reads[i], component, index, slope)
    return ReadOut(tuple(reads), tuple(constants))


def _with_weight(read: Read, component: int, index: int, weight: float) -> Read:
    rows = tuple(((index, weight),) if i == component else row for i, row in enumerate(read.rows))
    return replace(read, rows=rows)
