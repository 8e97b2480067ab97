"""Published ways to say which channels of a network its answer depends on, beside the truth and chance.

A method gives every channel a number; the higher, the sooner it is taken into a circuit. All look at pairs of inputs:
what does a channel that is set to what it is on the source change on the base, at all steps at once? Methods that use
gradients say 0 where comparisons are saturated, as in compiled networks most are: that is a finding about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from lsrl.interp.circuit_ablation import (
    activations_of,
    answers_patched,
    channel_names,
    gradients_of,
    moving,
)
from lsrl.interp.circuit_graph import CircuitGraph, circuit_graph
from lsrl.interp.task import Task
from lsrl.lang.numbers import whole_number


class CircuitMethod(Protocol):
    """A way to find a circuit: `scores` gets a task, and says how much every channel matters."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    def scores(self, task: Task) -> dict[str, float]:
        """A number for channels by name ("layers.1.hidden[0]"); `task.train` has the pairs that may be looked at.

        Channels that are left out have 0.
        """


@dataclass(frozen=True, slots=True)
class ExactPatching:
    """Activation patching: each channel is set to the source's values, one after the other, and the network is run.

    The score is how far answers move, on average over pairs, steps and outputs. Vig et al., Investigating Gender Bias
    in Language Models Using Causal Mediation Analysis, 2020.
    """

    name: ClassVar[str] = "exact patching"

    def scores(self, task: Task) -> dict[str, float]:
        """Channels that are the same on base and source are not run."""
        base, answers = activations_of(task, task.train.base)
        source, _ = activations_of(task, task.train.source)
        moved = np.flatnonzero(moving(base, source))
        found = answers_patched(task, task.train.base, source, np.eye(len(channel_names(base)), dtype=bool)[moved])
        names, effects = channel_names(base), np.abs(found - answers).mean(axis=(1, 2, 3))
        return {names[i]: float(effect) for i, effect in zip(moved, effects, strict=True)}


@dataclass(frozen=True, slots=True)
class AttributionPatching:
    """The change that a gradient on the base foretells: (source − base) · gradient, summed over steps.

    What is derived is how far answers are on the way from the base's to the source's, 0 to 1. Scores are averages over
    pairs of absolute values, or what goes up on one would cancel what goes down on another. Nanda, Attribution
    Patching, 2023; for nodes, what Syed et al., Attribution Patching Outperforms Automated Circuit Discovery, 2023,
    do for edges.
    """

    name: ClassVar[str] = "attribution patching"

    def scores(self, task: Task) -> dict[str, float]:
        """From two runs and one gradient."""
        return _foretold(task, [0.0])


@dataclass(frozen=True, slots=True)
class IntegratedGradients:
    """EAP-IG for nodes: the same with gradients averaged over inputs between source and base.

    Hanna et al., Have Faith in Faithfulness, 2024.
    """

    steps: int = 5

    def __post_init__(self) -> None:
        whole_number(self.steps, "steps of integrated gradients")

    @property
    def name(self) -> str:
        """With how many inputs there are."""
        return f"integrated gradients, m = {self.steps}"

    def scores(self, task: Task) -> dict[str, float]:
        """From two runs and m gradients; the last is on the base."""
        return _foretold(task, [1 - k / self.steps for k in range(1, self.steps + 1)])


@dataclass(frozen=True, slots=True)
class RandomScores:
    """Numbers drawn at random: what chance finds."""

    seed: int = 0
    name: ClassVar[str] = "random scores"

    def scores(self, task: Task) -> dict[str, float]:
        """A number from 0 to 1 for every channel."""
        names = channel_names(activations_of(task, task.train.base[:1])[0])
        drawn = np.random.default_rng(self.seed).random(len(names))
        return dict(zip(names, drawn.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class OracleScores:
    """The graph, from the compiler: 1 for what is in it. Of a disguised model, it must be given."""

    graph: CircuitGraph | None = None
    name: ClassVar[str] = "oracle"

    def scores(self, task: Task) -> dict[str, float]:
        """1 or 0."""
        graph = circuit_graph(task.model) if self.graph is None else self.graph
        return {node.name: float(node.in_graph) for node in graph.nodes}


def _foretold(task: Task, towards: list[float]) -> dict[str, float]:
    """What gradients foretell, on the base moved so far towards the source."""
    x, other = task.train.base, task.train.source
    base, answers = activations_of(task, x)
    source, aims = activations_of(task, other)
    direction = _direction(answers.astype(np.float64), aims.astype(np.float64))
    gradients = [gradients_of(task, x + by * (other - x), direction) for by in towards]
    found: list[float] = []
    for module in base:
        moved = source[module].double() - base[module].double()
        gradient = sum(own[module].double() for own in gradients) / len(gradients)
        found += (moved * gradient).sum(dim=1).abs().mean(dim=0).tolist()
    return dict(zip(channel_names(base), found, strict=True))


def _direction(base: np.ndarray, source: np.ndarray) -> np.ndarray:
    """What to multiply answers (n, T, out) by so that their sum goes from 0 to 1 on the way to the source."""
    away: np.ndarray = source - base
    size = (away**2).sum(axis=(1, 2), keepdims=True)
    found: np.ndarray = np.divide(away, size, out=np.zeros_like(away), where=size > 0)
    return found
