"""What a benchmark is made of: programs of the zoo, the variables to find in them, and the forms of each network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.circuit.cuts import cut_values
from lsrl.errors import LsrlError
from lsrl.interp import Counterfactuals, counterfactuals
from lsrl.interp.counterfactuals import SHARES, Split
from lsrl.lang import GatedState, LinState, Program, Recur
from lsrl.semantics import Kind
from lsrl.zoo import ZooProgram
from lsrl.zoo.table import kept_answers

Form: TypeAlias = Literal["plain", "decoy", "disguised", "fine-tuned"]
"""As it is compiled; with another program beside it; with other weights of the same function; trained on from there."""

Size: TypeAlias = Literal["quick", "default", "all"]

FORMS: tuple[Form, ...] = ("plain", "decoy", "disguised")
"""What every network is in. Some are also trained on."""

QUICK_TARGETS = ("lstm", "gru", "mamba", "hawk")
QUICK_PROGRAMS = (
    "tomita_2",
    "identifier",
    "exclusive",
    "bracket_balance",
    "shuffle_dyck",
    "even_pairs",
    "moving_sum",
    "run_that_ended",
    "steps_since",
    "add_binary",
    "debouncer",
    "agreement",
)
"""Small ones of twelve families, which all of these targets compute, in networks of few layers."""

EVERY = 2
"""Of the programs with variables, every so many are taken."""

MOST_PARAMETERS = 2**14
"""Networks with more are not in the default: that a disguise changes nothing takes minutes to see."""

PRIVATE = 5
"""Of every so many programs, the disguised networks of one have their keys elsewhere."""

TUNED: dict[Size, int] = {"quick": 6, "default": 12, "all": 12}
"""Of every so many programs, one is also fine-tuned, which takes as long as all else about a small network."""

MOST_VARIABLES = 4
PAIRS: dict[Split, int] = {"train": 48, "validation": 16, "test": 48}
STEPS, LONGER = 16, 48
"""How long inputs of pairs are, and how long if too few of these change an answer."""


def chosen_programs(size: Size) -> list[str]:
    """The names of programs, in the order of the zoo; of everything, those without variables, too."""
    if size == "quick":
        return list(QUICK_PROGRAMS)
    if size == "all":
        return zoo.names()
    return [name for name in zoo.names() if cut_values(zoo.get(name).program, "named")][::EVERY]


def chosen_targets(size: Size, program: str) -> list[str]:
    """The targets that compute a program."""
    known = kept_answers()[program]
    return [target for target in (QUICK_TARGETS if size == "quick" else TARGETS) if known[target].computes]


def variables_of(entry: ZooProgram) -> list[str]:
    """The variables to find in a program: those that have a name, the first few."""
    return list(cut_values(entry.program, "named").values())[:MOST_VARIABLES]


def pairs_of(entry: ZooProgram, variable: str, seed: int) -> list[Counterfactuals] | str:
    """Pairs of every split, of a state also such that it goes on from them; or why there are none.

    >>> [len(pairs) for pairs in pairs_of(zoo.get("bracket_balance"), "depth", seed=0)]
    [48, 16, 48, 48]
    """
    reason, drawn = "", partial(counterfactuals, entry.program, entry.sample)
    for steps in dict.fromkeys(min(steps, entry.max_length) for steps in (STEPS, LONGER)):
        try:
            return [
                drawn(variable, n=PAIRS[split], steps=steps, split=split, kind=kind, seed=seed)
                for split, kind in _wanted(entry, variable)
            ]
        except LsrlError as problem:
            reason = str(problem)
    return reason


def _wanted(entry: ZooProgram, variable: str) -> Iterator[tuple[Split, Kind]]:
    for split in SHARES:
        yield split, "value"
    if isinstance(entry.program[variable], (LinState, GatedState, Recur)):
        yield "test", "continuing"


def labelled(pairs: Counterfactuals, program: Program) -> Counterfactuals:
    """The pairs with the answers of what became of their program: a language model also says if it refuses one."""
    if pairs.label.shape[-1] == program.output.dim:
        return pairs
    label = np.empty((*pairs.label.shape[:2], program.output.dim))
    traced = program.trace(pairs.source)
    for step in np.unique(pairs.step).tolist():
        rows = pairs.step == step
        do = {name: (step, traced[name][rows, step : step + 1]) for name in pairs.variables}
        label[rows] = program.trace(pairs.base[rows], do=do, kind=pairs.kind).output
    return replace(pairs, label=label)
