"""The paper's experiment: noise on every weight of a linear RNN, in five lowerings of the paper and four of ours.

The paper's programs are there twice: as its authors ran them, and as the paper prints them; ours are the printed ones.
Source: Petrov et al. 2024, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from lsrl.backends.linear.weights import StackWeights
from lsrl.backends.target import Style
from lsrl.lang import Program
from lsrl.model.compiler import compile as compiled
from lsrl.studies import paper_as_run, paper_figures, paper_programs
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import lines_figure
from lsrl.studies.noisy_stack import noisy_outputs
from lsrl.studies.paper_programs import LOWERINGS
from lsrl.studies.paper_tasks import MAX_LENGTH, authors_task, error_of, task
from lsrl.studies.study import Study
from lsrl.studies.summaries import Summary, summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

Wording = Literal["as run", "as printed"]

OURS: Mapping[str, tuple[str, Style]] = {
    "ours, ReLUs only": ("linear-rnn", "default"),
    "ours, gated": ("gated-linear-rnn", "default"),
    "ours, ReLUs only, robust": ("linear-rnn", "robust"),
    "ours, gated, robust": ("gated-linear-rnn", "robust"),
}
"""This compiler on the architecture without products, and on the one with, in default and in robust forms."""

SIGMAS = (0.0, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2)
TARGETS, COPIES = 25, 10
QUICK_TARGETS, QUICK_COPIES = 4, 4

PANELS = {"function": "mean distance to the function", "dictionary": "wrong symbols in %"}


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, wording, lowering, deviation and random target."""
    targets, copies = (QUICK_TARGETS, QUICK_COPIES) if quick else (TARGETS, COPIES)
    return [
        SweepCell(
            "noise",
            {
                "program": program,
                "wording": wording,
                "lowering": lowering,
                "sigma": sigma,
                "target": target,
                "copies": copies,
            },
        )
        for program in PANELS
        for wording in get_args(Wording)
        for lowering in (*LOWERINGS, *(OURS if wording == "as printed" else ()))
        for sigma in (paper_figures.SIGMAS if wording == "as run" else SIGMAS)
        for target in range(targets)
    ]


def source(program: str, wording: Wording, lowering: str) -> Program:
    """The program that a cell compiles.

    >>> source("function", "as run", "direct").output.dim
    2
    """
    of_function = program == "function"
    if wording == "as run":
        return (paper_as_run.function_program if of_function else paper_as_run.dictionary_program)(lowering)
    write = paper_programs.function_program if of_function else paper_programs.dictionary_program
    return write(LOWERINGS.get(lowering, {}))


@lru_cache(maxsize=4 * len(LOWERINGS) + 2 * len(OURS))
def network(program: str, wording: Wording, lowering: str) -> StackWeights:
    """The weights of one program in one lowering, float64.

    >>> ours, theirs = (network("function", "as printed", lowering) for lowering in ("ours, gated", "multiplicative"))
    >>> ours.depth < theirs.depth
    True
    """
    written = source(program, wording, lowering)
    if lowering in OURS:
        target, style = OURS[lowering]
        model = compiled(written, target, max_length=MAX_LENGTH[program], style=style)
    else:
        target = "gated-linear-rnn" if LOWERINGS[lowering]["via"] == "multi" else "linear-rnn"
        model = compiled(written, target, max_length=MAX_LENGTH[program], style="paper")
    weights: StackWeights = model.weights
    return weights


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The mean error over noisy copies; all lowerings see the same target, as run the authors' if the seed is 0."""
    given: Mapping[str, Any] = cell.parameters
    program, wording, sigma = given["program"], given["wording"], given["sigma"]
    if wording == "as run":
        asked = authors_task(program, seed * TARGETS + given["target"])
    else:
        asked = task(program, cell.generator(seed, "program", "target"))
    outputs = noisy_outputs(
        network(program, wording, given["lowering"]),
        asked.x,
        last=asked.last,
        sigma=sigma,
        copies=given["copies"] if sigma else 1,
        rng=cell.generator(seed),
    )
    errors = error_of(program, outputs, asked.expected)
    return [{"error": float(errors.mean()), "best": float(errors.min()), "worst": float(errors.max())}]


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Error against noise, a line for each lowering: the paper's as they were run, and ours."""
    targets = frame["target"].n_unique()
    shown = frame.filter((frame["wording"] == "as run") | frame["lowering"].is_in(list(OURS)))
    title = f"Noise N(0, σ²) on every weight, clean state at each step: mean of {targets} random targets, 95 % interval"
    options = {"panel": "program", "line": "lowering", "x": "sigma", "y": "error"}
    return {
        "noise": lines_figure(
            shown, **options, panels=PANELS, xlabel="σ, the noise's deviation", smallest_x=1e-9, title=title
        )
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error by program, wording and lowering, a column for each σ.

    In parentheses, the authors' mean and its interval; ≠ marks a mean of ours that is outside of it.
    """
    found = summaries(frame, ["program", "wording", "lowering", "sigma"], "error")
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for (*key, sigma), value in found.items():
        program, wording, lowering = map(str, key)
        row = rows.setdefault(
            tuple(key),
            {"program": program, "wording": wording, "lowering": lowering} | {f"σ = {each:g}": "" for each in SIGMAS},
        )
        theirs = paper_figures.published(program, lowering, float(str(sigma))) if wording == "as run" else None
        row[f"σ = {sigma:g}"] = f"{value.mean:.3g}" + ("" if theirs is None else _beside(value, theirs))
    return list(rows.values())


def _beside(ours: Summary, theirs: paper_figures.Published) -> str:
    mean, low, high = theirs
    interval = "" if low == high else f", {low:.3g} … {high:.3g}"
    outside = "" if low <= float(f"{ours.mean:.3g}") <= high else " ≠"
    return f"{outside} ({mean:.3g}{interval})"


STUDY = Study(
    name="noise",
    title="Noise on every weight: the paper's experiment",
    caption="Five lowerings of the paper's programs as its authors ran them and as the paper prints them, and the "
    "default compiler on the printed ones. In parentheses: the authors' mean and its 95 % interval; ≠: outside of it.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigmas": list(SIGMAS), "targets": TARGETS, "copies": COPIES},
)
