"""What models guarantee beside the worst error that was seen: all of the zoo's that are bounded, and not exact."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.directed_search import found_inputs, is_searchable
from lsrl.studies.figures import bounds_figure
from lsrl.studies.study import Study
from lsrl.studies.worst_errors import Cases, allows_for_subnormals, worst_error
from lsrl.zoo.samplers import fading, rounding
from lsrl.zoo.table import kept_answers

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

PROMPTED = "incontext"
"""The family whose inputs are of a kind of their own."""

CASES, QUICK_CASES, LENGTH = 16, 2, 4096
"""Random sequences that are run, and how long they are at most."""

UNLIMITED = 256
"""Steps for a model that is bounded at any length, or in which errors do not last."""

WINDOW, GROWING = 1, 4
"""Difficulties of programs that only look at a window, and of those whose states grow."""

SEARCHES, ENOUGH = 3, 100
"""Directed searches at most: one, and others where the bound is still more than so many times what was found."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program and target where the answer is a bound."""
    return [
        SweepCell(
            "guarantee",
            {
                "program": program,
                "architecture": target,
                "length": found.steps,
                "cases": QUICK_CASES if quick else CASES,
            },
        )
        for program, answers in kept_answers().items()
        for target, found in answers.items()
        if found.kind == "bounded"
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The guarantee, and the worst error over sequences on which rounding shows, however the network is run."""
    given: Mapping[str, Any] = cell.parameters
    entry = zoo.get(given["program"])
    model = compiled(entry.program, given["architecture"], max_length=given["length"])
    searched = is_searchable(model, entry.stream)
    lasting = entry.difficulty >= GROWING or (searched and entry.difficulty > WINDOW)
    steps = min(given["length"] or UNLIMITED, LENGTH if lasting and given["cases"] == CASES else UNLIMITED)
    cases = [_sampled(entry.name, model.dtype, steps, given["cases"], cell.seed(seed, "program"))]
    rng = np.random.default_rng(cell.seed(seed))
    if allows_for_subnormals(model):
        cases.append(Cases.of(entry.program, fading(entry.stream, model.dtype, steps, rng)))
    found = worst_error(model, cases)
    for search in range(SEARCHES if searched else 0):
        if search == 0 or model.guarantee.bound > ENOUGH * found.error:
            again = worst_error(model, [Cases.of(entry.program, found_inputs(model, entry.stream, steps, rng))])
            found = max(found, again)._replace(mismatches=found.mismatches + again.mismatches)
    return [
        {
            "kind": model.guarantee.kind,
            "bound": model.guarantee.bound,
            "worst": found.error,
            "way": found.way,
            "mismatches": found.mismatches,
            "steps": steps,
        }
    ]


@lru_cache(maxsize=2)
def _sampled(program: str, dtype: str, steps: int, cases: int, seed: int) -> Cases:
    """Random sequences, which all targets of a float format share."""
    entry, rng = zoo.get(program), np.random.default_rng(seed)
    sample = entry.sample if entry.stream.whole or entry.family == PROMPTED else rounding(entry.stream)
    return Cases.of(entry.program, np.stack([sample(rng, steps) for _ in range(cases)]).astype(dtype))


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Worst error against bound, a point for each model."""
    title = "Guaranteed bound and worst error seen, where the zoo is bounded"
    return {"guarantee": bounds_figure(frame.to_dicts(), title)}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each program: how many times the worst error that was seen the bound of each target is."""
    rows: dict[str, dict[str, Any]] = {}
    for found in frame.to_dicts():
        shown = f"{found['bound'] / found['worst']:.2g}" if found["worst"] else f"none ≤ {found['bound']:.1g}"
        rows.setdefault(found["program"], {"program": found["program"]})[found["architecture"]] = shown
    return [{"program": name, **{target: row.get(target, "") for target in TARGETS}} for name, row in rows.items()]


STUDY = Study(
    name="guarantee",
    title="Guarantees and what was seen",
    caption="Every zoo program that is bounded, on every architecture: how many times the worst error seen the bound "
    "is, on inputs on which rounding shows. None: no error was seen.",
    revision="4",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"cases": CASES, "length": LENGTH},
)
