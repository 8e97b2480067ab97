"""Drawings: vector graphics with real text, which notebooks and pages show, light and dark, and files keep."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

from lsrl.errors import MissingPackage
from lsrl.view import palette
from lsrl.view.picture_file import write_picture
from lsrl.view.svg import element, shape

MOST = 1600
"""Pixels of width of a page at normal type."""

MARGIN = 16
"""Pixels around a drawing."""

TITLE = 180
"""Letters of a title that fit a page."""

TITLE_NAME = 80
"""Letters of a name in a title that says more."""

SCALE = 2
"""Pixels of a PNG file for one of the drawing."""

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML can hold, however it is written (w3.org/TR/xml, 2.2); states of automata have any names."""


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture as SVG, `width` × `height` pixels in size. A notebook shows it; `save` writes SVG or PNG.

    `title` says in a line what it shows, `description` what is in it, for who cannot see it. Elements that stand for a
    value of a program have its name as `data-value`; everything is below the class `lsrl`, and nothing is a script.

    >>> from lsrl import Input, Program, cumsum
    >>> Program(cumsum(Input(1, name="x"), name="sum"), name="total").draw()
    <Drawing 'total: 1 → 1' of 553 × 288 px>
    """

    svg: str
    width: int
    height: int
    title: str
    description: str

    def __repr__(self) -> str:
        return f"<Drawing {self.title!r} of {self.width:,} × {self.height:,} px>"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write it as .svg or .png, light. Raises `FormatError` for another ending; PNG needs the extra `view`."""
        return write_picture(path, lambda ending: self.svg.encode() if ending == "svg" else self._png())

    def _png(self) -> bytes:
        try:
            from resvg_py import svg_to_bytes

            fonts = files("matplotlib") / "mpl-data" / "fonts" / "ttf"  # this machine may have none
        except ImportError as problem:
            raise MissingPackage(str(problem.name).replace("_", "-"), "a PNG file", "view") from None
        faces = [str(fonts / f"DejaVuSansMono{face}.ttf") for face in ("", "-Bold")]
        return svg_to_bytes(svg_string=self.svg, zoom=SCALE, font_files=faces, monospace_family="DejaVu Sans Mono")


def drawing(parts: Iterable[str], width: float, height: float, *, title: str, description: str) -> Drawing:
    """A drawing of elements that are within (0, 0) and (width, height); there is a margin around them."""
    across, down = round(width) + 2 * MARGIN, round(height) + 2 * MARGIN
    svg = element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(description)),
        element("style", palette.style_sheet()),
        shape("rect", "panel", width=across, height=down, rx=8),
        element("g", *parts, transform=f"translate({MARGIN} {MARGIN})"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {across} {down}",
        width=across,
        height=down,
        class_="lsrl",
        role="img",
        aria_label=title,
        style="max-width:100%;height:auto",
    )
    return Drawing(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", svg), across, down, title, description)
