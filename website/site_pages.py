"""What MkDocs calls: all pages that are not in `docs` as they are, and where each is found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from website.architectures import architecture_pages
from website.gallery import gallery_pages
from website.reference import reference_pages
from website.repository import PAGES, ROOT, linked, listing_page, site_path
from website.tutorials import tutorial_pages

HERE = Path(__file__).parent

CHAPTERS = ("language", "recurrence", "limits", "guarantees", "targets")
CHAPTERS += ("interpretability", "zoo", "stability", "compiler")

BUTTONS = """
[Your first program](tutorials/first_program.md){ .md-button .md-button--primary }
[Gallery](gallery/index.md){ .md-button }
[Architectures](architectures/index.md){ .md-button }
"""
"""What the first page offers before all else."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and tell the navigation of them."""
    linked_to: set[str] = set()
    made = {name: list(pages) for name, pages in _sections(linked_to).items()}
    texts = dict(page for pages in made.values() for page in pages)
    for path in [*PAGES, *(f"docs/{name}.md" for name in CHAPTERS)]:
        texts[site_path(path)] = linked((ROOT / path).read_text(encoding="utf-8"), path, linked_to.add)
    texts["index.md"] = _home(texts["index.md"])
    listed = {site_path(path): listing_page(path) for path in sorted(linked_to)}
    assets = {name: (HERE / name).read_text(encoding="utf-8") for name in ("style.css", "iframe-worker.js")}
    for path, text in {**texts, **listed, **assets}.items():
        if path in files.src_uris:
            files.remove(files.src_uris[path])
        files.append(File.generated(config, path, content=text))
    config.nav = _navigation({name: [path for path, _ in pages] for name, pages in made.items()})
    return files


def _sections(linked_to: set[str]) -> dict[str, Iterable[tuple[str, str]]]:
    return {
        "Tutorials": tutorial_pages(),
        "Architectures": architecture_pages(linked_to.add),
        "Gallery": gallery_pages(),
        "Reference": reference_pages(),
    }


def _home(text: str) -> str:
    """README with buttons below its first paragraph."""
    title, about, rest = text.split("\n\n", 2)
    return f"---\nhide: [navigation]\n---\n\n{title}\n\n{about}\n{BUTTONS}\n{rest}"


def _navigation(made: dict[str, list[str]]) -> list[Any]:
    pages = {name: [path for path in paths if path.endswith(".md")] for name, paths in made.items()}
    return [
        {"Home": "index.md"},
        {"Tutorials": pages["Tutorials"]},
        {"Guide": [f"{name}.md" for name in CHAPTERS]},
        *({name: pages[name]} for name in ("Architectures", "Gallery", "Reference")),
        {"Project": ["changelog.md", "contributing.md", "benchmarks.md"]},
    ]
