"""What is in a drawing, and where: its texts and boxes, found in the SVG alone."""

import unicodedata
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

SIZES = {"small": 12}
NAMESPACE = "{http://www.w3.org/2000/svg}"


class Rectangle(NamedTuple):
    """An upright rectangle, and what it is around."""

    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other):
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def is_within(self, other):
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


class Drawn(NamedTuple):
    """A drawing's page, its texts, and for each value its box with the texts in it."""

    page: Rectangle
    texts: list[Rectangle]
    boxes: dict[str, tuple[Rectangle, list[Rectangle]]]


def drawn(drawing):
    """The parts of a drawing. Letters are 0.6 times as wide as high, as in monospaced type."""
    root = ElementTree.fromstring(drawing.svg)
    found = Drawn(Rectangle(0, 0, float(root.get("width")), float(root.get("height")), "page"), [], {})
    _walk(root, 0.0, 0.0, found, None)
    return found


def overlaps(rectangles):
    """The pairs of rectangles that meet, by what they are around."""
    return [(a.what, b.what) for a, b in combinations(rectangles, 2) if a.meets(b)]


def _walk(element, x, y, found, value):
    if element.get("transform"):
        moved = element.get("transform").removeprefix("translate(").partition(")")[0].split()
        x, y = x + float(moved[0]), y + float(moved[1])
    value = element.get("data-value", value)
    kinds = (element.get("class") or "").split()
    if element.tag == f"{NAMESPACE}text":
        for part in list(element) or [element]:
            box = _text(part.text, x + float(part.get("x")), y + float(element.get("y")), kinds)
            found.texts.append(box)
            if value in found.boxes:
                found.boxes[value][1].append(box)
    elif element.tag == f"{NAMESPACE}rect" and "box" in kinds and value is not None:
        left, top = x + float(element.get("x", 0)), y + float(element.get("y", 0))
        right, bottom = left + float(element.get("width")), top + float(element.get("height"))
        found.boxes[value] = (Rectangle(left, top, right, bottom, value), [])
    for child in element:
        _walk(child, x, y, found, value)


def _text(said, x, base, kinds):
    size = next((SIZES[kind] for kind in kinds if kind in SIZES), 14)
    width = 0.6 * size * sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in said)
    left = x - (width if "end" in kinds else width / 2 if "middle" in kinds else 0)
    return Rectangle(left, base - 0.75 * size, left + width, base + 0.2 * size, said)
