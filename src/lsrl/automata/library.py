"""Automata as they are called from outside: values remember the calls, with transitions as a table of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsrl.automata import values
from lsrl.automata.automaton import Automaton
from lsrl.automata.patterns import places_of
from lsrl.automata.transitions import State
from lsrl.lang import Value
from lsrl.lang.calls import Call, Cases, plain_call, remembered

FEW_PLACES = 64
"""Places of a pattern that is remembered: files are read in little time."""


def _automaton(
    symbol: Value, transitions: Any, *, start: State | None = None, name: str | None = None, **given: Any
) -> Call:
    del name
    machine = values.machine_of(transitions, start, given)
    return plain_call("automaton", symbol, machine.table, **_options(machine))


def _accepts(
    symbol: Value, transitions: Any, *, start: State | None = None, name: str | None = None, **given: Any
) -> Call:
    del name
    machine = values.machine_of(transitions, start, given)
    return plain_call("accepts", symbol, machine.table, accepting=sorted(machine.accepting), **_options(machine))


def _moore(
    symbol: Value,
    transitions: Any,
    outputs: Sequence[Any] | Mapping[Any, Any],
    *,
    start: State | None = None,
    name: str | None = None,
    **given: Any,
) -> Call:
    del name
    machine = values.machine_of(transitions, start, given)
    rows = [outputs[state] for state in machine.states] if isinstance(outputs, Mapping) else outputs
    return plain_call("moore", symbol, machine.table, rows, **_options(machine))


def _mealy(
    symbol: Value,
    transitions: Any,
    outputs: Mapping[Any, Any],
    *,
    start: State | None = None,
    name: str | None = None,
    **given: Any,
) -> Call:
    del name
    machine = values.machine_of(transitions, start, given)
    numbers = dict(zip(machine.alphabet, values.numbers_of(machine), strict=True))
    place = {state: i for i, state in enumerate(machine.states)}
    rows = {(place[state], numbers[read]): made for (state, read), made in outputs.items()}
    return plain_call("mealy", symbol, machine.table, rows, **_options(machine))


def _regex(pattern: str, symbol: Value, *, alphabet: str | Mapping[str, int] = "01", name: str | None = None) -> Call:
    """As it is; as the automaton that it is where it takes long to find that again."""
    del name
    if places_of(pattern) > FEW_PLACES:
        return _accepts(symbol, values.machine_of_pattern(pattern, alphabet))
    told = Cases(tuple(alphabet.items())) if isinstance(alphabet, Mapping) else str(alphabet)
    return Call("regex", (pattern, symbol), () if alphabet == "01" else (("alphabet", told),))


def _options(machine: Automaton) -> dict[str, Any]:
    """Where it starts and what it reads, unless that is 0, and 0, 1, 2, …"""
    numbers = values.numbers_of(machine)
    start = {"start": machine.start} if machine.start else {}
    return start if numbers == tuple(range(len(numbers))) else {**start, "alphabet": numbers}


accepts = remembered(values.accepts, _accepts, home=__name__)
automaton = remembered(values.automaton, _automaton, home=__name__)
mealy = remembered(values.mealy, _mealy, home=__name__)
moore = remembered(values.moore, _moore, home=__name__)
regex = remembered(values.regex, _regex, home=__name__)
