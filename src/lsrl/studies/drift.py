"""Errors that pile up in states over 10² … 10⁶ steps: of sums, latches, cycles and automata with noisy weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.automata.values import accepts
from lsrl.backends.registry import target_named
from lsrl.lang import Concat, Input, Program, Value, counter, cumsum, latch, mod_counter
from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import lines_figure
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

CYCLE = 5
STEPS = (100, 1_000, 10_000, 100_000, 1_000_000)
USUAL, SLOW, SLOWEST = 100_000, 10_000, 1_000
"""Steps with every noise. Slow are transformers models, whose CPU code takes a step at a time, or attends to all;
slowest where many layers count what goes round, which is lost by then."""

TO_THE_END = ("lstm", "gru", "mamba", "hawk")
"""One copy of these goes further: of transformers models, but for what goes round and takes more layers."""

SIGMAS, SIGMAS_TO_THE_END = (0.0, 1e-5, 1e-3), (0.0, 1e-5)
DRAWS = 3
SET_AT = 3
"""The step at which the latch takes a 1, which it holds from there on."""

LAST = 20
"""Steps over which an error is averaged: a cycle that stands still is right at some."""

LOST = 10.0
"""Larger errors are drawn as this."""

ROUND, RELATIVE = ("cycle", "parity"), ("count", "sum")

PANELS = {
    "count": "error of the steps so far, relative to them",
    "sum": "error of the sum, relative to it",
    "latch": "error of the latch, which holds a 1",
    "cycle": "error of the counter modulo 5",
    "parity": "error of the parity",
}


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture, its states, deviation and draw."""
    return [
        SweepCell(
            "drift", {"architecture": architecture, "states": states, "sigma": sigma, "draw": draw, "length": length}
        )
        for architecture in ARCHITECTURES
        for states in _states(architecture)
        for length, sigmas, draws in _runs(architecture, states, quick)
        for sigma in sigmas
        for draw in range(draws if sigma else 1)
    ]


def _states(architecture: str) -> tuple[str, ...]:
    """What goes into one network each: where one that goes round is lost, its numbers may grow without end."""
    latches = "selective_states" in target_named(architecture).abilities
    return ("count sum latch" if latches else "count sum", *ROUND)


def _runs(architecture: str, states: str, quick: bool) -> list[tuple[int, Sequence[float], int]]:
    """Steps, deviations and draws."""
    if quick:
        return [(SLOWEST, SIGMAS, 1)]
    slow = target_named(architecture).library == "transformers"
    usual = USUAL if not slow else SLOWEST if states in ROUND else SLOW
    runs: list[tuple[int, Sequence[float], int]] = [(usual, SIGMAS, DRAWS)]
    if architecture in TO_THE_END and not (slow and states in ROUND):
        runs.append((STEPS[-1], SIGMAS_TO_THE_END, 1))
    return runs


@lru_cache(maxsize=2)
def _model(architecture: str, states: str, length: int) -> CompiledModel:
    given = Input(2, range=(0, 1), integer=True, name="given")
    bit, taken = given[0], given[1]
    values: dict[str, Value] = {
        "count": counter(1, name="count"),
        "sum": cumsum(bit, name="sum"),
        "latch": latch(bit, taken, name="latch"),
        "cycle": mod_counter(CYCLE, name="cycle") + 0 * bit,
        "parity": accepts(bit, [[0, 1], [1, 0]], accepting=[1], name="parity"),
    }
    program = Program(Concat([values[state] for state in states.split()]), name="drift")
    return compiled(program, architecture, max_length=length)


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The mean error of every state over the last steps before every power of ten; of the longest runs, at the end."""
    given: Mapping[str, Any] = cell.parameters
    length, states = given["length"], given["states"].split()
    model = _model(given["architecture"], given["states"], length)
    x = np.zeros((1, length, 2))
    x[0, :, 0] = cell.generator(seed, "draw").integers(0, 2, length)
    x[0, SET_AT] = 1
    outputs = outputs_of(changed(model, relative_noise(given["sigma"], cell.generator(seed))), x, model.dtype)
    time, total = np.arange(length), np.cumsum(x[0, :, 0])
    true = {"count": time + 1, "sum": total, "latch": time >= SET_AT, "cycle": time % CYCLE, "parity": total % 2}
    rows = []
    for steps in (count for count in STEPS if count == length or count < length < STEPS[-1]):
        for i, state in enumerate(states):
            right, last = true[state][steps - LAST : steps].astype(float), slice(steps - LAST, steps)
            errors = np.full(LAST, np.inf) if outputs is None else np.abs(outputs[0, last, i] - right)
            error = float((errors / right if state in RELATIVE else errors).mean())
            rows.append({"steps": steps, "state": state, "error": error if np.isfinite(error) else float("inf")})
    return rows


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """Error against steps at σ = 10⁻⁵, a line for each architecture; beyond `LOST` it says no more."""
    noisy = frame.filter(frame["sigma"] == 1e-5)
    return {
        "drift": lines_figure(
            noisy.with_columns(noisy["error"].clip(upper_bound=LOST)),
            panel="state",
            line="architecture",
            x="steps",
            y="error",
            panels=PANELS,
            xlabel="steps",
            smallest_x=100,
            title="Relative noise of 10⁻⁵ on every weight, states fed back: "
            f"mean of {noisy['draw'].n_unique()} draws, 95 % interval, up to {LOST:g}",
        )
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Mean error for every state, architecture and σ, a column for each number of steps."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    keys = ["state", "architecture", "sigma", "steps"]
    for (state, architecture, sigma, steps), found in summaries(frame, keys, "error").items():
        names = {"state": state, "architecture": architecture, "σ": f"{sigma:g}"}
        empty = {**names, **{f"{count:,} steps": "" for count in STEPS}}
        rows.setdefault((state, architecture, sigma), empty)[f"{steps:,} steps"] = f"{found.mean:.2g}"
    return sorted(rows.values(), key=lambda row: list(PANELS).index(row["state"]))


STUDY = Study(
    name="drift",
    title="States over many steps",
    caption="The number of steps and a running sum of bits (errors relative to them), a latch, a counter modulo 5, and "
    "the parity as an automaton, in networks with noisy weights that run on their own states.",
    revision="3",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigmas": list(SIGMAS), "draws": DRAWS, "fewer steps": [SLOW, SLOWEST]},
)
