"""A search for inputs that drive a network off what its program computes: many next inputs are tried at every step.

Of some tens of candidates the few are kept from which the network is farthest off, step after step: a beam. It looks
at what single steps of the network make, beside the program in floats that are longer than the network's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.backends.linear.network import NumpyNetwork, State
from lsrl.backends.torch_rnn.network import TorchNetwork
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.semantics.stepping import Remembered, SteppedProgram
from lsrl.zoo.streams import Stream

BEAMS, KEPT, CANDIDATES = 4, 2, 40
"""Searches side by side, sequences that each keeps, and inputs that are tried after each of these."""


def is_searchable(model: CompiledNetwork, stream: Stream) -> bool:
    """Whether its states are arrays, of which some can go on, and its inputs reals."""
    return isinstance(model.network, (NumpyNetwork, TorchNetwork)) and not stream.whole


def found_inputs(model: CompiledNetwork, stream: Stream, steps: int, rng: np.random.Generator) -> np.ndarray:
    """The sequence (`BEAMS`, steps, dim) of each beam along which the network is farthest off."""
    program, candidates = SteppedProgram(model.program), Candidates(stream, np.finfo(model.dtype).nmant, rng)
    rows = BEAMS * KEPT
    kept, before = model.network.start(rows * CANDIDATES), program.start(rows * CANDIDATES)
    last, outputs = np.zeros((rows, stream.dim)), np.zeros((rows, 1))
    worst, best = np.zeros(rows), np.zeros(rows)
    history: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(steps):
        x = candidates.after(last, outputs).astype(model.dtype)
        computed, kept = model.network.step(x, kept)
        exact, undecided, before = program.step(x, before)
        errors = np.abs(computed - exact).max(axis=1).astype(np.float64)
        errors[undecided] = -1.0
        chosen = _worst_of_each_beam(errors, rng)
        parents = chosen // CANDIDATES
        worst = np.maximum(worst[parents], errors[chosen])
        history.append((parents, x[chosen]))
        last, outputs = x[chosen], np.asarray(computed[chosen], dtype=np.float64)
        again = np.repeat(chosen, CANDIDATES)
        kept, before = _of_rows(kept, again), _remembered(before, again)
    best = worst.reshape(BEAMS, KEPT).argmax(axis=1) + np.arange(BEAMS) * KEPT
    return np.stack(list(_traced_back(history, best))[::-1], axis=1)


def _worst_of_each_beam(errors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The rows of each beam with the largest errors; of equal ones any."""
    shuffled = rng.permutation(len(errors) // BEAMS)
    of_beam = errors.reshape(BEAMS, -1)[:, shuffled]
    order = np.argsort(-of_beam, axis=1, kind="stable")[:, :KEPT]
    found: np.ndarray = (shuffled[order] + np.arange(BEAMS)[:, None] * (len(errors) // BEAMS)).ravel()
    return found


def _traced_back(history: list[tuple[np.ndarray, np.ndarray]], rows: np.ndarray) -> Iterator[np.ndarray]:
    """The inputs (rows, dim) that led to rows, the last first."""
    for parents, x in reversed(history):
        yield x[rows]
        rows = parents[rows]


def _of_rows(kept: Any, rows: np.ndarray) -> Any:
    if isinstance(kept, State):
        return State(tuple(layer[rows] for layer in kept.layers))
    return tuple(state[:, rows] for state in kept)  # of torch: (layers, batch, H)


def _remembered(before: Remembered, rows: np.ndarray) -> Remembered:
    return {value: numbers[:, rows] for value, numbers in before.items()}


@dataclass(frozen=True)
class Candidates:
    """What the next input can be, of each component: reals of all levels, extremes, repeats, and near what came out."""

    stream: Stream
    bits: int
    rng: np.random.Generator

    def after(self, last: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """`CANDIDATES` inputs after each of the last inputs (rows, dim) and outputs (rows, out): (rows · …, dim)."""
        rows, dim = last.shape
        shape = rows, CANDIDATES, dim
        low, high = np.array(self.stream.low, dtype=float), np.array(self.stream.high, dtype=float)
        largest = np.maximum(np.abs(low), np.abs(high))
        signed = self.rng.uniform(-1, 1, shape) * largest
        small = signed * 2.0 ** -self.rng.uniform(0, self.bits + 12, shape)
        before = np.broadcast_to(last[:, None], shape)
        near = np.broadcast_to(outputs[:, None, :1], shape)
        kinds = [
            self.rng.uniform(low, high, shape),
            small,
            small,
            np.where(signed < 0, low, high),
            np.zeros(shape),
            before,
            -before,
            before + small,
            near + small,
        ]
        picked = self.rng.integers(len(kinds), size=shape)
        return np.asarray(np.clip(np.choose(picked, kinds), low, high)).reshape(-1, dim)
