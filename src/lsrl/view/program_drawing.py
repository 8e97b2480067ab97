"""Pictures of programs: the values that matter, in the order in which they are computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import igraph
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from lsrl.lang import (
    Concat,
    Constant,
    GatedState,
    Input,
    Linear,
    LinState,
    Modulo,
    Multi,
    Previous,
    Program,
    Recur,
    ReLU,
    Slice,
    Value,
)
from lsrl.lang.primitives import Primitive
from lsrl.view import palette

ROW, COLUMN = 0.62, 1.5
"""Inches between values in a picture."""


@dataclass(frozen=True)
class ProgramGraph:
    """The values that a picture shows, and which of them feed which; plumbing is left out."""

    values: tuple[Primitive, ...]
    edges: tuple[tuple[int, int], ...]


def program_graph(program: Program) -> ProgramGraph:
    """The values the user named, states, comparisons, ReLUs and products; linear maps become edges.

    >>> x = Input(1, name="x")
    >>> graph = program_graph(Program((x > 1) & (x > 2)))
    >>> [program_kind(value) for value in graph.values]
    ['input', 'comparison', 'comparison', 'comparison']
    """
    readers: dict[Value, set[Value]] = {value: set() for value in program.values}
    shown: set[Value] = set()
    for value in reversed(program.values):  # readers come before what they read
        if value is program.output or _matters(value, readers[value]):
            shown.add(value)
        onward = {value} if value in shown else readers[value]
        for argument in value.arguments:
            readers[argument] |= onward
    values = tuple(value for value in program.values if value in shown)
    places: dict[Value, int] = {value: i for i, value in enumerate(values)}
    edges = tuple((places[value], places[reader]) for value in values for reader in readers[value])
    return ProgramGraph(values, tuple(sorted(edges)))


def _matters(value: Primitive, readers: set[Value]) -> bool:
    # What a comparison is made of is its own business: ReLUs, and steps of which it is the sum; not what it decides on.
    part = isinstance(value, ReLU) and all(
        reader.comparison and (not value.comparison or isinstance(reader, Linear)) for reader in readers
    )
    return value.name is not None or (program_kind(value) != "linear" and not part)


def program_kind(value: Primitive) -> str:
    """What a picture calls a value."""
    if value.comparison:
        return "comparison"
    match value:
        case Input():
            return "input"
        case LinState() | GatedState() | Previous() | Recur():
            return "state"
        case ReLU():
            return "ReLU"
        case Multi():
            return "product"
        case Modulo():
            return "remainder"
        case Constant() | Linear() | Concat() | Slice():
            return "linear"


COLOURS = {
    "input": palette.INPUT,
    "state": palette.STATE,
    "ReLU": palette.RELU,
    "product": palette.PRODUCT,
    "comparison": palette.COMPARISON,
    "remainder": palette.COMPARISON,
    "linear": palette.CARRIED,
}


def draw_program(program: Program, path: str | Path) -> Path:
    """Write a picture of a program as SVG or PNG. Raises `FormatError` for another ending."""
    return palette.written(program_figure(program), path)


def program_figure(program: Program) -> Figure:
    """A picture of a program: what is read is drawn above what reads it."""
    graph = program_graph(program)
    positions = _positions(graph)
    width, height = (max(place[axis] for place in positions) + 1 for axis in (0, 1))
    figure = Figure(figsize=(COLUMN * width + 0.5, ROW * height + 1), layout="constrained")
    axes = figure.add_subplot()
    axes.set(
        xlim=(-0.6, width - 0.4),
        ylim=(height - 0.4, -0.6),
        title=f"{program.name}: {program.input.dim} → {program.output.dim}",
    )
    axes.axis("off")
    texts = [_draw_value(axes, program, value, place) for value, place in zip(graph.values, positions, strict=True)]
    figure.draw_without_rendering()  # arrows end at the boxes around texts, which are placed only now
    for start, end in graph.edges:
        boxes = {"patchA": texts[start].get_bbox_patch(), "patchB": texts[end].get_bbox_patch()}
        style = {"arrowstyle": "-|>", "color": "#999999", "lw": 0.8, "shrinkA": 1, "shrinkB": 1}
        axes.annotate("", positions[end], positions[start], arrowprops={**style, **boxes}, zorder=1)
    kinds = list(dict.fromkeys(program_kind(value) for value in graph.values))
    handles = [Line2D([], [], marker="s", ls="", color=COLOURS[kind], label=kind) for kind in kinds]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(kinds), frameon=False, fontsize=8)
    return figure


def _positions(graph: ProgramGraph) -> list[tuple[float, float]]:
    if not graph.edges:
        return [(0.0, float(i)) for i in range(len(graph.values))]
    drawn = igraph.Graph(n=len(graph.values), edges=list(graph.edges), directed=True)
    layout = drawn.layout_sugiyama(maxiter=200)
    left = min(x for x, _ in layout.coords)
    return [(x - left, y) for x, y in layout.coords[: len(graph.values)]]


def _draw_value(axes: Any, program: Program, value: Primitive, place: tuple[float, float]) -> Text:
    name = program.names[value]
    size = f" [{value.dim}]" if value.dim > 1 else ""
    edge = palette.OUTPUT if value is program.output else "white"
    text: Text = axes.text(
        *place,
        f"{name}{size}",
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold" if value.name else "normal",
        color=palette.INK,
        bbox={"boxstyle": "round,pad=0.35", "fc": COLOURS[program_kind(value)] + "AA", "ec": edge, "lw": 1.5},
        zorder=2,
    )
    return text
