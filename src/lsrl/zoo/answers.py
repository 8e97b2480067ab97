"""What each target makes of each program: found by compiling and running it, and kept in a table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lsrl.errors import LsrlError, UndecidedComparisonWarning, UselessGuaranteeWarning
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.zoo.entry import ZooProgram

Kind: TypeAlias = Literal["exact", "bounded", "no bound", "refused", "wrong"]
"""Bit for bit; within a bound that says something; right as far as was seen; not compiled; beyond what is promised."""

CASES, LENGTH = 3, 256
"""Sequences that are run, and how long they are at most."""

TABLE = "answers.csv"
"""The table's file: a row for each program and target."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target makes of a program: `steps` is the longest sequence it is compiled for, None for any."""

    kind: Kind
    steps: int | None = None
    reason: str = ""

    @property
    def compiled(self) -> bool:
        """Whether there is a network that does it."""
        return self.kind in ("exact", "bounded")

    def __str__(self) -> str:
        return self.kind if self.steps is None or not self.compiled else f"{self.kind} to {self.steps:,}"


def measured(entry: ZooProgram, target: str, seed: int = 0) -> Answer:
    """Compile a program, for any length if that can be, and hold the network to specification and program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        warnings.simplefilter("error", UndecidedComparisonWarning)
        try:
            model = compiled(entry.program, target)
            if model.guarantee.kind == "none":
                model = compiled(entry.program, target, max_length=entry.max_length)
        except LsrlError:
            try:
                model = compiled(entry.program, target, max_length=entry.max_length)
            except LsrlError as problem:
                return Answer("refused", reason=str(problem))
        return _held(entry, model, np.random.default_rng(seed))


def _held(entry: ZooProgram, model: CompiledModel, rng: np.random.Generator) -> Answer:
    guarantee = model.guarantee
    worst = np.zeros(len(guarantee.bounds))
    for _ in range(CASES):
        x = entry.sample(rng, min(LENGTH, entry.max_length))
        found, expected = model.run(x), entry.expected(x, exact=True)
        if not (entry.program.run(x, exact=True) == expected).all():
            return Answer("wrong", reason="the program is not what its specification says")
        off = np.abs(found - expected.astype(np.float64)).max(axis=0)
        worst = np.maximum(worst, off)
    # The expected numbers are rounded once, too.
    if guarantee.kind != "none" and (worst > np.array(guarantee.bounds) * (1 + 1e-9)).any():
        return Answer("wrong", reason=f"off by {worst.max():.3g}, and {guarantee}")
    if guarantee.kind == "none" or guarantee.reason:
        return Answer("no bound", model.max_length, guarantee.reason)
    return Answer(guarantee.kind, model.max_length)
