"""Arrows between boxes in layers: straight down through layers, curved between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from lsrl.view.layered_layout import Edge, LayeredLayout, Point, nearest
from lsrl.view.svg import element, shape

HEAD = 8
"""Pixels of an arrow's head."""

PORT = 16.0
"""Pixels between two arrows at a box."""

CORNER = 14.0
"""Pixels at either end of a box's side where no arrow starts."""

_Port = tuple[int, bool, "Edge | None"]
"""A box, whether it is its top, and whose place it is there: that of an edge, or of all that leave the box."""


def arrow(points: Sequence[tuple[float, float]], kind: str) -> str:
    """An arrow along straight lines, of which the last one is upright."""
    (x, y), (_, before) = points[-1], points[-2]
    down = 1 if y > before else -1
    line = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in (*points[:-1], (x, y - down * (HEAD - 1))))
    return element("g", shape("path", kind, d=line), _head(x, y, down))


def loop(width: float, height: float) -> str:
    """An arrow from a box to itself, at its right side."""
    low, high = min(height - 8, height / 2 + 14), max(8.0, height / 2 - 14)
    line = f"M{width:.1f} {low:.1f}c24 0 24 {high - low:.1f} {HEAD - 1} {high - low:.1f}"
    head = shape("path", "head", d=f"M{width:.1f} {high:.1f}l{HEAD} -4v8z")
    return element("g", shape("path", "edge last", d=line), head)


def _head(x: float, y: float, down: int) -> str:
    return shape("path", "head", d=f"M{x:.1f} {y:.1f}l-4 {-down * HEAD}h8z")


def routed_arrows(
    sizes: Sequence[tuple[float, float]], ways: Mapping[Edge, bool], layout: LayeredLayout
) -> Iterator[str]:
    """The arrows between boxes of these sizes; `ways` says which are of the last step."""
    ports = _ports(sizes, ways, layout)
    for edge, last in ways.items():
        upper, lower = layout.places[edge.start][1] + sizes[edge.start][1], layout.places[edge.end][1]
        x0 = ports[edge.start, False, edge if edge.back else None]
        x1 = ports[edge.end, True, None if edge.back else edge]
        first = Point(x0, upper + edge.back * (HEAD - 1), layout.layers[layout.layer_of[edge.start]][1])
        final = Point(x1, layout.layers[layout.layer_of[edge.end]][0], lower - (not edge.back) * (HEAD - 1))
        line = _line([first, *layout.routes[edge], final])
        head = _head(x0, upper, -1) if edge.back else _head(x1, lower, 1)
        yield element("g", shape("path", "edge last" if last else "edge", d=line), head)


def _line(points: Sequence[Point]) -> str:
    said = f"M{points[0].x:.1f} {points[0].top:.1f}V{points[0].bottom:.1f}"
    for before, after in pairwise(points):
        if abs(before.x - after.x) > 0.5:
            middle = (before.bottom + after.top) / 2
            said += f"C{before.x:.1f} {middle:.1f} {after.x:.1f} {middle:.1f} {after.x:.1f} {after.top:.1f}"
        said += f"V{after.bottom:.1f}"
    return said


def _ports(
    sizes: Sequence[tuple[float, float]], ways: Mapping[Edge, bool], layout: LayeredLayout
) -> dict[_Port, float]:
    """Where arrows touch boxes: what leaves a box, in its middle; each that arrives, near where it comes from."""
    wanted: dict[tuple[int, bool], dict[Edge | None, float]] = defaultdict(dict)
    for edge in ways:
        inner = layout.routes[edge]
        start, end = layout.places[edge.start][0], layout.places[edge.end][0]
        wanted[edge.start, False][edge if edge.back else None] = (inner[0].x if inner else end) if edge.back else start
        wanted[edge.end, True][None if edge.back else edge] = end if edge.back else (inner[-1].x if inner else start)
    found: dict[_Port, float] = {}
    for (box, top), places in wanted.items():
        keys = sorted(places, key=lambda key: places[key])
        half = sizes[box][0] / 2 - CORNER
        gap = min(PORT, 2 * half / max(len(keys) - 1, 1))
        x = layout.places[box][0]
        weights = np.array([100.0 if key is None else 1.0 for key in keys])
        near = nearest(
            np.array([places[key] for key in keys]), weights, gap * np.arange(len(keys)), (x - half, x + half)
        )
        found |= {(box, top, key): float(place) for key, place in zip(keys, near, strict=True)}
    return found
