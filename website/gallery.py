"""The gallery: every program of the zoo, by family, with its picture and a page to explore its network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress

import lsrl
from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.model.compiled_model import CompiledModel
from lsrl.zoo import Family, ZooProgram
from website.markdown import sentence, shown_drawing, table

SHOWN = ("lstm", *TARGETS)
"""The explorer shows the network of the first of these targets that computes a program."""


def gallery_pages() -> Iterator[tuple[str, str]]:
    """The path and the text of each page, the overview first, and of the explorer's."""
    families = zoo.families()
    rows = [
        {"family": f"[{name}]({_file(name)})", "what it has": family.summary, "programs": len(family.members)}
        for name, family in families.items()
    ]
    yield (
        "gallery/index.md",
        f"# Gallery\n\nThe zoo's {len(zoo.names())} programs, each with its picture and an explorer: a page in "
        "which one steps through an input, edits it, and sees every variable and every cell of the compiled network. "
        f"What each target makes of them is in [the zoo](../zoo.md).\n\n{table(rows)}\n",
    )
    for name, family in families.items():
        entries = list(family.members.values())
        models = {entry.name: _model(entry) for entry in entries}
        yield f"gallery/{_file(name)}", _page(family, [(entry, models[entry.name]) for entry in entries])
        for entry in entries:
            model = models[entry.name]
            if model is not None:
                yield f"gallery/explorer/{entry.name}.html", model.explore().html


def _file(family: str) -> str:
    return f"{family.replace(' ', '-')}.md"


def _model(entry: ZooProgram) -> CompiledModel | None:
    for target in SHOWN:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lsrl.UselessGuaranteeWarning)  # the explorer says what is guaranteed
            with suppress(lsrl.LsrlError):
                return lsrl.compile(entry.program, target, max_length=entry.max_length)
    return None


def _page(family: Family, shown: list[tuple[ZooProgram, CompiledModel | None]]) -> str:
    parts = [f"# {family.name[:1].upper()}{family.name[1:]}", sentence(family.summary)]
    for entry, model in shown:
        explorer = (
            "No target computes it."
            if model is None
            else f"[Explore it as {model.target.name}](explorer/{entry.name}.html){{ .md-button }}"
        )
        parts += [f"## {entry.name}", sentence(entry.summary), explorer, shown_drawing(entry.program.draw())]
    return "\n\n".join(parts) + "\n"
