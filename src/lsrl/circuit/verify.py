"""Checks of every stage of the compiler: a broken stage is found where it broke.

A failure here is a bug of the compiler, never of the program; the message says where to look.
"""

from __future__ import annotations

from lsrl.circuit.units import AutomatonUnit, Circuit, InputUnit, PreviousUnit, StateUnit, Unit, forms_of
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
    problem = _problem_of_kind(circuit, i, unit)
    if problem:
        return problem
    if fact.low is not None and fact.high is not None and fact.low > fact.high:
        return f"has the empty range {fact.low} … {fact.high}"
    return None


def _problem_of_kind(circuit: Circuit, i: int, unit: Unit) -> str | None:
    size = len(circuit.units)
    match unit:
        case InputUnit(component) if not 0 <= component < circuit.input_dim:
            return f"reads input component {component} of {circuit.input_dim}"
        case StateUnit(previous=previous):
            for other, _ in previous:
                read = circuit.units[other] if 0 <= other < size else None
                if not isinstance(read, StateUnit) or read.cluster != unit.cluster:
                    return "remembers something that is not a state of its cluster"
        case PreviousUnit(argument) if not all(0 <= other < size for other in argument.terms):
            return "was something that is not there"
        case AutomatonUnit(table=table, cluster=first) if not first <= i < first + len(table):
            return "is outside of its automaton"
        case _:
            pass
    return None
