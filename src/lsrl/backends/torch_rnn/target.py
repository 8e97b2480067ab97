"""What the targets made of torch's recurrent modules share: all but how a neuron is expressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Literal

from lsrl.backends.network import WEIGHTS, FileTensors, Network
from lsrl.backends.registry import alternatives
from lsrl.backends.target import Target
from lsrl.backends.torch_rnn.guarantee import guarantee_of
from lsrl.backends.torch_rnn.hidden import Express, HiddenStack, laid_out
from lsrl.backends.torch_rnn.lines import NeuronArithmetic
from lsrl.backends.torch_rnn.network import TorchNetwork
from lsrl.backends.torch_rnn.onnx_export import exported
from lsrl.backends.torch_rnn.scale import HiddenScale, scale_of
from lsrl.backends.torch_rnn.small_formats import EXACT_DTYPES, exact_guarantee
from lsrl.backends.torch_rnn.weights import TorchArchitecture, assembled, from_tensors
from lsrl.circuit.affine import UnitId, combination
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability, UnsupportedProgram
from lsrl.lang import Program
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rule_kinds import Rules
from lsrl.placement.neuron_layering import neuron_stacks
from lsrl.placement.neurons import NeuronStack, with_copies
from lsrl.placement.stack import Place
from lsrl.rounding.guarantee import Guarantee


@dataclass(frozen=True, slots=True)
class Expressed:
    """A legalised circuit as a stack of neurons, and these as hidden units of an architecture."""

    circuit: Circuit
    stack: NeuronStack
    scale: HiddenScale
    hidden: HiddenStack
    architecture: TorchArchitecture
    arithmetic: NeuronArithmetic
    dtype: str

    @property
    def cost(self) -> tuple[int, ...]:
        """First the units of a layer, then the layers."""
        return self.hidden.size, self.stack.depth

    def places(self) -> Mapping[UnitId, Place]:
        """Where every unit is, over hidden units in place of neurons."""
        places = dict(self.stack.places)
        for unit, place in self.stack.places.items():
            if place.part == "output":
                neurons = self.hidden.layers[place.layer].neurons
                form = combination(((weight, neurons[i]) for i, weight in place.weights), place.constant)
                places[unit] = Place(place.layer, "output", tuple(sorted(form.terms.items())), form.constant)
        return places

    def remembered(self) -> Mapping[UnitId, Place]:
        """Every unit that its layer reads at the next step is where it is read."""
        return {unit: place for unit, place in self.places().items() if place.part == "output"}

    def network(self, _: Program) -> TorchNetwork:
        """The hidden units in floats."""
        return TorchNetwork(assembled(self.architecture, self.hidden, self.dtype))

    def guarantee(self, max_length: int | None) -> Guarantee:
        """What sums, gates and tanh lose in floats. Raises `UnsupportedProgram` for bfloat16 that is not exact."""

        def promised(bits: int) -> Guarantee:
            scale = replace(self.scale, format=replace(self.scale.format, precision=bits))
            return guarantee_of(self.circuit, self.stack, self.hidden, self.arithmetic, scale, max_length)

        if self.dtype in EXACT_DTYPES:
            return exact_guarantee(self.dtype, self.scale.format.precision, self.stack, promised)
        return promised(self.scale.format.precision)


COPIES = 2
"""How many times a robust network has what adds up through a weight. A power of two, so that the mean is exact."""


def torch_target(
    name: str,
    summary: str,
    architecture: TorchArchitecture,
    express: Express,
    *,
    passes: Sequence[Rules],
    arithmetic: NeuronArithmetic,
    abilities: frozenset[Ability] = frozenset({"selection", "selective_states", "any_matrix", "automata", "feedback"}),
    scale: Callable[[NeuronStack, str], HiddenScale] = scale_of,
    onnx: Literal["exact", "approximate"] | None = "approximate",
) -> Target:
    """The target of an architecture: circuits are legalised by `passes`, one after the other.

    `onnx` says whether the network still computes the program where tanh is a polynomial.
    """

    def placements(circuit: Circuit, _: Program, dtype: str) -> Iterator[Expressed]:
        legal = reduce(legalised, passes, circuit)
        for made in neuron_stacks(legal):
            stack = with_copies(made, COPIES) if legal.robust and arithmetic.weighted else made
            scaled = scale(stack, dtype)
            hidden = laid_out(stack, express, scaled)
            yield Expressed(legal, stack, scaled, hidden, architecture, arithmetic, dtype)

    def read(tensors: FileTensors, description: Mapping[str, Any]) -> TorchNetwork:
        return TorchNetwork(from_tensors(architecture, tensors[WEIGHTS], description.get("dtype")))

    def export_onnx(network: Network, path: Path) -> None:
        if onnx is None:
            raise UnsupportedProgram(
                f"{name} needs a tanh that is exactly ±1 where it saturates, and the tanh of ONNX runtimes is not; "
                f"use target={alternatives(lambda target: target.onnx)}"
            )
        assert isinstance(network, TorchNetwork)
        exported(network.module(), path)

    return Target(
        name=name,
        summary=summary,
        library="torch",
        abilities=abilities,
        dtypes=("float64", "float32"),
        exact_dtypes=EXACT_DTYPES,
        placements=placements,
        read=read,
        onnx=onnx,
        export_onnx=export_onnx,
    )
