"""Pages from templates: the card of a case, what a benchmark has, and the leaderboard."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from lsrl.errors import MissingPackage


def rendered(template: str, **given: Any) -> str:
    """A template of this folder, filled in; in HTML, texts are escaped. Raises `MissingPackage` without jinja2."""
    try:
        from jinja2 import Environment
    except ImportError:
        raise MissingPackage("jinja2", "a page", "study") from None
    text = files("lsrl.benchmark").joinpath(template).read_text(encoding="utf-8")
    environment = Environment(autoescape=template.endswith(".html"), keep_trailing_newline=True)
    return environment.from_string(text).render(**given)
