"""How compiled networks differ from trained ones: plain, disguised, trained on from there, and from scratch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl import zoo
from lsrl.errors import UselessGuaranteeWarning
from lsrl.interp import Disguise, FineTuning, check_site, counterfactuals, realism_of, trained_from_scratch
from lsrl.interp.task import agree
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.studies.cells import SweepCell
from lsrl.studies.study import Study
from lsrl.zoo import ZooProgram

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure

VARIABLES = {"two_thirds": "lead", "bracket_balance": "depth", "moving_sum": "recent"}
"""A counter that is compared with one number, one that is compared with two, and a window."""

TARGETS = ("rnn-relu", "lstm", "gru", "mamba", "hawk")
FORMS = ("plain", "disguised", "fine-tuned", "from scratch")

LENGTH, SAMPLED, PAIRS, STEPS = 64, 256, 48, 16
"""The model's longest sequence; sequences and pairs by which answers are counted, and how long they are."""


def cells(quick: bool) -> list[SweepCell]:
    """A cell for every program, target and form."""
    programs, targets = (("two_thirds",), ("lstm", "mamba")) if quick else (tuple(VARIABLES), TARGETS)
    return [
        SweepCell("realism", {"program": program, "architecture": target, "form": form})
        for program in programs
        for target in targets
        for form in FORMS
    ]


def measure(cell: SweepCell, seed: int) -> list[dict[str, Any]]:
    """Statistics, the share of sequences whose answers are right, and IIA at the site if there is one."""
    given: Mapping[str, Any] = cell.parameters
    entry = zoo.get(given["program"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        variable = VARIABLES[entry.name]
        model = compiled(entry.program, given["architecture"], max_length=LENGTH, variables=[variable])
    drawn = cell.seed(seed)
    made, iia = _made(model, entry, given["form"], drawn)
    rng = np.random.default_rng(drawn)
    x = np.stack([entry.sample(rng, STEPS) for _ in range(SAMPLED)])
    right = agree(made.run(x), model.program.run(x)).mean()
    found = {
        name: None if math.isnan(value) else value for name, value in realism_of(made, entry.sample).as_dict().items()
    }
    return [{**found, "accuracy": float(right), "iia": iia}]


def _made(model: CompiledModel, entry: ZooProgram, form: str, seed: int) -> tuple[CompiledModel, float | None]:
    """The network in this form, and IIA at the variable's site."""
    variable = VARIABLES[entry.name]
    pairs = counterfactuals(entry.program, entry.sample, variable, n=PAIRS, steps=STEPS, split="test", seed=seed)
    if form == "fine-tuned":
        made, tuned = FineTuning(seed).applied(model, entry.sample)
        return made, tuned.interchange_accuracy
    if form == "from scratch":
        return trained_from_scratch(model, entry.sample, seed=seed)[0], None
    if form == "plain":
        check = check_site(model, pairs)
        return model, check.agreeing / check.pairs
    made, key = Disguise(seed).applied(model, entry.sample)
    check = check_site(made, pairs, site=model.sites[variable].value, key=key)
    return made, check.agreeing / check.pairs


def figures(_: polars.DataFrame) -> dict[str, Figure]:
    """None: the table is the picture."""
    return {}


def table(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """A row for each network."""
    return [
        {
            "network": f"{row['program']}, {row['architecture']}",
            "form": row["form"],
            "weights 0": f"{row['zeros']:.0%}",
            "kurtosis": _number(row["kurtosis"], 1),
            "rank": _number(row["rank"], 2),
            "units dead": f"{row['dead']:.0%}",
            "of activations": f"{_number(row['activation_kurtosis'], 1)} / {_number(row['activation_rank'], 2)}",
            "right": f"{row['accuracy']:.0%}",
            "IIA": _number(row["iia"], 2),
        }
        for row in frame.to_dicts()
    ]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


STUDY = Study(
    name="realism",
    title="Compiled networks beside trained ones",
    caption="Weights that are 0; their excess kurtosis, and the effective rank of matrices as a share of the largest; "
    "units that never change; kurtosis and effective rank of activations; sequences of 16 steps that are all right; "
    "IIA at the variable's site. Fine-tuned: from the compiled weights, with noise on all of them. From scratch: the "
    "same module, as torch or transformers draws it and Adam trains it.",
    revision="2",
    cells=cells,
    measure=measure,
    figures=figures,
    table=table,
    settings={"pairs": PAIRS, "steps": STEPS},
)
