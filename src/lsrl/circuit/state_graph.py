"""Which states of a linear state read one another."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from lsrl.lang.matrix import Row


def is_permutation(rows: Sequence[Row]) -> bool:
    """Whether every row has a single 1 (a strongly connected component then is a cycle)."""
    return all(len(row) == 1 and row[0][1] == 1 for row in rows)


def components(rows: Sequence[Row]) -> list[list[int]]:
    """The strongly connected components of a state matrix, those that are read first.

    >>> components([[(0, 1)], [(0, 1)]])
    [[0], [1]]
    """
    if all(column <= i for i, row in enumerate(rows) for column, _ in row):
        return [[i] for i in range(len(rows))]  # lower triangular: in order already
    labels, members = _labelled(rows, "strong")
    order: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(len(members)), ()))
    for i, row in enumerate(rows):
        for column, _ in row:
            if labels[i] != labels[column]:
                order.add(labels[i], labels[column])
    return [members[label] for label in order.static_order()]


def clusters(rows: Sequence[Row]) -> list[list[int]]:
    """The states that are connected at all, each cluster in ascending order.

    >>> clusters([[(1, 1)], [], [(2, 1)]])
    [[0, 1], [2]]
    """
    if all(column == i for i, row in enumerate(rows) for column, _ in row):
        return [[i] for i in range(len(rows))]
    return _labelled(rows, "weak")[1]


def _labelled(rows: Sequence[Row], connection: str) -> tuple[list[int], list[list[int]]]:
    import scipy.sparse
    import scipy.sparse.csgraph

    pairs = [(i, column) for i, row in enumerate(rows) for column, _ in row]
    sources, targets = zip(*pairs, strict=True)
    graph = scipy.sparse.coo_array(([1] * len(pairs), (sources, targets)), shape=(len(rows),) * 2)
    count, labels = scipy.sparse.csgraph.connected_components(graph, connection=connection)
    members: list[list[int]] = [[] for _ in range(count)]
    for i, label in enumerate(labels.tolist()):
        members[label].append(i)
    return labels.tolist(), members
