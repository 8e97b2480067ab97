"""How to evaluate sₜ = A sₜ₋₁ + uₜ for all t at once: the states in waves, each of one simple kind.

States depend on one another as A's entries say. Its strongly connected components, taken in
order of dependence, are almost always of a kind that needs no matrix product over time at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

MatrixKind: TypeAlias = Literal["pass", "cycle", "delay", "shift", "sum", "decay", "general"]
Component: TypeAlias = tuple[int, ...]
StateReads: TypeAlias = list[dict[int, float]]

LONGEST_BLOCK = 64
"""Steps in a block of the chunked scan: long enough that few blocks follow one another."""

LARGEST_GROWTH = 16
"""Bound on the ∞-norm of the powers of A in a block: what a value may gain before it cancels again."""

LARGEST_TABLE = 2**22
"""Bound on the numbers in a table of powers."""


@dataclass(frozen=True)
class Wave:
    """States that are evaluated together; all they read besides themselves was evaluated before.

    - "pass": sᵢ(t) = uᵢ(t)
    - "cycle": an undriven permutation; each state of a component becomes what the one listed
      before it was one step ago, the first what the last one was
    - "delay": a chain of undriven states; each becomes what the one listed before it was one step
      ago, the first what its source was (the only column of its row of A)
    - "shift": sᵢ(t) = Σⱼ Aᵢⱼ sⱼ(t−1) + uᵢ(t), all j in earlier waves
    - "sum": sᵢ(t) = sᵢ(t−1) + uᵢ(t), plus earlier waves as in a shift
    - "decay": sᵢ(t) = a sᵢ(t−1) + uᵢ(t) with a ≠ 1, plus earlier waves
    - "general": any other component, plus earlier waves; the components of a wave have equal size
    """

    kind: MatrixKind
    components: tuple[Component, ...]

    @property
    def rows(self) -> Component:
        """The states of all components, in order."""
        return tuple(row for component in self.components for row in component)


def plan(A: csr_array, driven: Sequence[bool] | NDArray[np.bool_]) -> tuple[Wave, ...]:
    """The waves of A, in an order in which they can be evaluated.

    `driven[i]` says whether uᵢ can be other than zero.

    >>> A = csr_array(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]]))
    >>> [(wave.kind, wave.components) for wave in plan(A, [True, False, False])]
    [('sum', ((0,),)), ('delay', ((1, 2),))]
    """
    reads = _reads(A)
    of_kind: dict[MatrixKind, list[Component]] = defaultdict(list)
    for part in _strongly_connected(A):
        of_kind[_kind(reads, part, driven)].append(part)
    of_kind["cycle"] = [_around(reads, part) for part in of_kind["cycle"]]
    of_kind["delay"] = _chains(reads, [part[0] for part in of_kind["delay"]])
    return _in_waves(reads, [(kind, part) for kind, parts in of_kind.items() for part in parts])


def _reads(A: csr_array) -> StateReads:
    """For every state the states it reads, and with what weight."""
    entries = A.tocoo()
    reads: StateReads = [{} for _ in range(A.shape[0])]
    for row, column, weight in zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True):
        if weight:
            reads[row][column] = weight
    return reads


def _strongly_connected(A: csr_array) -> list[Component]:
    if not A.nnz:
        return [(row,) for row in range(A.shape[0])]
    _, labels = connected_components(A, connection="strong")
    members: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(labels.tolist()):
        members[label].append(row)
    return [tuple(part) for part in members.values()]


def _kind(reads: StateReads, part: Component, driven: Sequence[bool] | NDArray[np.bool_]) -> MatrixKind:
    read = reads[part[0]]
    only_copies = all(list(reads[row].values()) == [1] and not driven[row] for row in part)
    if len(part) > 1:  # strongly connected and one entry a row: that is a permutation
        return "cycle" if only_copies else "general"
    if part[0] in read:
        return "cycle" if only_copies else "sum" if read[part[0]] == 1 else "decay"
    if not read:
        return "pass"
    return "delay" if only_copies else "shift"


def _around(reads: StateReads, part: Component) -> Component:
    """The states of a cycle, each after the one it reads."""
    against = [part[0]]
    while (source := next(iter(reads[against[-1]]))) != part[0]:
        against.append(source)
    return tuple(reversed(against))


def _chains(reads: StateReads, delays: list[int]) -> list[Component]:
    """The delays in chains, each after the one it reads; where several read one, the last goes on with its chain."""
    source = {row: next(iter(reads[row])) for row in delays}
    follower = {source[row]: row for row in delays}
    chains = []
    for row in delays:
        if source[row] not in source or follower[source[row]] != row:
            chain = [row]
            while chain[-1] in follower:
                chain.append(follower[chain[-1]])
            chains.append(tuple(chain))
    return chains


def _in_waves(reads: StateReads, parts: list[tuple[MatrixKind, Component]]) -> tuple[Wave, ...]:
    """Everything of one kind whose dependencies are done makes a wave, until nothing is left."""
    owner = {row: index for index, (_, part) in enumerate(parts) for row in part}
    waits_for = [{owner[column] for row in part for column in reads[row]} - {i} for i, (_, part) in enumerate(parts)]
    readers: dict[int, list[int]] = defaultdict(list)
    for index, dependencies in enumerate(waits_for):
        for dependency in dependencies:
            readers[dependency].append(index)
    ready: dict[tuple[int, int], list[int]] = defaultdict(list)

    def make_ready(indices: Iterable[int]) -> None:
        for index in indices:
            kind, part = parts[index]
            ready[get_args(MatrixKind).index(kind), len(part) if kind == "general" else 0].append(index)

    make_ready(index for index, dependencies in enumerate(waits_for) if not dependencies)
    waves = []
    while ready:
        done = ready.pop(min(ready))
        waves.append(Wave(parts[done[0]][0], tuple(parts[index][1] for index in done)))
        for index in done:
            for reader in readers[index]:
                waits_for[reader].discard(index)
            make_ready(reader for reader in readers[index] if not waits_for[reader])
    return tuple(waves)


def block_powers(blocks: NDArray[Any], longest_block: int = LONGEST_BLOCK) -> NDArray[Any]:
    """A⁰ … Aᴷ of several square matrices: (count, m, m) → (K + 1, count, m, m), with 1 ≤ K ≤ `longest_block`.

    K is the largest for which the ∞-norms of A¹ … Aᴷ stay within g = `LARGEST_GROWTH`; with K = 1
    the chunked scan is the recurrence itself. What a scan holds besides states is Aʲ s or s − Aʲ s',
    at most 1 + g times as large as they are: with whole numbers up to 2ᵖ / (1 + g) times smaller
    than the format's 2ᵖ it is exact. Nilpotent, permuting and contracting matrices get K = 64.

    >>> len(block_powers(np.array([[[0.0, 1.0], [1.0, 0.0]]]))) - 1, len(block_powers(np.array([[[4.0]]]))) - 1
    (64, 2)
    """
    count, m, _ = blocks.shape
    longest = min(longest_block, LARGEST_TABLE // (count * m * m))
    powers = [np.broadcast_to(np.eye(m, dtype=blocks.dtype), blocks.shape), blocks]
    while len(powers) <= longest and _norm(powers[-1]) <= LARGEST_GROWTH:
        powers.append(powers[-1] @ blocks)
    if len(powers) > 2 and _norm(powers[-1]) > LARGEST_GROWTH:
        powers.pop()
    return np.stack(powers)


def _norm(blocks: NDArray[Any]) -> float:
    return float(np.abs(blocks).sum(axis=-1).max())


def scan_in_blocks(powers: Any, u: Any, start: Any) -> None:
    """Turn u into sₜ = A sₜ₋₁ + uₜ, in place; NumPy arrays or torch tensors alike.

    powers (K + 1, count, m, m) from `block_powers`; u (K, count, m, blocks, batch), where step t
    is step t mod K of block t // K; start (count, m, batch) is the state before the first step.

    Every block is first scanned from a zero state, all blocks side by side, one step at a time:
    2 products with A per step in all, where doubling takes log₂ K, and only the powers that
    `block_powers` bounds. Then the states at the blocks' ends follow from one another through Aᴷ,
    and each is carried into its next block through A¹ … Aᴷ⁻¹.
    """
    K, count, m, blocks, batch = u.shape
    steps = u.reshape(K, count, m, blocks * batch)
    for step in range(1, K):
        steps[step] += powers[1] @ steps[step - 1]
    ends, inner = u[K - 1], u[: K - 1]
    for block in range(blocks):
        ends[:, :, block] += powers[K] @ (ends[:, :, block - 1] if block else start)
    inner[:, :, :, 0] += powers[1:K] @ start
    carried = powers[1:K] @ ends[:, :, :-1].reshape(count, m, (blocks - 1) * batch)
    inner[:, :, :, 1:] += carried.reshape(K - 1, count, m, blocks - 1, batch)
