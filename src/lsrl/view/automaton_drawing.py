"""Pictures of finite automata: states as circles, accepting ones with two lines, and arrows for transitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import igraph
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from lsrl.automata import Automaton
from lsrl.errors import ProgramError
from lsrl.view import palette
from lsrl.view.figure_file import written

MOST_STATES = 64
"""Larger automata are not drawn: nobody could read them."""

RADIUS, LAYER = 0.28, 1.8
"""Of a state, and from one layer of states to the next."""


def draw_automaton(automaton: Automaton, path: str | Path) -> Path:
    """Write a picture of an automaton as SVG or PNG. Raises `FormatError` for another ending."""
    return written(automaton_figure(automaton), path)


def automaton_figure(automaton: Automaton) -> Figure:
    """A picture of an automaton; symbols that lead the same way share an arrow, long names are numbers.

    Raises `ProgramError` for more than `MOST_STATES`.

    >>> figure = automaton_figure(Automaton.of([[0, 1], [1, 0]]))
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['0', '0', '0', '1', '1', '1']
    """
    size = len(automaton.states)
    if size > MOST_STATES:
        raise ProgramError(f"a picture of {size:,} states; expected at most {MOST_STATES}: draw automaton.minimal()")
    arrows: dict[tuple[int, int], list[str]] = {}
    for state, row in enumerate(automaton.table):
        for symbol, after in zip(automaton.alphabet, row, strict=True):
            if after is not None:
                arrows.setdefault((state, after), []).append(str(symbol))
    places = _places(size, [pair for pair in arrows if pair[0] != pair[1]])
    right, low = (max(place[axis] for place in places) + 0.6 for axis in (0, 1))
    figure = Figure(figsize=(max(right + 1.1, 2.5), low + 0.9), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-1.1, right), ylim=(low, -0.9), aspect="equal")
    axes.axis("off")
    for i, name in enumerate(automaton.states):
        _draw_state(axes, places[i], str(name) if len(str(name)) <= 6 else str(i), accepting=i in automaton.accepting)
    x, y = places[automaton.start]
    _arrow(axes, (x - 0.9, y), (x - RADIUS, y), bend=0.0)
    for (start, end), symbols in arrows.items():
        beside = (end, start) in arrows or abs(places[end][0] - places[start][0]) > 1.5 * LAYER
        _draw_transition(axes, places[start], places[end], ", ".join(symbols), bend=0.3 if beside else 0.0)
    return figure


def _places(size: int, edges: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """In layers from left to right."""
    if size == 1:
        return [(0.0, 0.0)]
    layout = igraph.Graph(n=size, edges=edges, directed=True).layout_sugiyama(maxiter=200)
    coordinates = layout.coords[:size]
    left, top = min(x for x, _ in coordinates), min(y for _, y in coordinates)
    return [(LAYER * (y - top), 1.4 * (x - left)) for x, y in coordinates]


def _draw_state(axes: Any, place: tuple[float, float], name: str, *, accepting: bool) -> None:
    axes.add_patch(Circle(place, RADIUS, facecolor=palette.STATE, edgecolor=palette.INK, lw=1.2, zorder=2))
    if accepting:
        axes.add_patch(Circle(place, RADIUS - 0.05, facecolor="none", edgecolor=palette.INK, lw=1.2, zorder=3))
    axes.text(*place, name, ha="center", va="center", fontsize=9, zorder=4)


def _draw_transition(
    axes: Any, start: tuple[float, float], end: tuple[float, float], label: str, *, bend: float
) -> None:
    if start == end:
        x, y = start
        _arrow(axes, (x - 0.12, y - RADIUS + 0.03), (x + 0.12, y - RADIUS + 0.03), bend=-2.2)
        _label(axes, (x, y - RADIUS - 0.32), label)
        return
    (x, y), (across, down) = start, (end[0] - start[0], end[1] - start[1])
    length = (across**2 + down**2) ** 0.5
    away = RADIUS / length
    _arrow(
        axes,
        (x + across * away, y + down * away),
        (end[0] - across * away, end[1] - down * away),
        bend=bend,
    )
    # The middle of the arc lies half as far from the chord as its bend says; y points down, so to the right of it.
    side = 0.5 * bend * (1 - 2 * away)
    _label(axes, (x + across / 2 - down * side, y + down / 2 + across * side), label)


def _label(axes: Any, place: tuple[float, float], text: str) -> None:
    """On its arrow, which it interrupts."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(*place, text, ha="center", va="center", fontsize=8, color=palette.OUTPUT, bbox=box, zorder=5)


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], *, bend: float) -> None:
    arrow = FancyArrowPatch(
        start,
        end,
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        mutation_scale=10,
        color="#777777",
        lw=1.0,
        shrinkA=0,
        shrinkB=0,
        zorder=1,
    )
    axes.add_patch(arrow)
