"""The numbers of a value over time as rows of a heat map: booleans and one-hot vectors drawn as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lsrl.view.heat_map import Cell, Group, Row

MOST_COMPONENTS, MOST_BITS = 12, 40
"""Components of a vector that have a row; of one of zeros and ones, where rows are low."""

STRONGEST, TOKEN = 0.6, 0.25
"""How strong the colour of the largest number is, so that text can be read on it, and that of a token."""

MEANINGS = {"boolean": "1 (0 is empty)", "input": "above 0", "relu": "below 0", "state": "token"}
"""What the classes of cells stand for."""


def number_rows(
    numbers: np.ndarray,
    name: str,
    remark: str = "",
    *,
    is_boolean: bool = False,
    marked: np.ndarray | None = None,
    scale: float | None = None,
) -> list[Row]:
    """Rows for numbers (T, dim): one a component, or the place of the one in a long one-hot vector.

    Those `marked`, a mask of the same shape, are framed; the colour is strongest where numbers are `scale` large.

    >>> [row.remark for row in number_rows(np.array([[1.0, 2.0], [3.0, 4.0]]), "x")]
    ['[0]', '[1]']
    """
    marks = np.zeros(numbers.shape, dtype=bool) if marked is None else marked
    dim = numbers.shape[1]
    bits = bool(np.isin(numbers, (0, 1)).all())
    if dim > MOST_BITS and bits and bool((numbers.sum(axis=1) == 1).all()):
        places, differ = numbers.argmax(axis=1).tolist(), marks.max(axis=1).tolist()
        cells = [
            Cell(str(place), "boolean", STRONGEST * place / dim, mark)
            for place, mark in zip(places, differ, strict=True)
        ]
        return [Row(name, f"one-hot of {dim:,} {remark}".strip(), False, cells)]
    is_bits = bits and (is_boolean or dim > 1)
    most = MOST_BITS if is_bits and dim > 1 else MOST_COMPONENTS
    largest = scale or float(np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0))
    rows = []
    for i in range(min(dim, most)):
        said = f"[{i}]" if dim > 1 and not is_bits else ""
        if i == most - 1 < dim - 1:
            said = f"{said} of {dim:,}".strip()
        cell = _bit if is_bits else _number(largest)
        cells = [cell(float(number), bool(mark)) for number, mark in zip(numbers[:, i], marks[:, i], strict=True)]
        rows.append(Row("" if i else name, f"{remark if not i else ''} {said}".strip(), is_bits and dim > 1, cells))
    return rows


def token_row(texts: Sequence[str], name: str, remark: str = "") -> Row:
    """A row of words."""
    return Row(name, remark, False, [Cell(said, "state", TOKEN) for said in texts])


def meanings_of(groups: Sequence[Group]) -> dict[str, str]:
    """What the colours stand for that are there."""
    there = {cell.kind for group in groups for row in group.rows for cell in row.cells if cell.strength}
    return {kind: said for kind, said in MEANINGS.items() if kind in there}


def short(number: float) -> str:
    """A number in few letters; one that is not whole never looks so.

    >>> short(3.0), short(0.123456), short(-1234567.0), short(2.9999)
    ('3', '0.123', '-1.23e+06', '≈3')
    """
    if number.is_integer() and abs(number) < 1e6:
        return f"{number + 0:.0f}"  # and not -0
    said = f"{number:.3g}"
    return f"≈{said}" if said.lstrip("-").isdigit() else said


def _bit(number: float, mark: bool) -> Cell:
    return Cell("", "boolean", 0.85 * number, mark)


def _number(largest: float) -> Callable[[float, bool], Cell]:
    def cell(number: float, mark: bool) -> Cell:
        strength = min(abs(number) / largest, 1.0) if np.isfinite(number) and largest else 0.0
        return Cell(short(number), "input" if number > 0 else "relu", STRONGEST * strength, mark)

    return cell
