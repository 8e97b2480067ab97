"""A page for each architecture: its cell, how it computes each kind of unit, what it cannot, and sizes of networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module

import lsrl
from lsrl import zoo
from lsrl.backends.registry import RELATED, TARGETS, target_named
from lsrl.expressiveness import ABILITIES, answer, refusal
from website.cells import cell_drawing, formulas
from website.docstrings import as_markdown
from website.markdown import escaped, sentence, shown_drawing, table
from website.repository import ROOT, linked

_ELSEWHERE = re.compile(r"(?:described in|that of) `(\w+)\.py`")
_FILE = re.compile(r"`([\w/]+\.py)`")

SIZES = ("parity", "set_reset", "dyck_depth", "addition", "dictionary_2_to_1")
"""Programs of the zoo whose networks' sizes are shown."""


def architecture_pages(found: Callable[[str], object]) -> Iterator[tuple[str, str]]:
    """The path and the text of each page, the overview first; `found` is told each source file that is linked to."""
    yield "architectures/index.md", _overview()
    for name in TARGETS:
        yield f"architectures/{name}.md", _page(name, found)


def _overview() -> str:
    rows = [
        {"architecture": f"[{name}]({name}.md)", "what it is": target_named(name).summary, "refuses": _refused(name)}
        for name in TARGETS
    ]
    return "\n\n".join(
        [
            "# Architectures",
            "What a program becomes. Each page draws what a layer computes, says how it expresses each kind of unit, "
            "and what it refuses: all of it read from the code, or found by compiling.",
            table(rows),
            f"What is said of [mamba2](mamba2.md) holds for layers of other models, too: {', '.join(RELATED)}.",
        ]
    )


def _refused(name: str) -> str:
    refused = sum(bool(reason) for _, reason in _answers(name).values())
    return f"{refused} of {len(ABILITIES)}" if refused else "–"


def _page(name: str, found: Callable[[str], object]) -> str:
    target, module = target_named(name), TARGETS[name]
    docstring = import_module(module).__doc__ or ""
    elsewhere = _ELSEWHERE.search(docstring)
    shared = f"{module.rpartition('.')[0]}.{elsewhere[1]}" if elsewhere else module
    summary, _, rest = docstring.partition("\n\n")
    parts = [f"# {name}", f"{sentence(target.summary)} As a module: {summary.removeprefix(f'{name}: ')}"]
    cell = formulas(import_module(shared).__doc__ or "")
    parts += [shown_drawing(cell_drawing(cell, f"What a layer of {name} computes"))]
    parts += ["## How it computes each unit", _linked(rest, module, found)]
    if shared not in TARGETS.values():
        parts += [_linked((import_module(shared).__doc__ or "").partition("\n\n")[2], shared, found)]
    parts += ["## What it can express", _expressed(name), "## What it refuses", _refusals(name)]
    formats = ", ".join(target.dtypes) + "".join(f", {each} where numbers fit" for each in target.exact_dtypes)
    parts += [
        "## Sizes",
        f"Networks of five programs of the [zoo](../gallery/index.md), as they come out today; in {formats}.",
    ]
    return "\n\n".join([*parts, table(_sizes(name)), ""])


def _linked(docstring: str, module: str, found: Callable[[str], object]) -> str:
    """A docstring as Markdown, in which the names of files lead to them."""
    return _FILE.sub(lambda file: _link(file[1], module, found), as_markdown(docstring))


def _link(file: str, module: str, found: Callable[[str], object]) -> str:
    pages = {place: name for name, place in TARGETS.items()}
    for room in (module.rpartition(".")[0], "lsrl"):
        place = f"{room}.{file.removesuffix('.py').replace('/', '.')}"
        path = f"src/{place.replace('.', '/')}.py"
        if place in pages:
            return f"[{pages[place]}]({pages[place]}.md)"
        if (ROOT / path).exists():
            return linked(f"[`{file}`](../../{path})", "docs/architectures/page.md", found)
    return f"`{file}`"


@cache
def _answers(name: str) -> Mapping[str, tuple[str, str | None]]:
    """For each ability what the target's guarantee is, and why it refuses, if it does."""
    found = {}
    for ability, (source, function) in ABILITIES.items():
        value = function(source)
        said = answer(value, name)
        found[ability] = said, refusal(value, name) if said == "refused" else None
    return found


def _expressed(name: str) -> str:
    by_answer: dict[str, list[str]] = {}
    for ability, (said, _) in _answers(name).items():
        if said != "refused":
            by_answer.setdefault(said, []).append(ability)
    return table([{"guarantee": said, "for": "; ".join(abilities)} for said, abilities in by_answer.items()])


def _refusals(name: str) -> str:
    rows = [{"what": what, "why": escaped(why)} for what, (_, why) in _answers(name).items() if why]
    return table(rows) if rows else "None of what was asked for."


def _sizes(name: str) -> Iterator[Mapping[str, object]]:
    for program in SIZES:
        entry = zoo.get(program)
        row: dict[str, object] = {"program": f"`zoo:{program}`"}
        try:
            model = lsrl.compile(entry.program, name, max_length=entry.max_length)
        except lsrl.LsrlError:
            yield row | dict.fromkeys(("layers", "widest", "parameters", "non-zeros"), "–") | {"guarantee": "refused"}
        else:
            sizes = model.sizes
            counts = {"parameters": f"{sizes.parameters:,}", "non-zeros": f"{sizes.nonzeros:,}"}
            yield row | {"layers": sizes.layers, "widest": sizes.widest, **counts, "guarantee": model.guarantee}
