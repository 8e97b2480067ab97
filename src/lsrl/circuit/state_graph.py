"""Which states of a linear state read one another."""

from __future__ import annotations

from collections.abc import Sequence

from lsrl.lang.graphs import strong_components
from lsrl.lang.matrix import Row


def is_permutation(rows: Sequence[Row]) -> bool:
    """Whether every row has a single 1 (a strongly connected component then is a cycle)."""
    return all(len(row) == 1 and row[0][1] == 1 for row in rows)


def components(rows: Sequence[Row]) -> list[list[int]]:
    """The strongly connected components of a state matrix, those that are read first.

    >>> components([[(0, 1)], [(0, 1)]]), components([[(1, 1)], [(2, 1)], [(1, 1)]])
    ([[0], [1]], [[1, 2], [0]])
    """
    if all(column <= i for i, row in enumerate(rows) for column, _ in row):
        return [[i] for i in range(len(rows))]  # lower triangular: in order already
    if is_permutation(rows) and len({row[0][0] for row in rows}) == len(rows):
        return _cycles(rows)
    return strong_components(len(rows), [(i, column) for i, row in enumerate(rows) for column, _ in row])


def clusters(rows: Sequence[Row]) -> list[list[int]]:
    """The states that are connected at all, each cluster in ascending order.

    >>> clusters([[(1, 1)], [], [(2, 1)]])
    [[0, 1], [2]]
    """
    if all(column == i for i, row in enumerate(rows) for column, _ in row):
        return [[i] for i in range(len(rows))]
    leader = list(range(len(rows)))

    def find(state: int) -> int:
        while leader[state] != state:
            leader[state] = state = leader[leader[state]]
        return state

    for i, row in enumerate(rows):
        for column, _ in row:
            one, other = sorted((find(i), find(column)))
            leader[other] = one
    members: dict[int, list[int]] = {}
    for state in range(len(rows)):
        members.setdefault(find(state), []).append(state)
    return list(members.values())


def _cycles(rows: Sequence[Row]) -> list[list[int]]:
    """The cycles of a permutation, the states of each in ascending order."""
    seen: set[int] = set()
    found = []
    for start in range(len(rows)):
        cycle, state = [], start
        while state not in seen:
            seen.add(state)
            cycle.append(state)
            state = rows[state][0][0]
        if cycle:
            found.append(sorted(cycle))
    return found
