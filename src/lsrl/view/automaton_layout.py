"""Where the states of a finite automaton are drawn, how its arrows go, and where these have their labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lsrl.errors import MissingPackage
from lsrl.view import palette
from lsrl.view.svg import text_width

RADIUS, LAYER, BESIDE = 22.0, 128.0, 100.0
"""Pixels of a state, from one layer of states to the next, and from one state of a layer to the next."""

MOST_LAYERS, MOST_BESIDE = 8, 5
"""States in more layers, or more of them in one, are drawn as a circle instead."""

SPACING, LARGEST = 84.0, 690.0
"""Pixels from one state to the next on a circle, and of its radius at most."""

LOOP, ARROW = 34.0, 36.0
"""Pixels from a state to the label of its loop, and of the arrow that leads to the first."""

ALONG = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78)
"""Where on its arrow a label can be: the first where nothing else is."""

Point: TypeAlias = tuple[float, float]
Pair: TypeAlias = tuple[int, int]


class Circle(NamedTuple):
    """The centre of a state, and the angle of where its loop is; 0 is to the right, a quarter turn is down."""

    x: float
    y: float
    outward: float

    def at(self, angle: float, beyond: float = 0.0) -> Point:
        """The point at an angle that is so far beyond its rim."""
        distance = RADIUS + beyond
        return self.x + distance * math.cos(angle), self.y + distance * math.sin(angle)


class Arc(NamedTuple):
    """An arrow from a circle to another: a quadratic curve by its ends and what it bends to."""

    start: Point
    control: Point
    end: Point

    def at(self, t: float) -> Point:
        """The point at t, from 0 to 1."""
        x, y = (
            (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
            for a, b, c in zip(self.start, self.control, self.end, strict=True)
        )
        return x, y


class Label(NamedTuple):
    """Text around a point."""

    x: float
    y: float
    said: str

    @property
    def half(self) -> Point:
        """Half of its width and height."""
        return text_width(self.said, palette.SMALL) / 2 + 3, 9.0

    def meets(self, x: float, y: float, half: Point) -> bool:
        """Whether it meets a rectangle around another point."""
        return abs(self.x - x) < self.half[0] + half[0] and abs(self.y - y) < self.half[1] + half[1]


def circles_of(size: int, edges: list[Pair]) -> list[Circle]:
    """In layers from left to right; on a circle, where these would be more than fit a page."""
    if size == 1:
        return [Circle(0, 0, -math.pi / 2)]
    try:
        import igraph
    except ImportError:
        raise MissingPackage("igraph", "drawing an automaton", "view") from None
    layout = igraph.Graph(n=size, edges=edges, directed=True).layout_sugiyama(maxiter=200).coords[:size]
    down, along = ([place[axis] - min(other[axis] for other in layout) for place in layout] for axis in (0, 1))
    if max(along) < MOST_LAYERS and max(down) < MOST_BESIDE:
        return [Circle(LAYER * x, BESIDE * y, -math.pi / 2) for x, y in zip(along, down, strict=True)]
    radius = min(size * SPACING / (2 * math.pi), LARGEST)
    angles = [math.pi + 2 * math.pi * i / size for i in range(size)]
    return [Circle(radius * math.cos(angle), radius * math.sin(angle), angle) for angle in angles]


def arcs_of(circles: Sequence[Circle], edges: Sequence[Pair]) -> dict[Pair, Arc]:
    """Straight arrows, or bent ones where the opposite arrow is, or other states may be on the way."""
    return {(start, end): _arc(circles[start], circles[end], (end, start) in edges) for start, end in edges}


def _arc(start: Circle, end: Circle, both_ways: bool) -> Arc:
    dx, dy = end.x - start.x, end.y - start.y
    bend = 0.3 if both_ways or math.hypot(dx, dy) > 1.5 * LAYER else 0.0
    if start.outward != end.outward:  # on a circle nothing else is on the way
        bend = 0.12 if both_ways else 0.0
    control = ((start.x + end.x) / 2 - bend * dy, (start.y + end.y) / 2 + bend * dx)
    first, last = (math.atan2(control[1] - one.y, control[0] - one.x) for one in (start, end))
    return Arc(start.at(first), control, end.at(last))


def labels_of(texts: Mapping[Pair, str], circles: Sequence[Circle], arcs: Mapping[Pair, Arc]) -> list[Label]:
    """The text of each arrow, where it meets no state and no other label, if there is such a place."""
    found: list[Label] = []
    for (start, end), said in texts.items():
        loop = circles[start]
        points = [loop.at(loop.outward, LOOP)] if start == end else [arcs[start, end].at(t) for t in ALONG]
        tried = [Label(*point, said) for point in points]
        free = [label for label in tried if _is_free(label, found, circles)]
        found.append((free or tried)[0])
    return found


def _is_free(label: Label, others: Sequence[Label], circles: Sequence[Circle]) -> bool:
    return not any(label.meets(other.x, other.y, other.half) for other in others) and not any(
        label.meets(circle.x, circle.y, (RADIUS, RADIUS)) for circle in circles
    )
