"""The cells of a placed circuit, of every backend in one form: what each computes, over cells now and one step ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from flint import fmpq

from lsrl.backends.target import Placement
from lsrl.backends.transformers.target import Staged
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.units import (
    Circuit,
    DelayUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
    Unit,
    forms_of,
)
from lsrl.circuit.verify import CompilerError
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO
from lsrl.lang.words import words_of
from lsrl.placement.neurons import Drive, Neuron, NeuronStack
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Cell as StackCell
from lsrl.placement.stack import Layer, Place, Stack

CellId: TypeAlias = int

CellKind: TypeAlias = Literal[
    "input", "linear", "relu", "step", "bit", "select", "hold", "gated relu", "latch", "delay", "swap"
]
"""What a cell does with its argument: the kinds of neurons, and what stages of residual networks have besides."""

_KINDS: dict[type[Unit], CellKind] = {
    InputUnit: "input",
    ReLUUnit: "relu",
    StepUnit: "step",
    SumUnit: "linear",
    GateUnit: "gated relu",
    StateUnit: "linear",
    LatchUnit: "latch",
    DelayUnit: "delay",
    SwapUnit: "swap",
}
"""The units that stages of residual networks compute; forms of theirs come in the order of a cell's readings."""

NOTHING = Affine({})


class Reading(NamedTuple):
    """Σ weight · cell now + Σ weight · cell one step ago + constant."""

    now: Affine
    before: Affine = NOTHING


class Exchanges(NamedTuple):
    """What a swap follows: a token from `start`, between the `pairs` of places; it is 1 while it is in `place`."""

    pairs: tuple[tuple[int, int], ...]
    start: int
    place: int


@dataclass(frozen=True, slots=True)
class NetworkCell:
    """One number of a network: its rule, and the value that it is for.

    `readings` are what it reads, a gate before the argument; of a swap, whether each pair changes places. `init` is
    what it was before the first step. `steps` and `constant` are those of a delay, `component` is that of an input.
    """

    kind: CellKind
    label: str
    readings: tuple[Reading, ...] = ()
    init: fmpq = ZERO
    carried: bool = False
    boolean: bool = False
    component: int = 0
    steps: int = 0
    constant: fmpq = ZERO
    exchanges: Exchanges | None = None


class CellRow(NamedTuple):
    """Cells that are computed side by side: the layer (−1 for the input), which part of it, and which cells."""

    layer: int
    part: str
    cells: tuple[CellId, ...]


@dataclass(frozen=True, slots=True)
class NetworkCells:
    """All cells in an order in which they can be computed, their rows, and what units and outputs are over cells."""

    cells: tuple[NetworkCell, ...]
    rows: tuple[CellRow, ...]
    meanings: Mapping[UnitId, Affine]
    outputs: tuple[Affine, ...]


def network_cells(placement: Placement) -> NetworkCells:
    """The cells of a placed circuit.

    >>> import lsrl
    >>> from lsrl.model.assembled_from import placement_of
    >>> model = lsrl.compile(lsrl.Program(lsrl.cumsum(lsrl.Input(1, range=(0, 9))) > 3), "lstm", max_length=9)
    >>> [cell.kind for cell in network_cells(placement_of(model)).cells]
    ['input', 'linear', 'step']
    """
    match placement.stack:
        case Stack() as stack:
            return _of_stack(stack)
        case NeuronStack() as stack:
            return _of_neurons(stack)
        case ResidualStack() as stack:
            scored = placement.scored if isinstance(placement, Staged) else None
            rounded_away = None if scored is None else scored.rounded_away
            return _of_stages(stack, placement.circuit, placement.places(), rounded_away)


def _inputs(cells: Sequence[StackCell]) -> list[NetworkCell]:
    return [
        NetworkCell("input", words_of(cell.label), boolean=cell.fact.is_boolean, component=i)
        for i, cell in enumerate(cells)
    ]


def _row(row: Row, first: CellId, constant: fmpq = ZERO) -> Affine:
    return Affine({first + column: weight for column, weight in row}, constant)


def _meanings(places: Mapping[UnitId, Place], firsts: Mapping[tuple[int, str], CellId]) -> dict[UnitId, Affine]:
    """What units are over cells, where a part's first cell is known."""
    return {
        unit: _row(place.weights, firsts[place.layer, place.part], place.constant) for unit, place in places.items()
    }


def _of_stack(stack: Stack) -> NetworkCells:
    """A linear network's layers: states, then outputs."""
    cells = _inputs(stack.inputs)
    rows = [CellRow(-1, "input", tuple(range(len(cells))))]
    firsts: dict[tuple[int, str], CellId] = {(-1, "input"): 0}
    below = 0
    for i, layer in enumerate(stack.layers):
        states = len(cells)
        outputs = states + len(layer.b)
        cells += _states(layer, below, states)
        cells += _outputs(layer, below, states)
        firsts |= {(i, "state"): states, (i, "output"): outputs}
        rows += [
            CellRow(i, "states", tuple(range(states, outputs))),
            CellRow(i, "outputs", tuple(range(outputs, len(cells)))),
        ]
        below = outputs
    outputs_of_all = tuple(_row(row, below, constant) for row, constant in zip(stack.R.rows, stack.r, strict=True))
    return NetworkCells(tuple(cells), tuple(rows), _meanings(stack.places, firsts), outputs_of_all)


def _states(layer: Layer, below: CellId, first: CellId) -> list[NetworkCell]:
    rows = zip(layer.states, layer.A.rows, layer.B.rows, layer.b, layer.init, strict=True)
    return [
        _placed("linear", cell, [Reading(_row(driven, below, bias), _row(own, first))], init)
        for cell, own, driven, bias, init in rows
    ]


def _outputs(layer: Layer, below: CellId, states: CellId) -> list[NetworkCell]:
    found = []
    for i, (cell, row, bias) in enumerate(zip(layer.outputs, layer.C.rows, layer.d, strict=True)):
        readings = [Reading(_row(row, states, bias))]
        if layer.G is not None and layer.g is not None and (layer.G.rows[i] or layer.g[i] != 1):
            readings.insert(0, Reading(_row(layer.G.rows[i], below, layer.g[i])))
        found.append(_placed("relu" if len(readings) == 1 else "gated relu", cell, readings))
    return found


def _placed(kind: CellKind, cell: StackCell, readings: Sequence[Reading], init: fmpq = ZERO) -> NetworkCell:
    label, boolean = words_of(cell.label), cell.fact.is_boolean
    return NetworkCell(kind, label, tuple(readings), init, carried=cell.carried, boolean=boolean)


def _of_neurons(stack: NeuronStack) -> NetworkCells:
    """A torch module's layers of neurons, which read the layer below and what their own layer was."""
    cells = _inputs(stack.inputs)
    rows = [CellRow(-1, "input", tuple(range(len(cells))))]
    firsts: dict[tuple[int, str], CellId] = {(-1, "input"): 0}
    below = 0
    for i, layer in enumerate(stack.layers):
        first = len(cells)
        cells += [_neuron(neuron, below, first) for neuron in layer]
        firsts[i, "output"] = first
        rows.append(CellRow(i, "neurons", tuple(range(first, len(cells)))))
        below = first
    outputs = tuple(_row(drive.below, below, drive.constant) for drive in stack.readout)
    return NetworkCells(tuple(cells), tuple(rows), _meanings(stack.places, firsts), outputs)


def _neuron(neuron: Neuron, below: CellId, first: CellId) -> NetworkCell:
    def reading(drive: Drive) -> Reading:
        return Reading(_row(drive.below, below, drive.constant), _row(drive.own, first))

    drives = [neuron.drive] if neuron.gate is None else [neuron.gate, neuron.drive]
    return _placed(neuron.kind, neuron.cell, list(map(reading, drives)), neuron.init)


def _of_stages(
    stack: ResidualStack, circuit: Circuit, places: Mapping[UnitId, Place], rounded_away: UnitId | None
) -> NetworkCells:
    """A transformers model's stages: what each adds to the residual stream are the units themselves."""
    whole = stack.circuit
    cells = [
        _of_unit(unit_id, unit, words_of(whole.origins[unit_id]), boolean=whole.knowledge.facts[unit_id].is_boolean)
        for unit_id, unit in enumerate(whole.units)
    ]
    if rounded_away is not None:  # the network is in float32, and exact numbers would have it refuse every answer
        cells[rounded_away] = replace(cells[rounded_away], readings=(Reading(NOTHING),))
    inputs = tuple(unit_id for unit_id, unit in enumerate(whole.units) if isinstance(unit, InputUnit))
    rows = [CellRow(-1, "input", inputs)]
    for i, stage in enumerate(stack.stages):
        if stage:
            rows.append(CellRow(places[stage[0]].layer, f"stage {i}", stage))
    meanings = {unit_id: variable(unit_id) for unit_id in range(len(whole.units))}
    return NetworkCells(tuple(cells), tuple(rows), meanings, circuit.outputs)


def _of_unit(unit_id: UnitId, unit: Unit, label: str, *, boolean: bool) -> NetworkCell:
    kind = _KINDS.get(type(unit))
    if kind is None:
        raise CompilerError(f"unit {unit_id} for {label!r} is a {type(unit).__name__}, which no stage computes")
    cell = NetworkCell(kind, label, tuple(map(Reading, forms_of(unit))), boolean=boolean)
    match unit:
        case InputUnit(component):
            return replace(cell, component=component)
        case StateUnit(previous, drive, init, _):
            return replace(cell, readings=(Reading(drive, Affine(dict(previous))),), init=init)
        case DelayUnit(_, steps, constant):
            return replace(cell, steps=steps, constant=constant)
        case SwapUnit(_, pairs, start, place, _):
            return replace(cell, exchanges=Exchanges(pairs, start, place))
        case _:
            return cell
