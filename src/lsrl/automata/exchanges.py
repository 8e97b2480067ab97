"""Automata whose symbols exchange two places each: what one reflection a step can follow.

A symbol that permutes states may do little to *blocks* of them: the 120 elements of S₅ are five times five blocks, by
where each of five things is, and a transposition of S₅ exchanges two of every five. Blocks are found by merging states
(of a congruence: what is merged stays so after any symbol) until every symbol exchanges no more than two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MOST_MERGED = 2048
"""How many congruences are made at most."""

Blocks: TypeAlias = tuple[int, ...]
"""The block of every state: the first state that is in it."""


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Blocks of states as places from 0 on: the place of each state, and the two that a symbol exchanges, if any."""

    places: tuple[int, ...]
    pairs: tuple[tuple[int, int] | None, ...]

    @property
    def size(self) -> int:
        """How many places there are."""
        return 1 + max(self.places)


def exchanges(table: Sequence[Sequence[int]]) -> list[Exchanges] | None:
    """Places that together tell the states of an automaton apart, in each of which symbols exchange at most two.

    None where there are none: where a symbol permutes no states, where it does more, or where the pairs that are
    exchanged close a ring of odd length, for which the keys of reflections would have to have signs.

    >>> [found.pairs for found in exchanges([[1, 0], [0, 1]])]
    [((0, 1), None)]
    >>> exchanges([[1], [2], [0]]) is None
    True
    """
    states = range(len(table))
    if any(sorted(column) != list(states) for column in zip(*table, strict=True)):
        return None
    chosen: list[Exchanges] = []
    apart: list[tuple[int, ...]] = [() for _ in states]
    for blocks in _fine_enough(table):
        found = _exchanges_of(table, blocks)
        after = [(*seen, found.places[state]) for state, seen in enumerate(apart)]
        if _is_bipartite(found) and len(set(after)) > len(set(apart)):
            chosen.append(found)
            apart = after
        if len(set(apart)) == len(table):
            return chosen
    return None


def _fine_enough(table: Sequence[Sequence[int]]) -> Iterator[Blocks]:
    """Congruences with more than one block, on which every symbol exchanges at most two; of each kind the finest."""
    waiting, known = [tuple(range(len(table)))], set[Blocks]()
    while waiting and len(known) < MOST_MERGED:
        blocks = waiting.pop()
        if blocks in known or not any(blocks):
            continue
        known.add(blocks)
        moved = _too_much(table, blocks)
        if moved is None:
            yield blocks
        else:
            waiting += [_merged(table, blocks, pair) for pair in moved]


def _too_much(table: Sequence[Sequence[int]], blocks: Blocks) -> list[tuple[int, int]] | None:
    """Pairs of blocks of which one must be merged, None if every symbol exchanges two or none.

    Of two exchanges of a symbol one must stay where it is, or both be the same.
    """
    for symbol in range(len(table[0])):
        moves = {block: blocks[table[block][symbol]] for block in dict.fromkeys(blocks)}
        moved = [block for block, to in moves.items() if block != to]
        if not moved:
            continue
        first = moved[0]
        if moves[moves[first]] != first:
            return [(first, moves[first]), (first, moves[moves[first]])]
        other = next((block for block in moved if block not in (first, moves[first])), None)
        if other is not None:
            return [(first, other), (first, moves[other]), (first, moves[first]), (other, moves[other])]
    return None


def _merged(table: Sequence[Sequence[int]], blocks: Blocks, pair: tuple[int, int]) -> Blocks:
    """The finest congruence that merges these, too."""
    found = list(blocks)
    waiting = [pair]
    while waiting:
        one, other = (found[state] for state in waiting.pop())
        if one == other:
            continue
        low, high = min(one, other), max(one, other)
        found = [low if block == high else block for block in found]
        waiting += zip(table[low], table[high], strict=True)
    return tuple(found)


def _exchanges_of(table: Sequence[Sequence[int]], blocks: Blocks) -> Exchanges:
    names = {block: place for place, block in enumerate(dict.fromkeys(blocks))}
    pairs: list[tuple[int, int] | None] = []
    for symbol in range(len(table[0])):
        moved = [block for block in names if blocks[table[block][symbol]] != block]
        pairs.append((names[moved[0]], names[moved[1]]) if moved else None)
    return Exchanges(tuple(names[block] for block in blocks), tuple(pairs))


def _is_bipartite(found: Exchanges) -> bool:
    return colours(found.size, [pair for pair in found.pairs if pair is not None], 0) is not None


def colours(size: int, pairs: Sequence[tuple[int, int]], start: int) -> list[int] | None:
    """1 or −1 for every place, 1 for the start, such that no pair is alike; None where a ring of odd length is.

    >>> colours(3, [(0, 1), (1, 2)], 2), colours(3, [(0, 1), (1, 2), (0, 2)], 0)
    ([1, -1, 1], None)
    """
    found = {start: 1}
    waiting = [start, *range(size)]
    for place in waiting:
        found.setdefault(place, 1)
        for one, other in (*pairs, *((b, a) for a, b in pairs)):
            if one == place and other not in found:
                found[other] = -found[one]
                waiting.insert(waiting.index(place) + 1, other)
    if any(found[one] == found[other] for one, other in pairs):
        return None
    return [found[place] for place in range(size)]
