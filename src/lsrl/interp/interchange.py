"""Interchange interventions: a network runs on one input with variables written as they are on another.

What should happen then, the program says (`Program.run` with `do`). Geiger et al., Causal Abstractions of Neural
Networks, 2021.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.errors import ProgramError, RangeError, ShapeError, UndecidedComparisonWarning, listed, shortened
from lsrl.interp.counterfactuals import variable_names
from lsrl.interp.writing import Write, run_hooked
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.notebook import Tabulated
from lsrl.semantics import Kind
from lsrl.semantics.inputs import as_array

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Interchange(Tabulated):
    """What was compared: pairs, those whose answer the program changes, and those of these where the network agrees.

    `skipped` are pairs where the program leaves a comparison undecided, or a claim of it is broken, which nothing is
    promised about.
    """

    pairs: int
    informative: int
    agreeing: int
    agreeing_in_all: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """IIA: the share of informative pairs where the network answers as the program does; NaN where there are none.

        As a mean of nothing: no pair says that the network is right, or wrong.
        """
        return self.agreeing / self.informative if self.informative else math.nan

    def __str__(self) -> str:
        return (
            f"{self.agreeing} of {self.informative} informative pairs agree, "
            f"{self.agreeing_in_all} of all {self.pairs}; {self.skipped} skipped"
        )


def interchange(
    model: CompiledNetwork,
    base: Any,
    source: Any,
    variables: str | Sequence[str],
    steps: int | Sequence[int] | np.ndarray,
    *,
    kind: Kind = "value",
) -> Interchange:
    """Write what variables are on `source` into runs on `base`, and compare with what the program says.

    `base` and `source` are (batch, T, dim); `variables` is one name or several; `steps` says when, for each of the
    pairs or for all. `kind="continuing"` writes states where they are kept, too. Outputs agree where they are within
    the model's guarantee of the program's.
    Raises `ProgramError` for variables that are not cut, `UnsupportedProgram` for a state without a place, `RangeError`
    for a model without a bound, inputs that are too long for it or outside what it declares, and steps that are not
    there, and `ShapeError` for others that do not fit.

    >>> import lsrl
    >>> depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    >>> model = lsrl.compile(lsrl.Program(depth > 1), "gru", max_length=9, variables=["depth"])
    >>> up, down = np.ones((1, 5, 1)), -np.ones((1, 5, 1))
    >>> print(interchange(model, down, up, "depth", 3, kind="continuing"))
    1 of 1 informative pairs agree, 1 of all 1; 0 skipped
    """
    names = variable_names(variables)
    for name in names:
        if name not in model.sites:
            known = listed(list(model.sites)) if model.sites else "none, as no variables are cut"
            raise ProgramError(f"{name!r} has no site in {model.program.name} on {model.target}; expected {known}")
    if model.guarantee.kind == "none":
        raise RangeError(
            f"{model.program.name} on {model.target} has no bound by which its answers could agree; "
            "declare Input(range=(low, high)) and compile(..., max_length=...)"
        )
    base, source = (
        np.asarray(as_array(x, name), dtype=model.network.dtype) for x, name in ((base, "base"), (source, "source"))
    )
    if base.ndim != 3 or base.shape != source.shape or not len(base):
        raise ShapeError(
            f"base has shape {base.shape} and source {source.shape}; expected both (batch, T, dim), of the same shape"
        )
    model.check_length(base.shape[1])
    at = _steps(steps, len(base), base.shape[1])
    network = model.hooked()
    each = [(step, at == step) for step in sorted(set(at.tolist()))]
    found = [_compared(model, network, base[own], source[own], names, step, kind) for step, own in each]
    return Interchange(*(sum(column) for column in zip(*found, strict=True)))


def _steps(given: Any, pairs: int, length: int) -> np.ndarray:
    """The step of each pair."""
    steps = np.asarray(as_array(given, "steps of interchange"))
    if steps.shape not in ((), (pairs,)):
        raise ShapeError(f"steps of interchange have shape {steps.shape}; expected one for all, or {pairs}")
    if steps.dtype == object or ((steps != np.rint(steps)) | (steps < 0) | (steps >= length)).any():
        raise RangeError(f"steps={shortened(given)}; expected whole numbers from 0 to {length - 1}")
    return np.broadcast_to(steps.astype(int), (pairs,))


def _compared(
    model: CompiledNetwork,
    network: torch.nn.Module,
    base: np.ndarray,
    source: np.ndarray,
    names: Sequence[str],
    step: int,
    kind: Kind,
) -> tuple[int, int, int, int, int]:
    """The five numbers of an `Interchange` for pairs with the same step."""
    program = model.program
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndecidedComparisonWarning)
        traced = program.trace(source, exact=True)
        do = {name: (step, traced[name][:, step : step + 1]) for name in names}
        made = program.trace(base, exact=True, do=do, kind=kind)
        plain = program.run(base, exact=True)
    undecided = {place.batch for place in made.undecided}
    expected = made.output.astype(np.float64)
    writes: list[Write] = []
    for name, (_, numbers) in do.items():
        given = numbers.astype(np.float64)
        if kind == "continuing":
            writes.append(Write(model.sites[name].state, [step], given))
        writes.append(Write(model.sites[name].value, [step], given))
    off = np.abs(run_hooked(model, network, base, writes) - expected)
    right = (off <= np.array(model.guarantee.bounds)).all(axis=(1, 2))
    decided = np.array([i not in undecided for i in range(len(base))])
    changed = (made.output != plain).any(axis=(1, 2)) & decided
    counts = len(base), changed.sum(), (changed & right).sum(), (decided & right).sum(), (~decided).sum()
    pairs, informative, agreeing, in_all, skipped = map(int, counts)
    return pairs, informative, agreeing, in_all, skipped
