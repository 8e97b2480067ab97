"""Models with other weights than the compiler's: disguised, edited or trained on from there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lsrl.backends.layout import Layout
from lsrl.backends.network import Network
from lsrl.errors import ProgramError, ShapeError, listed, shortened
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.report import report_of
from lsrl.rounding.guarantee import Guarantee
from lsrl.semantics.inputs import as_array


def with_weights(model: CompiledModel, weights: Mapping[str, Any]) -> CompiledModel:
    """The model with other weights, which promises nothing; its sites stay where they were, to be checked.

    `weights` are arrays or tensors by the names of `model.network.arrays`, or some of them: those of
    `dict(model.module.named_parameters())` fit. Raises `ProgramError` for a name that is none, and `ShapeError`.

    >>> import lsrl
    >>> depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    >>> model = lsrl.compile(lsrl.Program(depth * 2), "lstm", max_length=9, variables=["depth"])
    >>> doubled = with_weights(model, {"readout.weight": 2 * model.network.arrays["readout.weight"]})
    >>> doubled.run([[1], [1]]).ravel().tolist(), doubled.guarantee.kind
    ([4.0, 8.0], 'none')
    """
    if not isinstance(model, CompiledModel) or not isinstance(weights, Mapping):
        raise ProgramError(
            f"weights {shortened(weights)} for {shortened(model)}; expected a compiled model, and arrays by name"
        )
    arrays = dict(model.network.arrays)
    for name, given in weights.items():
        if name not in arrays:
            raise ProgramError(
                f"{shortened(name)} is no weight of {model.program.name} on {model.target}; expected some of "
                f"{listed(list(arrays))}"
            )
        array = as_array(given.detach().cpu().numpy() if hasattr(given, "detach") else given, f"weight {name}")
        if array.shape != arrays[name].shape:
            raise ShapeError(f"weight {name} has shape {array.shape}; expected {arrays[name].shape}")
        arrays[name] = array.astype(arrays[name].dtype)
    return without_promise(model, model.network.with_arrays(arrays), "its weights are not those of the compiler")


def without_promise(model: CompiledModel, network: Network, reason: str, *, known: bool = True) -> CompiledModel:
    """The model with another network, of which nothing is promised, nor, unless it is `known`, where anything is."""
    guarantee = Guarantee((math.inf,) * model.program.output.dim, model.max_length, reason)
    changed = replace(
        model,
        guarantee=guarantee,
        network=network,
        sizes=report_of(model.program, model.target, network, guarantee, model.sizes.compile_seconds),
        stack=None,
        circuit=None,
    )
    if known:
        return changed
    return replace(changed, layout=Layout({}, tuple(model.program.names.values())), variables=(), states={})
