"""What a layer of an architecture computes, drawn from the formulas in its docstring: a box for each of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from lsrl.view.drawing import Drawing
from lsrl.view.program_drawing import draw_graph
from lsrl.view.program_graph import Kind, ProgramGraph, Reading, ValueBox

_BLOCK = re.compile(r"(?:^ {4}\S[^\n]*\n)+", re.MULTILINE)
_FORMULA = re.compile(r"([\w', ]+?)\s*[=←]\s*(.+)")
_SHORT = re.compile(r"… = ([^,\n]+)")
_NAME = re.compile(r"([^\W\d_]+)(₋₁)?('?)")
"""A name, and what says that it is that of the last step."""


class Formula(NamedTuple):
    """What a formula computes, and how."""

    names: tuple[str, ...]
    text: str
    reads: tuple[tuple[str, bool], ...]
    """Names in it, and whether they are those of the last step."""


def formulas(docstring: str) -> list[Formula]:
    """The formulas of the first indented block.

    >>> formulas("A sum:\\n\\n    s ← s + x    y = relu(s' - x)\\n")[1]
    Formula(names=('y',), text="relu(s' - x)", reads=(('relu', False), ('s', True), ('x', False)))
    """
    block = _BLOCK.search(docstring)
    short = _SHORT.search(docstring)
    found = []
    for part in re.split(r"\s{2,}|\n", block[0] if block else ""):
        written = _FORMULA.fullmatch(part.strip().rstrip(","))
        if written is not None:
            names = tuple(name.strip().removesuffix("ₜ") for name in written[1].split(","))
            whole = written[2].replace("…", short[1]) if short else written[2]
            reads = ((name.removesuffix("ₜ"), bool(last or prime)) for name, last, prime in _NAME.findall(whole))
            found.append(Formula(names, written[2], tuple(dict.fromkeys(reads))))
    return found


def cell_drawing(found: list[Formula], title: str) -> Drawing:
    """A picture of formulas: what is read above what reads it, states with their loop."""
    readings = set()
    states: set[int] = set()
    made: dict[str, int] = {"x": 0}
    last_made = {name: i for i, formula in enumerate(found, 1) for name in formula.names}
    for i, formula in enumerate(found, 1):
        for name, last in formula.reads:
            if name in made and not last:
                readings.add(Reading(made[name], i, False))
            elif name in last_made and (last or last_made[name] == i):
                readings.add(Reading(last_made[name], i, True))
                states.add(last_made[name])
        made |= dict.fromkeys(formula.names, i)
    boxes = [ValueBox("x", True, 1, "of the layer below", "input")]
    for i, formula in enumerate(found, 1):
        kind: Kind = "state" if i in states else "boolean" if formula.text.startswith("σ") else "number"
        boxes.append(ValueBox(", ".join(formula.names), True, 1, formula.text, kind))
    return draw_graph(ProgramGraph(tuple(boxes), tuple(sorted(readings)), (0,), len(found)), title)
