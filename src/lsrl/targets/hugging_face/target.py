"""What the targets made of Hugging Face's models share: all but how a stage computes its units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsrl.circuit.legalise import legalised
from lsrl.circuit.lowerings import DIAGONAL
from lsrl.circuit.residual import Accepts, ResidualStack, places, residual_stack
from lsrl.circuit.units import Circuit
from lsrl.circuit.verify import verify_circuit
from lsrl.lang.numbers import as_float
from lsrl.targets.hugging_face.rounding import Arithmetic, guarantee_of
from lsrl.targets.hugging_face.runtime import HubRuntime, model_of
from lsrl.targets.hugging_face.scale import Scale, scale_of
from lsrl.targets.hugging_face.weights import HubWeights, converted, maps_of
from lsrl.targets.layout import layout_of
from lsrl.targets.registry import Assembly, Sizes, Target


class Network(NamedTuple):
    """A configuration and the tensors of the layers and the last norm, named as in the model without its head."""

    config: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model of transformers: its classes, the names of its parts, and how a residual stack becomes its weights.

    `multiplied`: embeddings are multiplied by the square root of the width. `layer_of` gives the layer
    of a stage.
    """

    model: str
    causal: str
    prefix: str
    embeddings: str
    multiplied: bool
    accepts: Accepts
    layer_of: Callable[[int], int]
    network: Callable[[ResidualStack, Scale], Network]
    arithmetic: Arithmetic


def hub_target(name: str, summary: str, architecture: Architecture) -> Target:
    """The target of a model of transformers."""

    def assemble(circuit: Circuit, names: tuple[str, ...], _: str) -> Assembly:
        legal = legalised(circuit, DIAGONAL)
        verify_circuit(legal)
        stack = residual_stack(legal, architecture.accepts)
        scale = scale_of(stack)
        weights = _weights(architecture, stack, scale)
        return Assembly(
            weights=weights,
            runtime=HubRuntime(weights),
            stack=stack,
            layout=layout_of(legal, places(stack, scale.epsilon, architecture.layer_of), names),
            guarantee=guarantee_of(stack, legal.outputs, architecture.arithmetic, scale, circuit.max_length),
        )

    return Target(
        name=name,
        summary=summary,
        products=True,
        dtypes=("float32",),
        assemble=assemble,
        runtime=HubRuntime,
        sizes=_sizes,
        module=model_of,
        as_tensors=lambda weights: dict(weights.tensors),
        from_tensors=lambda _: None,
    )


def _weights(architecture: Architecture, stack: ResidualStack, scale: Scale) -> HubWeights:
    network, maps = architecture.network(stack, scale), maps_of(stack, scale, stack.circuit.outputs)
    if architecture.multiplied:
        maps |= {name: maps[name] / as_float(scale.root) for name in ("input.weight", "input.bias", "bos")}
    tensors = dict(network.tensors)
    config: dict[str, Any] = {**network.config, "tie_word_embeddings": False, "dtype": "float32"}
    tensors[architecture.embeddings] = maps["bos"][None]
    config |= {"vocab_size": 1, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    return HubWeights(architecture.model, config, converted(tensors), converted(maps))


def _sizes(weights: HubWeights) -> Sizes:
    tensors = [*weights.tensors.values(), weights.maps["readout.weight"], weights.maps["input.weight"]]
    return Sizes(
        layers=weights.depth,
        widest=weights.width,
        state_dimension=weights.depth * weights.width * weights.config.get("expand", 1),
        parameters=sum(tensor.size for tensor in tensors),
        nonzeros=sum(int(np.count_nonzero(tensor)) for tensor in tensors),
    )
