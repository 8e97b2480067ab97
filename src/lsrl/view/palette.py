"""Colours, and the one way to write a figure to a file."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from lsrl.errors import FormatError
from lsrl.files import write_whole

# Okabe and Ito's palette, which colour-blind readers can tell apart.
INPUT, STATE, RELU, PRODUCT, COMPARISON, CARRIED, OUTPUT = (
    "#0072B2",
    "#56B4E9",
    "#E69F00",
    "#CC79A7",
    "#009E73",
    "#D9D9D9",
    "#D55E00",
)
INK = "#333333"


def written(figure: Figure, path: str | Path) -> Path:
    """Write a figure as SVG or PNG, by the file's ending. Raises `FormatError` for any other."""
    target, buffer = Path(path), BytesIO()
    if target.suffix.lower() not in (".svg", ".png"):
        raise FormatError(f"{target} ends in {target.suffix!r}; expected a file name with .svg or .png")
    figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=150, bbox_inches="tight")
    with suppress(OSError, ValueError):  # what keeps the folder from being made keeps the file from being written
        target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, buffer.getvalue())
    return target


def as_svg(figure: Figure) -> str:
    """The figure as an SVG element, to embed in a page."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight")
    text = buffer.getvalue().decode()
    return text[text.index("<svg") :]
