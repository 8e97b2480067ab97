"""What a program needs that not every target has, for messages that say where it can go."""

from __future__ import annotations

from lsrl.backends.registry import alternatives
from lsrl.backends.target import Target
from lsrl.circuit.units import Circuit, GatedStateUnit, PreviousUnit, ProductUnit
from lsrl.errors import Ability, RangeError, UnsupportedProgram
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rules import DIAGONAL

IN_WORDS: dict[Ability, str] = {
    "products": "products of numbers",
    "selection": "products with booleans",
    "selective_states": "selective states",
    "any_matrix": "states of any matrix",
    "automata": "finite automata",
    "feedback": "states that read their own past",
}


def with_alternatives(problem: UnsupportedProgram, circuit: Circuit, refusing: Target) -> UnsupportedProgram:
    """The refusal of a circuit, with the other targets that have every ability that the circuit needs."""
    needed = needed_abilities(circuit) | ({problem.ability} if problem.ability else set())
    others = alternatives(lambda target: target is not refusing and needed <= target.abilities)
    if not others:
        together = " and ".join(IN_WORDS[ability] for ability in IN_WORDS if ability in needed)
        return UnsupportedProgram(f"{problem}; no target has {together}: write two programs")
    return UnsupportedProgram(f"{problem}; use target={others}")


def needed_abilities(circuit: Circuit) -> set[Ability]:
    """The abilities that a target must have for a circuit that is not legalised for any yet."""
    needed: set[Ability] = set()
    fact = circuit.knowledge.fact
    for unit in circuit.units:
        if isinstance(unit, GatedStateUnit):
            needed.add("selective_states")
        if isinstance(unit, PreviousUnit):
            needed.add("feedback")
        if isinstance(unit, ProductUnit):
            if unit.via == "multi":
                needed.add("selection")
            if not any(fact(side).is_boolean for side in (unit.left, unit.right)):
                needed.add("products")
    try:
        legalised(circuit, DIAGONAL)
    except UnsupportedProgram as refusal:
        if refusal.ability is not None:
            needed.add(refusal.ability)
    except RangeError:  # of what a diagonal state would need, and others may not
        pass
    return needed
