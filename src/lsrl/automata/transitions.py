"""Transitions as people write them: tables, dicts and functions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from lsrl.errors import ProgramError, shortened
from lsrl.lang.numbers import is_sequence

Symbol: TypeAlias = Hashable
State: TypeAlias = Hashable

MOST_STATES = 1024

Moves: TypeAlias = "dict[tuple[State, Symbol], State | None]"


def read_transitions(
    transitions: Any, start: State | None, alphabet: Sequence[Symbol] | None
) -> tuple[Moves, list[State], list[Symbol]]:
    """All transitions, states and symbols, in the order in which they were given."""
    if isinstance(transitions, Mapping):
        moves = _of_mapping(transitions)
        states = list(dict.fromkeys(state for state, _ in moves))
        known = list(dict.fromkeys(symbol for _, symbol in moves))
        _check_symbols(known, alphabet)
        return moves, states, list(known if alphabet is None else alphabet)
    if callable(transitions):
        return _followed(transitions, start, alphabet)
    if is_sequence(transitions) and all(map(is_sequence, transitions)):
        widths = sorted({len(row) for row in transitions})
        if len(widths) > 1:
            raise ProgramError(f"rows of a table have {widths[0]} and {widths[-1]} symbols; expected as many in each")
        symbols: list[Symbol] = list(range(widths[0] if widths else 0)) if alphabet is None else list(alphabet)
        if widths and widths[0] != len(symbols):
            raise ProgramError(f"rows of a table have {widths[0]} symbols, and the alphabet {len(symbols)}")
        moves = {
            (i, symbol): after for i, row in enumerate(transitions) for symbol, after in zip(symbols, row, strict=True)
        }
        return moves, list(range(len(transitions))), symbols
    raise ProgramError(
        f"transitions are {shortened(transitions)}; expected a table, {{(state, symbol): state}} or a function"
    )


def _of_mapping(transitions: Mapping[Any, Any]) -> Moves:
    moves: Moves = {}
    for key, after in transitions.items():
        if isinstance(after, Mapping):
            moves |= {(key, symbol): state for symbol, state in after.items()}
        elif isinstance(key, tuple) and len(key) == 2:
            moves[key] = after
        else:
            raise ProgramError(f"a transition is {shortened({key: after})}; expected {{(state, symbol): state}}")
    several = next((move for move in moves.items() if isinstance(move[1], (set, frozenset, list))), None)
    if several is not None:
        raise ProgramError(
            f"{several[0]} leads to {shortened(several[1])}; expected one state: only deterministic automata"
        )
    return moves


def _followed(
    transitions: Callable[[Any, Any], Any], start: State | None, alphabet: Sequence[Symbol] | None
) -> tuple[Moves, list[State], list[Symbol]]:
    if start is None or alphabet is None:
        raise ProgramError("transitions are a function; expected start=… and alphabet=[…] beside it")
    moves: Moves = {}
    states = [start]
    known = {start}
    for state in states:
        for symbol in alphabet:
            after = moves[state, symbol] = transitions(state, symbol)
            if after is not None and after not in known:
                known.add(after)
                states.append(after)
        if len(states) > MOST_STATES:
            raise ProgramError(f"a function of transitions leads to over {MOST_STATES:,} states; expected fewer")
    return moves, states, list(alphabet)


def _check_symbols(known: Sequence[Symbol], alphabet: Sequence[Symbol] | None) -> None:
    unknown = [symbol for symbol in known if alphabet is not None and symbol not in alphabet]
    if unknown:
        raise ProgramError(
            f"a transition reads {shortened(unknown[0])}, which is not in the alphabet {shortened(alphabet)}"
        )
