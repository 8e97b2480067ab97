"""Pages from templates, all in the style of `page.html`: reports, the leaderboard, and the cards of benchmarks."""

from __future__ import annotations

from typing import Any

from lsrl.errors import MissingPackage


def rendered(template: str, **given: Any) -> str:
    """A template, as `room/file` below `lsrl`, filled in; in HTML, texts are escaped. Raises `MissingPackage`."""
    try:
        from jinja2 import Environment, PackageLoader
    except ImportError:
        raise MissingPackage("jinja2", "a page", "view") from None
    environment = Environment(
        loader=PackageLoader("lsrl", ""), autoescape=template.endswith(".html"), keep_trailing_newline=True
    )
    return environment.get_template(template).render(**given)
