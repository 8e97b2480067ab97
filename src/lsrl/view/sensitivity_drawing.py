"""Pictures of what limits a network: bars, worst first, of what changed weights and rounding do to its values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from lsrl.lang.words import words_of
from lsrl.stability.noise_tolerance import NoiseLimit
from lsrl.stability.sensitivity import Limit, Sensitivity
from lsrl.view import palette
from lsrl.view.drawing import Drawing, drawing
from lsrl.view.svg import cut, element, shape, text, text_width, wrapped

AnyLimit = TypeVar("AnyLimit", Limit, NoiseLimit)

MOST_BARS = 15
"""Values in each part of the picture, the worst."""

LETTERS, TITLE = 34, 100
"""How long the name of a value and a line of the heading may be."""

BAR, LONGEST, SHORTEST = 22, 320.0, 3.0
"""Pixels of a bar's height, and of its length."""


class Bar(NamedTuple):
    """A value, the class of its colour, the length of its bar from 0 to 1, and what is written beside it."""

    name: str
    kind: str
    length: float
    said: str


def draw_sensitivity(found: Sensitivity) -> Drawing:
    """A picture of what limits a network; see `Sensitivity.draw`."""
    parts = [
        ("what noise loses first: σ of relative noise on all weights, estimated, on a logarithmic scale", _lost(found)),
        ("what can flip first: how much all weights may change, relatively, on a logarithmic scale", _decided(found)),
        ("what grows most: times the relative change of all weights, on a logarithmic scale", _grown(found)),
        ("what rounds: parts of the largest bound", _rounded(found)),
    ]
    heading = wrapped(str(found), TITLE, 6)
    y = palette.LINE * len(heading) + 14.0
    elements = [text(0, palette.LINE * i + palette.TYPE, line, "name") for i, line in enumerate(heading)]
    shown = [(title, bars) for title, bars in parts if bars]
    left = max((text_width(bar.name) for _, bars in shown for bar in bars), default=0.0) + 12
    width = max(map(text_width, heading))
    for title, bars in shown:
        elements.append(text(0, y + palette.TYPE, title, "quiet"))
        y += palette.LINE + 8
        for bar in bars:
            elements += _drawn(bar, left, y)
            width = max(width, left + LONGEST * bar.length + 10 + text_width(bar.said, palette.SMALL))
            y += BAR
        y += 14
        width = max(width, text_width(title))
    return drawing(elements, width, y - 14, title=heading[0], description=str(found))


def _drawn(bar: Bar, left: float, y: float) -> Iterator[str]:
    length = max(bar.length * LONGEST, SHORTEST)
    inner = [
        text(left - 12, 16, bar.name, "end"),
        shape("rect", f"box {bar.kind}", x=left, y=3, width=length, height=BAR - 6, rx=2),
        text(left + length + 10, 16, bar.said, "small quiet"),
    ]
    yield element("g", *inner, data_value=bar.name, transform=f"translate(0 {y:.1f})")


def _named(limits: Sequence[AnyLimit]) -> dict[str, AnyLimit]:
    """The worst limit of every value, as it was written: parts of a call have one bar."""
    found: dict[str, AnyLimit] = {}
    for limit in limits:
        found.setdefault(words_of(limit.name), limit)
    return dict(list(found.items())[:MOST_BARS])


def _lost(found: Sensitivity) -> list[Bar]:
    limits = _named(() if found.noise is None else found.noise.limits)
    lengths = _lengths([1 / limit.tolerance if limit.tolerance else math.inf for limit in limits.values()])
    return [
        Bar(cut(name, LETTERS), _colour(limit), length, f"σ = {limit.tolerance:.2g}")
        for (name, limit), length in zip(limits.items(), lengths, strict=True)
    ]


def _decided(found: Sensitivity) -> list[Bar]:
    limits = _named([limit for limit in found.limits if limit.worst_case is not None and limit.worst_case < math.inf])
    tolerated = {name: limit.worst_case or 0.0 for name, limit in limits.items()}
    lengths = _lengths([1 / change if change else math.inf for change in tolerated.values()])
    return [
        Bar(
            cut(name, LETTERS),
            _colour(limits[name]),
            length,
            f"{100 * change:.2g} %, margin {limits[name].margin or 0:.3g} of {limits[name].magnitude:.3g}",
        )
        for (name, change), length in zip(tolerated.items(), lengths, strict=True)
    ]


def _colour(limit: Limit | NoiseLimit) -> str:
    return "output" if limit.kind == "output" else "boolean"


def _grown(found: Sensitivity) -> list[Bar]:
    limits = _named([limit for limit in found.limits if limit.worst_case is None])
    lengths = _lengths([limit.gain for limit in limits.values()])
    return [
        Bar(cut(name, LETTERS), "output" if limit.kind == "output" else "number", length, f"{limit.gain:.3g}")
        for (name, limit), length in zip(limits.items(), lengths, strict=True)
    ]


def _rounded(found: Sensitivity) -> list[Bar]:
    makers = found.makers[:MOST_BARS]
    return [
        Bar(cut(words_of(maker.name), LETTERS), "relu", maker.part, f"{maker.part:.0%}, {maker.share:.2g}")
        for maker in makers
    ]


def _lengths(numbers: Sequence[float]) -> list[float]:
    """Numbers up to 1, the largest, on a logarithmic scale; the least, or a tenth of the largest, is 1/8."""
    known = [math.log(number) for number in numbers if 0 < number < math.inf]
    largest = max(known, default=0.0)
    span = max(largest - min(known, default=0.0), math.log(10))
    return [
        1.0 if number == math.inf else 1 - 0.875 * (largest - math.log(number)) / span if number > 0 else 0.0
        for number in numbers
    ]
