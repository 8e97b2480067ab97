"""The networks of a benchmark: a program in each form on each target, with what is known of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lsrl import zoo
from lsrl.benchmark.places import places_of
from lsrl.benchmark.selection import Form
from lsrl.errors import (
    LsrlError,
    RangeError,
    UndecidedComparisonWarning,
    UnsupportedProgram,
    UselessGuaranteeWarning,
)
from lsrl.interp import CircuitGraph, Disguise, FineTuning, Key, Tuned, circuit_graph, with_decoy
from lsrl.lang import Program
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.zoo import ZooProgram
from lsrl.zoo.table import kept_answers

MOST_DECOYS = 40
"""How many programs are tried as a decoy."""

MOST_LARGER = 4
"""How many times the parameters a network may have with a decoy."""

HARDEST_DECOY = 4
"""Their difficulty, at most: states with addresses need more layers than what they are to be hidden among."""

LEAST_BESIDE = 3
"""Channels that a decoy uses alone, at least: of what both programs compute, nothing is a decoy."""


@dataclass(frozen=True, eq=False)
class MadeNetwork:
    """A network, and the truth about it: places of its variables, the circuit, and the key of its disguise.

    Of one that was trained on, places and circuit are where they were before; `tuned` says what is left of them.
    """

    model: CompiledModel
    places: dict[str, Any]
    circuit: CircuitGraph
    key: Key | None
    decoy: str | None
    tuned: Tuned | None = None


def made_network(
    entry: ZooProgram, target: str, form: Form, variables: Sequence[str], seed: int, largest: int | None
) -> MadeNetwork:
    """Compile a program in this form, with its variables cut.

    Raises `RangeError` for more than the `largest` number of parameters, and as `compile`, `Disguise` and `with_decoy`.
    """
    length = kept_answers()[entry.name][target].steps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessGuaranteeWarning)
        warnings.simplefilter("ignore", UndecidedComparisonWarning)
        if form == "decoy":
            model, decoy = _beside_another(entry, target, variables, length, seed)
            _check_size(model, largest)
            return _known(model, None, decoy)
        model = compiled(entry.program, target, max_length=length, variables=variables)
        _check_size(model, largest)
        if form == "plain":
            return _known(model, None, None)
        if form == "fine-tuned":
            tuned, found = FineTuning(seed).applied(model, entry.sample)
            # Its numbers have other sizes than the compiler's.
            places = {name: places_of(sites, None) for name, sites in tuned.sites.items()}
            return replace(_known(model, None, None), model=tuned, tuned=found, places=places)
        disguised, key = Disguise(seed).applied(model, entry.sample)
        known = _known(model, key, None)
    return MadeNetwork(disguised, known.places, known.circuit, key, None)


def _check_size(model: CompiledModel, largest: int | None) -> None:
    if largest is not None and model.sizes.parameters > largest:
        raise RangeError(
            f"{model.program.name} on {model.target} has {model.sizes.parameters:,} parameters; expected at most "
            f"{largest:,}, or --all"
        )


def _known(model: CompiledModel, key: Key | None, decoy: str | None) -> MadeNetwork:
    places = {name: places_of(sites, key) for name, sites in model.sites.items()}
    return MadeNetwork(model, places, circuit_of(model, key), key, decoy)


def circuit_of(model: CompiledModel, key: Key | None) -> CircuitGraph:
    """The circuit, channel by channel; layer by layer where a disguise has mixed the channels."""
    if key is None:
        return circuit_graph(model)
    try:
        return key.graph(circuit_graph(model))
    except UnsupportedProgram:
        return circuit_graph(model, "layer")


def _beside_another(
    entry: ZooProgram, target: str, variables: Sequence[str], length: int | None, seed: int
) -> tuple[CompiledModel, str]:
    """The program with a decoy: the first of some drawn at random that is for the same inputs and is no giant."""
    most = MOST_LARGER * compiled(entry.program, target, max_length=length, variables=variables).sizes.parameters
    for name in _decoys(entry, target, seed):
        other = kept_answers()[name][target].steps
        shorter = min((steps for steps in (length, other) if steps is not None), default=None)
        try:
            beside = with_decoy(entry.program, zoo.get(name).program)
            model = compiled(beside, target, max_length=shorter, variables=variables)
        except LsrlError:  # of other inputs, or together too much for this target
            continue
        beside_it = [node for node in circuit_graph(model).nodes if not node.in_graph and node.kind != "idle"]
        if len(beside_it) >= LEAST_BESIDE and model.sizes.parameters <= most:
            return model, name
    raise UnsupportedProgram(
        f"none of {MOST_DECOYS} programs drawn can be a decoy of {entry.name} on {target}; expected another seed"
    )


def _decoys(entry: ZooProgram, target: str, seed: int) -> list[str]:
    """Programs over as many numbers, in random order."""
    answers = kept_answers()
    fitting = [
        name
        for name in zoo.names()
        if name != entry.name
        and zoo.get(name).difficulty <= HARDEST_DECOY
        and answers[name][target].computes
        and _has_inputs_like(zoo.get(name).program, entry.program)
    ]
    order = np.random.default_rng(seed).permutation(len(fitting)).tolist()
    return [fitting[i] for i in order[:MOST_DECOYS]]


def _has_inputs_like(decoy: Program, program: Program) -> bool:
    return decoy.input.dim == program.input.dim and decoy.vocabulary is None
