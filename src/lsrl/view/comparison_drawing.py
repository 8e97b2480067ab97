"""Pictures of one program in several networks: every value over time in all of them, below one another."""

from __future__ import annotations

from lsrl.model.comparison import Comparison
from lsrl.view.drawing import TITLE_NAME, Drawing
from lsrl.view.heat_map import Group, Row, heat_map
from lsrl.view.svg import cut
from lsrl.view.trace_drawing import floats, value_rows
from lsrl.view.value_rows import meanings_of


def draw_comparison(comparison: Comparison) -> Drawing:
    """A picture of a comparison; what differs from the exact number is framed."""
    program = comparison.program
    given = program.names[program.input]
    rows = value_rows(program, program.input, floats(comparison.trace[given]), remark="input")
    groups = [Group(given, rows), *(_group(comparison, name) for name in comparison.read)]
    largest = comparison.largest_error
    marks = {"mark": f"not exact: off by {largest:.2g} at most"} if largest else {}
    title = f"{cut(program.name, TITLE_NAME)} on {', '.join(comparison.models) or 'no network'}"
    if comparison.refused:
        title = f"{title}, refused by {', '.join(comparison.refused)}"
    return heat_map(
        groups,
        title=title if largest or not comparison.models else f"{title}: all exact",
        first=0,
        steps=len(comparison.trace.output),
        meanings=meanings_of(groups) | marks,
    )


def _group(comparison: Comparison, name: str) -> Group:
    """A value as it is exactly, and as it is in each network that has it."""
    program, value = comparison.program, comparison.program[name]
    rows = value_rows(program, value, floats(comparison.trace[name]), remark="exact")
    for target, numbers in comparison.read[name].items():
        remark = f"{target}, {comparison.place(name, target)}"
        differs = comparison.errors(name, target) > 0
        rows += map(_without_name, value_rows(program, value, floats(numbers), differs, remark))
    return Group(name, rows)


def _without_name(row: Row) -> Row:
    return row._replace(name="")
