"""A finite automaton as a cascade of resets and cyclic counters: Krohn and Rhodes' theorem, as data.

Every level of the holonomy decomposition is permuted or reset by what the levels above it were and by the symbol. A
level that is permuted is a place b that only resets change, moved by an element g of a group: the place is g(b). And an
element of a solvable group is a number for each of its cyclic steps: g = τᵏ n, and π g = τᵏ′ (τ⁻ᵏ′ π τᵏ) n with
k′ = k + κ(π), so that each number counts modulo a prime by what the numbers above it and π say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsrl.automata.automaton import Automaton
from lsrl.automata.groups import CyclicStep, Permutation, cyclic_steps, inverse, power, times
from lsrl.automata.holonomy import Holonomy, Move, Places, holonomy
from lsrl.errors import UnsupportedProgram

MOST_CONFIGURATIONS, MOST_VALUES, MOST_LEVELS = 4096, 2**17, 128
"""Combinations of all levels' values that are followed, values that these may be of in all, and levels: each is a
layer or more."""

NAMES = {60: "A₅", 168: "PSL(2, 7)", 360: "A₆", 2520: "A₇"}
"""The only groups of so many elements that are groups of their own commutators."""

Actions: TypeAlias = "dict[tuple[Places, int], int]"


@dataclass(frozen=True, slots=True)
class Level:
    """A number from 0 to size − 1 that begins with `start`.

    `actions` says for what the levels above were, and a symbol, what a "reset" becomes (it keeps what is not there), or
    how much a "counter" goes on, modulo its size.
    """

    kind: Literal["reset", "counter"]
    size: int
    start: int
    actions: Mapping[tuple[Places, int], int]


@dataclass(frozen=True, slots=True)
class Cascade:
    """Levels, each driven by those above it, and what their values say: the number of the automaton's state."""

    automaton: Automaton
    levels: tuple[Level, ...]
    states: Mapping[Places, int]

    @property
    def orders(self) -> tuple[int, ...]:
        """The primes of its counters, top first; empty for an automaton without groups."""
        return tuple(level.size for level in self.levels if level.kind == "counter")

    def run(self, word: Sequence[int]) -> list[int]:
        """The numbers of the states after each symbol, by number."""
        values, found = tuple(level.start for level in self.levels), []
        for symbol in word:
            after = []
            for depth, level in enumerate(self.levels):
                action = level.actions.get((values[:depth], symbol))
                value = values[depth]
                if action is not None:
                    value = action if level.kind == "reset" else (value + action) % level.size
                after.append(value)
            values = tuple(after)
            found.append(self.states[values])
        return found

    def __str__(self) -> str:
        resets = sum(level.kind == "reset" for level in self.levels)
        parts = [f"{resets} reset{'s' * (resets != 1)}"] * bool(resets)
        if self.orders:
            parts.append(f"counters modulo {', '.join(map(str, self.orders))}")
        return f"{' and '.join(parts) or 'nothing'}, {len(self.states):,} combinations"


def cascade(automaton: Automaton) -> Cascade:
    """The cascade that runs as an automaton does, completed.

    Raises `UnsupportedProgram` for an automaton with a group that is not solvable, naming it, for one of more than
    `MOST_LEVELS`, and for one whose levels have more than `MOST_CONFIGURATIONS` combinations of values, or these more
    than `MOST_VALUES` in all.

    >>> odd = Automaton.of([[0, 1], [1, 0]])
    >>> str(cascade(odd)), cascade(odd).run([1, 0, 1])
    ('counters modulo 2, 2 combinations', [1, 1, 0])
    """
    found = holonomy(automaton)
    if len(found.levels) > MOST_LEVELS:
        raise UnsupportedProgram(
            f"its cascade of resets and counters has {len(found.levels):,} levels; expected at most {MOST_LEVELS}"
        )
    return _cascade(found, [_steps(found, depth) for depth in range(len(found.levels))])


def _steps(found: Holonomy, depth: int) -> list[CyclicStep]:
    """The cyclic steps of a level's group."""
    level = found.levels[depth]
    generators = {move.permuted for move in found.possible_moves(level) if move.permuted is not None}
    steps = cyclic_steps(sorted(generators), found.sizes[depth])
    if isinstance(steps, int):
        group = NAMES.get(steps, f"a group of {steps:,} elements")
        raise UnsupportedProgram(
            f"it permutes {found.sizes[depth]} places by a group that is not solvable, as it contains {group}: no "
            "cascade of resets and counters does that (Krohn and Rhodes 1965), and no diagonal state is known to "
            "(Barrington 1989; Merrill et al. 2024)"
        )
    return steps


def _cascade(found: Holonomy, steps: Sequence[Sequence[CyclicStep]]) -> Cascade:
    """Follow all combinations from the start, and note what every level does."""
    start: Places = tuple(v for depth, place in enumerate(found.start()) for v in (*[0] * len(steps[depth]), place))
    actions: list[Actions] = [{} for _ in start]
    states: dict[Places, int] = {}
    waiting, known = [start], {start}
    most = min(MOST_CONFIGURATIONS, MOST_VALUES // max(len(start), 1))
    for values in waiting:
        places = _places(values, steps, found)
        (states[values],) = found.image(places)
        for symbol in range(len(found.automaton.alphabet)):
            moves, _ = found.moves(places, symbol)
            after = _followed(values, symbol, moves, steps, actions)
            if after not in known:
                known.add(after)
                waiting.append(after)
        if len(known) > most:
            raise UnsupportedProgram(
                f"its cascade of resets and counters has over {most:,} combinations of values, and is not built"
            )
    return _pruned(found, steps, start, actions, states)


def _pruned(
    found: Holonomy,
    steps: Sequence[Sequence[CyclicStep]],
    start: Places,
    actions: Sequence[Actions],
    states: Mapping[Places, int],
) -> Cascade:
    """Without the levels that always stay what they are."""
    sizes: list[tuple[Literal["reset", "counter"], int]] = []
    for size, own in zip(found.sizes, steps, strict=True):
        sizes += [*(("counter", step.order) for step in own), ("reset", size)]
    kept = [
        i for i, (kind, _) in enumerate(sizes) if any(kind == "counter" or to != start[i] for to in actions[i].values())
    ]

    def seen(values: Places) -> Places:
        return tuple(values[i] for i in kept if i < len(values))

    levels = [
        Level(*sizes[i], start[i], {(seen(above), symbol): to for (above, symbol), to in actions[i].items()})
        for i in kept
    ]
    return Cascade(found.automaton, tuple(levels), {seen(values): state for values, state in states.items()})


def _places(values: Places, steps: Sequence[Sequence[CyclicStep]], found: Holonomy) -> Places:
    """The place of every level: what its numbers make of where it was reset to."""
    places, first = [], 0
    for depth, own in enumerate(steps):
        numbers, place = values[first : first + len(own)], values[first + len(own)]
        first += len(own) + 1
        places.append(_element(numbers, own, found.sizes[depth])[place])
    return tuple(places)


def _element(numbers: Sequence[int], steps: Sequence[CyclicStep], degree: int) -> Permutation:
    element = tuple(range(degree))
    for number, step in zip(reversed(numbers), reversed(steps), strict=True):
        element = times(power(step.generator, number), element)
    return element


def _followed(
    values: Places, symbol: int, moves: Sequence[Move], steps: Sequence[Sequence[CyclicStep]], actions: list[Actions]
) -> Places:
    """The values after a symbol; what it does to each is noted, and is a function of those above it."""
    after: list[int] = []
    for move, own in zip(moves, steps, strict=True):
        first = len(after)
        if move.permuted is not None and own:
            moved = move.permuted
            for step in own:
                place = len(after)
                added = step.exponents[moved]
                ahead = (values[place] + added) % step.order
                moved = times(power(step.generator, -ahead), times(moved, power(step.generator, values[place])))
                if added:
                    actions[place][values[:place], symbol] = added
                after.append(ahead)
        else:
            after += values[first : first + len(own)]
        place = len(after)
        target = values[place]
        if move.reset is not None:
            target = move.reset
            if own:
                target = inverse(_element(values[first:place], own, len(own[0].generator)))[target]
            actions[place][values[:place], symbol] = target
        after.append(target)
    return tuple(after)
