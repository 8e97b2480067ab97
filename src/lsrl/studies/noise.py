"""The paper's experiment: noise on every weight of a linear RNN, in five lowerings of the paper and two of ours.

Source: Petrov et al. 2024, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lsrl.backends.linear.weights import StackWeights
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import lines_figure
from lsrl.studies.noisy_stack import noisy_outputs
from lsrl.studies.paper_programs import LOWERINGS, MAX_LENGTH, PROGRAMS, error_of, task
from lsrl.studies.study import Study
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

OURS = {"ours, ReLUs only": "linear-rnn", "ours, gated": "gated-linear-rnn"}
"""The default compiler on the architecture without products, and on the one with."""

SIGMAS = (0.0, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2)
TARGETS, COPIES = 25, 10
QUICK_TARGETS, QUICK_COPIES = 4, 4

PANELS = {"function": "mean distance to the function", "dictionary": "wrong symbols in %"}

AUTHORS: Mapping[tuple[str, str], Mapping[float, float]] = {
    ("function", "multiplicative"): {0: 0.033, 1e-7: 0.39, 1e-5: 1.8},
    ("function", "multiplicative-optimised"): {0: 0.033, 1e-7: 0.36, 1e-5: 1.8},
    ("function", "direct"): {0: 0.036, 1e-7: 0.57, 1e-5: 1.5e5},
    ("function", "optimised"): {0: 0.033, 1e-7: 0.50, 1e-5: 0.53},
    ("function", "step-optimised"): {0: 0.073, 1e-7: 2.9e9, 1e-5: 2e12},
    ("dictionary", "multiplicative"): {0: 0, 1e-9: 0, 1e-7: 69, 1e-5: 100},
    ("dictionary", "multiplicative-optimised"): {0: 0, 1e-5: 100},
    ("dictionary", "direct"): {0: 89, 1e-5: 100},
    ("dictionary", "optimised"): {0: 0, 1e-7: 70, 1e-5: 100},
    ("dictionary", "step-optimised"): {0: 0, 1e-9: 98, 1e-5: 100},
}
"""What the authors measured (means of 25), as they published it."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, lowering, deviation and random target."""
    targets, copies = (QUICK_TARGETS, QUICK_COPIES) if quick else (TARGETS, COPIES)
    return [
        SweepCell(
            "noise",
            {"program": program, "lowering": lowering, "sigma": sigma, "target": target, "copies": copies},
        )
        for program in PROGRAMS
        for lowering in (*LOWERINGS, *OURS)
        for sigma in SIGMAS
        for target in range(targets)
    ]


@lru_cache(maxsize=2 * (len(LOWERINGS) + len(OURS)))
def network(program: str, lowering: str) -> StackWeights:
    """The weights of one program in one lowering, float64.

    >>> network("function", "ours, gated").depth < network("function", "multiplicative").depth
    True
    """
    longest = MAX_LENGTH[program]
    if lowering in OURS:
        model = compiled(PROGRAMS[program]({}), OURS[lowering], max_length=longest)
    else:
        form = LOWERINGS[lowering]
        target = "gated-linear-rnn" if form["via"] == "multi" else "linear-rnn"
        model = compiled(PROGRAMS[program](form), target, max_length=longest, style="paper")
    weights: StackWeights = model.weights
    return weights


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The mean error over noisy copies; all lowerings see the same target."""
    given: Mapping[str, Any] = cell.parameters
    program, sigma = given["program"], given["sigma"]
    asked = task(program, cell.generator(seed, "program", "target"))
    outputs = noisy_outputs(
        network(program, given["lowering"]),
        asked.x,
        last=asked.last,
        sigma=sigma,
        copies=given["copies"] if sigma else 1,
        rng=cell.generator(seed),
    )
    errors = error_of(program, outputs, asked.expected)
    return [{"error": float(errors.mean()), "best": float(errors.min()), "worst": float(errors.max())}]


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Error against noise, a line for each lowering."""
    targets = frame["target"].n_unique()
    title = f"Noise N(0, σ²) on every weight, clean state at each step: mean of {targets} random targets, 95 % interval"
    options = {"panel": "program", "line": "lowering", "x": "sigma", "y": "error"}
    return {
        "noise": lines_figure(
            frame, **options, panels=PANELS, xlabel="σ, the noise's deviation", smallest_x=1e-9, title=title
        )
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error by program and lowering, a column for each σ; the authors' figures in parentheses."""
    found = summaries(frame, ["program", "lowering", "sigma"], "error")
    rows: dict[tuple[object, object], dict[str, Any]] = {}
    for (program, lowering, sigma), value in found.items():
        row = rows.setdefault((program, lowering), {"program": program, "lowering": lowering})
        published = AUTHORS.get((str(program), str(lowering)), {}).get(float(str(sigma)))
        row[f"σ = {sigma:g}"] = f"{value.mean:.3g}" + ("" if published is None else f" ({published:g})")
    return list(rows.values())


STUDY = Study(
    name="noise",
    title="Noise on every weight: the paper's experiment",
    caption="Five lowerings as the paper writes them, and the default compiler on the same programs. "
    "In parentheses: the authors' figures.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigmas": list(SIGMAS), "targets": TARGETS, "copies": COPIES},
)
