"""Pictures of programs: a box for each call, what is read above what reads it, states with their loop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from lsrl.errors import ProgramError
from lsrl.lang import Program
from lsrl.lang.listing import Level
from lsrl.view import palette
from lsrl.view.arrows import arrow, loop, routed_arrows
from lsrl.view.drawing import MARGIN, MOST, TITLE, Drawing, drawing
from lsrl.view.layered_layout import Edge, LayeredLayout, laid_out
from lsrl.view.legend import legend
from lsrl.view.program_graph import ProgramGraph, Reading, ValueBox, program_graph
from lsrl.view.svg import columns, cut, element, shape, text, text_width, wrapped

MOST_BOXES = 500
"""Pictures of more are not drawn: nobody could read them."""

LETTERS, LINES, TOOLTIP = 42, 4, 600
"""How wide and how high the text of a call may become in its box, and how long where the pointer is on it."""

PADDING = 10
LOOP = 24
"""Pixels beside a box that its loop takes."""

ENDS = 34
"""Pixels above and below for the arrows from the input and to the output."""

_SHORT_BRACKETS = re.compile(r"\[[^\[\]()]{1,26}\]|\((?:[^()\[\]]|\[[^\[\]()]*\]){1,26}\)")

KINDS = {"input": "input", "state": "state", "boolean": "0 or 1", "number": "number"}
KINDS |= {"relu": "ReLU", "product": "product"}
"""What the legend calls kinds of values."""

LINES_MEAN = {"edge": "read in this step", "edge last": "read of the last step"}


class _Sized(NamedTuple):
    """A box with its heading, the lines of its call, and its size; `loops`: it reads itself of the last step."""

    box: ValueBox
    heading: str
    lines: Sequence[str]
    width: float
    height: float
    loops: bool


def draw_program(program: Program, level: Level = "library", inside: str | None = None) -> Drawing:
    """A picture of a program, no wider than a page; see `Program.draw`."""
    graph = program_graph(program, level, inside)
    if len(graph.boxes) > MOST_BOXES:
        raise ProgramError(
            f"a picture of {program.name} has {len(graph.boxes):,} boxes; expected at most {MOST_BOXES:,}: "
            "draw(inside=…) shows one call, print(program) all of them"
        )
    whole = f"{program.name}: {program.input.dim} → {program.output.dim}"
    return draw_graph(graph, whole if inside is None else f"{inside} of {program.name}")


def draw_graph(graph: ProgramGraph, title: str) -> Drawing:
    """A picture of boxes and who reads whom, no wider than a page."""
    loops = {reading.reader for reading in graph.readings if reading.read == reading.reader}
    sized = [_sized(box, i in loops) for i, box in enumerate(graph.boxes)]
    ways = {_way(reading): reading.last for reading in graph.readings if reading.read != reading.reader}
    room = [(box.width + 2 * LOOP * box.loops, box.height) for box in sized]
    layout = laid_out(room, ways, first=graph.given, most=MOST - 2 * MARGIN)
    return _page(graph, sized, ways, layout, cut(title, TITLE))


def _page(
    graph: ProgramGraph, sized: Sequence[_Sized], ways: Mapping[Edge, bool], layout: LayeredLayout, title: str
) -> Drawing:
    present = {box.kind for box in graph.boxes}
    lasts = {reading.last for reading in graph.readings}
    lines = {kind: label for kind, label in LINES_MEAN.items() if kind.endswith("last") in lasts}
    key = legend({f"box {kind}": KINDS[kind] for kind in KINDS if kind in present}, lines, most=MOST - 2 * MARGIN)
    width = max(layout.width, text_width(title), key.width)
    top = palette.LINE + ENDS + 8
    below = top + layout.height + ENDS + 8
    boxes = [(box.width, box.height) for box in sized]
    inner = [*routed_arrows(boxes, ways, layout), *_ends(graph, sized, layout), *_boxes(sized, layout)]
    parts = [
        text(0, palette.TYPE, title, "name"),
        element("g", *inner, transform=f"translate({(width - layout.width) / 2:.1f} {top})"),
        element("g", *key.parts, transform=f"translate(0 {below:.1f})"),
    ]
    return drawing(parts, width, below + key.height, title=title, description=_described(graph))


def _described(graph: ProgramGraph) -> str:
    """The boxes in words."""
    return "\n".join(f"{box.name}: {box.dim} = {cut(box.text, TOOLTIP)}" for box in graph.boxes)


def _way(reading: Reading) -> Edge:
    """The edge of a reading, downwards: what is read of the last step mostly comes from below."""
    if reading.read < reading.reader:
        return Edge(reading.read, reading.reader)
    return Edge(reading.reader, reading.read, back=True)


def _sized(box: ValueBox, loops: bool) -> _Sized:
    name = cut(box.name, LETTERS - 8)
    heading = f"{name}: {box.dim:,}" if box.dim > 1 else name
    lines = _code_lines(box.text)
    letters = max(map(columns, (heading, *lines)))
    width = max(letters * palette.ADVANCE * palette.TYPE, 40) + 2 * PADDING
    return _Sized(box, heading, lines, width, palette.LINE * (1 + len(lines)) + PADDING + 2, loops)


def _code_lines(said: str) -> Sequence[str]:
    """A call in lines of about one length, without breaks within its short brackets."""
    joined = _SHORT_BRACKETS.sub(lambda found: found[0].replace(" ", "\u00a0"), said)
    lines = wrapped(joined, LETTERS, LINES)
    if len(lines) < LINES:
        widths = range(max(-(-columns(said) // len(lines)), *map(columns, joined.split(" "))), LETTERS)
        lines = next((even for width in widths if len(even := wrapped(joined, width, LINES)) == len(lines)), lines)
    return [line.replace("\u00a0", " ") for line in lines]


def _boxes(sized: Sequence[_Sized], layout: LayeredLayout) -> Iterator[str]:
    for (box, heading, lines, width, height, loops), (x, top) in zip(sized, layout.places, strict=True):
        round_ends = height / 2 if box.kind == "input" else 6
        parts = [
            element("title", escape(cut(f"{box.name}: {box.dim} = {box.text} ({KINDS[box.kind]})", TOOLTIP))),
            shape("rect", "panel", width=width, height=height, rx=round_ends),
            shape("rect", f"box {box.kind}", width=width, height=height, rx=round_ends),
            text(width / 2, palette.LINE, heading, "middle name" if box.is_named else "middle quiet"),
        ]
        # One line is below the name's middle; several begin together, as code does.
        indent = (width - max(map(text_width, lines))) / 2
        parts += [text(indent, palette.LINE * (i + 2), line) for i, line in enumerate(lines)]
        if loops:
            parts.append(loop(width, height))
        yield element("g", *parts, data_value=box.name, transform=f"translate({x - width / 2:.1f} {top:.1f})")


def _ends(graph: ProgramGraph, sized: Sequence[_Sized], layout: LayeredLayout) -> Iterator[str]:
    """Arrows into what is given, and out of the output."""
    for i in graph.given:
        x, top = layout.places[i]
        yield arrow([(x, -ENDS + 4), (x, top)], "edge")
        yield text(x + 8, -ENDS / 2, "input", "small quiet")
    x, top = layout.places[graph.output]
    bottom = top + sized[graph.output].height
    yield arrow([(x, bottom), (x, layout.height + ENDS - 4)], "edge")
    yield text(x + 8, layout.height + ENDS / 2 + 4, "output", "small quiet")
