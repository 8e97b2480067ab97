"""What models guarantee beside the worst error that was seen: ten programs of the zoo on every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl import zoo
from lsrl.backends.registry import target_named
from lsrl.errors import UnsupportedProgram
from lsrl.incontext import FunctionApproximator
from lsrl.model.compiler import compile as compiled
from lsrl.model.verification import verified
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import bounds_figure
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

PLANES = "function_of_planes"
"""Besides those, which are over whole numbers: a product of reals."""

CASES, QUICK_CASES, LENGTH = 20, 2, 256


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, architecture and format of numbers."""
    return [
        SweepCell(
            "guarantee",
            {
                "program": program,
                "architecture": architecture,
                "dtype": dtype,
                "cases": QUICK_CASES if quick else CASES,
            },
        )
        for architecture in ARCHITECTURES
        for program in (*zoo.CLASSICS, PLANES)
        for dtype in target_named(architecture).dtypes
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The guarantee, and the worst error over random sequences; `kind` says where a target refuses the program."""
    given: Mapping[str, Any] = cell.parameters
    sample: Callable[[np.random.Generator, int], np.ndarray]
    if given["program"] == PLANES:
        planes = FunctionApproximator(1, 1, order=1, max_cells=16)
        program, longest, sample = planes.program, planes.max_length, partial(_steep, planes)
    else:
        entry = zoo.get(given["program"])
        program, longest, sample = entry.program, entry.max_length, entry.sample
    try:
        model = compiled(program, given["architecture"], max_length=longest, dtype=given["dtype"])
    except UnsupportedProgram:
        return [{"kind": "refused", "bound": None, "worst": None, "mismatches": 0, "steps": 0}]
    steps = min(LENGTH, longest)
    drawn = cell.seed(seed, "program")
    found = verified(model, cases=given["cases"], length=steps, seed=drawn, sample=sample)
    bound = None if model.guarantee.kind == "none" else model.guarantee.bound
    return [
        {
            "kind": model.guarantee.kind,
            "bound": bound,
            "worst": found.worst_error,
            "mismatches": found.mismatches,
            "steps": steps,
        }
    ]


def _steep(planes: FunctionApproximator, rng: np.random.Generator, steps: int) -> np.ndarray:
    """A query and cells that all hold it, as steep as one another: what is added up grows, and rounds one way."""
    tokens = np.zeros((steps, planes.token_dim))
    tokens[0, 0] = rng.integers(0, planes.resolution + 1) / planes.resolution
    tokens[1:, 1] = 1 + 1 / planes.resolution
    tokens[1:, 3] = rng.integers(2**21, 2**22) / 2**9
    return tokens


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Worst error against bound, a point for each model."""
    title = "Guaranteed bound and worst error seen, zoo × architectures × formats"
    return {"guarantee": bounds_figure(frame.to_dicts(), title)}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each program and architecture, in the target's first format: worst error seen ≤ bound."""
    rows: dict[str, dict[str, Any]] = {}
    for found in frame.to_dicts():
        name = str(found["architecture"])
        if found["dtype"] != target_named(name).dtypes[0]:
            continue
        if found["kind"] == "exact" and not found["worst"]:
            shown = "exact"
        else:
            shown = "refused" if found["bound"] is None else f"{found['worst']:.1g} ≤ {found['bound']:.1g}"
        rows.setdefault(found["program"], {"program": found["program"]})[name] = shown
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    return [{name: row.get(name, "") for name in names} for row in rows.values()]


STUDY = Study(
    name="guarantee",
    title="Guarantees and what was seen",
    caption="Ten zoo programs, and a product of reals, on every architecture: worst error on random inputs ≤ bound. "
    "Exact: every output was right bit for bit.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"cases": CASES, "length": LENGTH},
)
