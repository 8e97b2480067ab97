"""The search that the in-context dictionaries share: the value that follows the query's key in a prompt."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from lsrl.lang import (
    Concat,
    Value,
    and_,
    at_least,
    constant,
    counter,
    cumsum,
    cyclic,
    equal,
    ifelse,
    not_,
    shift_register,
    total,
)
from lsrl.lang.logic import BranchVia


class Branch(Protocol):
    """A value where a condition holds, 0 elsewhere."""

    def __call__(self, cond: Value, then: Value, name: str | None = None) -> Value:
        """`then` where `cond` is 1, else 0."""


class Search(NamedTuple):
    """Whose turn it is in a pair (one-hot), whether the key was found so far, and its value's symbols."""

    value_slots: Value
    key_slots: Value
    found: Value
    register: Value


def branching(via: BranchVia, short: bool) -> Branch:
    """Branches whose other side is 0, in one form."""
    nothing = constant(0)

    def branch(cond: Value, then: Value, name: str | None = None) -> Value:
        return ifelse(cond, then, nothing, via=via, short=short, name=name)

    return branch


def search(x: Value, key_length: int, value_length: int, branch: Branch, *reading: Value) -> Search:
    """Reads the query, then key, value, key, value, …, a symbol a step.

    Booleans in `reading` must all be 1 for anything to be found or copied.
    """
    K, V = key_length, value_length
    # Slots 0 … V−1 are a value's places, V … V+K−1 a key's; the first key follows the query.
    slots = cyclic(K + V, start=(V - K) % (K + V), name="slots")
    value_slots, key_slots = slots[:V], slots[V:]
    query_slots = Concat([slots[(V - K + i) % (K + V)] for i in range(K)])
    prompt = at_least(counter(name="n"), K, name="prompt")
    compare, first = total(key_slots), slots[0]

    query = cumsum(branch(query_slots, branch(not_(prompt), x)), name="query")
    expected = total(branch(key_slots, query), name="expected")
    match = and_(prompt, compare, equal(expected, x), name="match")
    recent = shift_register(match, K + 1)
    hit = at_least(total(recent[1:]), K, name="hit")
    found = at_least(cumsum(and_(hit, first, *reading)), 1, name="found")
    copying = and_(found, cumsum(found) <= V, *reading, name="copying")
    register = cumsum(branch(value_slots, branch(copying, x)), name="register")
    return Search(value_slots, key_slots, found, register)
