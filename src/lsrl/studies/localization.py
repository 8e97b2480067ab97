"""Which published methods find the variables of compiled networks, by interchange on pairs they have not seen."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsrl import zoo
from lsrl.errors import UselessGuaranteeWarning
from lsrl.interp import Method, counterfactuals, methods, score
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.study import Study
from lsrl.zoo.table import kept_answers

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

VARIABLES = {"bracket_balance": "depth", "two_thirds": "lead", "moving_sum": "recent", "shuffle_dyck": "depths"}
"""A counter that is compared with two numbers, one that is compared with one, a window, and two counters."""

TARGETS = ("linear-rnn", "rnn-relu", "lstm", "gru", "mamba", "hawk")
PAIRS, QUICK_PAIRS, STEPS = 48, 16, 12

METHODS: Mapping[str, Callable[[int, int], Method]] = {
    "oracle": lambda *_: methods.Oracle(),
    "full vector": lambda *_: methods.FullVector(),
    "single unit": lambda *_: methods.SingleUnit(),
    "PCA": lambda k, _: methods.PrincipalComponents(k),
    "linear probe": lambda *_: methods.LinearProbe(),
    "linear probe, raw": lambda *_: methods.LinearProbe(standardised=False),
    "DAS": methods.DistributedAlignment,
    "DBM": lambda _, seed: methods.BinaryMask(seed),
    "TopK SAE": lambda _, seed: methods.SparseAutoencoder(seed=seed),
    "random direction": lambda _, seed: methods.RandomDirection(seed),
}
"""By name, each made for a variable of so many components, with a seed."""

TRAINED = ("DAS", "DBM", "TopK SAE")
"""Those that take seconds for each module: not for a look."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every variable, target and method."""
    pairs = QUICK_PAIRS if quick else PAIRS
    return [
        SweepCell("localization", {"program": program, "architecture": target, "method": method, "pairs": pairs})
        for program in VARIABLES
        for target in TARGETS
        for method in METHODS
        if not (quick and method in TRAINED)
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """The score on pairs of the test split: IIA where the method finds the variable and at its site, angle, rank."""
    given: Mapping[str, Any] = cell.parameters
    entry, target, variable = zoo.get(given["program"]), given["architecture"], VARIABLES[given["program"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        length = kept_answers()[entry.name][target].steps
        model = compiled(entry.program, target, max_length=length, variables=[variable])
    drawn = cell.seed(seed, "program")
    train, test = (
        counterfactuals(entry.program, entry.sample, variable, n=given["pairs"], steps=STEPS, split=split, seed=drawn)
        for split in ("train", "test")
    )
    found = score(model, METHODS[given["method"]](model.program[variable].dim, 0), train, test)
    return [{name: getattr(found, name) for name in ("module", "accuracy", "at_site", "angle", "rank")}]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table is the picture."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each method and variable: IIA on every target."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in frame.to_dicts():
        variable = f"{row['program']}: {VARIABLES[row['program']]}"
        shown = rows.setdefault((variable, row["method"]), {"variable": variable, "method": row["method"]})
        shown[row["architecture"]] = f"{row['accuracy']:.2f}"
    return list(rows.values())


STUDY = Study(
    name="localization",
    title="Which methods find the variables of compiled networks",
    caption="Interchange accuracy (IIA) on pairs that a method has not seen, in the module in which it does best on "
    "those that it has: 1 is every answer right.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"pairs": PAIRS, "steps": STEPS},
)
