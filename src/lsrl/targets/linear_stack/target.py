"""What the two linear architectures share: one stack, and whether its layers have a gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsrl.circuit.layering import stacked
from lsrl.circuit.legalise import Rules, legalised
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability, FormatError, MissingPackage
from lsrl.lang import Program
from lsrl.targets.layout import layout_of
from lsrl.targets.linear_stack.assemble import assembled
from lsrl.targets.linear_stack.numpy_runtime import NumpyRuntime
from lsrl.targets.linear_stack.rounding import guarantee_of
from lsrl.targets.linear_stack.weights import StackWeights, as_tensors, from_tensors
from lsrl.targets.registry import WEIGHTS, Assembly, FileTensors, Sizes, Target

if TYPE_CHECKING:
    import torch


def linear_target(name: str, summary: str, *, abilities: frozenset[Ability], rules: Rules) -> Target:
    """The target with these rules."""

    def assemble(circuit: Circuit, program: Program, dtype: str) -> Assembly:
        legal = legalised(circuit, rules)
        stack = stacked(legal)
        weights = assembled(stack, dtype)
        return Assembly(
            weights=weights,
            runtime=NumpyRuntime(weights),
            stack=stack,
            layout=layout_of(legal, stack.places, tuple(program.names.values())),
            guarantee=guarantee_of(stack, legal.output_facts, dtype, circuit.max_length),
            circuit=legal,
        )

    def read(tensors: FileTensors, _: Mapping[str, Any]) -> StackWeights:
        weights = from_tensors(tensors[WEIGHTS])
        if "products" not in abilities and any(layer.gates is not None for layer in weights.layers):
            raise FormatError(f"the tensors have gates; expected none on {name}")
        return weights

    return Target(
        name=name,
        summary=summary,
        abilities=abilities,
        dtypes=("float64", "float32"),
        assemble=assemble,
        runtime=NumpyRuntime,
        sizes=_sizes,
        module=_module,
        as_tensors=lambda weights: {WEIGHTS: as_tensors(weights)},
        from_tensors=read,
    )


def _sizes(weights: StackWeights) -> Sizes:
    return Sizes(
        layers=weights.depth,
        widest=weights.widest,
        state_dimension=weights.state_dim,
        parameters=weights.dense_parameters,
        nonzeros=weights.nonzeros,
    )


def _module(weights: Any) -> torch.nn.Module:
    try:
        from lsrl.targets.linear_stack.torch_module import LinearStack
    except ImportError:
        raise MissingPackage("torch", "a torch module", "torch") from None
    return LinearStack(weights)
