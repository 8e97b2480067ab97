"""What a layer can feed back through one cell: finite automata as cells of one layer."""

from __future__ import annotations

from collections.abc import Sequence

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import BOOLEAN, Fact
from lsrl.lang.numbers import ONE, ZERO


def by_transitions(
    builder: CircuitBuilder, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int
) -> list[Affine]:
    """A finite automaton as a cell for every pair of a state and a successor: [it was there] ∧ [a symbol led here].

    Both are booleans, so their conjunction is clip(was + symbol − 1, 0, 1), one cell. Of all cells exactly one is 1;
    a state is the sum of those that lead to it. All numbers are 0 and 1, and every float is exact.
    """
    was = [builder.previous(ONE if state == start else ZERO, BOOLEAN) for state in range(len(table))]
    entering: list[list[Affine]] = [[] for _ in table]
    for row, before in zip(table, was, strict=True):
        for successor in dict.fromkeys(row):
            taken = combination((ONE, symbol) for symbol, to in zip(symbols, row, strict=True) if to == successor)
            both = before.plus(taken).shifted(-ONE)
            builder.assume(both, Fact(-ONE, ONE, ONE))  # of two booleans; their terms alone do not tell
            with builder.loop():
                cell = builder.ramp(both)
            entering[successor].append(builder.in_cells(cell))
    cells = [form for forms in entering for form in forms]
    size = f"{len(table):,} states and {len(symbols):,} symbols"
    builder.automata.append(f"{builder.origin!r} is an automaton of {size}, in {len(cells):,} cells")
    if all(not form.constant and list(form.terms.values()) == [ONE] for form in cells):
        builder.knowledge.add_group([unit for form in cells for unit in form.terms])
    states = [combination((ONE, form) for form in forms) for forms in entering]
    for before, state in zip(was, states, strict=True):
        builder.assume(state, BOOLEAN)
        builder.close(before, state)
    return states
