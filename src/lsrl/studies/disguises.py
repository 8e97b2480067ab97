"""Disguises of the zoo's networks on long sequences: how many answers they change, and what weights they leave."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.errors import UndecidedComparisonWarning, UnsupportedProgram, UselessGuaranteeWarning
from lsrl.interp import Disguise
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.study import Study
from lsrl.zoo.table import kept_answers

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

QUICK = 12
"""Every so many programs, for a look."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, on one of the targets that compute it: the next one for each program."""
    found = []
    for turn, name in enumerate(zoo.names()):
        known = kept_answers()[name]
        computing = [target for target in (*TARGETS, *TARGETS)[turn % len(TARGETS) :] if known[target].computes]
        if computing and not (quick and turn % QUICK):
            given = {"program": name, "architecture": computing[0], "length": known[computing[0]].steps}
            found.append(SweepCell("disguises", given))
    return found


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """Whether all changes together change an answer."""
    given: Mapping[str, Any] = cell.parameters
    entry = zoo.get(given["program"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        warnings.simplefilter("ignore", UndecidedComparisonWarning)
        model = compiled(entry.program, given["architecture"], max_length=given["length"])
        try:
            _, key = Disguise(cell.seed(seed)).applied(model, entry.sample)
        except UnsupportedProgram as refusal:
            return [{"parameters": 0, "before": 0, "after": 0, "checked": 0, "refused": str(refusal)}]
    before, after = key.nonzeros
    return [{"parameters": key.parameters, "before": before, "after": after, "checked": key.checked, "refused": ""}]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: what there is to see is that nothing changes."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each target: networks, steps without a difference, refusals, and the weights that are not 0."""
    by_target: dict[str, Counter[str]] = {}
    for row in frame.to_dicts():
        counts = by_target.setdefault(row["architecture"], Counter())
        counts.update({name: row[name] for name in ("parameters", "before", "after", "checked")})
        counts["networks"] += 1
        counts["refused"] += bool(row["refused"])
    return [
        {
            "target": target,
            "networks": counts["networks"],
            "refused": counts["refused"],
            "steps with the same answers": f"{counts['checked']:,}",
            "weights not 0": f"{counts['before'] / counts['parameters']:.1%}",
            "disguised": f"{counts['after'] / counts['parameters']:.1%}",
        }
        for target, counts in ((name, by_target[name]) for name in TARGETS if name in by_target)
    ]


STUDY = Study(
    name="disguises",
    title="Disguises of the zoo's networks",
    caption="All changes that an architecture allows together: answers that are the same on 100 long sequences of each "
    "network, or refused, as sums are no longer exact; and the share of weights that are not 0, before and after.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
)
