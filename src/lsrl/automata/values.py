"""Finite automata as values of a program: what state one is in, what it puts out, and whether it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsrl.automata.automaton import Automaton
from lsrl.automata.patterns import pattern_automaton
from lsrl.automata.transitions import State, Symbol
from lsrl.errors import ProgramError, shortened
from lsrl.lang import Concat, Linear, ReLU, Value, equal, recur
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import ONE, ZERO, Vector, exact_vector
from lsrl.lang.values import value_of


def automaton(
    symbol: Value, transitions: Any, *, start: State | None = None, name: str | None = None, **given: Any
) -> Value:
    """The state of a finite automaton, one-hot: component i is 1 while it is in the i-th state.

    `symbol` is the number of one component that it reads at every step. `transitions` is an `Automaton`, or what
    `Automaton.of` makes one of: a table, a dict {(state, symbol): state}, or a function with `alphabet=[…]`. A symbol
    outside the alphabet, and a missing transition, lead to no state: all components are 0 from then on.
    Raises `ProgramError` for transitions that are none, or symbols that are no numbers.

    >>> from lsrl import Input, Program
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> odd = automaton(bit, {("even", 1): "odd", ("odd", 1): "even", ("even", 0): "even", ("odd", 0): "odd"})
    >>> Program(odd[1]).run([[1], [0], [1]]).ravel().tolist()
    [1.0, 1.0, 0.0]
    """
    machine = machine_of(transitions, start, given)
    return recur(_step(machine, _seen(symbol, machine, name)), _one_hot(machine), name=name)


def moore(
    symbol: Value,
    transitions: Any,
    outputs: Sequence[Any] | Mapping[Any, Any],
    *,
    start: State | None = None,
    name: str | None = None,
    **given: Any,
) -> Value:
    """A number, or list of numbers, for the state that a finite automaton is in; 0 for no state.

    `outputs` has one for every state, by its name or in order; all else as in `automaton`.

    >>> from lsrl import Input, Program
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> Program(moore(bit, [[0, 1], [1, 2], [2, 0]], [10, 20, 30])).run([[1], [1], [1]]).ravel().tolist()
    [20.0, 30.0, 10.0]
    """
    machine = machine_of(transitions, start, given)
    states = automaton(symbol, machine, name=f"{name}.state" if name else None)
    keyed = outputs if isinstance(outputs, Mapping) else dict(zip(machine.states, outputs, strict=False))
    rows = [_numbers(keyed, state, f"state {state!r}") for state in machine.states]
    if len(keyed) != len(machine.states):
        raise ProgramError(f"outputs of {len(keyed)} states; expected {len(machine.states)}, one for every state")
    return _read(states, rows, name, "moore")


def mealy(
    symbol: Value,
    transitions: Any,
    outputs: Mapping[Any, Any],
    *,
    start: State | None = None,
    name: str | None = None,
    **given: Any,
) -> Value:
    """A number, or list of numbers, for the transition that a finite automaton has just made; 0 for none.

    `outputs` is {(state, symbol): number}, of the state before; all else as in `automaton`.

    >>> from lsrl import Input, Program
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> carry = mealy(bit, [[0, 1], [0, 1]], {(0, 0): 0, (0, 1): 5, (1, 0): 7, (1, 1): 0})
    >>> Program(carry).run([[1], [1], [0]]).ravel().tolist()
    [5.0, 0.0, 7.0]
    """
    machine = machine_of(transitions, start, given)
    made = [(state, symbol) for state in machine.states for symbol in machine.alphabet]
    rows = [_numbers(outputs, key, f"transition {key!r}") for key in made]
    if unknown := [key for key in outputs if key not in made]:
        raise ProgramError(f"outputs have {shortened(unknown[0])}; expected pairs of a state and a symbol")
    seen, last = _seen(symbol, machine, name), len(machine.states)
    step = _step(machine, seen)

    def with_transition(state: Value) -> Value:
        return Concat([step(state[:last]), _taken(machine, state[:last], seen)])

    start_of_all = [*_one_hot(machine), *[0] * len(made)]
    states = recur(with_transition, start_of_all, name=f"{name}.state" if name else None)
    return _read(states[last:], rows, name, "mealy")


def accepts(
    symbol: Value, transitions: Any, *, start: State | None = None, name: str | None = None, **given: Any
) -> Value:
    """1 where what was read so far, this step's symbol included, is accepted, else 0; all else as in `automaton`.

    >>> from lsrl import Input, Program
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> Program(accepts(bit, [[0, 1], [1, 0]], accepting=[1])).run([[1], [1], [1]]).ravel().tolist()
    [1.0, 0.0, 1.0]
    """
    machine = machine_of(transitions, start, given)
    states = automaton(symbol, machine, name=f"{name}.state" if name else None)
    rows = [[ONE if i in machine.accepting else ZERO] for i in range(len(machine.states))]
    return _read(states, rows, name, "accepts")


def regex(pattern: str, symbol: Value, *, alphabet: str | Mapping[str, int] = "01", name: str | None = None) -> Value:
    """1 where what was read so far, this step's symbol included, matches the pattern as a whole, else 0.

    The i-th character of `alphabet` stands for the number i, or for the number that a dict has for it. What a pattern
    can have is said by `pattern_automaton`.

    >>> from lsrl import Input, Program
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> Program(regex("(01)*", bit)).run([[0], [1], [0], [1]]).ravel().tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    return accepts(symbol, machine_of_pattern(pattern, alphabet), name=name)


def machine_of_pattern(pattern: str, alphabet: str | Mapping[str, int]) -> Automaton:
    """The automaton of a pattern over the numbers that its characters stand for; see `regex`.

    >>> machine_of_pattern("a*", {"a": 5}).alphabet
    (5,)
    """
    found = pattern_automaton(pattern, list(alphabet))
    numbers = alphabet if isinstance(alphabet, Mapping) else {character: i for i, character in enumerate(alphabet)}
    symbols = tuple(numbers[str(character)] for character in found.alphabet)
    return Automaton(found.states, symbols, found.table, found.start, found.accepting)


def machine_of(transitions: Any, start: State | None, given: Mapping[str, Any]) -> Automaton:
    """The automaton of what the functions here take. Raises `ProgramError` for what is none.

    >>> machine_of([[0, 1], [1, 0]], None, {}).start
    0
    """
    if isinstance(transitions, Automaton):
        if start is not None or given:
            raise ProgramError("start, accepting or alphabet beside an Automaton, which has its own; expected neither")
        return transitions
    return Automaton.of(transitions, start=start, **given)


def _seen(symbol: Value, machine: Automaton, name: str | None) -> Value:
    """For every symbol, whether it is the present one."""
    symbol = value_of(symbol, name or "automaton")
    if symbol.dim != 1:
        raise ProgramError(f"{symbol.label} has {symbol.dim} components; expected one number, the symbol's")
    return Concat([equal(symbol, number) for number in numbers_of(machine)], hint=f"{name or 'automaton'}.symbol")


def numbers_of(machine: Automaton) -> Vector:
    """The numbers that its symbols are. Raises `ProgramError` for one that is none.

    >>> numbers_of(machine_of({("on", "1/2"): "on"}, None, {}))
    (1/2,)
    """
    return exact_vector([_number(symbol) for symbol in machine.alphabet], len(machine.alphabet), "alphabet")


def _number(symbol: Symbol) -> Any:
    if isinstance(symbol, str) and not symbol.lstrip("-").replace("/", "").isdigit():
        raise ProgramError(f"symbol {symbol!r} is no number; expected numbers, or an alphabet that maps to them")
    return symbol


def _one_hot(machine: Automaton) -> list[int]:
    return [int(i == machine.start) for i in range(len(machine.states))]


def _step(machine: Automaton, seen: Value) -> Any:
    """From the last state to the next, both one-hot."""
    symbols = len(machine.alphabet)
    entering = {
        (after, i * symbols + j): ONE
        for i, row in enumerate(machine.table)
        for j, after in enumerate(row)
        if after is not None
    }
    arrivals = Matrix.from_entries((len(machine.states), len(machine.states) * symbols), entering)
    return lambda state: Linear(_taken(machine, state, seen), arrivals, hint="automaton.next")


def _taken(machine: Automaton, state: Value, seen: Value) -> Value:
    """For every pair of a state and a symbol, whether that was the transition: relu(state + symbol − 1)."""
    states, symbols = len(machine.states), len(machine.alphabet)
    pairs = {(i * symbols + j, i): ONE for i in range(states) for j in range(symbols)}
    pairs |= {(i * symbols + j, states + j): ONE for i in range(states) for j in range(symbols)}
    both = Matrix.from_entries((states * symbols, states + symbols), pairs)
    return ReLU(Linear(Concat([state, seen]), both, -1), hint="automaton.transition")


def _numbers(outputs: Mapping[Any, Any], key: Any, what: str) -> Any:
    if key not in outputs:
        raise ProgramError(f"outputs have nothing for {what}; expected a number or list of numbers for every one")
    found = outputs[key]
    return list(found) if isinstance(found, (list, tuple)) else [found]


def _read(states: Value, rows: Sequence[Sequence[Any]], name: str | None, hint: str) -> Value:
    """The row of the state that is 1."""
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise ProgramError(f"outputs have {min(widths)} to {max(widths)} numbers; expected as many for each state")
    return Linear(states, [list(column) for column in zip(*rows, strict=True)], name=name, hint=hint)
