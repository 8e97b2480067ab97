"""The demo's report: one HTML file with its pictures inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from lsrl.errors import MissingPackage
from lsrl.files import write_whole
from lsrl.view.drawing import Drawing
from lsrl.view.figure_file import Figure, as_svg, written

try:
    from jinja2 import Environment
except ImportError:
    raise MissingPackage("jinja2", "a report", "view") from None


class Picture(NamedTuple):
    """A figure, what its file is called, and what is written under it."""

    name: str
    figure: Figure | Drawing
    caption: str


class Answered(NamedTuple):
    """A dictionary's answers: key, answer, whether it is right."""

    title: str
    text: str
    answers: Sequence[tuple[str, str, bool]]


def write_report(
    path: Path,
    *,
    title: str,
    summary: str,
    rows: Sequence[Mapping[str, Any]],
    dictionaries: Sequence[Answered],
    pictures: Sequence[Picture],
    legend: Sequence[str],
    machine: str,
) -> None:
    """Write the report, and each picture beside it as PNG. Raises `FormatError` when they cannot be written."""
    template = Environment(autoescape=True).from_string(
        files("lsrl.view").joinpath("report.html").read_text(encoding="utf-8")
    )
    page = template.render(
        title=title,
        summary=summary,
        rows=rows,
        dictionaries=dictionaries,
        pictures=[{"svg": _svg(picture.figure), "caption": picture.caption} for picture in pictures],
        legend=legend,
        machine=machine,
    )
    for picture in pictures:
        _save(picture, path.with_name(f"{picture.name}.png"))
    write_whole(path, page.encode())


def _svg(figure: Figure | Drawing) -> str:
    return figure.svg if isinstance(figure, Drawing) else as_svg(figure)


def _save(picture: Picture, path: Path) -> None:
    if isinstance(picture.figure, Drawing):
        picture.figure.save(path)
    else:
        written(picture.figure, path, picture.caption)
