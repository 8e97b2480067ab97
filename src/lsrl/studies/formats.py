"""Smaller number formats: stored weights rounded to them, and networks that compute in them as people run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.errors import UnsupportedProgram
from lsrl.model.changed_weights import changed
from lsrl.studies.cells import SweepCell
from lsrl.studies.other_arithmetic import CANNOT, DTYPES, NoSuchNetwork, Run, running_in
from lsrl.studies.stored_formats import FORMATS
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES, PANELS, error_of_answer, question, subject
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

QUESTIONS, QUICK_QUESTIONS = 5, 1

QUICK_PROGRAMS = "parity", "most_frequent"
PROGRAMS = ("parity", "set_reset", "count_modulo", "dyck_depth", "most_frequent", *reversed(PANELS))
"""Four programs over small numbers and one over tokens, of the zoo, before the two of the other studies."""

WAYS = {"weights": tuple(name for name in FORMATS if name != "float32"), "all": tuple(DTYPES)}
"""What is in a format: stored weights, the rest staying in float32; or all that the network computes."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture, program, format and question."""
    return [
        SweepCell(
            "formats",
            {"program": program, "architecture": architecture, "in format": way, "format": name, "question": number},
        )
        for architecture in ARCHITECTURES
        for program in (QUICK_PROGRAMS if quick else PROGRAMS)
        for way, names in WAYS.items()
        for name in names
        for number in range(QUICK_QUESTIONS if quick else QUESTIONS)
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The error of a network in a format, and in % how often it refused to answer; or why there is none."""
    given: Mapping[str, Any] = cell.parameters
    program = given["program"]
    asked = question(program, cell.generator(seed, "program", "question"))
    try:
        run = _running(program, given["architecture"], given["in format"], given["format"])
        outputs = run(asked.x)
    except UnsupportedProgram:
        return [{"why not": "–"}]
    except NoSuchNetwork as problem:
        return [{"why not": str(problem)}]
    except CANNOT:
        return [{"why not": "raises"}]
    speaks = subject(program, given["architecture"], dtype="float32").refuses
    refused = 100 * float(np.isnan(outputs).mean()) if speaks else 0.0
    return [{"error": error_of_answer(program, outputs, asked) - refused, "refused": refused}]


@lru_cache(maxsize=2)
def _running(program: str, architecture: str, way: str, name: str) -> Run:
    model = subject(program, architecture, dtype="float32")
    if way == "all":
        return running_in(name, model)
    rounded = changed(model, FORMATS[name])
    if rounded is None:
        raise NoSuchNetwork("overflow")
    return running_in("float32", replace(model, network=rounded))


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table says it all."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for every format and the architectures to which the same happens in it, a column for every program.

    It has the mean error, or why there is none.
    """
    keys = ["in format", "format", "architecture", "program"]
    refused = {key: value.mean for key, value in summaries(frame, keys, "refused").items()}
    reasons = {tuple(key): reason for *key, reason in frame.select([*keys, "why not"]).iter_rows()}
    found: dict[tuple[object, ...], dict[str, str]] = {}
    for key, value in summaries(frame, keys, "error").items():
        *which, program = key
        found.setdefault(tuple(which), {})[str(program)] = reasons[key] or _text(value.mean, refused[key])
    alike: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[str]] = {}
    for way, name in ((way, name) for way, names in WAYS.items() for name in names):
        for architecture in (one for one in ARCHITECTURES if (way, name, one) in found):
            alike.setdefault((way, name, tuple(found[way, name, architecture].items())), []).append(architecture)
    return [
        {"in format": way, "format": name, "architectures": ", ".join(names), **dict(columns)}
        for (way, name, columns), names in alike.items()
    ]


def _text(error: float, refused: float) -> str:
    said = [f"{error:.3g}"] if error or not refused else []
    return ", ".join([*said, *([f"{refused:.3g} refused"] if refused else [])])


STUDY = Study(
    name="formats",
    title="Number formats",
    caption="Mean error of the function, and % of wrong answers of the others, in networks compiled for float32: with "
    "every stored weight rounded to a format (int8 with a scale for each row of a matrix and each vector), or "
    "computing in it altogether (int8: torch's dynamic quantisation).",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"questions": QUESTIONS},
)
