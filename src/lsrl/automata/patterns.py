"""Regular expressions: parsed by automata-lib, made deterministic here, where that is bounded, and minimised by it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsrl.automata.automaton import Automaton
from lsrl.automata.transitions import MOST_STATES
from lsrl.errors import ProgramError, shortened
from lsrl.lang.numbers import take_room

if TYPE_CHECKING:
    from automata.fa.nfa import NFA

LONGEST_PATTERN, MOST_PLACES = 1000, 4096
"""Characters in a pattern, and in one whose repetitions are written out."""

ROOM_OF_A_PLACE = 16
"""Rows of values that may be made in the time which a pair of places takes: a file can ask for both."""

_REPEATED = re.compile(r"\{(\d*),?(\d*)\}")


def pattern_automaton(pattern: str, alphabet: Sequence[str]) -> Automaton:
    """The smallest automaton of the words that a pattern matches as a whole, over an alphabet of characters.

    A pattern has characters of the alphabet, `.` for any of them, `[ab]`, `|`, `*`, `+`, `?`, `{m,n}`, brackets, `&`
    for what both sides match, and `()` for nothing. Raises `ProgramError` for a malformed one, and one that is too long
    or has too many states.

    >>> pattern_automaton("(a|b)*ab", "ab").accepts("bbab")
    True
    """
    from automata.base.exceptions import AutomatonException, RegexException
    from automata.fa.nfa import NFA

    characters = _characters(alphabet)
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise ProgramError(f"pattern {shortened(pattern)}; expected text of at most {LONGEST_PATTERN:,} characters")
    if (places := places_of(pattern)) > MOST_PLACES:
        raise ProgramError(
            f"pattern {shortened(pattern)} repeats to {places:,} places; expected at most {MOST_PLACES:,}"
        )
    take_room(ROOM_OF_A_PLACE * places**2)
    try:
        found = NFA.from_regex(pattern, input_symbols=set(characters)).eliminate_lambda()
    except (AutomatonException, RegexException) as problem:
        line = " ".join(str(problem).split())
        raise ProgramError(f"pattern {shortened(pattern)} over {''.join(characters)!r}: {line}") from None
    return _deterministic(found, characters, pattern).minimal()


def places_of(pattern: str) -> int:
    """At most how many characters a pattern has when its repetitions are written out.

    >>> places_of("(ab){3}")
    9
    """
    levels = [[1, 0, 0]]  # of every open bracket: what & multiplies, the sum so far, and its last part
    position = 0
    while position < len(pattern):
        repeated = _REPEATED.match(pattern, position)
        if repeated is not None:
            times = max(int(number or 1) for number in repeated.groups())
            levels[-1][1:] = levels[-1][1] + levels[-1][2] * (times - 1), levels[-1][2] * times
            position = repeated.end()
            continue
        match pattern[position]:
            case "(":
                levels.append([1, 0, 0])
            case ")" if len(levels) > 1:
                both, total, _ = levels.pop()
                levels[-1][1:] = levels[-1][1] + both * (total + 1), both * (total + 1)
            case "&":
                levels[-1] = [levels[-1][0] * (levels[-1][1] + 1), 0, 0]
            case _:
                levels[-1][1:] = levels[-1][1] + 1, 1
        position += 1
    return max(both * total for both, total, _ in levels)


def _deterministic(found: NFA, characters: Sequence[str], pattern: str) -> Automaton:
    """The automaton of sets of states that is reached, at most `MOST_STATES`."""
    start = frozenset({found.initial_state})
    place, waiting, rows = {start: 0}, [start], []
    for states in waiting:
        row = []
        for character in characters:
            after = frozenset(to for state in states for to in found.transitions.get(state, {}).get(character, ()))
            if after not in place:
                place[after] = len(place)
                waiting.append(after)
            row.append(place[after])
        rows.append(tuple(row))
        if len(place) > MOST_STATES:
            raise ProgramError(f"pattern {shortened(pattern)} leads to over {MOST_STATES:,} states; expected fewer")
    accepting = frozenset(i for states, i in place.items() if states & found.final_states)
    return Automaton(tuple(range(len(rows))), tuple(characters), tuple(rows), 0, accepting)


def _characters(alphabet: Any) -> list[str]:
    characters = list(alphabet) if isinstance(alphabet, (str, list, tuple, dict)) else []
    if not characters or not all(isinstance(character, str) and len(character) == 1 for character in characters):
        raise ProgramError(f"alphabet {shortened(alphabet)}; expected one or more characters, such as 'ab'")
    if len(set(characters)) != len(characters):
        raise ProgramError(f"alphabet {shortened(alphabet)} has a character twice; expected each once")
    return characters
