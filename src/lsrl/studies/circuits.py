"""Which methods find the circuits of compiled networks that have a decoy beside them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsrl import zoo
from lsrl.errors import UselessGuaranteeWarning
from lsrl.interp import CircuitMethod, circuit_methods, counterfactuals, score_circuit, with_decoy
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.study import Study

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

CASES = {
    "bracket_balance": ("depth", "last_opened_at"),
    "shuffle_dyck": ("depths", "run_that_ended"),
    "moving_sum": ("recent", "running_maximum"),
}
"""Programs, the variable that sources differ in, and the decoy."""

TARGETS = ("rnn-relu", "lstm", "gru", "mamba", "hawk")
PAIRS, QUICK_PAIRS, STEPS, LENGTH = 48, 16, 12, 64

METHODS: Mapping[str, Callable[[int], CircuitMethod]] = {
    "oracle": lambda _: circuit_methods.OracleScores(),
    "exact patching": lambda _: circuit_methods.ExactPatching(),
    "attribution patching": lambda _: circuit_methods.AttributionPatching(),
    "integrated gradients": lambda _: circuit_methods.IntegratedGradients(),
    "random": circuit_methods.RandomScores,
}
"""By name, each made with a seed."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, target and method."""
    pairs = QUICK_PAIRS if quick else PAIRS
    return [
        SweepCell("circuits", {"program": program, "architecture": target, "method": method, "pairs": pairs})
        for program in CASES
        for target in TARGETS
        for method in METHODS
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """AUROC, CPR and CMD on pairs of the test split."""
    given: Mapping[str, Any] = cell.parameters
    entry, (variable, decoy) = zoo.get(given["program"]), CASES[given["program"]]
    program = with_decoy(entry.program, zoo.get(decoy).program)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        model = compiled(program, given["architecture"], max_length=LENGTH)
    drawn = cell.seed(seed, "program")
    train, test = (
        counterfactuals(program, entry.sample, variable, n=given["pairs"], steps=STEPS, split=split, seed=drawn)
        for split in ("train", "test")
    )
    found = score_circuit(model, METHODS[given["method"]](cell.seed(seed)), train, test)
    numbers = {"auroc": found.auroc, "cpr": found.cpr, "cmd": found.cmd, "silent": found.silent}
    return [{**numbers, "moving": found.moving}]


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table is the picture."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each program and target: AUROC / CPR of every method, and how much of the circuit gradients miss."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in frame.to_dicts():
        case = f"{row['program']}, {row['architecture']} ({row['moving']})"
        shown = rows.setdefault((row["program"], row["architecture"]), {"case (moving channels)": case})
        auroc = "–" if row["auroc"] is None else f"{row['auroc']:.2f}"
        shown[row["method"]] = f"{auroc} / {row['cpr']:.2f}"
        if row["method"] == "attribution patching":
            shown["no gradient"] = f"{row['silent']:.0%}"
    return list(rows.values())


STUDY = Study(
    name="circuits",
    title="Which methods find the circuits of compiled networks beside a decoy",
    caption="AUROC over the channels that move, against the circuit that is known, and CPR: the area under the "
    "faithfulness of the circuits of the best 0.1 to 100 % of channels. Beside every program is another one that the "
    "answer does not read. No gradient: channels of the circuit that attribution patching scores 0.",
    revision="1",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"pairs": PAIRS, "steps": STEPS},
)
