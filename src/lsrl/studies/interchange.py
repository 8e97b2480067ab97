"""Interchange at the sites of every variable that the zoo names, on every target: how often networks agree."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.circuit.cuts import cut_values
from lsrl.errors import LsrlError, UselessGuaranteeWarning
from lsrl.interp import Interchange, interchange
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.study import Study
from lsrl.zoo.table import kept_answers

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

PAIRS, STEPS, TOGETHER = 4, 16, 4
"""Pairs for each variable, their length, and how many variables are exchanged at once."""

QUICK = 12
"""Every so many programs, for a look."""

COUNTED = ("pairs", "informative", "agreeing", "agreeing_in_all", "skipped")


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program that names a variable, and every target that computes it."""
    named = [name for name in zoo.names() if cut_values(zoo.get(name).program, "named")]
    return [
        SweepCell("interchange", {"program": name, "architecture": target, "length": found.steps})
        for name in named[:: QUICK if quick else 1]
        for target, found in kept_answers()[name].items()
        if found.computes
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """Counts of pairs for values, for states that go on, and for several variables at once."""
    given: Mapping[str, Any] = cell.parameters
    entry, target = zoo.get(given["program"]), given["architecture"]
    empty: dict[str, Any] = {**dict.fromkeys(COUNTED, 0), "variables": 0, "layers": 0, "plain_layers": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        try:
            model = compiled(entry.program, target, max_length=given["length"], variables="named")
        except LsrlError as refusal:
            return [{**empty, "kind": "refused", "reason": str(refusal)}]
        plain = compiled(entry.program, target, max_length=given["length"])
    rng, steps = np.random.default_rng(cell.seed(seed, "program")), min(STEPS, entry.max_length)
    x = np.stack([entry.sample(rng, steps) for _ in range(2 * PAIRS)])
    found: dict[str, Counter[str]] = {kind: Counter() for kind in ("value", "continuing", "together", "no place")}

    def add(kind: str, one: Interchange) -> None:
        found[kind].update({name: getattr(one, name) for name in COUNTED} | {"variables": 1})

    for name, sites in model.sites.items():
        at = rng.integers(0, steps, PAIRS)
        add("value", interchange(model, x[:PAIRS], x[PAIRS:], name, at))
        if sites.has_state:
            add("continuing", interchange(model, x[:PAIRS], x[PAIRS:], name, at, kind="continuing"))
        elif name in model.states:
            found["no place"]["variables"] += 1
    if len(model.sites) > 1:
        names = rng.choice(list(model.sites), min(TOGETHER, len(model.sites)), replace=False).tolist()
        add("together", interchange(model, x[:PAIRS], x[PAIRS:], names, rng.integers(0, steps, PAIRS)))
    depths = {"layers": model.sizes.layers, "plain_layers": plain.sizes.layers}
    return [{**empty, **depths, **dict(counts), "kind": kind, "reason": ""} for kind, counts in found.items()]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: what there is to see is that nothing disagrees."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each target: networks, variables, and how many informative pairs agree."""
    by_target: dict[str, Counter[str]] = {}
    for row in frame.to_dicts():
        counts = by_target.setdefault(row["architecture"], Counter())
        counts["refused"] += row["kind"] == "refused"
        if row["kind"] == "value":
            counts.update(networks=1, layers=row["layers"], plain=row["plain_layers"], variables=row["variables"])
        if row["kind"] == "no place":
            counts["states without a place"] += row["variables"]
        for name in COUNTED:
            counts[f"{row['kind']} {name}"] += row[name]
        counts["wrong"] += row["pairs"] - row["skipped"] - row["agreeing_in_all"]
    shown = []
    for target in (name for name in TARGETS if name in by_target):
        counts = by_target[target]
        row = {"target": target, "networks": counts["networks"], "variables": counts["variables"]}
        for kind in ("value", "continuing", "together"):
            row[kind] = f"{counts[f'{kind} agreeing']:,} of {counts[f'{kind} informative']:,}"
        row |= {"no place": counts["states without a place"], "refused": counts["refused"], "wrong": counts["wrong"]}
        shown.append(row | {"layers": f"× {counts['layers'] / max(counts['plain'], 1):.2f}"})
    return shown


STUDY = Study(
    name="interchange",
    title="Interchange at the sites of all variables of the zoo",
    caption="Informative pairs on which a network answers what its program says when variables are exchanged: as they "
    "are read, as states that go on, and several at once; states that have no place of their own; programs that cannot "
    "be cut so; pairs of any kind that disagree; and how many times the layers cuts cost.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"pairs": PAIRS, "steps": STEPS},
)
