"""Relative noise on every weight of the stock architectures, their own states fed back: what tolerates it, and how far?

Every program as the compiler writes it by default, and in robust forms (`compile(…, style="robust")`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import lines_figure
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES, FORMS, PANELS, error_of_answer, question, subject
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

SIGMAS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
QUICK_SIGMAS = (0.0, 1e-7, 1e-5, 1e-3, 1e-1)
DRAWS, QUICK_DRAWS = 10, 1


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, architecture, deviation and draw."""
    sigmas, draws = (QUICK_SIGMAS, QUICK_DRAWS) if quick else (SIGMAS, DRAWS)
    return [
        SweepCell(
            "architectures",
            {"program": program, "architecture": architecture, "forms": forms, "sigma": sigma, "draw": draw},
        )
        for architecture in ARCHITECTURES
        for program in PANELS
        for forms in FORMS
        for sigma in sigmas
        for draw in range(draws)
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The error of one noisy network on one random question; all architectures get the same questions."""
    given: Mapping[str, Any] = cell.parameters
    program = given["program"]
    model = subject(program, given["architecture"], given["forms"])
    asked = question(program, cell.generator(seed, "program", "draw"))
    noisy = changed(model, relative_noise(given["sigma"], cell.generator(seed)))
    return [{"error": error_of_answer(program, outputs_of(noisy, asked.x, model.dtype), asked)}]


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Error against relative noise, a line for each architecture; a figure for each kind of forms."""
    return {
        name: lines_figure(
            frame.filter(frame["forms"] == forms),
            panel="program",
            line="architecture",
            x="sigma",
            y="error",
            panels=PANELS,
            xlabel="σ of the relative noise: weight · (1 + N(0, σ²))",
            smallest_x=1e-7,
            title=f"Noise on all weights, {forms} forms: mean of {frame['draw'].n_unique()} draws, 95 % interval",
        )
        for name, forms in zip(("architectures", "robust"), FORMS, strict=True)
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error with its 95 % interval, a column for each σ."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    keys = ["program", "architecture", "forms", "sigma"]
    for (program, architecture, forms, sigma), value in summaries(frame, keys, "error").items():
        names = {"program": program, "architecture": architecture, "forms": forms}
        row = rows.setdefault((program, architecture, forms), names)
        row[f"σ = {sigma:g}"] = f"{value.mean:.3g}"
    return sorted(rows.values(), key=lambda row: (str(row["program"]), str(row["forms"])))


STUDY = Study(
    name="architectures",
    title="Noise in the stock architectures",
    caption="A dictionary (keys of 3 symbols, 8 pairs) and a function (16 cells) as compiled for each architecture; "
    "weight · (1 + N(0, σ²)) on everything stored, states fed back as they come.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigmas": list(SIGMAS), "draws": DRAWS},
)
