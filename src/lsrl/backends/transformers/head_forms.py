"""What a language model's head reads: forms that it can weigh heavily without losing what is small beside them.

A refusal outweighs every score, so that its weights are large. Were it a difference of units, as 1 − m is for a
comparison, huge terms would have to cancel beside small scores, and float32 loses those, in whatever order it adds up.
So everything but sums of units that are not negative becomes a unit of its own, which is 0 where nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from lsrl.backends.transformers.precision_probe import probed
from lsrl.backends.transformers.tokens import MARGIN, TokenTable
from lsrl.circuit.affine import Affine, UnitId, combination, variable
from lsrl.circuit.facts import BOOLEAN, Fact, intersection
from lsrl.circuit.units import Circuit, SumUnit
from lsrl.lang.numbers import ONE, ZERO
from lsrl.rounding.sums import PRECISION, Sum

MOST_LOST = 4.0
"""Rounding may change scores by as much, an eighth of the margin between the right token and all others."""


@dataclass(frozen=True, slots=True)
class HeadForms:
    """The tokens, the symbol, and what is 0, or at least 1 where there is no answer.

    `rounded_away` is the unit that is 0 in float32, but 1 in exact numbers, if there is one (`probed`).
    """

    table: TokenTable
    symbol: Affine
    refusal: Affine
    rounded_away: UnitId | None


def head_forms(circuit: Circuit, table: TokenTable, *, float64: bool) -> tuple[Circuit, HeadForms]:
    """The circuit of a guarded program with the units that a head needs, and what it reads.

    `float64` says whether the network is right in that format, too; in any other but float32 everything is refused.
    """
    symbol, flag = circuit.outputs
    measure = circuit.knowledge.fact(flag).measure or ONE
    circuit, probe, rounded_away = probed(circuit, float64=float64)
    if _lost(circuit, symbol, table) >= MOST_LOST:
        circuit, symbol = _with_sum(circuit, symbol, "symbol", circuit.knowledge.fact(symbol))
    circuit, flag = _without_cancellation(circuit, flag, "refused")
    circuit, probe = _with_sum(circuit, probe, "precision probe", BOOLEAN)
    return circuit, HeadForms(table, symbol, combination([(1 / measure, flag), (ONE, probe)]), rounded_away)


def _lost(circuit: Circuit, symbol: Affine, table: TokenTable) -> float:
    """How far off rounding can be for the scores of a symbol inside the declared inputs and length."""
    by, facts = 2 * table.reach * MARGIN, circuit.knowledge.facts
    terms = [(weight * by, facts[unit], 0.0) for unit, weight in symbol.terms.items()]
    return Sum(terms, abs(symbol.constant) * by + MARGIN * table.reach**2).error(PRECISION["float32"])


def _without_cancellation(circuit: Circuit, form: Affine, label: str) -> tuple[Circuit, Affine]:
    """The same number, which is not negative, as a sum of units that are not negative."""
    facts = circuit.knowledge.facts
    plain = {unit: weight for unit, weight in form.terms.items() if weight > 0 and facts[unit].is_nonnegative}
    rest = form.plus(Affine(plain).times(-ONE))
    if not rest.terms and rest.constant >= 0:
        return circuit, form
    if not circuit.knowledge.fact(rest).is_nonnegative:
        plain, rest = {}, form
    fact = intersection(circuit.knowledge.fact(rest), Fact(low=ZERO))
    circuit, own = _with_sum(circuit, rest, label, fact)
    return circuit, own.plus(Affine(plain))


def _with_sum(circuit: Circuit, form: Affine, label: str, fact: Fact) -> tuple[Circuit, Affine]:
    """The circuit with the form as its last unit."""
    return circuit.extended(label, [(SumUnit(form), fact)]), variable(len(circuit.units))
