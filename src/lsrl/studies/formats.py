"""Stored weights rounded to smaller number formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsrl.studies.cells import SweepCell
from lsrl.studies.changed_weights import FORMATS, changed, outputs_of
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES, PANELS, error_of_answer, question, subject
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

QUESTIONS, QUICK_QUESTIONS = 5, 1


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture, program, format and question."""
    return [
        SweepCell("formats", {"program": program, "architecture": architecture, "format": name, "question": number})
        for architecture in ARCHITECTURES
        for program in PANELS
        for name in FORMATS
        for number in range(QUICK_QUESTIONS if quick else QUESTIONS)
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The error with every stored weight rounded; arithmetic stays in the model's own format."""
    given: Mapping[str, Any] = cell.parameters
    program = given["program"]
    model = subject(program, given["architecture"])
    asked = question(program, cell.generator(seed, "program", "question"))
    rounded = changed(model, FORMATS[given["format"]])
    error = error_of_answer(program, outputs_of(rounded, asked.x, model.dtype), asked)
    return [{"error": error, "stored": rounded is not None}]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table says it all."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error for each format; `overflow` where a weight is beyond the format."""
    stored = {
        key: value.mean == 1 for key, value in summaries(frame, ["program", "architecture", "format"], "stored").items()
    }
    rows: dict[tuple[object, object], dict[str, Any]] = {}
    for key, value in summaries(frame, ["program", "architecture", "format"], "error").items():
        program, architecture, name = key
        row = rows.setdefault((program, architecture), {"program": program, "architecture": architecture})
        row[str(name)] = f"{value.mean:.3g}" if stored[key] else "overflow"
    return sorted(rows.values(), key=lambda row: str(row["program"]))


STUDY = Study(
    name="formats",
    title="Rounded weights",
    caption="Mean error of the function and % of wrong symbols of the dictionary where every stored weight is rounded "
    "to a format; int8 has a scale for each row of a matrix and each vector.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"questions": QUESTIONS},
)
