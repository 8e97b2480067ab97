"""Which architecture can track a finite automaton: its algebra, and what each target makes of it, by compiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lsrl.automata import Automaton, accepts, automaton
from lsrl.automata.cascade import cascade
from lsrl.automata.monoid import MOST_ELEMENTS, monoid_size
from lsrl.backends.registry import TARGETS
from lsrl.errors import ProgramError, UnsupportedProgram, shortened
from lsrl.expressiveness import answer
from lsrl.lang import Input, Value
from lsrl.notebook import Tabulated


@dataclass(frozen=True, slots=True)
class Analysis(Tabulated):
    """What is known of an automaton.

    `states` are those of the automaton, `minimal` of the smallest that accepts the same words, `elements` those of its
    transition monoid (None over 10,000). `kind` is "aperiodic" (star-free: resets are enough), "solvable" (resets and
    counters modulo primes, whose orders are `counters`), or why it is neither. `targets` has "exact", "exact to
    `max_length`" or "refused" for each.
    """

    states: int
    minimal: int
    elements: int | None
    kind: str
    counters: tuple[int, ...]
    cascade: str
    targets: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types."""
        return {
            "states": self.states,
            "minimal": self.minimal,
            "elements": self.elements,
            "kind": self.kind,
            "counters": list(self.counters),
            "cascade": self.cascade,
            "targets": dict(self.targets),
        }

    def __str__(self) -> str:
        size = f"over {MOST_ELEMENTS:,}" if self.elements is None else f"{self.elements:,}"
        lines = [
            f"{self.states} states ({self.minimal} where only acceptance counts), {size} transformations; {self.kind}"
        ]
        if self.cascade:
            lines.append(f"cascade: {self.cascade}")
        return "\n".join([*lines, *(f"{target}: {found}" for target, found in self.targets.items())])


def analyse(machine: Automaton, *, what: str = "states") -> Analysis:
    """The algebra of an automaton, and whether each target computes it: its `states`, or only whether it "accepts".

    Takes a compilation for each target. Raises `ProgramError` for what is no automaton.

    >>> print(analyse(Automaton.of([[0, 1], [1, 0]])).kind)
    solvable: counts modulo 2
    """
    if not isinstance(machine, Automaton):
        raise ProgramError(f"analyse of {shortened(machine)}; expected an lsrl.Automaton, as Automaton.of(…) makes")
    if what not in ("states", "accepts"):
        raise ProgramError(f"analyse what={shortened(what)}; expected 'states' or 'accepts'")
    decided = machine.minimal() if what == "accepts" else machine
    kind, counters, text = _algebra(decided)
    value = _value(decided, what)
    return Analysis(
        states=len(machine.states),
        minimal=len(machine.minimal().states),
        elements=monoid_size(decided),
        kind=kind,
        counters=counters,
        cascade=text,
        targets={target: answer(value, target) for target in TARGETS},
    )


def _algebra(machine: Automaton) -> tuple[str, tuple[int, ...], str]:
    try:
        found = cascade(machine)
    except UnsupportedProgram as refusal:
        kind = "not solvable" if "not solvable" in str(refusal) else "not decomposed"
        return f"{kind}: {refusal}", (), ""
    orders = found.orders
    if not orders:
        return "aperiodic (star-free): resets are enough", (), str(found)
    return f"solvable: counts modulo {', '.join(map(str, orders))}", orders, str(found)


def _value(machine: Automaton, what: str) -> Value:
    """The automaton over numbers: its own symbols, where all are numbers, else their places."""
    symbols = machine.alphabet
    if not all(isinstance(symbol, (int, Fraction)) for symbol in symbols):
        symbols = tuple(range(len(symbols)))
    numbered = Automaton(machine.states, symbols, machine.table, machine.start, machine.accepting)
    numbers = [Fraction(str(symbol)) for symbol in symbols]
    source = Input(1, range=(min(numbers), max(numbers)), integer=all(n.denominator == 1 for n in numbers))
    return accepts(source, numbered) if what == "accepts" else automaton(source, numbered)
