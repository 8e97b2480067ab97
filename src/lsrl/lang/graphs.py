"""Which nodes of a graph reach one another."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter


def strong_components(size: int, reads: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The groups of nodes 0 … size − 1 that read one another, those first that others read, each in ascending order.

    `reads` has a pair (node, what it reads) for every edge.

    >>> strong_components(3, [(0, 1), (1, 0), (0, 2)])
    [[2], [0, 1]]
    """
    import scipy.sparse
    import scipy.sparse.csgraph

    sources, targets = zip(*reads, strict=True) if reads else ((), ())
    graph = scipy.sparse.coo_array(([1] * len(reads), (sources, targets)), shape=(size, size))
    count, labels = scipy.sparse.csgraph.connected_components(graph, connection="strong")
    members: list[list[int]] = [[] for _ in range(count)]
    for node, label in enumerate(labels.tolist()):
        members[label].append(node)
    order: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(range(count), ()))
    for node, read in reads:
        if labels[node] != labels[read]:
            order.add(int(labels[node]), int(labels[read]))
    return [members[label] for label in order.static_order()]
