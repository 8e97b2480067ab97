"""What the targets made of Hugging Face's models share: all but how a stage computes its units."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lsrl.backends.guarded import far_circuit
from lsrl.backends.network import WEIGHTS, FileTensors, Network
from lsrl.backends.target import Target
from lsrl.backends.transformers.guarantee import guarantee_of
from lsrl.backends.transformers.head_forms import HeadForms, head_forms
from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.rounding import Analysis, analysed, erasable_units
from lsrl.backends.transformers.scale import ANY, FOURFOLD, StreamScale, check_size, scale_of, width_of
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import StockModel
from lsrl.backends.transformers.tokens import embedding_of, head_of, logits_of, table_of
from lsrl.backends.transformers.weights import MAPS, HubWeights, StreamRows, converted, from_tensors, maps_of
from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability
from lsrl.lang import Program
from lsrl.lang.numbers import as_float
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rings import rings_of
from lsrl.lowering.rule_kinds import Rules
from lsrl.lowering.rules import AS_IT_IS, DIAGONAL
from lsrl.placement.residual import ResidualStack, Stages, narrowed, places, residual_stack
from lsrl.placement.stack import Place
from lsrl.rounding.guarantee import Guarantee


class Blocks(NamedTuple):
    """All layers of a model: how many, and the tensors of these and the last norm, named as in the model without head.

    `sizes` are the further settings of its configuration that depend on the program.
    """

    depth: int
    sizes: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class HubArchitecture:
    """A transformers model, and how a residual stack becomes its weights.

    `stages` says what each stage computes, `layer_of` gives the layer of a stage, `blocks` the weights of all layers,
    `remembered` where in their recurrent states units are. `float64` says whether weights are right in that format,
    too. `erases` says which stages can take units out of the stream, `fits` whether all stages can compute their units
    in one of so many channels. `rules` are how it writes what it lacks, `last` how
    what is left is written: comparisons.
    """

    stock: StockModel
    stages: Stages
    layer_of: Callable[[int], int]
    blocks: Callable[[ResidualStack, StreamScale], Blocks]
    remembered: Callable[[ResidualStack, StreamScale], Mapping[UnitId, Place]]
    arithmetic: StageArithmetic
    float64: bool = False
    erases: Callable[[int], bool] = lambda _: True
    fits: Callable[[ResidualStack, int], bool] = lambda *_: True
    rules: Rules = DIAGONAL
    last: Rules = AS_IT_IS

    @property
    def widths(self) -> Sequence[int]:
        """How wide its stream can be."""
        return FOURFOLD if self.stock.multiplies_embeddings else ANY


@dataclass(frozen=True, slots=True)
class Staged:
    """A legalised circuit, its stack with what a head needs beside it, and what the head reads of that.

    `analysis` finds the errors of all units, once.
    """

    circuit: Circuit
    stack: ResidualStack
    scored: HeadForms | None
    architecture: HubArchitecture
    analysis: Callable[[], Analysis]

    @property
    def scale(self) -> StreamScale:
        """What values are multiplied by in the stream, and its width."""
        check_size(self.stack, self.architecture.widths)
        return scale_of(self.stack, self.architecture.widths)

    @property
    def cost(self) -> tuple[int, ...]:
        """What the number of weights grows with."""
        return (len(self.stack.stages) * width_of(self.stack, self.architecture.widths) ** 2,)

    def fitted(self) -> Staged:
        """The same in the narrowest stream that holds it."""
        return replace(self, stack=_fitted(self))

    def places(self) -> Mapping[UnitId, Place]:
        """Where every unit is in the residual stream."""
        return places(self.stack, self.scale.epsilon, self.architecture.layer_of)

    def remembered(self) -> Mapping[UnitId, Place]:
        """Where in the recurrent states those units are that remember something."""
        return self.architecture.remembered(self.stack, self.scale)

    def network(self, program: Program) -> HubNetwork:
        """The stock model's weights in floats, and the maps into and out of its stream."""
        return HubNetwork(_weights(self.architecture, self.stack, self.scale, program, self.scored))

    def logits(self, program: Program) -> Mapping[str, Affine]:
        """The logit of every token that can be likely, over the stack's units; none where there is no vocabulary."""
        if self.scored is None:
            return {}
        far = _far_symbol(self.stack, program)
        return logits_of(self.scored.table, self.scored.symbol, self.scored.refusal, far)

    def guarantee(self, _: int | None) -> Guarantee:
        """What activations and the stream's sums lose in floats."""
        return guarantee_of(self.analysis())


def hub_target(name: str, summary: str, architecture: HubArchitecture, *more: Ability, gguf: bool = False) -> Target:
    """The target of a transformers model; `more` is what it can beyond others, `gguf` says that llama.cpp has it."""

    def placements(circuit: Circuit, program: Program, _: str) -> Iterator[Staged]:
        yield min(_staged(circuit, architecture, program), key=lambda staged: staged.cost).fitted()

    def export_gguf(network: Network, program: Program, path: Path) -> None:
        from lsrl.backends.transformers.gguf_export import exported

        assert isinstance(network, HubNetwork)
        exported(network, program, path)

    def read(tensors: FileTensors, description: Mapping[str, Any]) -> HubNetwork:
        return HubNetwork(from_tensors(architecture.stock, tensors[WEIGHTS], tensors[MAPS], description))

    return Target(
        name=name,
        summary=summary,
        library="transformers",
        abilities=frozenset({"products", "selection", "selective_states", *more}),
        dtypes=("float32",),
        placements=placements,
        read=read,
        module_schema=architecture.stock.module_schema,
        weight_files=(WEIGHTS, MAPS),
        tokens=True,
        export_gguf=export_gguf if gguf else None,
    )


def _staged(circuit: Circuit, architecture: HubArchitecture, program: Program) -> Iterator[Staged]:
    """The stack with long delays as chains and, where there are some, the one with rings."""
    legal, table = legalised(circuit, architecture.rules), table_of(program)
    rings = rings_of(legal, set(circuit.knowledge.group_sizes.values()))
    made = [legal] if rings is None else [legal, legalised(legal, architecture.rules, rings)]
    for rewritten in made:
        pruned = legalised(rewritten, architecture.last)  # comparisons last; rules leave units that nothing reads
        whole, scored = pruned, None
        if table is not None:
            whole, scored = head_forms(pruned, table, float64=architecture.float64)
        stack = residual_stack(whole, architecture.stages)
        yield Staged(pruned, stack, scored, architecture, cache(partial(_analysis, stack, architecture)))


def _analysis(stack: ResidualStack, architecture: HubArchitecture) -> Analysis:
    scale = scale_of(stack, architecture.widths)
    return analysed(stack, architecture.arithmetic, scale, stack.circuit.max_length)


def _fitted(staged: Staged) -> ResidualStack:
    """The stack in the narrowest stream that holds at every stage what is still read."""
    stack, architecture, scored = staged.stack, staged.architecture, staged.scored
    forms = [*stack.circuit.outputs, *([] if scored is None else [scored.symbol, scored.refusal])]
    stays = {unit for form in forms for unit in form.terms}
    now = width_of(stack, architecture.widths)
    narrower = [width for width in architecture.widths if width < now]

    def narrowest(erasable: Container[UnitId]) -> ResidualStack | None:
        def made(width: int) -> ResidualStack | None:
            fits = architecture.fits(stack, width)
            return narrowed(stack, width, erasable, stays, architecture.erases) if fits else None

        first = bisect_left(narrower, True, key=lambda width: made(width) is not None)
        return made(narrower[first]) if first < len(narrower) else None

    if narrowest(stack.channels.keys()) is None:
        return stack  # it would not fit if everything could be erased
    return narrowest(erasable_units(staged.analysis())) or stack


def _weights(
    architecture: HubArchitecture, stack: ResidualStack, scale: StreamScale, program: Program, scored: HeadForms | None
) -> HubWeights:
    blocks, maps = architecture.blocks(stack, scale), maps_of(stack, scale, stack.circuit.outputs)
    stock = architecture.stock
    if stock.multiplies_embeddings:
        maps |= {name: maps[name] / as_float(scale.norm) for name in ("input.weight", "input.bias", "bos")}
    tensors = dict(blocks.tensors)
    sizes = {"hidden_size": scale.width, "num_hidden_layers": blocks.depth}
    config: dict[str, Any] = {**stock.constants, **sizes, **blocks.sizes}
    if scored is None:
        tensors[stock.embeddings] = maps["bos"][None]
        config |= {"vocab_size": 1, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
        return HubWeights(stock, stock.model, config, converted(tensors), converted(maps))
    table = scored.table
    tensors[stock.embeddings] = embedding_of(table, maps)
    tensors = {f"{stock.prefix}.{name}": tensor for name, tensor in tensors.items()}
    far = _far_symbol(stack, program)
    tensors["lm_head.weight"] = head_of(table, StreamRows(stack, scale), scored.symbol, scored.refusal, far)
    config |= {
        "vocab_size": len(table.texts),
        "pad_token_id": table.pad,
        "bos_token_id": table.bos,
        "eos_token_id": table.ends,
    }
    return HubWeights(stock, stock.causal, config, converted(tensors), converted(maps))


def _far_symbol(stack: ResidualStack, program: Program) -> Fact:
    """What is known of the symbol of a language model within far too many steps."""
    length = stack.circuit.max_length  # without one, the facts are about texts of any length
    far = stack.circuit if length is None else far_circuit(program, length)
    return far.knowledge.fact(far.outputs[0])
