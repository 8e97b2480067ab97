"""Numbers over time: a row for each, a column for each step, as colour and as text where it fits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from lsrl.view import palette
from lsrl.view.drawing import MARGIN, MOST, TITLE, Drawing, drawing
from lsrl.view.legend import legend
from lsrl.view.svg import columns, cut, element, shape, text, text_width

HEIGHT, BITS = 24, 10
"""Pixels of a row, and of one of several that belong together and have no text."""

NARROWEST, WIDEST, BARE = 26.0, 72.0, 9.0
"""Pixels of a column with text, and of one without."""

BANDS_WITH_TEXT, BANDS = 3, 6
"""Steps that do not fit side by side are below one another, in so many bands; more have no text, or are left out."""

LETTERS = 26
"""How long the name of a row may be."""

DESCRIBED = 50
"""Steps that the description has, for who cannot see the picture."""

LEVELS = 12
"""Shades of a colour."""


class Cell(NamedTuple):
    """One step of a row: what is written, the class of its colour, how strong that is from 0 to 1, and its mark."""

    said: str
    kind: str
    strength: float
    marked: bool = False


class Row(NamedTuple):
    """What a row is called, what more is said of it, whether it is of bits, and a cell for each step."""

    name: str
    remark: str
    is_bits: bool
    cells: Sequence[Cell]

    @property
    def height(self) -> int:
        """Pixels that it takes."""
        return BITS if self.is_bits else HEIGHT


class Group(NamedTuple):
    """Rows that belong together: the components of a value, or a value in several networks."""

    value: str
    rows: Sequence[Row]


def heat_map(groups: Sequence[Group], *, title: str, first: int, steps: int, meanings: Mapping[str, str]) -> Drawing:
    """A picture of groups of rows with the same steps, of which `first` is the first of `steps`; no wider than a page.

    `meanings` says what the classes of the cells' colours stand for.
    """
    rows = [row for group in groups for row in group.rows]
    left = max(_label_width(row) for row in rows) + 12
    room = MOST - 2 * MARGIN - left
    there = len(rows[0].cells)
    widest = max(columns(cell.said) for row in rows for cell in row.cells)
    width = min(max(widest * palette.ADVANCE * palette.SMALL + 8, NARROWEST), WIDEST)
    has_text = there * width <= BANDS_WITH_TEXT * room
    if not has_text:
        width = BARE
    per_band = int(room / width)
    shown = min(there, BANDS * per_band)
    if first or shown < steps:
        title = f"{title}, steps {first:,} to {first + shown - 1:,} of {steps:,}"
    title = cut(title, TITLE)
    parts, y = [text(0, palette.TYPE, title, "name")], float(palette.LINE + 8)
    for begin in range(0, shown, per_band):
        band = _Band(left, width, begin, min(begin + per_band, shown), first, has_text)
        parts.append(_steps(band, y))
        y += 18
        for group in groups:
            inner, height = _group(group, band)
            parts.append(element("g", *inner, data_value=group.value, transform=f"translate(0 {y:.1f})"))
            y += height + 5
        y += 10
    key = legend({f"cell {kind}": said for kind, said in meanings.items()}, {}, most=MOST - 2 * MARGIN)
    parts.append(element("g", *key.parts, transform=f"translate(0 {y:.1f})"))
    across = max(left + min(shown, per_band) * width, text_width(title), key.width)
    return drawing(parts, across, y + key.height, title=title, description="\n".join(map(_described, rows)))


def _described(row: Row) -> str:
    """A row in words."""
    cells = [cell.said or f"{float(cell.strength > 0):g}" for cell in row.cells[:DESCRIBED]]
    more = ", …" if len(row.cells) > DESCRIBED else ""
    return f"{f'{row.name} {row.remark}'.strip()}: {', '.join(cells)}{more}"


class _Band(NamedTuple):
    """Steps side by side: from `begin` up to `end` of those that are there, of which the first is step `first`."""

    left: float
    width: float
    begin: int
    end: int
    first: int
    has_text: bool

    def x(self, step: int) -> float:
        return self.left + (step - self.begin) * self.width


def _label_width(row: Row) -> float:
    remark = text_width(row.remark, palette.SMALL) + 8 if row.remark else 0
    return text_width(cut(row.name, LETTERS)) + remark


def _steps(band: _Band, y: float) -> str:
    """The numbers of the steps, as many as there is room for."""
    widest = text_width(str(band.first + band.end), palette.SMALL) + 10
    every = next(every for every in (1, 2, 5, 10, 20, 50, 100, 500, 1000, 10**6) if every * band.width >= widest)
    said = [
        element("tspan", str(band.first + step), x=band.x(step) + band.width / 2)
        for step in range(band.begin, band.end)
        if (band.first + step) % every == 0
    ]
    name = text(band.left - 12, y + 12, "step", "small quiet end")
    return element("g", name, element("text", *said, y=y + 12, class_="small quiet middle"))


def _group(group: Group, band: _Band) -> tuple[list[str], float]:
    """The rows of a group in a band, and how high they are."""
    parts: list[str] = []
    y = 0.0
    for row in group.rows:
        parts += _row(row, band, y)
        y += row.height
    return parts, y


def _row(row: Row, band: _Band, y: float) -> Iterator[str]:
    cells = range(band.begin, band.end)
    base = y + row.height / 2 + 5
    if row.name:
        yield text(0, max(base, 15), cut(row.name, LETTERS), None, font_weight=600)
    if row.remark:
        yield text(band.left - 12, max(base, 15), row.remark, "small quiet end")
    shades: dict[tuple[str, int], list[int]] = defaultdict(list)
    for step in cells:
        cell = row.cells[step]
        shades[cell.kind, round(cell.strength * LEVELS)].append(step)
    gap = 1 if band.width > 4 else 0
    box = f"h{band.width - gap:.1f}v{row.height - 1}h-{band.width - gap:.1f}z"
    yield shape("path", "ground", d="".join(f"M{band.x(step):.1f} {y:.1f}{box}" for step in cells))
    for (kind, level), steps in shades.items():
        if level:
            line = "".join(f"M{band.x(step):.1f} {y:.1f}{box}" for step in steps)
            yield shape("path", f"cell {kind}", d=line, fill_opacity=f"{level / LEVELS:.2f}")
    if marked := [step for step in cells if row.cells[step].marked]:
        yield shape("path", "mark", d="".join(f"M{band.x(step):.1f} {y:.1f}{box}" for step in marked))
    if band.has_text and (texts := list(_texts(row, band))):
        yield element("text", *texts, y=y + row.height / 2 + 4, class_="small middle")


def _texts(row: Row, band: _Band) -> Iterator[str]:
    for step in range(band.begin, band.end):
        said = row.cells[step].said
        if said and text_width(said, palette.SMALL) <= band.width - 2:
            yield element("tspan", escape(said), x=band.x(step) + (band.width - 1) / 2)
