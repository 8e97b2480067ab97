"""What an architecture says of itself, and the one way from a program's circuit to a network.

A backend places circuits: `placements` legalises a circuit by the rules of the target and puts its units into the
layers of a network, in one or more ways. Everything else is the same for all of them (`assembled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from lsrl.backends.layout import Layout, ReadOut, layout_of, read_out
from lsrl.backends.network import WEIGHTS, FileTensors, Network
from lsrl.circuit.affine import UnitId
from lsrl.circuit.units import Circuit, PreviousUnit, dependencies
from lsrl.errors import Ability
from lsrl.lang import Program
from lsrl.placement.neurons import NeuronStack
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place, Stack
from lsrl.rounding.guarantee import Guarantee

AnyStack: TypeAlias = Stack | NeuronStack | ResidualStack

Style: TypeAlias = Literal["default", "paper", "robust"]
"""How a program is compiled: by what is known of it, or as Petrov et al. 2024 write it."""


class Placement(Protocol):
    """A circuit that was legalised for a target and placed in the layers of a network, still in exact numbers."""

    @property
    def circuit(self) -> Circuit:
        """The legalised circuit: what the network computes."""

    @property
    def stack(self) -> AnyStack:
        """Its units by layers."""

    @property
    def cost(self) -> tuple[int, ...]:
        """What the smallest of several placements has least of."""

    def places(self) -> Mapping[UnitId, Place]:
        """Where in the network every unit is."""

    def remembered(self) -> Mapping[UnitId, Place]:
        """Where what the next step goes on from is, for units that remember something by themselves."""

    def network(self, program: Program) -> Network:
        """The network in floats."""

    def guarantee(self, max_length: int | None) -> Guarantee:
        """What the network promises of its outputs."""


@dataclass(frozen=True, slots=True)
class Target:
    """An architecture that a circuit can be assembled into: what it is, what it can do, and how.

    `library` is the one whose stock module its networks are, None for networks of LSRL's own. `abilities` are those
    that not every target has (`lsrl.errors.Ability`). `tokens`: a program with a vocabulary becomes a language model.
    `dtypes` are formats for any program, the first by default; `exact_dtypes` are smaller ones, for programs whose
    numbers they hold: others are refused.
    `paper_style`: it takes circuits that stay as they are written.

    `module_schema` is the JSON schema of what a manifest says of the stock module (`Network.description`).

    `placements(circuit, program, dtype)` yields one or more, each of which can become a network; `read(tensors,
    description)` makes one of what is in the files of weights (`weight_files`), and raises `FormatError` for what is
    not of this target. `export_onnx(network, path)` writes an ONNX file, of which `onnx` says how exact it is where
    it runs, `export_gguf(network, program, path)` a GGUF file.
    """

    name: str
    summary: str
    library: Literal["torch", "transformers"] | None
    abilities: frozenset[Ability]
    dtypes: tuple[str, ...]
    placements: Callable[[Circuit, Program, str], Iterable[Placement]]
    read: Callable[[FileTensors, Mapping[str, Any]], Network]
    module_schema: Mapping[str, Any] | None = None
    exact_dtypes: tuple[str, ...] = ()
    weight_files: tuple[str, ...] = (WEIGHTS,)
    tokens: bool = False
    paper_style: bool = False
    onnx: Literal["exact", "approximate"] | None = None
    export_onnx: Callable[[Network, Path], None] | None = None
    export_gguf: Callable[[Network, Program, Path], None] | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a target makes of a circuit. `circuit` is the legalised one, `stack` its units by layers.

    `states` says of the variables that are cut and kept from step to step how they are read where they are kept; None
    where that is no place of their own.
    """

    network: Network
    stack: AnyStack
    layout: Layout
    guarantee: Guarantee
    circuit: Circuit
    states: Mapping[str, ReadOut | None]


def placed(target: Target, circuit: Circuit, program: Program, dtype: str) -> Placement:
    """A program's circuit in the layers of a network of the target: its smallest placement."""
    return min(target.placements(circuit, program, dtype), key=lambda placement: placement.cost)


def assembled(target: Target, circuit: Circuit, program: Program, dtype: str) -> Assembly:
    """A program's circuit as a network of the target, in floats."""
    placement = placed(target, circuit, program, dtype)
    return Assembly(
        network=placement.network(program),
        stack=placement.stack,
        layout=layout_of(placement.circuit, placement.places(), program),
        guarantee=placement.guarantee(circuit.max_length),
        circuit=placement.circuit,
        states=_states(placement),
    )


def _states(placement: Placement) -> dict[str, ReadOut | None]:
    """How variables that are cut and kept from step to step are read where they are kept, in units of their own."""
    places, found = placement.remembered(), dict[str, ReadOut | None]()
    for name, forms in placement.circuit.states.items():
        there = all(len(form.terms) == 1 and form.terms.keys() <= places.keys() for form in forms)
        own = {unit for form in forms for unit in form.terms}
        there &= len(own) == len(forms)
        found[name] = read_out(forms, places) if there and _is_alone(placement.circuit, name, own) else None
    return found


def _is_alone(circuit: Circuit, name: str, own: Set[UnitId]) -> bool:
    """Whether units are read by the variable that is cut, by themselves one step later, and by nothing else.

    Equal states are one: what is written to it would be written to the other, too.
    """
    if any(own & form.terms.keys() for form in circuit.outputs):
        return False
    return all(
        unit_id in own or circuit.variable(unit_id) == name or isinstance(unit, PreviousUnit)
        for unit_id, unit in enumerate(circuit.units)
        if not own.isdisjoint(dependencies(unit))
    )
