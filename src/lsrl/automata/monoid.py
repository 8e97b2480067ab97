"""The transition monoid of an automaton: what its words do to its states."""

from __future__ import annotations

from lsrl.automata.automaton import Automaton

MOST_ELEMENTS = 10_000
"""Elements that are counted."""


def monoid_size(automaton: Automaton) -> int | None:
    """How many different things words do to the states, the empty word's nothing included; None over `MOST_ELEMENTS`.

    >>> monoid_size(Automaton.of([[0, 1], [1, 0]])), monoid_size(Automaton.of([[0, 0, 1], [1, 0, 1]]))
    (2, 3)
    """
    table = automaton.completed().table
    columns = list(zip(*table, strict=True))
    unit = tuple(range(len(table)))
    found, waiting = {unit}, [unit]
    for element in waiting:
        for column in columns:
            after = tuple(column[state] for state in element if state is not None)
            if after not in found:
                found.add(after)
                waiting.append(after)
        if len(found) > MOST_ELEMENTS:
            return None
    return len(found)
