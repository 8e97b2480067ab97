"""Pictures of stacks: for every layer what its cells hold, neighbours of one value together; the input on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from lsrl.circuit.units import GateUnit, ReLUUnit, StepUnit
from lsrl.errors import UnsupportedProgram
from lsrl.placement.neurons import Neuron, NeuronStack
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Layer, Stack
from lsrl.view import palette
from lsrl.view.drawing import MARGIN, MOST, TITLE, Drawing, drawing
from lsrl.view.legend import legend
from lsrl.view.svg import cut, element, shape, text, text_width

AnyStack = Stack | NeuronStack | ResidualStack

KINDS = {
    "input": "input",
    "state": "state",
    "ReLU": "relu",
    "gated ReLU": "product",
    "comparison": "boolean",
    "selection": "product",
    "passed on": "number",
    "read-out": "output",
}
"""The class of every kind of cell."""

LETTERS = 28
"""How long the text in a block may be."""

CELL, MOST_CELLS = 8, 30
"""Pixels from one cell of a block to the next; blocks of more cells only say how many they are."""

BLOCK, BETWEEN, PADDING = 34, 6, 7
"""Pixels of a block's height, between two blocks, and beside the text in one."""

MOST_BLOCKS = 5000
"""Pictures of more are not drawn: nobody could read them."""


class Block(NamedTuple):
    """Neighbouring cells of a row that hold the same value."""

    label: str
    kind: str
    cells: int

    @property
    def said(self) -> str:
        """What is written in it."""
        count = "" if self.cells == 1 else f" ×{self.cells:,}"
        return f"{cut(self.label, LETTERS)}{count}"

    @property
    def width(self) -> float:
        """Pixels that it takes."""
        drawn = self.cells if self.cells <= MOST_CELLS else 0
        return max(text_width(self.said, palette.SMALL), drawn * CELL) + 2 * PADDING


class Row(NamedTuple):
    """The cells of a layer, or of a part of it."""

    name: str
    blocks: tuple[Block, ...]


def draw_stack(stack: AnyStack, title: str, words: Mapping[str, str]) -> Drawing:
    """A picture of a stack; every cell is one number per time step, and `words` says what values are called.

    Rows are broken where they are wider than a page, and layers alike that follow one another are drawn once. Raises
    `UnsupportedProgram` for more blocks than anybody reads.
    """
    rows = list(_folded(_layers(stack, words)))
    blocks = sum(len(row.blocks) for row in rows)
    if blocks > MOST_BLOCKS:
        raise UnsupportedProgram(
            f"a picture of {stack.name} has {blocks:,} blocks of cells; expected at most {MOST_BLOCKS:,}: "
            "print(model.layout) says where values are"
        )
    left = max(text_width(row.name, palette.SMALL) for row in rows) + 14
    room = MOST - 2 * MARGIN
    parts: list[str] = []
    y, right = float(palette.LINE + 12), left
    for row in rows:
        lines = list(_broken(row.blocks, room - left))
        parts.append(text(left - 14, y + BLOCK / 2 + 4, row.name, "small quiet end"))
        for line in lines:
            parts += _line(line, left, y, row.name)
            right = max(right, left + sum(block.width + BETWEEN for block in line) - BETWEEN)
            y += BLOCK + BETWEEN
        y += BETWEEN
    present = {block.kind for row in rows for block in row.blocks}
    key = legend({f"box {KINDS[kind]}": kind for kind in KINDS if kind in present}, {}, most=room)
    title = cut(title, TITLE)
    width = max(right, text_width(title), key.width)
    parts = [
        text(0, palette.TYPE, title, "name"),
        *parts,
        element("g", *key.parts, transform=f"translate(0 {y + 8:.1f})"),
    ]
    described = "\n".join(f"{row.name}: {', '.join(block.said for block in row.blocks)}" for row in rows)
    return drawing(parts, width, y + 8 + key.height, title=title, description=described)


def _line(blocks: Sequence[Block], left: float, top: float, row: str) -> Iterator[str]:
    """Blocks side by side, each with its cells."""
    x = left
    for block in blocks:
        cells = block.cells if block.cells <= MOST_CELLS else 0
        first = (block.width - cells * CELL + 2) / 2
        squares = [
            shape("rect", KINDS[block.kind], x=first + i * CELL, y=BLOCK - 11, width=CELL - 2, height=6, rx=1)
            for i in range(cells)
        ]
        yield element(
            "g",
            element("title", escape(f"{block.said}: {block.kind}, {row}")),
            shape("rect", f"box {KINDS[block.kind]}", width=block.width, height=BLOCK, rx=4),
            text(block.width / 2, 15, block.said, "small middle"),
            *squares,
            data_value=block.label,
            transform=f"translate({x:.1f} {top:.1f})",
        )
        x += block.width + BETWEEN


def _broken(blocks: Sequence[Block], room: float) -> Iterator[list[Block]]:
    """The blocks of a row in lines that have room."""
    line: list[Block] = []
    taken = 0.0
    for block in blocks:
        if line and taken + block.width > room:
            yield line
            line, taken = [], 0.0
        line.append(block)
        taken += block.width + BETWEEN
    yield line


def _folded(layers: Sequence[Sequence[Row]]) -> Iterator[Row]:
    """The rows of all layers; of layers alike that follow one another, those of the first, which say so."""
    for _, same in groupby(layers, key=lambda rows: [row.blocks for row in rows]):
        alike = list(same)
        for first, last in zip(alike[0], alike[-1], strict=True):
            kind, _, number = first.name.rpartition(" ")
            name = first.name if len(alike) == 1 else f"{kind}s {number} to {last.name.split()[-1]}, alike"
            yield Row(name, first.blocks)


def _layers(stack: AnyStack, words: Mapping[str, str]) -> list[list[Row]]:
    """For each layer its rows."""

    def row(name: str, cells: Sequence[tuple[str, str]]) -> Row:
        said = [(words.get(label, label), kind) for label, kind in cells]
        return Row(name, tuple(Block(*cell, len(list(same))) for cell, same in groupby(said)))

    if isinstance(stack, Stack):
        inner = [_rows_of_layer(i, layer) for i, layer in enumerate(stack.layers)]
        outputs = len(stack.r)
    elif isinstance(stack, ResidualStack):
        inner = [[(f"stage {i}", cells)] for i, cells in enumerate(_stages(stack))]
        outputs = len(stack.circuit.outputs)
    else:
        inner = [
            [(f"layer {i}", [(neuron.cell.label, _kind(neuron)) for neuron in layer])]
            for i, layer in enumerate(stack.layers)
        ]
        outputs = len(stack.readout)
    first, last = [(cell.label, "input") for cell in stack.inputs], [("output", "read-out")] * outputs
    return [[row(name, cells) for name, cells in rows] for rows in ([("input", first)], *inner, [("output", last)])]


_KINDS_OF_UNITS: dict[type, str] = {ReLUUnit: "ReLU", StepUnit: "comparison", GateUnit: "gated ReLU"}


def _stages(stack: ResidualStack) -> list[list[tuple[str, str]]]:
    """What every stage adds to the residual stream; what was added before stays there."""
    units = stack.circuit.units
    return [
        [(stack.cell(unit).label, _KINDS_OF_UNITS.get(type(units[unit]), "state")) for unit in stage]
        for stage in stack.stages
    ]


def _kind(neuron: Neuron) -> str:
    kinds = {"relu": "ReLU", "step": "comparison", "select": "selection", "hold": "state"}
    return kinds.get(neuron.kind, "state" if neuron.drive.own else "passed on")


def _rows_of_layer(i: int, layer: Layer) -> list[tuple[str, list[tuple[str, str]]]]:
    remembers = [bool(row) for row in layer.A.rows]
    states = [
        (cell.label, "state" if past else "passed on") for cell, past in zip(layer.states, remembers, strict=True)
    ]
    outputs = [
        (cell.label, "passed on" if cell.carried else "gated ReLU" if gated else "ReLU")
        for cell, gated in zip(layer.outputs, _gated(layer), strict=True)
    ]
    return [(f"s of layer {i}", states), (f"y of layer {i}", outputs)]


def _gated(layer: Layer) -> np.ndarray:
    if layer.G is None or layer.g is None:
        return np.zeros(len(layer.d), dtype=bool)
    return np.array([bool(row) or constant != 1 for row, constant in zip(layer.G.rows, layer.g, strict=True)])
