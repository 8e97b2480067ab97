"""The reference: a page for each room that users import from, made of the docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType

import lsrl
from lsrl.errors import LsrlError

PAGES = {
    "language": ("The language", "lsrl.lang", "Values, primitives and the library; all of it is imported from `lsrl`."),
    "automata": ("Automata", "lsrl.automata", "Finite automata as values, and their algebra."),
    "in-context": ("In-context learners", "lsrl.incontext", "Programs that answer from their prompts."),
    "interpretability": ("Interpretability", "lsrl.interp", "Ground truth for methods that look for variables."),
    "zoo": ("Zoo", "lsrl.zoo", "Example programs, each with a specification."),
    "studies": ("Studies", "lsrl.studies", "Measurements of compiled networks."),
    "benchmark": ("Benchmark", "lsrl.benchmark", "Networks in which everything is known, and a leaderboard."),
}

COMPILED = {
    "compile": "lsrl.model.compiler.compile",
    "load": "lsrl.model.loading.load",
    "verify_checkpoint": "lsrl.model.checkpoint_verification.verify_checkpoint",
    "analyse": "lsrl.analysis.analyse",
    "CompiledModel": "lsrl.model.compiled_model.CompiledModel",
    "Layout": "lsrl.backends.layout.Layout",
    "Guarantee": "lsrl.rounding.guarantee.Guarantee",
    "Verification": "lsrl.model.verification.Verification",
}
"""What compiles, and what comes out."""


def reference_pages() -> Iterator[tuple[str, str]]:
    """The path and the text of each page, the overview first."""
    titles = {"compiling": "Compiling", **{name: title for name, (title, _, _) in PAGES.items()}, "errors": "Errors"}
    links = "\n".join(f"- [{title}]({name}.md)" for name, title in titles.items())
    yield "reference/index.md", f"# Reference\n\nWhat can be imported, from its docstrings.\n\n{links}\n"
    about = "From programs to networks, and what networks offer."
    yield "reference/compiling.md", _page("Compiling", about, COMPILED.values())
    for name, (title, room, about) in PAGES.items():
        yield f"reference/{name}.md", _page(title, about, _places(import_module(room)))
    errors = (f"lsrl.errors.{name}" for name in lsrl.__all__ if _is_problem(getattr(lsrl, name)))
    yield "reference/errors.md", _page("Errors", "What is raised, or warned of.", errors)


def _is_problem(found: object) -> bool:
    return inspect.isclass(found) and issubclass(found, (LsrlError, Warning))


def _places(room: ModuleType) -> Iterator[str]:
    """Where what a room exports is defined."""
    for name in room.__all__:
        found = getattr(room, name)
        if inspect.ismodule(found):
            yield found.__name__
        elif inspect.isclass(found) or inspect.isfunction(found):
            yield f"{found.__module__}.{found.__qualname__}"


def _page(title: str, about: str, places: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", about, *(f"::: {place}" for place in places), ""])
