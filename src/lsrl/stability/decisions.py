"""Decisions: comparisons whose arguments keep away from where the result would change."""

from __future__ import annotations

import math
from typing import NamedTuple

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import gap_at_zero
from lsrl.circuit.units import BitUnit, ChoiceUnit, Circuit, ReLUUnit, StepUnit, Unit
from lsrl.lang.numbers import as_float


class Decision(NamedTuple):
    """A comparison: its result stays while `argument` is off by at most `below` where it is low, `above` where high.

    The result is one while the argument is at most `low`, and the other from `high` on. `knee` is where a clip's ramp
    ends (0 for a step), which two more weights make, and make wrong; the argument's own weights are in its error.
    """

    argument: Affine
    low: float
    high: float
    below: float
    above: float
    knee: float = 0.0

    @property
    def margin(self) -> float:
        """How far the argument stays away from where the result would start to change."""
        return min(self.below, self.above)

    def holds(self, error: float, u: float) -> bool:
        """Whether an argument with this error cannot change the result, while weights change by at most u."""
        moved = self.knee * ((1 + u) / (1 - u) - 1)
        return error <= self.below and error + moved <= self.above

    def worst_case(self, gain: float) -> float:
        """The largest u for which `holds`, to first order, where the error is u · gain."""
        return min(self.below / gain, self.above / (gain + 2 * self.knee)) if gain else math.inf


def decisions_of(circuit: Circuit) -> dict[UnitId, Decision]:
    """The units of a legalised circuit that are decisions; a step that may go either way is none."""
    found = {unit_id: _decision(circuit, unit) for unit_id, unit in enumerate(circuit.units)}
    return {unit_id: decision for unit_id, decision in found.items() if decision is not None}


def _decision(circuit: Circuit, unit: Unit) -> Decision | None:
    match unit:
        case StepUnit(argument, margin) if margin is not None:
            return Decision(argument, 0.0, 0.0, as_float(margin), as_float(margin))
        case BitUnit(argument):  # it tells 0 from the number next to it
            return Decision(argument, 0.0, 0.0, 0.0, 0.0)
        case ChoiceUnit(gate):  # 0 or less, or 1 or more: its gate is shut or open as long as that is a quarter off
            return Decision(gate, 1 / 4, 3 / 4, 1 / 4, 1 / 4)
        case ReLUUnit(Affine(terms=terms, constant=top)) if len(terms) == 1 and top > 0:
            ((inner, weight),) = terms.items()
            below, knee = circuit.units[inner], -top / weight
            if weight < 0 and isinstance(below, ReLUUnit):
                gap = circuit.knowledge.gaps.get(inner) or gap_at_zero(circuit.knowledge.fact(below.argument))
                if gap is not None and gap.below > 0 and gap.above > knee:
                    ends = as_float(gap.below), as_float(gap.above - knee)
                    return Decision(below.argument, 0.0, as_float(knee), *ends, as_float(knee))
    return None
