"""Elements of SVG, as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

from lsrl.view import palette


def element(tag: str, *content: str, **attributes: object) -> str:
    """An element. Attributes that are None are left out; `_` in their names is `-`, at the end nothing.

    >>> element("text", "a", class_="name", x=1.25, y=None, data_value="<")
    '<text class="name" x="1.2" data-value="&lt;">a</text>'
    """
    parts = [tag]
    for name, setting in attributes.items():
        if setting is not None:
            said = _number(setting) if isinstance(setting, float) else str(setting)
            parts.append(f"{name.rstrip('_').replace('_', '-')}={quoteattr(said)}")
    opened = " ".join(parts)
    return f"<{opened}>{''.join(content)}</{tag}>" if content else f"<{opened}/>"


def shape(tag: str, kind: str, **attributes: object) -> str:
    """A shape of a class, or of several."""
    return element(tag, class_=kind, **attributes)


def text(x: float, y: float, said: str, kind: str | None = None, **attributes: object) -> str:
    """A line of text; y is that of its baseline."""
    return element("text", escape(said), x=float(x), y=float(y), class_=kind, **attributes)


def _number(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def columns(said: str) -> int:
    """How many letters wide a text is in monospaced type; those of East Asia are two wide.

    >>> columns("ab"), columns("日本")
    (2, 4)
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in said)


def text_width(said: str, size: float = palette.TYPE) -> float:
    """Pixels that a line of text takes."""
    return columns(said) * palette.ADVANCE * size


def cut(said: str, most: int) -> str:
    """A text of at most so many letters: its beginning, if it is longer.

    >>> cut("abcdef", 4)
    'abc…'
    """
    while columns(said) > most:
        said = f"{said[: max(most, 1) - 1]}…" if len(said) > most else f"{said[:-2]}…"
    return said


def wrapped(said: str, most: int, lines: int) -> Sequence[str]:
    """A text as lines of at most `most` letters, of which only the first are there if they are more than `lines`.

    >>> wrapped("one two three four", 9, 2)
    ['one two', 'three …']
    """
    found = [cut(line, most) for line in wrap(said, most, break_on_hyphens=False)]
    if len(found) <= lines:
        return found
    return [*found[: lines - 1], cut(f"{found[lines - 1]} …", most)]
