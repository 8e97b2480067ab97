"""Checks of every stage of the compiler: a broken stage is found where it broke.

A failure here is a bug of the compiler, never of the program; the message says where to look.
"""

from __future__ import annotations

from lsrl.circuit.units import Circuit, InputUnit, StateUnit, forms_of
from lsrl.errors import LsrlError


class CompilerError(LsrlError):
    """A stage of the compiler produced something malformed. Please report it with the program."""


def verify_circuit(circuit: Circuit) -> None:
    """Every form reads known, earlier units; facts are consistent; outputs and values exist."""
    size = len(circuit.units)
    if not len(circuit.knowledge.facts) == len(circuit.origins) == size:
        raise CompilerError(f"circuit of {circuit.name}: {size} units, {len(circuit.knowledge.facts)} facts")
    for i in range(size):
        problem = _problem(circuit, i)
        if problem:
            raise CompilerError(f"circuit of {circuit.name}, unit {i} for {circuit.origins[i]!r}, {problem}")
    for name, forms in (("output", circuit.outputs), *circuit.values.items()):
        if any(not 0 <= unit < size for form in forms for unit in form.terms):
            raise CompilerError(f"circuit of {circuit.name}: {name!r} reads an unknown unit")


def verify_legal(circuit: Circuit, *kinds: type) -> None:
    """Every unit is of one of the kinds that the next stage knows."""
    for i, unit in enumerate(circuit.units):
        if not isinstance(unit, kinds):
            raise CompilerError(
                f"circuit of {circuit.name}, unit {i} for {circuit.origins[i]!r}, is a {type(unit).__name__}; "
                f"expected {', '.join(kind.__name__ for kind in kinds)}"
            )


def _problem(circuit: Circuit, i: int) -> str | None:
    """What is wrong with a unit, if anything."""
    unit, fact = circuit.units[i], circuit.knowledge.facts[i]
    for form in forms_of(unit):
        if any(not 0 <= other < i for other in form.terms):
            return "reads a unit that is not before it"
        if not all(form.terms.values()):
            return "has a zero weight"
    if isinstance(unit, InputUnit) and not 0 <= unit.component < circuit.input_dim:
        return f"reads input component {unit.component} of {circuit.input_dim}"
    if isinstance(unit, StateUnit):
        for other, _ in unit.previous:
            read = circuit.units[other] if 0 <= other < len(circuit.units) else None
            if not isinstance(read, StateUnit) or read.cluster != unit.cluster:
                return "remembers something that is not a state of its cluster"
    if fact.low is not None and fact.high is not None and fact.low > fact.high:
        return f"has the empty range {fact.low} … {fact.high}"
    return None
