"""Circuits as text, one unit a line: what it computes, what is known of it, and the value that it was made for."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from lsrl.circuit.affine import Affine
from lsrl.circuit.units import AutomatonUnit, Circuit, SwapUnit, Unit


def listing(circuit: Circuit) -> str:
    """The circuit as text; `%3` is unit 3, and a claim is what is known of a form beyond its units.

    >>> from lsrl.circuit.translate import circuit_of
    >>> from lsrl.lang import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True, name="x")
    >>> print(listing(circuit_of(Program(2 * (x > 4) - x))))
    %0 = Input(0): 0 … 9 in steps of 1  # x
    %1 = ReLU(-%0 + 4097/1024): 0 … 4097/1024 in steps of 1/1024  # larger.missing
    %2 = Ramp(%0 - 4): 0 or 1  # larger
    claim %0 - 2 %2: -1 … 8 in steps of 1
    return -%0 + 2 %2
    """
    known = zip(circuit.units, circuit.knowledge.facts, circuit.origins, strict=True)
    lines = [f"%{i} = {_unit(unit)}: {fact}  # {label}" for i, (unit, fact, label) in enumerate(known)]
    claims = [f"claim {Affine(dict(terms))}: {fact}" for terms, fact in circuit.knowledge.claims.values()]
    return "\n".join([*lines, *claims, f"return {', '.join(map(str, circuit.outputs))}"])


def _unit(unit: Unit) -> str:
    if isinstance(unit, AutomatonUnit):
        symbols, rows = ", ".join(map(str, unit.symbols)), "; ".join(" ".join(map(str, row)) for row in unit.table)
        return f"Automaton([{symbols}], [{rows}], {unit.start}, {unit.cluster})"
    if isinstance(unit, SwapUnit):
        return f"Swap([{', '.join(map(str, unit.swaps))}], {list(unit.pairs)}, {unit.start}, {unit.place}, {unit.even})"
    given = [_argument(getattr(unit, field.name)) for field in fields(unit)]
    return f"{type(unit).__name__.removesuffix('Unit')}({', '.join(filter(None, given))})"


def _argument(argument: Any) -> str:
    """A form, a number, or the states that a state reads."""
    return str(Affine(dict(argument))) if isinstance(argument, tuple) else str(argument)
