"""Deterministic finite automata as data; minimising, complement and products by automata-lib."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsrl.automata.transitions import MOST_STATES, State, Symbol, read_transitions
from lsrl.errors import MissingPackage, ProgramError, listed, shortened

if TYPE_CHECKING:
    from automata.fa.dfa import DFA

    from lsrl.view.drawing import Drawing

MOST_SYMBOLS = 1024


@dataclass(frozen=True, slots=True)
class Automaton:
    """A deterministic finite automaton: `table[state][symbol]` is the number of the next state.

    None stands for no state: a run that gets there stays there, and is not accepted. `states` and `alphabet` are their
    names in order, `start` is the state before the first symbol.

    >>> even = Automaton.of({("even", 1): "odd", ("odd", 1): "even", ("even", 0): "even", ("odd", 0): "odd"},
    ...                     start="even", accepting=["even"])
    >>> even.run([1, 0, 1]), even.accepts([1])
    (['odd', 'odd', 'even'], False)
    """

    states: tuple[State, ...]
    alphabet: tuple[Symbol, ...]
    table: tuple[tuple[int | None, ...], ...]
    start: int = 0
    accepting: frozenset[int] = frozenset()

    @staticmethod
    def of(
        transitions: Any,
        *,
        start: State | None = None,
        accepting: Iterable[State] = (),
        alphabet: Sequence[Symbol] | None = None,
    ) -> Automaton:
        """The automaton of a table, a dict or a function.

        `transitions` is a table of rows, one a state, in which states and symbols are 0, 1, 2, …; a dict
        {(state, symbol): state}, or {state: {symbol: state}}; or a function of state and symbol, for which `start` and
        `alphabet` are needed, and which is followed to at most 1,024 states. A missing transition, or None, leads to
        no state. `start` is the first state, unless it is given. Raises `ProgramError`, naming what does not fit.

        >>> Automaton.of(lambda state, symbol: (state + symbol) % 3, start=0, alphabet=[0, 1]).table
        ((0, 1), (1, 2), (2, 0))
        """
        moves, states, symbols = read_transitions(transitions, start, alphabet)
        if not symbols:
            raise ProgramError("an automaton has an empty alphabet; expected at least one symbol")
        if not 1 <= len(states) <= MOST_STATES or len(symbols) > MOST_SYMBOLS:
            raise ProgramError(
                f"an automaton has {len(states):,} states and {len(symbols):,} symbols; "
                f"expected 1 to {MOST_STATES:,}, and at most {MOST_SYMBOLS:,}"
            )
        place = {state: i for i, state in enumerate(states)}
        table = tuple(
            tuple(_place(moves.get((state, symbol)), place, f"({state!r}, {symbol!r}) leads to") for symbol in symbols)
            for state in states
        )
        first = 0 if start is None else _place(start, place, "an automaton starts in")
        assert first is not None
        final = frozenset(_place(state, place, "an automaton accepts in") for state in accepting)
        return Automaton(tuple(states), tuple(symbols), table, first, frozenset(i for i in final if i is not None))

    def run(self, word: Iterable[Symbol]) -> list[State | None]:
        """The names of the states after each symbol. Raises `ProgramError` for a symbol outside the alphabet."""
        place = {symbol: i for i, symbol in enumerate(self.alphabet)}
        state: int | None = self.start
        found: list[State | None] = []
        for symbol in word:
            if symbol not in place:
                raise ProgramError(
                    f"{shortened(symbol)} is not in the alphabet {listed(list(map(str, self.alphabet)))}"
                )
            state = None if state is None else self.table[state][place[symbol]]
            found.append(None if state is None else self.states[state])
        return found

    def accepts(self, word: Iterable[Symbol]) -> bool:
        """Whether the word leads to an accepting state."""
        states = [self.states[self.start], *self.run(word)]
        return states[-1] in {self.states[i] for i in self.accepting}

    def completed(self) -> Automaton:
        """The same with a state of its own for no state, if some transition leads there."""
        if all(after is not None for row in self.table for after in row):
            return self
        dead = len(self.states)
        rows = [*self.table, (dead,) * len(self.alphabet)]
        table = tuple(tuple(dead if after is None else after for after in row) for row in rows)
        return Automaton((*self.states, None), self.alphabet, table, self.start, self.accepting)

    def draw(self) -> Drawing:
        """A picture: states as circles, accepting ones with two lines.

        Raises `ProgramError` for more than 64 states or 500 arrows.

        >>> Automaton.of([[0, 1], [1, 0]]).draw()
        <Drawing 'an automaton of 2 states and 2 symbols' of 242 × 131 px>
        """
        from lsrl.view.automaton_drawing import draw_automaton

        return draw_automaton(self)

    def _repr_svg_(self) -> str | None:
        with suppress(MissingPackage, ProgramError):  # a notebook then shows the text
            return self.draw().svg
        return None

    def minimal(self) -> Automaton:
        """The smallest automaton that accepts the same words; its states are 0, 1, 2, …

        >>> Automaton.of([[1, 2], [1, 2], [1, 2]], accepting=[1, 2]).minimal().table
        ((1, 1), (1, 1))
        """
        return _from_library(self._in_library().minify(retain_names=False), self.alphabet)

    def complement(self) -> Automaton:
        """What accepts all other words, minimal."""
        return _from_library(self._in_library().complement(retain_names=False, minify=True), self.alphabet)

    def union(self, other: Automaton) -> Automaton:
        """What accepts the words of either, minimal. Raises `ProgramError` for another alphabet."""
        return _from_library(self._in_library().union(self._other(other), retain_names=False), self.alphabet)

    def intersection(self, other: Automaton) -> Automaton:
        """What accepts the words of both, minimal. Raises `ProgramError` for another alphabet."""
        return _from_library(self._in_library().intersection(self._other(other), retain_names=False), self.alphabet)

    def _other(self, other: Automaton) -> DFA:
        if set(other.alphabet) != set(self.alphabet):
            alphabets = " and ".join(shortened(one.alphabet) for one in (self, other))
            raise ProgramError(f"two automata have the alphabets {alphabets}; expected the same")
        return other._in_library()

    def _in_library(self) -> DFA:
        from automata.fa.dfa import DFA

        whole = self.completed()
        names = {symbol: _character(i) for i, symbol in enumerate(_in_order(self.alphabet))}
        return DFA(
            states=set(range(len(whole.states))),
            input_symbols=set(names.values()),
            transitions={
                i: {names[symbol]: after for symbol, after in zip(self.alphabet, row, strict=True)}
                for i, row in enumerate(whole.table)
            },
            initial_state=whole.start,
            final_states=set(whole.accepting),
        )


def word_problem(*generators: Sequence[int]) -> Automaton:
    """The automaton that multiplies the permutations it reads: symbol i is generator i; it accepts the unit.

    >>> len(word_problem((1, 0, 2), (1, 2, 0)).states)  # S₃
    6
    """
    unit = tuple(range(len(generators[0])))
    if any(sorted(generator) != list(unit) for generator in generators):
        raise ProgramError(f"generators {shortened(generators)}; expected permutations of 0 … {len(unit) - 1}")

    def times(element: tuple[int, ...], symbol: int) -> tuple[int, ...]:
        return tuple(generators[symbol][i] for i in element)

    return Automaton.of(times, start=unit, alphabet=list(range(len(generators))), accepting=[unit])


def _from_library(found: DFA, alphabet: Sequence[Symbol]) -> Automaton:
    """States in the order in which words reach them, shortest first."""
    names = {symbol: _character(i) for i, symbol in enumerate(_in_order(alphabet))}
    place = {found.initial_state: 0}
    waiting, rows = [found.initial_state], []
    for state in waiting:
        row: list[int | None] = []
        for symbol in alphabet:
            after = found.transitions[state].get(names[symbol])
            if after is not None and after not in place:
                place[after] = len(place)
                waiting.append(after)
            row.append(None if after is None else place[after])
        rows.append(tuple(row))
    accepting = frozenset(place[state] for state in found.final_states if state in place)
    return Automaton(tuple(range(len(rows))), tuple(alphabet), tuple(rows), 0, accepting)


def _character(i: int) -> str:
    """A character of its own for every symbol, none of which means anything in a pattern."""
    return chr(0x4E00 + i)


def _in_order(alphabet: Iterable[Symbol]) -> list[Symbol]:
    return sorted(alphabet, key=lambda symbol: (str(type(symbol)), str(symbol)))


def _place(state: Any, place: Mapping[State, int], what: str) -> int | None:
    if state is None:
        return None
    if not isinstance(state, Hashable) or state not in place:
        known = listed(list(map(str, place)), limit=8)
        raise ProgramError(f"{what} {shortened(state)}, which has no transitions; expected one of {known}, or None")
    return place[state]
