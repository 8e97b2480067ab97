"""Errors that pile up in states over 10² … 10⁵ steps: a running sum and a cyclic counter with noisy weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.backends.registry import target_named
from lsrl.lang import Concat, Input, Program, cumsum, mod_counter
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.changed_weights import changed, outputs_of, relative_noise
from lsrl.studies.figures import lines_figure
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

CYCLE = 5
STEPS = (100, 1_000, 10_000, 100_000)
SLOW_STEPS = 1_000
"""For transformers models, whose CPU code takes a step at a time, or attends to all steps before."""

SIGMAS = (0.0, 1e-7, 1e-5, 1e-3)
DRAWS, QUICK_DRAWS, QUICK_STEPS = 5, 1, 1_000
PANELS = {"sum": "error of the sum, relative to it", "cycle": "error of the counter modulo 5"}


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture, deviation and draw."""
    return [
        SweepCell(
            "drift",
            {
                "architecture": architecture,
                "sigma": sigma,
                "draw": draw,
                "length": _longest(architecture, quick),
            },
        )
        for architecture in ARCHITECTURES
        for sigma in SIGMAS
        for draw in range(QUICK_DRAWS if quick else DRAWS)
    ]


def _longest(architecture: str, quick: bool) -> int:
    slow = target_named(architecture).library == "transformers"
    return min(SLOW_STEPS if slow else STEPS[-1], QUICK_STEPS if quick else STEPS[-1])


@lru_cache(maxsize=2)
def _model(architecture: str, length: int) -> CompiledModel:
    bit = Input(1, range=(0, 1), integer=True, name="bit")
    program = Program(Concat([cumsum(bit, name="sum"), mod_counter(CYCLE, name="cycle")]), name="drift")
    return compiled(program, architecture, max_length=length)


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The error of both states after every power of ten of steps."""
    given: Mapping[str, Any] = cell.parameters
    model = _model(given["architecture"], given["length"])
    bits = cell.generator(seed, "draw").integers(0, 2, (1, given["length"], 1)).astype(float)
    outputs = outputs_of(changed(model, relative_noise(given["sigma"], cell.generator(seed))), bits, model.dtype)
    true = np.stack([np.cumsum(bits[0, :, 0]), np.arange(given["length"]) % CYCLE], axis=1)
    rows = []
    for steps in (count for count in STEPS if count <= given["length"]):
        errors = np.abs(outputs[0, steps - 1] - true[steps - 1]) if outputs is not None else np.full(2, np.inf)
        rows.append({"steps": steps, "value": "sum", "error": float(errors[0] / true[steps - 1, 0])})
        rows.append({"steps": steps, "value": "cycle", "error": float(errors[1])})
    return rows


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Error against steps at σ = 10⁻⁵, a line for each architecture."""
    return {
        "drift": lines_figure(
            frame.filter(frame["sigma"] == 1e-5),
            panel="value",
            line="architecture",
            x="steps",
            y="error",
            panels=PANELS,
            xlabel="steps",
            smallest_x=100,
            title="Relative noise of 10⁻⁵ on every weight, states fed back: mean and 95 % interval",
        )
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error for every state, architecture and σ, a column for each number of steps."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    keys = ["value", "architecture", "sigma", "steps"]
    for (value, architecture, sigma, steps), found in summaries(frame, keys, "error").items():
        names = {"state": value, "architecture": architecture, "σ": f"{sigma:g}"}
        empty = {**names, **{f"{count:,} steps": "" for count in STEPS}}
        rows.setdefault((value, architecture, sigma), empty)[f"{steps:,} steps"] = f"{found.mean:.2g}"
    return sorted(rows.values(), key=lambda row: str(row["state"]))


STUDY = Study(
    name="drift",
    title="States over many steps",
    caption="A running sum of bits (error relative to it) and a counter modulo 5, in networks with noisy weights "
    "that run on their own states.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigmas": list(SIGMAS), "draws": DRAWS, "fewer steps": SLOW_STEPS},
)
