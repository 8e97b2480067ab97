"""Pictures of stacks: a row of states and a row of outputs, or one of neurons, for every layer; the input on top."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from lsrl.circuit.units import GateUnit, ReLUUnit, StepUnit
from lsrl.placement.neurons import Neuron, NeuronStack
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Layer, Stack
from lsrl.view import palette
from lsrl.view.figure_file import written

KINDS = {
    "input": palette.INPUT,
    "state": palette.STATE,
    "ReLU": palette.RELU,
    "gated ReLU": palette.PRODUCT,
    "comparison": palette.COMPARISON,
    "selection": palette.PRODUCT,
    "passed on": palette.CARRIED,
    "read-out": palette.OUTPUT,
}

WIDTH = 11.0
"""Inches that the widest row takes, unless its cells become wider than `WIDEST_CELL`."""

WIDEST_CELL, ROW = 0.8, 0.24
"""Inches of a cell's width and height."""

LETTER = 0.055
"""Inches that a letter of a label takes."""


class Block(NamedTuple):
    """Neighbouring cells of a row that belong to the same value."""

    label: str
    kind: str
    cells: int


def draw_stack(stack: Stack | NeuronStack | ResidualStack, path: str | Path) -> Path:
    """Write a picture of a stack as SVG or PNG. Raises `FormatError` for another ending."""
    return written(stack_figure(stack), path)


def stack_figure(stack: Stack | NeuronStack | ResidualStack) -> Figure:
    """A picture of a stack; every cell is one number per time step, cells of one value are one block."""
    rows = _rows(stack)
    widest = max(sum(block.cells for block in blocks) for _, blocks in rows)
    cell = min(WIDTH / widest, WIDEST_CELL)
    figure = Figure(figsize=(cell * widest + 1.2, ROW * len(rows) + 1), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(0, widest), ylim=(len(rows), 0), xticks=[])
    axes.set_title(f"{stack.name}: {_size(stack)}", fontsize=10)
    axes.set_yticks([i + 0.5 for i in range(len(rows))], [name for name, _ in rows])
    axes.tick_params(length=0, labelsize=7)
    axes.spines[:].set_visible(False)
    for i, (_, blocks) in enumerate(rows):
        left = 0
        for block in blocks:
            _draw_block(axes, block, left, i, cell)
            left += block.cells
    present = {block.kind for _, blocks in rows for block in blocks}
    handles = [Line2D([], [], marker="s", ls="", color=KINDS[kind], label=kind) for kind in KINDS if kind in present]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
    return figure


def _draw_block(axes: Any, block: Block, left: int, row: int, cell: float) -> None:
    box = Rectangle((left, row + 0.08), block.cells, 0.84, fc=KINDS[block.kind], ec="white", lw=0.8)
    axes.add_patch(box)
    room = int(block.cells * cell / LETTER)
    name = block.label.partition(".")[0]
    label = name if block.cells == 1 else f"{name} ×{block.cells}"
    if room >= 3:
        colour = "white" if block.kind == "input" else palette.INK
        text = label if len(label) <= room else f"{label[: room - 1]}…"
        axes.text(left + block.cells / 2, row + 0.5, text, fontsize=6, ha="center", va="center", color=colour)


def _rows(stack: Stack | NeuronStack | ResidualStack) -> list[tuple[str, list[Block]]]:
    """For each row its name and its blocks."""
    rows = [("input", [(cell.label, "input") for cell in stack.inputs])]
    if isinstance(stack, Stack):
        rows += _rows_of_layers(stack)
    elif isinstance(stack, ResidualStack):
        rows += _rows_of_stages(stack)
    else:
        rows += [
            (f"layer {i}", [(neuron.cell.label, _kind(neuron)) for neuron in layer])
            for i, layer in enumerate(stack.layers)
        ]
    rows.append(("output", [("output", "read-out")] * _outputs(stack)))
    return [(name, [Block(*cell, len(list(same))) for cell, same in groupby(cells)]) for name, cells in rows]


def _size(stack: Stack | NeuronStack | ResidualStack) -> str:
    if isinstance(stack, ResidualStack):
        return f"{len(stack.stages)} stages, {stack.width} channels of the residual stream"
    size = f"widest {stack.widest}" + (f", {stack.nonzeros:,} non-zeros" if isinstance(stack, Stack) else " neurons")
    return f"{stack.depth} layers, {size}"


def _outputs(stack: Stack | NeuronStack | ResidualStack) -> int:
    if isinstance(stack, ResidualStack):
        return len(stack.circuit.outputs)
    return len(stack.r) if isinstance(stack, Stack) else len(stack.readout)


_KINDS_OF_UNITS: dict[type, str] = {ReLUUnit: "ReLU", StepUnit: "comparison", GateUnit: "gated ReLU"}


def _rows_of_stages(stack: ResidualStack) -> list[tuple[str, list[tuple[str, str]]]]:
    """What every stage adds to the residual stream; what was added before stays there."""
    units = stack.circuit.units
    return [
        (f"stage {i}", [(stack.cell(unit).label, _KINDS_OF_UNITS.get(type(units[unit]), "state")) for unit in stage])
        for i, stage in enumerate(stack.stages)
    ]


def _kind(neuron: Neuron) -> str:
    kinds = {"relu": "ReLU", "step": "comparison", "select": "selection", "hold": "state"}
    return kinds.get(neuron.kind, "state" if neuron.drive.own else "passed on")


def _rows_of_layers(stack: Stack) -> list[tuple[str, list[tuple[str, str]]]]:
    rows = []
    for i, layer in enumerate(stack.layers):
        remembers = [bool(row) for row in layer.A.rows]
        states = [
            (cell.label, "state" if past else "passed on") for cell, past in zip(layer.states, remembers, strict=True)
        ]
        outputs = [
            (cell.label, "passed on" if cell.carried else "gated ReLU" if gated else "ReLU")
            for cell, gated in zip(layer.outputs, _gated(layer), strict=True)
        ]
        rows += [(f"layer {i}: s", states), ("y", outputs)]
    return rows


def _gated(layer: Layer) -> np.ndarray:
    if layer.G is None or layer.g is None:
        return np.zeros(len(layer.d), dtype=bool)
    return np.array([bool(row) or constant != 1 for row, constant in zip(layer.G.rows, layer.g, strict=True)])
