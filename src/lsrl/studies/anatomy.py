"""Relative noise on one kind of weight at a time: which weights of an architecture carry what noise does to it.

A kind are the tensors of one name in all layers, such as `mixer.in_proj.weight`. Where noise on a kind alone loses the
answer, large numbers pass through it and nothing after it saturates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lsrl.model.changed_weights import changed, outputs_of, relative_noise
from lsrl.studies.cells import SweepCell
from lsrl.studies.figures import bars_figure
from lsrl.studies.study import Study
from lsrl.studies.subjects import FORMS, error_of_answer, question, subject
from lsrl.studies.summaries import summaries

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

ARCHITECTURES = ("rnn-relu", "lstm", "gru", "mamba", "falcon-mamba", "hawk", "griffin")
QUICK_ARCHITECTURES = ("lstm", "mamba")
SIGMA = 1e-3
DRAWS, QUICK_DRAWS = 10, 2

EVERYTHING = "everything"


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every architecture, kind of forms and draw."""
    return [
        SweepCell("anatomy", {"architecture": architecture, "forms": forms, "draw": draw})
        for architecture in (QUICK_ARCHITECTURES if quick else ARCHITECTURES)
        for forms in FORMS
        for draw in range(QUICK_DRAWS if quick else DRAWS)
    ]


def kind_of(tensor: str) -> str:
    """A tensor's name without the numbers of layers.

    >>> kind_of("layers.3.mixer.in_proj.weight"), kind_of("recurrent.weight_ih_l12")
    ('mixer.in_proj.weight', 'recurrent.weight_ih')
    """
    return re.sub(r"_l\d+$", "", re.sub(r"^(.*\.)?layers\.\d+\.", "", tensor))


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """% of wrong symbols with noise on everything, and on each kind of weight alone."""
    given: Mapping[str, Any] = cell.parameters
    model = subject("dictionary", given["architecture"], given["forms"])
    asked = question("dictionary", cell.generator(seed, "draw"))
    rows = []
    kinds = {kind_of(name) for arrays in model.network.tensors().values() for name in arrays}
    for kind in (EVERYTHING, *sorted(kinds)):
        noise = relative_noise(SIGMA, cell.generator(seed))
        noisy = changed(model, noise, only=partial(_is_of, kind))
        error = error_of_answer("dictionary", outputs_of(noisy, asked.x, model.dtype), asked)
        rows.append({"kind": kind, "error": error})
    return rows


def _is_of(kind: str, tensor: str) -> bool:
    return kind in (EVERYTHING, kind_of(tensor))


def figures(frame: polars.DataFrame) -> dict[str, Figure]:
    """A panel for each architecture, a pair of bars for each kind of weight."""
    return {
        "anatomy": bars_figure(
            frame,
            panel="architecture",
            bar="kind",
            colour="forms",
            y="error",
            ylabel="wrong symbols in %",
            title=f"Noise of σ = {SIGMA:g} on one kind of weight at a time: mean of {frame['draw'].n_unique()} draws",
        )
    }


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each architecture and kind of weight that takes part: % wrong in either kind of forms."""
    rows: dict[tuple[object, object], dict[str, Any]] = {}
    for (architecture, kind, forms), value in summaries(frame, ["architecture", "kind", "forms"], "error").items():
        row = rows.setdefault((architecture, kind), {"architecture": architecture, "noise on": kind})
        row[str(forms)] = f"{value.mean:.3g}"
    return [row for row in rows.values() if any(row.get(forms) != "0" for forms in FORMS)]


STUDY = Study(
    name="anatomy",
    title="Which weights carry the noise",
    caption="A dictionary (keys of 3 symbols, 8 pairs), weight · (1 + N(0, σ²)), σ = 0.001, on the weights of one kind "
    "alone: % of wrong symbols. Kinds that are not in the table change nothing.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"sigma": SIGMA, "draws": DRAWS},
)
