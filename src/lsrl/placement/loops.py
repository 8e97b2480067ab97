"""Units that must be in one layer, since they read what they were one step ago.

A network feeds a layer back to itself once a step. So whatever is in a loop is in one layer, and between one step and
the next lies one cell: a unit of a loop cannot read another one of the same step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsrl.circuit.affine import UnitId
from lsrl.circuit.units import Circuit, PreviousUnit, StateUnit, forms_of
from lsrl.errors import UnsupportedProgram
from lsrl.lang.graphs import strong_components


def unit_groups(circuit: Circuit) -> list[list[UnitId]]:
    """Units in the order in which they can be placed: the states of a cluster, the components of a variable
    that is cut, and what is in a loop, together.

    Raises `UnsupportedProgram` for a loop with two cells one after the other.
    """
    units = circuit.units
    if not any(isinstance(unit, PreviousUnit) for unit in units):
        return [block for unit_id in range(len(units)) if (block := circuit.block(unit_id))]
    groups = strong_components(len(units), list(_reads(circuit)))
    for group in groups:
        if is_loop(circuit, group):
            _check_one_cell(circuit, group)
    return groups


def is_loop(circuit: Circuit, group: Sequence[UnitId]) -> bool:
    """Whether a group reads, by other than linear states, what it was one step ago."""
    return any(isinstance(circuit.units[unit_id], PreviousUnit) for unit_id in group)


def _reads(circuit: Circuit) -> Iterator[tuple[UnitId, UnitId]]:
    """Which unit needs which, and both ways where both must be in one layer."""
    for unit_id, unit in enumerate(circuit.units):
        for form in forms_of(unit):
            for other in form.terms:
                yield unit_id, other
                if isinstance(circuit.units[other], PreviousUnit):
                    yield other, unit_id
        if isinstance(unit, PreviousUnit):
            yield from ((unit_id, other) for other in unit.argument.terms)
        for other in circuit.block(unit_id)[1:]:
            yield unit_id, other
            yield other, unit_id


def _check_one_cell(circuit: Circuit, group: Sequence[UnitId]) -> None:
    members = set(group)
    for unit_id in group:
        for form in forms_of(circuit.units[unit_id]):
            for other in form.terms.keys() & members:
                if not isinstance(circuit.units[other], (PreviousUnit, StateUnit)):
                    path = f"{circuit.origins[other]!r} feeds {circuit.origins[unit_id]!r}"
                    raise UnsupportedProgram(
                        f"a state that reads its own past goes through two cells within a step, {path}, and a layer "
                        "feeds back one; write it with one comparison, maximum or ReLU of what the state was, or with "
                        "finitely many values",
                        ability="feedback",
                    )
