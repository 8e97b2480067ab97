"""Docstrings as Markdown: what is indented there, and what a doctest shows, is code."""

from __future__ import annotations

import re
from typing import Any

import griffe

_BLOCK = re.compile(r"(?:^|\n)((?: *>>> [^\n]*\n?)(?: *\S[^\n]*\n?)*)")
_FORMULAS = re.compile(r"((?:^ {4,}\S[^\n]*\n(?:\n(?= {4,}\S))?)+)", re.MULTILINE)


def as_markdown(docstring: str) -> str:
    """A docstring with its doctests and its formulas, which are indented by four or more, in fences.

    >>> as_markdown("A sum.\\n\\n    y = x + 1\\n").split()
    ['A', 'sum.', '```text', 'y', '=', 'x', '+', '1', '```']
    """
    formulas = _FORMULAS.sub(lambda found: _fenced(found[1], "text"), docstring + "\n")
    return _BLOCK.sub(lambda found: "\n" + _fenced(found[1], "python"), formulas)


def _fenced(block: str, language: str) -> str:
    lines = block.rstrip("\n").split("\n")
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(["", f"```{language}", *(line[indent:] for line in lines), "```", ""]) + "\n"


class DocstringsAsMarkdown(griffe.Extension):
    """Tells mkdocstrings so."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change an object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
