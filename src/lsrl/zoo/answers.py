"""What each target makes of each program, found by compiling and running it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np

from lsrl.errors import LsrlError, UndecidedComparisonWarning, UselessGuaranteeWarning
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.zoo.entry import ZooProgram

Kind: TypeAlias = Literal["exact", "bounded", "no bound", "refused", "wrong"]
"""Bit for bit; within a bound; a bound that says nothing; not compiled; not what is promised."""

CASES, LENGTH = 3, 256
"""Sequences that are run, and how long they are at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target makes of a program, for sequences of so many `steps`, None for any number."""

    kind: Kind
    steps: int | None = None
    reason: str = ""

    @property
    def computes(self) -> bool:
        """Whether there is a network that does what the specification says."""
        return self.kind in ("exact", "bounded")

    def __str__(self) -> str:
        return self.kind if self.steps is None else f"{self.kind} to {self.steps}"

    @staticmethod
    def parse(text: str, reason: str = "") -> Answer:
        """What `str` wrote.

        >>> Answer.parse("exact to 4096").steps
        4096
        """
        kind, _, steps = text.partition(" to ")
        return Answer(cast(Kind, kind), int(steps) if steps else None, reason)


def answer(entry: ZooProgram, target: str) -> Answer:
    """Compile a program, for any length if that can be, and hold the network to its specification."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        warnings.simplefilter("error", UndecidedComparisonWarning)
        model = _compiled(entry, target, None)
        if isinstance(model, LsrlError) or model.guarantee.reason:
            model = _compiled(entry, target, entry.max_length)
        if isinstance(model, LsrlError):
            return Answer("refused", reason=str(model))
        return _held(entry, model)


def _compiled(entry: ZooProgram, target: str, max_length: int | None) -> CompiledModel | LsrlError:
    try:
        return compiled(entry.program, target, max_length=max_length)
    except LsrlError as problem:
        return problem


def _held(entry: ZooProgram, model: CompiledModel) -> Answer:
    """What the model's guarantee is, if its outputs are within that of what is expected."""
    guarantee = model.guarantee
    for x, expected in _cases(entry):
        outputs = model.run(x)
        # A model of tokens says beside the answer that it is one: 0 where it does not refuse.
        padded = np.pad(expected, [(0, 0), (0, outputs.shape[1] - expected.shape[1])])
        off = np.abs(outputs - padded).max(axis=0)
        # A number that no float is must be rounded, whatever computes it.
        rounding = np.spacing(np.abs(padded).max(axis=0)) / 2 if guarantee.kind == "bounded" else 0
        if guarantee.kind != "none" and (off > np.array(guarantee.bounds) + rounding).any():
            return Answer("wrong", model.max_length, f"off by {off.max():.3g}, where it is {guarantee}")
    if guarantee.reason:
        return Answer("no bound", model.max_length, guarantee.reason)
    return Answer(cast(Kind, guarantee.kind), model.max_length)


def _cases(entry: ZooProgram) -> list[tuple[np.ndarray, np.ndarray]]:
    """Inputs and what is expected for them."""
    rng = np.random.default_rng(0)
    inputs = [entry.sample(rng, min(LENGTH, entry.max_length)) for _ in range(CASES)]
    return [(x, entry.expected(x)) for x in inputs]
