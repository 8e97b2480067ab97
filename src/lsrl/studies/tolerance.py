"""The noise that `explain` estimates a network to tolerate, beside the noise that it was seen to tolerate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl import zoo
from lsrl.circuit.units import Circuit
from lsrl.errors import LsrlError
from lsrl.lang.numbers import as_float
from lsrl.lang.words import words_of
from lsrl.model.assembled_from import circuit_and_guarantee
from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.model.compiled_model import CompiledModel
from lsrl.stability.noise_tolerance import PART
from lsrl.studies.cells import SweepCell
from lsrl.studies.paper_tasks import Task
from lsrl.studies.study import Study
from lsrl.studies.subjects import ARCHITECTURES, question, subject

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

WHOLE_ZOO = "rnn-relu", "lstm", "gru"
"""Architectures on which all programs of the zoo are measured."""

CHOSEN = "dictionary", "parity", "set_reset", "dyck_depth", "most_frequent", "limiter"
"""What is measured on the others: a dictionary, a cycle, a latch, a sum, decisions over tokens, and reals."""

STEPS = 32

DRAWS = 20
"""Noisy networks that all have to be right."""

ENOUGH = 30
"""How many times the noise that was seen the estimate may be, and the other way round."""

WAYS = "estimated", "on random inputs"

SHARES = 0, 0.25, 0.5, 0.75, 1
QUARTILES = "least", "quarter", "median", "three quarters", "most"


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture and program."""
    return [
        SweepCell("tolerance", {"architecture": architecture, "program": program})
        for architecture in ((*WHOLE_ZOO, "mamba") if quick else ARCHITECTURES)
        for program in (CHOSEN if quick or architecture not in WHOLE_ZOO else ("dictionary", *zoo.names()))
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """What is estimated and seen on inputs as the program is made for, and estimated on random ones; or no network."""
    given: Mapping[str, Any] = cell.parameters
    asked = question(given["program"], cell.generator(seed, "program"), STEPS)
    try:
        model = subject(given["program"], given["architecture"], steps=STEPS)
    except LsrlError:
        return [dict.fromkeys((*WAYS, "seen", "certified", "least"), math.nan) | {"first": ""}]
    found = model.explain(asked.x)
    return [
        {
            "estimated": found.tolerance,
            "on random inputs": model.explain().tolerance,
            "seen": seen_tolerance(model, asked, cell.generator(seed)),
            "certified": found.certified,
            "first": words_of(found.noise.limits[0].name) if found.noise else "",
            "least": levels(model)[0],
        }
    ]


def levels(model: CompiledModel) -> list[float]:
    """The deviations that are tried: half decades, from the least noise that the weights' format holds."""
    halves = math.floor(-2 * math.log10(np.finfo(model.network.dtype).eps))
    return [10 ** (-half / 2) for half in range(halves, 0, -1)]


def seen_tolerance(model: CompiledModel, asked: Task, rng: np.random.Generator) -> float:
    """The largest level at which all noisy networks answer as the one without noise does; 0 where there is none.

    >>> model, asked = subject("dyck_depth", "lstm"), question("dyck_depth", np.random.default_rng(0))
    >>> round(seen_tolerance(model, asked, np.random.default_rng(1)), 4)
    0.0032
    """
    tried = levels(model)
    answers = model.network.run(asked.x.astype(model.network.dtype))[:, -asked.last :]
    allowed = _allowed(circuit_and_guarantee(model)[0], answers)

    def all_right(sigma: float) -> bool:
        for _ in range(DRAWS):
            outputs = outputs_of(changed(model, relative_noise(sigma, rng)), asked.x, str(model.network.dtype))
            if outputs is None or not (np.abs(outputs[:, -asked.last :] - answers) < allowed).all():
                return False
        return True

    low, high = -1, len(tried)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if all_right(tried[middle]) else (low, middle)
    return tried[low] if low >= 0 else 0.0


def _allowed(circuit: Circuit, answers: np.ndarray) -> list[float]:
    """How far off each output can be: half its grid, or a part of the largest; of one that is 0, as far as it likes."""
    grids = [None if fact.grid is None else as_float(fact.grid) for fact in circuit.output_facts]
    largest = np.abs(answers).max(axis=(0, 1))
    return [PART * most or math.inf if grid is None else grid / 2 for grid, most in zip(grids, largest, strict=True)]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table says it all."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for every architecture: how many times what was seen the estimate is."""
    shown = frame.filter(frame["seen"].is_not_nan())
    return [
        _row(architecture, shown.filter(shown["architecture"] == architecture).to_dicts())
        for architecture in shown["architecture"].unique(maintain_order=True)
    ]


def _row(architecture: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Of networks that tolerate no noise, and are estimated so, there is nothing to divide."""
    some = [row for row in found if max(row["seen"], row["estimated"]) >= row["least"]]
    ratios, on_random = ([row[way] / max(row["seen"], row["least"]) for row in some] for way in WAYS)
    off = [max(ratio, 1 / ratio) if ratio else math.inf for ratio in ratios]
    quartiles = [f"{share:.2g}" for share in np.quantile(ratios, SHARES)] if ratios else [""] * len(SHARES)
    return {
        "architecture": architecture,
        "programs": len(found),
        "no noise": len(found) - len(some),
        **dict(zip(QUARTILES, quartiles, strict=True)),
        f"within {ENOUGH} times": _within(ratios),
        "worst": some[int(np.argmax(off))]["program"] if some else "",
        "on random inputs": _within(on_random),
    }


def _within(ratios: list[float]) -> str:
    return f"{sum(1 / ENOUGH <= ratio <= ENOUGH for ratio in ratios)} of {len(ratios)}"


STUDY = Study(
    name="tolerance",
    title="The noise that networks are estimated to tolerate",
    caption=f"Relative noise on every weight, zoo programs over {STEPS} steps: how many times the noise at which "
    f"{DRAWS} of {DRAWS} networks gave all answers `explain` estimates that a network tolerates. No noise: both were "
    "less than the weights' format holds.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"draws": DRAWS, "steps": STEPS},
)
