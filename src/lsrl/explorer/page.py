"""The explorer's page: one HTML file with everything in it, which opens from disk and needs no server."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment

from lsrl.errors import FormatError, ProgramError, listed
from lsrl.explorer.page_data import page_data
from lsrl.files import write_whole
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.rounding.guarantee import GuaranteeKind

SCRIPTS = (
    "exact",
    "display",
    "network",
    "input",
    "knowledge",
    "run",
    "marks",
    "changes",
    "strip",
    "listing",
    "heat_map",
    "layers",
    "details",
    "answer",
    "graph",
    "explorer",
)
"""The modules of the page, each after those that it imports."""

_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)


@dataclass(frozen=True, repr=False)
class Page:
    """A page that stands by itself: its title, and the whole file as text."""

    title: str
    html: str

    def __repr__(self) -> str:
        return f"<Page {self.title!r}: {len(self.html.encode()):,} bytes>"

    def _repr_html_(self) -> str:
        """The page inside a notebook."""
        return f'<iframe srcdoc="{escape(self.html)}" style="width:100%;height:52rem;border:0"></iframe>'

    def save(self, path: str | Path) -> None:
        """Write the page, in a folder that is made if need be. Raises `FormatError` where it cannot be written."""
        if not isinstance(path, (str, Path)) or not str(path):
            raise FormatError(f"{path!r} is not a path; expected a file to write to")
        with suppress(OSError, ValueError):  # what keeps the folder from being made keeps the file from being written
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), self.html.encode())


def explorer_page(model: CompiledNetwork, x: Any = None) -> Page:
    """The page of a model, which opens with the input `x`: numbers (T, dim), a text of tokens, or random ones for None.

    Raises `RangeError`, `ShapeError` or `NumberError` for an input that the model does not take, and `FormatError` for
    one whose weights are not what its program compiles to.

    >>> import lsrl
    >>> model = lsrl.compile(lsrl.Program(lsrl.cumsum(lsrl.Input(1, range=(0, 9), integer=True))), max_length=100)
    >>> explorer_page(model, [[1], [2]]).title
    'program'
    """
    data = page_data(model, x)
    template = Environment(autoescape=True).from_string(_text("page.html"))
    html = template.render(
        data=data,
        exactness=_exactness(model, data["undecidable"]),
        target=model.target.name,
        drawing=_drawing(model),
        language_model=bool(data["tokens"] and data["tokens"]["logits"]),
        style=_text("explorer.css"),
        script="\n".join(map(_script, SCRIPTS)),
        # A "<" in a name could end or comment out the element, whatever surrounds it.
        json=json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"),
    )
    return Page(model.program.name, html)


def _drawing(model: CompiledNetwork) -> str:
    """The program as a graph; nothing where it has more boxes than anybody reads."""
    with suppress(ProgramError):
        return model.program.draw().svg
    return ""


_NEARNESS: dict[GuaranteeKind, str] = {
    "exact": "",
    "bounded": " in floats, within its guarantee",
    "none": " in floats, without a promise of how near it comes",
}


def _exactness(model: CompiledNetwork, undecidable: Sequence[str]) -> str:
    """How the numbers on the page and those in the network differ, in words."""
    said = "Every number here is exact, or has ≈ before it: the page computes in fractions what the network computes"
    said += _NEARNESS[model.guarantee.kind]
    if undecidable:
        said += f"; where {listed(undecidable, 3)} is neither true nor false, that may differ from the program"
    return f"{said}."


def _text(name: str) -> str:
    return files("lsrl.explorer").joinpath(name).read_text(encoding="utf-8")


def _script(name: str) -> str:
    """A module of the page as part of one script: what it imports is there already."""
    return _IMPORT.sub("", _text(f"scripts/{name}.js")).replace("\nexport ", "\n")
