"""Markdown from data: tables, text as it is, drawings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lsrl.view.drawing import Drawing


def table(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as a table.

    >>> print(table([{"name": "lstm", "layers": 2}]))
    | name | layers |
    | --- | --- |
    | lstm | 2 |
    """
    rows = list(rows)
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([str(cell) for cell in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def escaped(text: str) -> str:
    """Text in which no sign means anything.

    >>> escaped("a * b [c]")
    'a \\\\* b \\\\[c\\\\]'
    """
    return re.sub(r"([<>*_|`\[\]])", r"\\\1", text)


def sentence(text: str) -> str:
    """A phrase as a sentence; the name of a class stays as it is.

    >>> sentence("more ones than zeros"), sentence("torch.nn.LSTM; selection")
    ('More ones than zeros.', 'torch.nn.LSTM; selection.')
    """
    first = text[:1] if "." in text.split(" ", 1)[0] else text[:1].upper()
    return f"{first}{escaped(text[1:])}."


def shown_drawing(drawing: Drawing) -> str:
    """A drawing as an element of its own, whose text is no Markdown."""
    return f'<div class="drawing">{drawing.svg}</div>'
