"""Boxes in layers, what is read above what reads it, no wider than a page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from lsrl.errors import MissingPackage

BESIDE, BELOW, TRACK = 28.0, 40.0, 14.0
"""Pixels between two boxes of a layer, two layers, and what passes through a layer and its neighbours."""

FULL = 0.9
"""How much of a layer boxes may take; the rest is for what passes through it."""

ROUNDS, TOGETHER = 60, 20
"""How often every box is moved to where its neighbours are; at last, those above and below together."""


class Edge(NamedTuple):
    """Box `start` is above box `end`. A `back` edge is drawn upwards, and passes through layers on its own."""

    start: int
    end: int
    back: bool = False


class Point(NamedTuple):
    """Where an edge passes through a layer: straight down, from `top` to `bottom`."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True)
class LayeredLayout:
    """The centre and top of each box, the points between the ends of each edge, tops and bottoms of layers, sizes."""

    places: Sequence[tuple[float, float]]
    routes: Mapping[Edge, Sequence[Point]]
    layers: Sequence[tuple[float, float]]
    layer_of: Sequence[int]
    width: float
    height: float


def laid_out(
    sizes: Sequence[tuple[float, float]], edges: Iterable[Edge], *, first: Collection[int], most: float
) -> LayeredLayout:
    """Place boxes (width, height) in layers of at most `most` pixels, so that each is above those that it has edges to.

    Edges go from a lower to a higher number. The boxes `first` are on top. Edges from one box pass through a layer
    together. Raises `MissingPackage` without igraph.
    """
    edges = sorted(set(edges))
    layer_of = _layers(sizes, edges, first, most)
    nodes, links = _with_passing(len(sizes), edges, layer_of)
    level = [*layer_of, *(layer for _, layer, _ in nodes)]
    rows = _ordered(level, links)
    widths = [width for width, _ in sizes] + [0.0] * len(nodes)
    x = _across(rows, links, widths, most)
    for _ in range(2):  # what moves away leaves room
        _straighten(x, rows, _chains(nodes, len(sizes)), widths, most)
    left = min(place - width / 2 for place, width in zip(x, widths, strict=True))
    right = max(place + width / 2 for place, width in zip(x, widths, strict=True))
    layers = _down([max((sizes[i][1] for i in row if i < len(sizes)), default=0.0) for row in rows])
    tops = [sum(layers[layer]) / 2 - height / 2 for layer, (_, height) in zip(layer_of, sizes, strict=True)]
    passing = {key: Point(x[len(sizes) + i] - left, *layers[key[1]]) for i, key in enumerate(nodes)}
    routes = {edge: [passing[key] for key in _passed(edge, layer_of)] for edge in edges}
    places = [(place - left, top) for place, top in zip(x, tops, strict=False)]
    return LayeredLayout(places, routes, layers, layer_of, right - left, layers[-1][1])


def _layers(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], first: Collection[int], most: float
) -> list[int]:
    """Each box right above what reads it, or further up where that layer is full."""
    readers: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        readers[edge.start].append(edge.end)
    above = [0] * len(sizes)  # counted from below
    taken: dict[int, float] = defaultdict(float)
    others = [i for i in range(len(sizes)) if i not in first]
    for i in (*reversed(others), *first):
        width = sizes[i][0] + BESIDE
        above[i] = 1 + max((above[reader] for reader in readers[i]), default=-1)
        if i in first:
            above[i] = max(above[i], 1 + max((above[other] for other in others), default=-1))
        while taken[above[i]] and taken[above[i]] + width > FULL * most:
            above[i] += 1
        taken[above[i]] += width
    place = {layer: i for i, layer in enumerate(sorted(set(above), reverse=True))}
    return [place[layer] for layer in above]


_Passing: TypeAlias = tuple[int, int, bool]
"""Whose edges pass through which layer, and whether they are back edges."""


def _passed(edge: Edge, layer_of: Sequence[int]) -> list[_Passing]:
    return [(edge.start, layer, edge.back) for layer in range(layer_of[edge.start] + 1, layer_of[edge.end])]


def _with_passing(
    boxes: int, edges: Sequence[Edge], layer_of: Sequence[int]
) -> tuple[list[_Passing], list[tuple[int, int]]]:
    """A node for each layer that edges of a box pass through, and all links from a layer to the next."""
    nodes: dict[_Passing, int] = {}
    links: dict[tuple[int, int], None] = {}
    for edge in edges:
        passed = [nodes.setdefault(key, boxes + len(nodes)) for key in _passed(edge, layer_of)]
        links |= dict.fromkeys(pairwise([edge.start, *passed, edge.end]))
    return list(nodes), list(links)


def _ordered(level: Sequence[int], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The nodes of every layer from left to right, with few crossings."""
    try:
        import igraph
    except ImportError:
        raise MissingPackage("igraph", "drawing a graph", "view") from None
    graph = igraph.Graph(n=len(level), edges=list(links), directed=True)
    across = [x for x, _ in graph.layout_sugiyama(layers=list(level), maxiter=200).coords]
    rows: list[list[int]] = [[] for _ in range(max(level) + 1)]
    for node in sorted(range(len(level)), key=lambda node: across[node]):
        rows[level[node]].append(node)
    return rows


def _across(
    rows: Sequence[Sequence[int]], links: Sequence[tuple[int, int]], widths: Sequence[float], most: float
) -> list[float]:
    """The x of every node's centre: near its neighbours', in the row's order, without overlaps, within `most`."""
    offsets = [_offsets(row, widths, most) for row in rows]
    x = np.zeros(len(widths))
    for row, offset in zip(rows, offsets, strict=True):
        x[row] = offset + (most - offset[-1]) / 2
    sources, targets = np.array(links, dtype=int).reshape(-1, 2).T
    strength = np.where((np.array(widths)[sources] == 0) & (np.array(widths)[targets] == 0), 8.0, 1.0)
    for i in range(ROUNDS):
        down = i % 2 == 0
        for layer in range(len(rows)) if down else reversed(range(len(rows))):
            row = rows[layer]
            both = i >= ROUNDS - TOGETHER
            total, weight = np.zeros(len(widths)), np.zeros(len(widths))
            if down or both:
                np.add.at(total, targets, strength * x[sources])
                np.add.at(weight, targets, strength)
            if not down or both:
                np.add.at(total, sources, strength * x[targets])
                np.add.at(weight, sources, strength)
            wanted = np.where(weight > 0, total / np.maximum(weight, 1e-9), x)[row]
            ends = widths[row[0]] / 2, most - widths[row[-1]] / 2
            x[row] = nearest(wanted, np.maximum(weight[row], 0.1), offsets[layer], ends)
    return [float(place) for place in x]


def _chains(nodes: Sequence[_Passing], boxes: int) -> list[list[int]]:
    """The nodes of every box that edges from it pass through one after the other."""
    chains: dict[tuple[int, bool], list[tuple[int, int]]] = defaultdict(list)
    for i, (start, layer, back) in enumerate(nodes):
        chains[start, back].append((layer, boxes + i))
    return [[node for _, node in sorted(chain)] for chain in chains.values()]


def _straighten(
    x: list[float],
    rows: Sequence[Sequence[int]],
    chains: Iterable[list[int]],
    widths: Sequence[float],
    most: float,
) -> None:
    """Move what passes through layers so that as many of them as there is room for are passed in one line."""
    room = {node: (row, i) for row in rows for i, node in enumerate(row)}
    for chain in chains:
        lines: list[tuple[list[int], float, float]] = []
        for node in chain:
            least, largest = _room(x, *room[node], widths, most)
            nodes, low, high = lines[-1] if lines else ([], math.inf, -math.inf)
            if max(low, least) <= min(high, largest):
                lines[-1] = ([*nodes, node], max(low, least), min(high, largest))
            else:
                lines.append(([node], least, largest))
        for nodes, low, high in lines:
            middle = sum(x[node] for node in nodes) / len(nodes)
            for node in nodes:
                x[node] = min(max(middle, low), high)


def _room(x: Sequence[float], row: Sequence[int], i: int, widths: Sequence[float], most: float) -> tuple[float, float]:
    """From where to where a node of a row can be moved; where there is little room, it can stay where it is."""
    here, least, largest = x[row[i]], 0.0, most
    if i:
        least = x[row[i - 1]] + widths[row[i - 1]] / 2 + TRACK
    if i + 1 < len(row):
        largest = x[row[i + 1]] - widths[row[i + 1]] / 2 - TRACK
    return min(least, here), max(largest, here)


def _offsets(row: Sequence[int], widths: Sequence[float], most: float) -> np.ndarray:
    """How far the nodes of a row are from its first at least; closer than is beautiful, where there is no room."""
    pairs = list(pairwise(row))
    boxes = np.array([(widths[a] + widths[b]) / 2 for a, b in pairs])
    gaps = np.array([BESIDE if widths[a] and widths[b] else TRACK for a, b in pairs])
    room = most - sum(widths[node] for node in row)
    return np.concatenate([[0.0], np.cumsum(boxes + gaps * min(1.0, room / max(gaps.sum(), 1e-9)))])


def nearest(wanted: np.ndarray, weights: np.ndarray, offsets: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """The places nearest to those wanted, by squares, that are at least `offsets` apart and within the ends.

    >>> nearest(np.array([5.0, 5.0]), np.ones(2), np.array([0.0, 4.0]), (0.0, 100.0)).tolist()
    [3.0, 7.0]
    """
    from scipy.optimize import isotonic_regression

    moved = isotonic_regression(wanted - offsets, weights=weights).x
    placed: np.ndarray = np.clip(moved, ends[0], ends[1] - offsets[-1]) + offsets
    return placed


def _down(heights: Sequence[float]) -> list[tuple[float, float]]:
    """The top and the bottom of layers of these heights."""
    found, top = [], 0.0
    for height in heights:
        found.append((top, top + height))
        top += height + BELOW
    return found
