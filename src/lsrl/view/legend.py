"""What the colours and lines of a drawing mean, in a row below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lsrl.view import palette
from lsrl.view.svg import element, shape, text, text_width

SAMPLE, BETWEEN = 14, 22
"""Pixels of a sample, and from one entry to the next."""


class Legend(NamedTuple):
    """The elements of a legend, and its size."""

    parts: tuple[str, ...]
    width: float
    height: float


def legend(shapes: Mapping[str, str], lines: Mapping[str, str], *, most: float) -> Legend:
    """The names of shapes and of lines, by their classes, in rows of at most `most` pixels.

    >>> legend({"box input": "input"}, {}, most=400).width
    56.1
    """
    parts: list[str] = []
    x = width = 0.0
    y = 0
    for kind, label in {**shapes, **lines}.items():
        sample = SAMPLE if kind in shapes else 2 * SAMPLE
        needed = sample + 6 + text_width(label, palette.SMALL)
        if x and x + needed > most:
            x, y = 0.0, y + palette.LINE
        said = text(sample + 6, 11, label, "small quiet")
        parts.append(element("g", _sample(kind, sample, kind in shapes), said, transform=f"translate({x:.1f} {y})"))
        width = max(width, x + needed)
        x += needed + BETWEEN
    return Legend(tuple(parts), round(width, 1), y + palette.LINE)


def _sample(kind: str, width: int, is_shape: bool) -> str:
    if is_shape:
        return shape("rect", kind, width=width, height=SAMPLE, rx=3)
    return shape("path", kind, d=f"M0 {SAMPLE / 2}H{width}")
