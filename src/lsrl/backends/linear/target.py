"""What the two linear architectures share: one stack, and whether its layers have a gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsrl.backends.linear.assemble import assembled
from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.rounding import guarantee_of
from lsrl.backends.linear.weights import from_tensors
from lsrl.backends.network import WEIGHTS, FileTensors
from lsrl.backends.target import Target
from lsrl.circuit.affine import UnitId
from lsrl.circuit.units import Circuit
from lsrl.errors import Ability, FormatError
from lsrl.lang import Program
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rule_kinds import Rules
from lsrl.placement.layering import stacked
from lsrl.placement.stack import Place, Stack
from lsrl.rounding.guarantee import Guarantee


@dataclass(frozen=True, slots=True)
class Stacked:
    """A legalised circuit as a stack of linear recurrent layers."""

    circuit: Circuit
    stack: Stack
    dtype: str

    @property
    def cost(self) -> tuple[int, ...]:
        """There is one stack of a circuit."""
        return ()

    def places(self) -> Mapping[UnitId, Place]:
        """Where every unit is."""
        return self.stack.places

    def remembered(self) -> Mapping[UnitId, Place]:
        """The states are where they are read."""
        return {unit: place for unit, place in self.stack.places.items() if place.part == "state"}

    def network(self, _: Program) -> NumpyNetwork:
        """The stack in floats."""
        return NumpyNetwork(assembled(self.stack, self.dtype))

    def guarantee(self, max_length: int | None) -> Guarantee:
        """What sums in floats lose."""
        return guarantee_of(self.circuit, self.stack, self.dtype, max_length)


def linear_target(name: str, summary: str, *, abilities: frozenset[Ability], rules: Rules) -> Target:
    """The target with these rules."""

    def placements(circuit: Circuit, _: Program, dtype: str) -> Iterator[Stacked]:
        legal = legalised(circuit, rules)
        yield Stacked(legal, stacked(legal), dtype)

    def read(tensors: FileTensors, _: Mapping[str, Any]) -> NumpyNetwork:
        weights = from_tensors(tensors[WEIGHTS])
        if "products" not in abilities and any(layer.gates is not None for layer in weights.layers):
            raise FormatError(f"the tensors have gates; expected none on {name}")
        return NumpyNetwork(weights)

    return Target(
        name=name,
        summary=summary,
        library=None,
        abilities=abilities,
        dtypes=("float64", "float32"),
        placements=placements,
        read=read,
        paper_style=True,
    )
