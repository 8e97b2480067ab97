"""What notebooks show of results: tables in HTML, on a light and on a dark ground."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from html import escape
from typing import Any

MOST_ROWS, LETTERS = 200, 300
"""Rows of a table, and letters of a cell, that are shown."""

_STYLE = (
    ".lsrl-table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}"
    ".lsrl-table caption{font-weight:600;text-align:left;padding:4px 8px}"
    ".lsrl-table th,.lsrl-table td{text-align:left;vertical-align:top;padding:3px 10px;border-bottom:1px solid #8884}"
)
"""Grey with some transparency is a line on any ground, and text has the notebook's colour."""


def html_table(rows: Iterable[Mapping[str, Any]], caption: str) -> str:
    """Rows with the same columns as an HTML table.

    >>> "<td>0.5</td>" in html_table([{"name": "a<b", "error": 0.5}], "errors")
    True
    """
    there = list(rows)
    heads = _row(there[0], "th") if there else ""
    lines = "".join(_row(row.values(), "td") for row in there[:MOST_ROWS])
    more = f" (the first {MOST_ROWS:,} of {len(there):,} rows)" if len(there) > MOST_ROWS else ""
    return _table(f"{caption}{more}", f"<thead>{heads}</thead><tbody>{lines}</tbody>")


def html_fields(found: Mapping[str, Any], caption: str) -> str:
    """Names and what they stand for as an HTML table; those with nothing are left out.

    >>> html_fields({"bound": 0.5, "reason": ""}, "guarantee").count("<tr>")
    1
    """
    lines = [
        f'<tr><th scope="row">{_text(name.replace("_", " "))}</th><td>{_text(said)}</td></tr>'
        for name, said in found.items()
        if said is not None and said not in ("", (), [])
    ]
    return _table(caption, f"<tbody>{''.join(lines)}</tbody>")


class Tabulated:
    """A dataclass that a notebook shows as a table: what its `as_dict` says, or its fields."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        as_dict = getattr(self, "as_dict", None)
        found = as_dict() if as_dict else {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return html_fields(found, type(self).__name__)


def _table(caption: str, inner: str) -> str:
    return f'<style>{_STYLE}</style><table class="lsrl-table"><caption>{_text(caption)}</caption>{inner}</table>'


def _row(cells: Iterable[Any], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _text(cell: Any) -> str:
    """A cell as people write it."""
    if isinstance(cell, bool) or cell is None:
        said = {True: "yes", False: "no", None: "–"}[cell]
    elif isinstance(cell, int):
        said = f"{cell:,}"
    elif isinstance(cell, float):
        said = f"{cell:.6g}" if math.isfinite(cell) else str(cell)
    elif isinstance(cell, Mapping):
        said = ", ".join(f"{name}: {part}" for name, part in cell.items())
    elif isinstance(cell, (list, tuple)):
        said = "; ".join(map(str, cell))
    else:
        said = str(cell)
    return escape(said if len(said) <= LETTERS else f"{said[:LETTERS]}…")
