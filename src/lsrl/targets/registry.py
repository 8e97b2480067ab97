"""The targets there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from lsrl.circuit.neurons import NeuronStack
from lsrl.circuit.residual import ResidualStack
from lsrl.circuit.stack import Stack
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability, UnsupportedProgram, shortened
from lsrl.lang import Program
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.layout import Layout
from lsrl.targets.runtime import Runtime

if TYPE_CHECKING:
    import numpy as np
    import torch

    from lsrl.targets.model import CompiledModel


FileTensors: TypeAlias = "dict[str, dict[str, np.ndarray]]"
"""The tensors of every file of weights, by name."""

WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a target makes of a circuit: weights and what runs them, layout, guarantee.

    `circuit` is the legalised one: what the weights compute.
    """

    weights: Any
    runtime: Runtime
    stack: Stack | NeuronStack | ResidualStack
    layout: Layout
    guarantee: Guarantee
    circuit: Circuit


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

    `assemble(circuit, program, dtype)` legalises the program's circuit and places it; `module(weights)`
    is the network in torch. `as_tensors(weights)` and `from_tensors(tensors, description)` turn weights into
    tensors of files (`weight_files`) and back; `runtime` evaluates them.
    `abilities` are those that not every target has (`lsrl.errors.Ability`).
    A target whose network is a stock module says which (`description`), and how it is exported to
    ONNX (`export_onnx`) or what else is in its folder (`further_files`), for who runs it without LSRL.
    `tokens` says whether it makes a model of language of a program with a vocabulary.
    """

    name: str
    summary: str
    abilities: frozenset[Ability]
    dtypes: tuple[str, ...]
    assemble: Callable[[Circuit, Program, str], Assembly]
    runtime: Callable[[Any], Runtime]
    sizes: Callable[[Any], Sizes]
    module: Callable[[Any], torch.nn.Module]
    as_tensors: Callable[[Any], FileTensors]
    from_tensors: Callable[[FileTensors, Mapping[str, Any]], Any]
    weight_files: tuple[str, ...] = (WEIGHTS,)
    description: Callable[[Any], dict[str, Any]] | None = None
    export_onnx: Callable[[Any, Path], None] | None = None
    further_files: Callable[[CompiledModel], Mapping[str, bytes]] | None = None
    tokens: bool = False


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

    >>> sorted(target_named("gated-linear-rnn").abilities)
    ['any_matrix', 'products', 'selection']
    """
    if not isinstance(name, str) or name not in TARGETS:
        raise UnsupportedProgram(f"no target is named {shortened(name)}; expected one of {', '.join(TARGETS)}")
    target: Target = import_module(TARGETS[name]).TARGET
    return target
