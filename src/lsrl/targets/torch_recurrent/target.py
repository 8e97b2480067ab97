"""What the targets made of torch's recurrent modules share: all but how a neuron is expressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from lsrl.circuit.affine import combination
from lsrl.circuit.legalise import Rules, legalised
from lsrl.circuit.neuron_layering import neuron_stacks
from lsrl.circuit.neurons import NeuronStack
from lsrl.circuit.stack import Place
from lsrl.circuit.units import Circuit
from lsrl.errors import MissingPackage
from lsrl.targets.layout import layout_of
from lsrl.targets.registry import Assembly, Sizes, Target
from lsrl.targets.torch_recurrent.hidden import Express, HiddenStack, laid_out
from lsrl.targets.torch_recurrent.rounding import Arithmetic, guarantee_of
from lsrl.targets.torch_recurrent.scale import scale_of
from lsrl.targets.torch_recurrent.weights import Architecture, RecurrentWeights, assembled, from_tensors

if TYPE_CHECKING:
    import torch

    from lsrl.targets.torch_recurrent.runtime import TorchRuntime


def torch_target(
    name: str,
    summary: str,
    architecture: Architecture,
    express: Express,
    *,
    passes: Sequence[Rules],
    arithmetic: Arithmetic,
) -> Target:
    """The target of an architecture: circuits are legalised by `passes`, one after the other."""

    def assemble(circuit: Circuit, names: tuple[str, ...], dtype: str) -> Assembly:
        legal = reduce(legalised, passes, circuit)
        stacks = [(stack, laid_out(stack, express, scale_of(stack, dtype))) for stack in neuron_stacks(legal)]
        stack, hidden = min(stacks, key=lambda pair: (pair[1].size, pair[0].depth))
        weights = assembled(architecture, hidden, dtype)
        return Assembly(
            weights=weights,
            runtime=_runtime(weights),
            stack=stack,
            layout=layout_of(legal, _places(stack, hidden), names),
            guarantee=guarantee_of(stack, arithmetic, dtype, circuit.max_length),
        )

    def read(tensors: Mapping[str, np.ndarray]) -> RecurrentWeights:
        return from_tensors(architecture, tensors)

    return Target(
        name=name,
        summary=summary,
        products=False,
        dtypes=("float64", "float32"),
        assemble=assemble,
        runtime=_runtime,
        sizes=_sizes,
        module=_module,
        as_tensors=lambda weights: dict(weights.tensors),
        from_tensors=read,
    )


def _places(stack: NeuronStack, hidden: HiddenStack) -> dict[int, Place]:
    """Where the units of the circuit are, over hidden units in place of neurons."""
    places = dict(stack.places)
    for unit, place in stack.places.items():
        if place.part == "output":
            neurons = hidden.layers[place.layer].neurons
            form = combination(((weight, neurons[i]) for i, weight in place.weights), place.constant)
            places[unit] = Place(place.layer, "output", tuple(sorted(form.terms.items())), form.constant)
    return places


def _sizes(weights: RecurrentWeights) -> Sizes:
    parameters = sum(tensor.size for tensor in weights.tensors.values())
    return Sizes(
        layers=weights.depth,
        widest=weights.size,
        state_dimension=weights.depth * weights.size * len(weights.architecture.states),
        parameters=parameters,
        nonzeros=sum(int(np.count_nonzero(tensor)) for tensor in weights.tensors.values()),
    )


def _module(weights: RecurrentWeights) -> torch.nn.Module:
    try:
        from lsrl.targets.torch_recurrent.torch_module import RecurrentNetwork
    except ImportError:
        raise MissingPackage("torch", "a torch module", "torch") from None
    return RecurrentNetwork(weights)


def _runtime(weights: RecurrentWeights) -> TorchRuntime:
    try:
        from lsrl.targets.torch_recurrent.runtime import TorchRuntime
    except ImportError:
        raise MissingPackage("torch", "running a network of torch", "torch") from None
    return TorchRuntime(weights)
