"""Figures of matplotlib as files, and as elements of pages."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from lsrl.errors import MissingPackage
from lsrl.view.picture_file import write_picture

try:
    from matplotlib.figure import Figure
except ImportError:
    raise MissingPackage("matplotlib", "a figure", "view") from None

__all__ = ["Figure", "as_svg", "written"]


def written(figure: Figure, path: str | Path, description: str | None = None) -> Path:
    """Write a figure as SVG or PNG, by the file's ending, with a description in its metadata.

    Raises `FormatError` for any other ending.
    """
    return write_picture(path, lambda ending: _content(figure, ending, 150, description))


def as_svg(figure: Figure) -> str:
    """The figure as an SVG element, to embed in a page."""
    text = _content(figure, "svg").decode()
    return text[text.index("<svg") :]


def _content(figure: Figure, ending: str, dpi: float | None = None, description: str | None = None) -> bytes:
    buffer = BytesIO()
    about = None if description is None else {"Description": description}
    figure.savefig(buffer, format=ending, dpi=dpi or figure.dpi, bbox_inches="tight", metadata=about)
    return buffer.getvalue()
