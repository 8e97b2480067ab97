"""Pages of files of the repository: README and its kin as pages, and what they link to as listings of code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent

PAGES = {"README.md": "index.md", "benchmarks/README.md": "benchmarks.md"}
PAGES |= {name: name.lower() for name in ("CONTRIBUTING.md", "CHANGELOG.md")}
"""Files outside `docs` that are pages of the site."""

_LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)(#[^)]*)?\)")

_LANGUAGES = {".py": "python", ".html": "html", ".js": "javascript", ".cff": "yaml", ".json": "json"}


def site_path(path: str) -> str:
    """Where a file of the repository is in the site.

    >>> [site_path(path) for path in ("README.md", "docs/zoo.md", "docs/pictures/map.png", "examples/function.py")]
    ['index.md', 'zoo.md', 'pictures/map.png', 'source/examples/function.py.md']
    """
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return re.sub(r"\.ipynb$", ".md", path.removeprefix("docs/"))
    return f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def linked(text: str, path: str, found: Callable[[str], object]) -> str:
    """The text of a page with its links as they are in the site; `found` is told each file outside `docs`.

    >>> linked("[a](docs/zoo.md#x)", "README.md", print)
    '[a](zoo.md#x)'
    """
    here = posixpath.dirname(site_path(path))

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link[2]))
        if not target.startswith("docs/") and target not in PAGES and (ROOT / target).exists():
            found(target)
        return f"{link[1]}{posixpath.relpath(site_path(target), here or '.')}{link[3] or ''})"

    return _LINK.sub(moved, text)


def listing_page(path: str) -> str:
    """A page that shows a file, or the files of a folder one after the other."""
    place = ROOT / path
    files = sorted(each for each in place.rglob("*") if _is_text(each)) if place.is_dir() else [place]
    parts = [f"# {path}\n"]
    for file in files:
        heading = f"## {file.relative_to(place)}\n\n" if place.is_dir() else ""
        parts.append(f"{heading}````{_LANGUAGES.get(file.suffix, 'text')}\n{file.read_text(encoding='utf-8')}````\n")
    return "\n".join(parts)


def _is_text(path: Path) -> bool:
    return path.is_file() and path.suffix in {*_LANGUAGES, ".md", ".toml", ".csv"} and "__pycache__" not in path.parts
