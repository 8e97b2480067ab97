"""How well a method finds a circuit: by the graph that is known, and by what its circuits answer.

Measures are MIB's (Mueller et al., MIB: A Mechanistic Interpretability Benchmark, 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import rankdata

from lsrl.errors import ProgramError, shortened
from lsrl.interp.circuit_ablation import Activations, activations_of, answers_patched, channel_names, moving
from lsrl.interp.circuit_graph import CircuitGraph, circuit_graph
from lsrl.interp.circuit_methods import CircuitMethod
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.interp.task import Task, close_to
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.notebook import Tabulated

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of all channels that move, so many are in a circuit."""


@dataclass(frozen=True, slots=True)
class CircuitScore(Tabulated):
    """How well a method found a circuit. All measures are over the `moving` channels, which differ on some pair.

    `auroc` is the chance that a channel of the graph is scored above one that is not in it, ties being half; None where
    all that move are in the graph, or none: there is nothing to tell apart. `auroc_of_all` counts channels that never
    move, too. It says which methods miss what is there, but grows with every channel that is only there: among them are
    those that are idle, to which no method gives more than 0, and constants, in which no pair can show anything.

    `faithfulness` is that of the circuits of the best `SHARES` of channels, all others being what they are on the
    source: 1 where all answers are as on the base, 0 where they are as if everything were the source's. `cpr` is the
    area under it, the higher the better, `cmd` that between it and 1, the lower the better. `silent` is the share of
    the graph's channels that the method gives 0.
    """

    method: str
    auroc: float | None
    auroc_of_all: float | None
    cpr: float
    cmd: float
    faithfulness: tuple[float, ...]
    moving: int
    silent: float

    def __str__(self) -> str:
        auroc = "none" if self.auroc is None else f"{self.auroc:.2f}"
        return (
            f"{self.method}: AUROC {auroc}, CPR {self.cpr:.2f}, CMD {self.cmd:.2f}, over {self.moving} channels that "
            f"move; {self.silent:.0%} of the circuit's have a score of 0"
        )


def score_circuit(
    model: CompiledNetwork,
    method: CircuitMethod,
    train: Counterfactuals,
    test: Counterfactuals,
    *,
    graph: CircuitGraph | None = None,
) -> CircuitScore:
    """Let a method score channels on pairs, and compare with the graph and with what circuits answer on others.

    Answers count as equal where they are within 1/2, if all are whole numbers, else within a hundredth of the largest.
    Channels with equal scores are in a random order. `graph` is at channel granularity; it must be given for a model
    that is disguised.
    Raises `ProgramError` where no channel moves or the answers of all pairs are equal, and as `circuit_graph` does.

    >>> import lsrl
    >>> from lsrl.interp import counterfactuals
    >>> from lsrl.interp.circuit_methods import AttributionPatching, ExactPatching
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64)
    >>> train, test = (counterfactuals(entry.program, entry.sample, "depth", n=16, steps=10, split=split)
    ...                for split in ("train", "test"))
    >>> print(score_circuit(model, ExactPatching(), train, test))
    exact patching: AUROC none, CPR 0.25, CMD 0.75, over 8 channels that move; 0% of the circuit's have a score of 0
    >>> score_circuit(model, AttributionPatching(), train, test).silent  # all comparisons but the last are saturated
    0.875
    """
    if isinstance(method, type) or not callable(getattr(method, "scores", None)):
        raise ProgramError(
            f"the method is {shortened(method)}; expected an object with a name and a function scores(task)"
        )
    for pairs in (train, test):
        for x in (pairs.base, pairs.source):
            model.run(x)  # refuses inputs of another program, and sequences that are too long
    task = Task(model, train)
    graph = circuit_graph(model) if graph is None else graph
    base, answers = activations_of(task, test.base)
    source, _ = activations_of(task, test.source)
    names, moved = channel_names(base), moving(base, source)
    if not set(names) <= {node.name for node in graph.nodes}:
        raise ProgramError(
            f"the graph is of {graph.granularity}s of {graph.program} on {graph.target}; expected one of the channels "
            f"of {model.program.name} on {model.target}"
        )
    given = method.scores(task)
    scores = np.array([given.get(name, 0.0) for name in names])
    truth = np.array([name in graph.in_graph for name in names])
    found = _faithfulness(task, test, source, answers, scores, np.flatnonzero(moved))
    return CircuitScore(
        method.name,
        auroc=_auroc(scores[moved], truth[moved]),
        auroc_of_all=_auroc(scores, truth),
        cpr=float(trapezoid(found, SHARES)),
        cmd=float(trapezoid(np.abs(1 - found), SHARES)),
        faithfulness=tuple(found.tolist()),
        moving=int(moved.sum()),
        silent=float((scores[moved & truth] == 0).mean()),
    )


def _faithfulness(
    task: Task,
    test: Counterfactuals,
    source: Activations,
    answers: np.ndarray,
    scores: np.ndarray,
    moved: np.ndarray,
) -> np.ndarray:
    """That of the circuits of the best channels."""
    order = moved[np.random.default_rng(0).permutation(len(moved))]  # equal scores say nothing of the order
    best = order[np.argsort(-scores[order], kind="stable")]
    patched = np.zeros((len(SHARES) + 1, len(scores)), dtype=bool)
    patched[:, moved] = True
    for row, share in enumerate(SHARES, start=1):
        patched[row, best[: int(share * len(best))]] = False
    found = answers_patched(task, test.base, source, patched)
    agreeing = close_to(found, answers).mean(axis=(1, 2, 3))
    nothing, everything = agreeing[0], 1.0
    if nothing == everything:
        raise ProgramError(
            f"no answer of {task.model.program.name} changes when every channel that moves is as on the source; "
            "expected pairs with other answers"
        )
    faithful: np.ndarray = (agreeing[1:] - nothing) / (everything - nothing)
    return faithful


def _auroc(scores: np.ndarray, truth: np.ndarray) -> float | None:
    """The area under the ROC curve, from ranks; None if there is only one kind."""
    count, others = int(truth.sum()), int((~truth).sum())
    if not count or not others:
        return None
    ranks = rankdata(scores)
    return float((ranks[truth].sum() - count * (count + 1) / 2) / (count * others))
