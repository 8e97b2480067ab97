"""What the targets made of torch's recurrent modules share: all but how a neuron is expressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.circuit.affine import combination
from lsrl.circuit.legalise import Rules, legalised
from lsrl.circuit.neuron_layering import neuron_stacks
from lsrl.circuit.neurons import NeuronStack
from lsrl.circuit.stack import Place
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability, UnsupportedProgram
from lsrl.lang import Program
from lsrl.targets.layout import layout_of
from lsrl.targets.registry import WEIGHTS, Assembly, FileTensors, Sizes, Target
from lsrl.targets.torch_recurrent.hidden import Express, HiddenStack, laid_out
from lsrl.targets.torch_recurrent.lines import Arithmetic
from lsrl.targets.torch_recurrent.onnx_export import exported
from lsrl.targets.torch_recurrent.rounding import guarantee_of
from lsrl.targets.torch_recurrent.runtime import TorchRuntime, network_of
from lsrl.targets.torch_recurrent.scale import Scale, scale_of
from lsrl.targets.torch_recurrent.weights import Architecture, RecurrentWeights, assembled, from_tensors


def torch_target(
    name: str,
    summary: str,
    architecture: Architecture,
    express: Express,
    *,
    passes: Sequence[Rules],
    arithmetic: Arithmetic,
    abilities: frozenset[Ability] = frozenset({"selection", "selective_states", "any_matrix"}),
    scale: Callable[[NeuronStack, str], Scale] = scale_of,
    onnx: bool = True,
) -> Target:
    """The target of an architecture: circuits are legalised by `passes`, one after the other.

    `onnx` says whether the network still computes the program where tanh is a polynomial.
    """

    def assemble(circuit: Circuit, program: Program, dtype: str) -> Assembly:
        legal = reduce(legalised, passes, circuit)
        scaled = [(stack, scale(stack, dtype)) for stack in neuron_stacks(legal)]
        stacks = [(*pair, laid_out(pair[0], express, pair[1])) for pair in scaled]
        stack, chosen, hidden = min(stacks, key=lambda made: (made[2].size, made[0].depth))
        weights = assembled(architecture, hidden, dtype)
        return Assembly(
            weights=weights,
            runtime=TorchRuntime(weights),
            stack=stack,
            layout=layout_of(legal, _places(stack, hidden), tuple(program.names.values())),
            guarantee=guarantee_of(stack, hidden, legal.output_facts, arithmetic, chosen, circuit.max_length),
            circuit=legal,
        )

    def read(tensors: FileTensors, _: Mapping[str, Any]) -> RecurrentWeights:
        return from_tensors(architecture, tensors[WEIGHTS])

    def export_onnx(weights: RecurrentWeights, path: Path) -> None:
        if not onnx:
            raise UnsupportedProgram(
                f"{name} needs a tanh that is exactly ±1 where it saturates, and the tanh of ONNX runtimes is not; "
                "use target='lstm', 'gru' or 'rnn-relu'"
            )
        exported(network_of(weights), path)

    return Target(
        name=name,
        summary=summary,
        abilities=abilities,
        dtypes=("float64", "float32"),
        assemble=assemble,
        runtime=TorchRuntime,
        sizes=_sizes,
        module=network_of,
        as_tensors=lambda weights: {WEIGHTS: dict(weights.tensors)},
        from_tensors=read,
        description=lambda weights: weights.description,
        export_onnx=export_onnx,
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
