"""Pictures of finite automata: states as circles, accepting ones with two lines, and arrows for transitions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from lsrl.automata import Automaton
from lsrl.errors import ProgramError
from lsrl.view import palette
from lsrl.view.arrows import HEAD
from lsrl.view.automaton_layout import (
    ALONG,
    ARROW,
    RADIUS,
    Arc,
    Circle,
    Label,
    Pair,
    Point,
    arcs_of,
    circles_of,
    labels_of,
)
from lsrl.view.drawing import Drawing, drawing
from lsrl.view.svg import columns, cut, element, shape, text, text_width

MOST_STATES, MOST_ARROWS = 64, 500
"""Larger automata are not drawn: nobody could read them."""

LETTERS, LABEL, LISTED, DESCRIBED = 5, 18, 60, 4000
"""How long names in circles may be, labels of arrows, names in the list of those that are longer, the description."""

FROM_LEFT, FROM_SIDE = math.pi, math.pi / 3
"""Where the arrow to the first state comes from; on a circle, beside where its loop is."""


def draw_automaton(automaton: Automaton) -> Drawing:
    """A picture of an automaton; symbols that lead the same way share an arrow, long names are numbers.

    Raises `ProgramError` for more than `MOST_STATES` or `MOST_ARROWS`.

    >>> draw_automaton(Automaton.of([[0, 1], [1, 0]])).title
    'an automaton of 2 states and 2 symbols'
    """
    size = len(automaton.states)
    if size > MOST_STATES:
        raise ProgramError(f"a picture of {size:,} states; expected at most {MOST_STATES}: draw automaton.minimal()")
    texts = _transitions(automaton)
    if len(texts) > MOST_ARROWS:
        raise ProgramError(f"a picture of {len(texts):,} arrows; expected at most {MOST_ARROWS}: print automaton.table")
    edges = [pair for pair in texts if pair[0] != pair[1]]
    circles = circles_of(size, edges)
    arcs = arcs_of(circles, edges)
    curves = [_first(circles[automaton.start]), *arcs.values()]
    labels = labels_of({pair: cut(said, LABEL) for pair, said in texts.items()}, circles, arcs)
    names = [str(name) if columns(str(name)) <= LETTERS else str(i) for i, name in enumerate(automaton.states)]
    if len({*names}) < size:  # the number of a state with a long name is another's name
        names = list(map(str, range(size)))
    parts = [*map(_curve, curves), *(_loop(circles[i]) for i, end in texts if i == end)]
    parts += [*map(_written, labels), *(_state(circles[i], name, automaton, i) for i, name in enumerate(names))]
    left, top, right, low = _around(circles, curves, labels)
    listed = [f"{i}: {cut(str(name), LISTED)}" for i, name in enumerate(automaton.states) if names[i] != str(name)]
    key = [text(0, low - top + palette.LINE * (i + 1), said, "small quiet") for i, said in enumerate(listed)]
    return drawing(
        [element("g", *parts, transform=f"translate({-left:.1f} {-top:.1f})"), *key],
        max([right - left, *(text_width(said, palette.SMALL) for said in listed)]),
        low - top + palette.LINE * len(listed),
        title=f"an automaton of {size} state{'s' * (size > 1)} and {len(automaton.alphabet)} symbols",
        description=_described(automaton, texts),
    )


def _transitions(automaton: Automaton) -> dict[Pair, str]:
    """Which symbols lead from a state to another."""
    moves: dict[Pair, list[int]] = {}
    for state, row in enumerate(automaton.table):
        for symbol, after in enumerate(row):
            if after is not None:
                moves.setdefault((state, after), []).append(symbol)
    return {pair: _symbols(automaton, symbols) for pair, symbols in moves.items()}


def _symbols(automaton: Automaton, found: Sequence[int]) -> str:
    """Symbols as text; three and more that follow one another in the alphabet by their ends."""
    said: list[str] = []
    for _, pairs in groupby(enumerate(found), key=lambda pair: pair[1] - pair[0]):
        names = [str(automaton.alphabet[symbol]) for _, symbol in pairs]
        said += [f"{names[0]} … {names[-1]}"] if len(names) > 2 else names
    return ", ".join(said)


def _described(automaton: Automaton, texts: Mapping[Pair, str]) -> str:
    names = automaton.states
    lines = [f"{names[start]} to {names[end]} on {said}" for (start, end), said in texts.items()]
    accepting = ", ".join(str(names[i]) for i in sorted(automaton.accepting)) or "none"
    return cut("; ".join([f"starts in {names[automaton.start]}", f"accepts in {accepting}", *lines]), DESCRIBED)


def _around(circles: Sequence[Circle], arcs: Sequence[Arc], labels: Sequence[Label]) -> tuple[float, ...]:
    """The left, top, right and bottom of all that is drawn."""
    points = [(x - sign * (RADIUS + 2), y - sign * (RADIUS + 2)) for x, y, _ in circles for sign in (1, -1)]
    points += [point for arc in arcs for point in (arc.start, *map(arc.at, ALONG))]
    points += [(label.x - sign * label.half[0], label.y - sign * label.half[1]) for label in labels for sign in (1, -1)]
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def _first(circle: Circle) -> Arc:
    """The arrow to the state before the first symbol."""
    angle = FROM_LEFT if circle.outward == -math.pi / 2 else circle.outward + FROM_SIDE
    return Arc(circle.at(angle, ARROW), circle.at(angle, ARROW / 2), circle.at(angle))


def _written(label: Label) -> str:
    """A label on its arrow, which it interrupts."""
    across, down = label.half
    ground = shape("rect", "panel", x=label.x - across, y=label.y - down, width=2 * across, height=2 * down, rx=4)
    return element("g", ground, text(label.x, label.y + 4, label.said, "small middle"))


def _curve(arc: Arc) -> str:
    (x, y), (cx, cy) = arc.end, arc.control
    angle = math.atan2(y - cy, x - cx)
    before = (x - (HEAD - 1) * math.cos(angle), y - (HEAD - 1) * math.sin(angle))
    line = f"M{_at(arc.start)}Q{_at(arc.control)} {_at(before)}"
    return element("g", shape("path", "edge", d=line), _head(arc.end, angle))


def _loop(circle: Circle) -> str:
    """An arrow from a state to itself."""
    leaving, arriving = circle.outward - 0.42, circle.outward + 0.42
    tip = circle.at(arriving)
    before = circle.at(arriving, HEAD - 2)
    bends = f"{_at(circle.at(circle.outward - 0.6, 36))} {_at(circle.at(circle.outward + 0.55, 36))}"
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    line = f"M{_at(circle.at(leaving))}C{bends} {_at(before)}"
    return element("g", shape("path", "edge", d=line), _head(tip, angle))


def _head(tip: Point, angle: float) -> str:
    turned = f"translate({_at(tip)}) rotate({math.degrees(angle):.1f})"
    return shape("path", "head", d=f"M0 0l-{HEAD} -4v8z", transform=turned)


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _state(circle: Circle, name: str, automaton: Automaton, i: int) -> str:
    accepts = i in automaton.accepting
    rims = [("panel", RADIUS), ("box state", RADIUS), *[("box state", RADIUS - 4)] * accepts]
    rings = [shape("circle", kind, cx=circle.x, cy=circle.y, r=radius) for kind, radius in rims]
    said = element("title", escape(cut(f"{automaton.states[i]}{', accepting' * accepts}", 200)))
    return element("g", said, *rings, text(circle.x, circle.y + 5, name, "middle"), data_state=i)
