"""The targets there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsrl.circuit.neurons import NeuronStack
from lsrl.circuit.residual import ResidualStack
from lsrl.circuit.stack import Stack
from lsrl.circuit.units import Circuit
from lsrl.errors import UnsupportedProgram, shortened
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.layout import Layout
from lsrl.targets.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a target makes of a circuit: weights and what runs them, layout, guarantee."""

    weights: Any
    runtime: Runtime
    stack: Stack | NeuronStack | ResidualStack
    layout: Layout
    guarantee: Guarantee


class Sizes(NamedTuple):
    """The sizes of a network, found from its weights."""

    layers: int
    widest: int
    state_dimension: int
    parameters: int
    nonzeros: int


@dataclass(frozen=True, slots=True)
class Target:
    """An architecture that a circuit can be assembled into.

    `assemble(circuit, names, dtype)` legalises the circuit and places it; `module(weights)` is the
    network in torch; `as_tensors`, `from_tensors` and `runtime` turn weights into files and back.
    `products` says whether it multiplies two reals.
    A target whose network is a stock module says which (`description`), and how it is exported to
    ONNX (`export_onnx`), for who runs it without LSRL.
    """

    name: str
    summary: str
    products: bool
    dtypes: tuple[str, ...]
    assemble: Callable[[Circuit, tuple[str, ...], str], Assembly]
    runtime: Callable[[Any], Runtime]
    sizes: Callable[[Any], Sizes]
    module: Callable[[Any], torch.nn.Module]
    as_tensors: Callable[[Any], dict[str, np.ndarray]]
    from_tensors: Callable[[dict[str, np.ndarray]], Any]
    description: Callable[[Any], dict[str, Any]] | None = None
    export_onnx: Callable[[Any, Path], None] | None = None


TARGETS: dict[str, str] = {
    "linear-rnn": "lsrl.targets.linear_rnn",
    "gated-linear-rnn": "lsrl.targets.gated_linear_rnn",
    "rnn-relu": "lsrl.targets.rnn_relu",
    "rnn-tanh": "lsrl.targets.rnn_tanh",
    "lstm": "lsrl.targets.lstm",
    "gru": "lsrl.targets.gru",
    "mamba": "lsrl.targets.mamba",
    "hawk": "lsrl.targets.hawk",
    "griffin": "lsrl.targets.griffin",
}
"""Each target's name and the module whose `TARGET` it is; imported when first used."""


def target_named(name: str) -> Target:
    """The target with this name; raises `UnsupportedProgram` if there is none.

    >>> target_named("linear-rnn").products
    False
    """
    if not isinstance(name, str) or name not in TARGETS:
        raise UnsupportedProgram(f"no target is named {shortened(name)}; expected one of {', '.join(TARGETS)}")
    target: Target = import_module(TARGETS[name]).TARGET
    return target
