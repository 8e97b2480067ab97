"""Finite automata, as states that read their own past."""

from __future__ import annotations

from collections.abc import Sequence

from lsrl.lang import Value, lookup, recur


def state_of(symbol: Value, table: Sequence[Sequence[int]], start: int = 0, *, name: str = "state") -> Value:
    """The state of an automaton that goes from q to `table[q][symbol]`."""
    count = len(table[0])
    entries = [after for row in table for after in row]
    return recur(lambda last: lookup(count * last + symbol, entries), start, name=name)


def accepted(symbol: Value, table: Sequence[Sequence[int]], *accepting: int, start: int = 0) -> Value:
    """Whether an automaton is in one of the accepting states."""
    state = state_of(symbol, table, start)
    return lookup(state, [int(q in accepting) for q in range(len(table))], name="accepted")
