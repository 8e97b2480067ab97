"""Rewriting a circuit until a target can express every unit in it; dead units disappear."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lsrl.circuit.affine import Affine, UnitId, combination, substituted
from lsrl.circuit.builder import CircuitBuilder, one_minus
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Claim
from lsrl.circuit.units import (
    Circuit,
    GateUnit,
    InputUnit,
    ProductUnit,
    ReLUUnit,
    StateUnit,
    SumUnit,
    Unit,
    dependencies,
)
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lang.numbers import ONE, ZERO

ProductRule: TypeAlias = Callable[[CircuitBuilder, Affine, Affine, ProductUnit], Affine]
"""How a target writes left · right: builds what it needs, returns the form that has the value."""


def legalised(circuit: Circuit, product: ProductRule) -> Circuit:
    """The circuit with every product rewritten by `product`, and only the units that are needed.

    Needed are the outputs and the values that the user named. Values that nothing computes any
    more leave `values`. Raises what `product` raises.
    """
    needed = reachable(circuit)
    builder = CircuitBuilder(circuit.max_length)
    meanings: dict[UnitId, Affine] = {}
    claims: dict[UnitId, list[Claim]] = {}
    for claim in circuit.knowledge.claims.values():
        claims.setdefault(max(unit for unit, _ in claim[0]), []).append(claim)
    for unit_id, unit in enumerate(circuit.units):
        if unit_id not in needed:
            continue
        builder.origin = circuit.origins[unit_id]
        if isinstance(unit, StateUnit):
            if unit_id not in meanings:  # the first of its cluster; the others are rebuilt with it
                _rebuild_states(builder, circuit, unit.cluster, needed, meanings)
        else:
            meanings[unit_id] = _rebuilt(builder, unit, circuit.knowledge.facts[unit_id], meanings, product)
            builder.assume(meanings[unit_id], circuit.knowledge.facts[unit_id])
        # What is known of forms comes along at once: the units that follow are rebuilt by it.
        for direction, fact in claims.get(unit_id, ()):
            if all(unit in meanings for unit, _ in direction):
                builder.assume(substituted(Affine(dict(direction)), meanings), fact)
    values = {
        name: tuple(substituted(form, meanings) for form in forms)
        for name, forms in circuit.values.items()
        if all(unit in meanings for form in forms for unit in form.terms)
    }
    return builder.finished(
        name=circuit.name,
        input_dim=circuit.input_dim,
        outputs=[substituted(form, meanings) for form in circuit.outputs],
        values=values,
        kept=circuit.kept,
    )


def reachable(circuit: Circuit) -> set[UnitId]:
    """The units that the outputs and the values named by the user need."""
    forms = list(circuit.outputs)
    for name in circuit.kept:
        forms.extend(circuit.values.get(name, ()))
    stack = [unit for form in forms for unit in form.terms]
    needed: set[UnitId] = set()
    while stack:
        unit = stack.pop()
        if unit not in needed:
            needed.add(unit)
            stack.extend(dependencies(circuit.units[unit]))
    return needed


def _rebuilt(
    builder: CircuitBuilder, unit: Unit, fact: Fact, meanings: dict[UnitId, Affine], product: ProductRule
) -> Affine:
    match unit:
        case InputUnit(component):
            return builder.input(component, fact)
        case ReLUUnit(argument):
            return builder.relu(substituted(argument, meanings))
        case SumUnit(argument):
            return builder.sum(substituted(argument, meanings))
        case GateUnit(gate, argument):
            return builder.gate(substituted(gate, meanings), substituted(argument, meanings))
        case ProductUnit(left, right, _):
            return product(builder, substituted(left, meanings), substituted(right, meanings), unit)
        case StateUnit():
            raise TypeError("states are rebuilt together")


def _rebuild_states(
    builder: CircuitBuilder, circuit: Circuit, first: UnitId, needed: set[UnitId], meanings: dict[UnitId, Affine]
) -> None:
    """Rebuild the needed states of the cluster that begins with `first`."""
    cluster = [(unit_id, unit) for unit_id, unit in circuit.cluster(first) if unit_id in needed]
    place = {unit_id: i for i, (unit_id, _) in enumerate(cluster)}
    rows = [tuple((place[other], weight) for other, weight in unit.previous) for _, unit in cluster]
    drives = [substituted(unit.drive, meanings) for _, unit in cluster]
    forms = builder.states(rows, drives, [unit.init for _, unit in cluster])
    for (unit_id, unit), form in zip(cluster, forms, strict=True):
        meanings[unit_id] = form
        if unit.previous:
            builder.assume(form, circuit.knowledge.facts[unit_id])


def by_big_m(builder: CircuitBuilder, left: Affine, right: Affine) -> Affine:
    """boolean · value with ReLUs only: relu(v − M(1−c)) − relu(−v − M(1−c)).

    M is the largest |value|, from the facts. A value on a grid with a known low end needs one
    ReLU: c·v = relu((v − low) − (high − low)(1 − c)) + low·c.
    Raises `UnsupportedProgram` when neither factor is a boolean, `RangeError` without a range.
    """
    facts = builder.fact(left), builder.fact(right)
    if facts[0].is_boolean:
        condition, value, fact = left, right, facts[1]
    elif facts[1].is_boolean:
        condition, value, fact = right, left, facts[0]
    else:
        raise UnsupportedProgram(
            f"value {builder.origin!r} multiplies two values that are not booleans, and ReLUs cannot; "
            "expected a boolean factor; select by lsrl.ifelse, or use target='gated-linear-rnn' and via='auto'"
        )
    if fact.is_boolean:
        return builder.relu(condition.plus(value).shifted(-ONE))
    if fact.low is None or fact.high is None:
        raise RangeError(
            f"value {builder.origin!r} selects a value whose range is not known, and big-M needs one; "
            "declare Input(range=(low, high)) and compile(..., max_length=...), "
            "or use target='gated-linear-rnn' and via='auto'"
        )
    off = one_minus(condition)
    if fact.low < 0 and fact.grid is not None:
        lifted = builder.relu(combination([(ONE, value), (fact.low - fact.high, off)], -fact.low))
        builder.assume(lifted, Fact(ZERO, fact.high - fact.low))
        return lifted.plus(condition.times(fact.low))
    positive = builder.relu(combination([(ONE, value), (-max(fact.high, ZERO), off)]))
    negative = builder.relu(combination([(-ONE, value), (min(fact.low, ZERO), off)]))
    # The ranges of v and M(1 − c) alone do not tell that these are never larger than |v|.
    builder.assume(positive, Fact(ZERO, max(fact.high, ZERO)))
    builder.assume(negative, Fact(ZERO, max(-fact.low, ZERO)))
    return combination([(ONE, positive), (-ONE, negative)])


def without_products(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """Every product by big-M; refuses one that the program wants as a product."""
    if unit.via == "multi":
        raise UnsupportedProgram(
            f"value {builder.origin!r} asks for a product (via='multi'), which this target has not; "
            "use via='auto' or target='gated-linear-rnn'"
        )
    return by_big_m(builder, left, right)


def by_gates(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """gate · relu(argument): one unit where a factor is never negative, two where both can be.

    left · right = left · relu(right) − left · relu(−right).
    """
    if unit.via == "relu":
        return by_big_m(builder, left, right)
    if left.is_constant or right.is_constant:
        return builder.product(left, right)
    if not builder.fact(right).is_nonnegative and builder.fact(left).is_nonnegative:
        left, right = right, left
    if builder.fact(right).is_nonnegative:
        return builder.gate(left, right)
    parts = builder.gate(left, right), builder.gate(left, right.times(-ONE))
    return combination([(ONE, parts[0]), (-ONE, parts[1])])
