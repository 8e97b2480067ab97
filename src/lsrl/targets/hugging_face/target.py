"""What the targets made of Hugging Face's models share: all but how a stage computes its units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsrl.circuit.legalise import legalised
from lsrl.circuit.lowerings import AS_IT_IS, DIAGONAL
from lsrl.circuit.residual import ResidualStack, Stages, places, residual_stack
from lsrl.circuit.rings import rings_of
from lsrl.circuit.units import Circuit
from lsrl.errors import FormatError
from lsrl.lang import Program
from lsrl.lang.numbers import as_float
from lsrl.targets.guarded import far_circuit
from lsrl.targets.hugging_face.folder import further_files
from lsrl.targets.hugging_face.head_forms import HeadForms, head_forms
from lsrl.targets.hugging_face.rounding import Arithmetic, guarantee_of
from lsrl.targets.hugging_face.runtime import HubRuntime, model_of
from lsrl.targets.hugging_face.scale import Scale, scale_of, width_of
from lsrl.targets.hugging_face.tokens import embedding_of, head_of, table_of
from lsrl.targets.hugging_face.weights import MAPS, HubWeights, Rows, converted, from_tensors, maps_of
from lsrl.targets.layout import layout_of
from lsrl.targets.registry import WEIGHTS, Assembly, FileTensors, Sizes, Target


class Network(NamedTuple):
    """A configuration and the tensors of the layers and the last norm, named as in the model without its head."""

    config: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model of transformers: its classes, the names of its parts, and how a residual stack becomes its weights.

    `multiplied`: embeddings are multiplied by the square root of the width. `stages` says what each stage computes,
    `layer_of` gives the layer of a stage, `float64` says whether the weights are right in that format, too, `owns`
    tells a configuration of this architecture from others of its classes.
    """

    model: str
    causal: str
    prefix: str
    embeddings: str
    multiplied: bool
    stages: Stages
    layer_of: Callable[[int], int]
    network: Callable[[ResidualStack, Scale], Network]
    arithmetic: Arithmetic
    float64: bool = False
    owns: Callable[[Mapping[str, Any]], bool] = bool


def hub_target(name: str, summary: str, architecture: Architecture) -> Target:
    """The target of a model of transformers."""

    def assemble(circuit: Circuit, program: Program, _: str) -> Assembly:
        legal, stack, scored = min(_stacks(circuit, architecture, program), key=_entries)
        scale = scale_of(stack)
        weights = _weights(architecture, stack, scale, program, scored)
        names = tuple(program.names.values())
        return Assembly(
            weights=weights,
            runtime=HubRuntime(weights),
            stack=stack,
            layout=layout_of(legal, places(stack, scale.epsilon, architecture.layer_of), names),
            guarantee=guarantee_of(stack, architecture.arithmetic, scale, circuit.max_length),
            circuit=legal,
        )

    def read(tensors: FileTensors, description: Mapping[str, Any]) -> HubWeights:
        weights = from_tensors(tensors[WEIGHTS], tensors[MAPS], description)
        if weights.architecture not in (architecture.model, architecture.causal) or not architecture.owns(
            weights.config
        ):
            raise FormatError(f"the configuration is not that of a {name}; expected one that was saved for it")
        return weights

    return Target(
        name=name,
        summary=summary,
        abilities=frozenset({"products", "selection", "selective_states"}),
        dtypes=("float32",),
        assemble=assemble,
        runtime=HubRuntime,
        sizes=_sizes,
        module=model_of,
        as_tensors=lambda weights: {WEIGHTS: dict(weights.tensors), MAPS: dict(weights.maps)},
        from_tensors=read,
        weight_files=(WEIGHTS, MAPS),
        description=lambda weights: weights.description,
        further_files=further_files,
        tokens=True,
    )


class Placed(NamedTuple):
    """A legalised circuit, its stack with what a head needs beside it, and what the head reads of that."""

    circuit: Circuit
    stack: ResidualStack
    scored: HeadForms | None


def _stacks(circuit: Circuit, architecture: Architecture, program: Program) -> Iterator[Placed]:
    """The stack with long delays as chains and, where there are some, the one with rings."""
    legal, table = legalised(circuit, DIAGONAL), table_of(program)
    rings = rings_of(legal, set(circuit.knowledge.group_sizes.values()))
    made = [legal] if rings is None else [legal, legalised(legal, DIAGONAL, rings)]
    for rewritten in made:
        pruned = legalised(rewritten, AS_IT_IS)  # comparisons last; rules leave units that nothing reads
        whole, scored = pruned, None
        if table is not None:
            whole, scored = head_forms(pruned, table, float64=architecture.float64)
        yield Placed(pruned, residual_stack(whole, architecture.stages), scored)


def _entries(placed: Placed) -> int:
    """What the size of a network grows with."""
    return len(placed.stack.stages) * width_of(placed.stack) ** 2


def _weights(
    architecture: Architecture, stack: ResidualStack, scale: Scale, program: Program, scored: HeadForms | None
) -> HubWeights:
    network, maps = architecture.network(stack, scale), maps_of(stack, scale, stack.circuit.outputs)
    if architecture.multiplied:
        maps |= {name: maps[name] / as_float(scale.root) for name in ("input.weight", "input.bias", "bos")}
    tensors = dict(network.tensors)
    config: dict[str, Any] = {**network.config, "tie_word_embeddings": False, "dtype": "float32"}
    if scored is None:
        tensors[architecture.embeddings] = maps["bos"][None]
        config |= {"vocab_size": 1, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
        return HubWeights(architecture.model, config, converted(tensors), converted(maps))
    table = scored.table
    tensors[architecture.embeddings] = embedding_of(table, maps)
    tensors = {f"{architecture.prefix}.{name}": tensor for name, tensor in tensors.items()}
    far = far_circuit(program, stack.circuit.max_length)
    reached = far.knowledge.fact(far.outputs[0])
    tensors["lm_head.weight"] = head_of(table, Rows(stack, scale), scored.symbol, scored.refusal, reached)
    config |= {
        "vocab_size": len(table.texts),
        "pad_token_id": table.pad,
        "bos_token_id": table.bos,
        "eos_token_id": table.ends,
    }
    return HubWeights(architecture.causal, config, converted(tensors), converted(maps))


def _sizes(weights: HubWeights) -> Sizes:
    tensors = list(weights.tensors.values())
    return Sizes(
        layers=weights.depth,
        widest=weights.width,
        state_dimension=weights.depth * weights.width * weights.config.get("expand", 1),
        parameters=sum(tensor.size for tensor in tensors),
        nonzeros=sum(int(np.count_nonzero(tensor)) for tensor in tensors),
    )
