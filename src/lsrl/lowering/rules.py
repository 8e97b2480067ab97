"""How targets write the units that they lack."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, one_minus
from lsrl.circuit.builder import CircuitBuilder, kept_ramp
from lsrl.circuit.cases import decision_of, fact_where
from lsrl.circuit.facts import BOOLEAN, Fact, product_fact
from lsrl.circuit.unbounded_sums import ramp_of_sum
from lsrl.circuit.units import ProductUnit
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lowering.cascades import by_cascade
from lsrl.lowering.diagonal_states import diagonal_states, summed_and_latched
from lsrl.lowering.gates import gated
from lsrl.lowering.ramps import by_held_steps, by_relus, decided_gap
from lsrl.lowering.reflections import added_up, by_reflections, turns
from lsrl.lowering.rule_kinds import Rules, dissolved_sum, kept_states, refused_gated_state, refused_previous

LARGE_M = 32
"""For values larger than this, big-M gets a condition that is exactly 0 where it selects."""


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
            f"value {builder.origin!r} multiplies two values that are not booleans, which this target cannot; "
            "expected a boolean factor; select by lsrl.ifelse, or write via='auto'",
            ability="products",
        )
    if fact.is_boolean:
        return builder.relu(condition.plus(value).shifted(-ONE))
    if fact.low is None or fact.high is None:
        raise RangeError(
            f"value {builder.origin!r} selects a value whose range is not known, and big-M needs one; "
            "declare Input(range=(low, high)) and compile(..., max_length=...)"
        )
    off, room = _off(builder, condition, max(fact.high, ZERO) - min(fact.low, ZERO))
    if fact.low < 0 and fact.grid is not None:
        lifted = builder.relu(combination([(ONE, value), (room * (fact.low - fact.high), off)], -fact.low))
        builder.assume(lifted, Fact(ZERO, fact.high - fact.low))
        return lifted.plus(condition.times(fact.low))
    positive = builder.relu(combination([(ONE, value), (-room * max(fact.high, ZERO), off)]))
    negative = builder.relu(combination([(-ONE, value), (room * min(fact.low, ZERO), off)]))
    # The ranges of v and M(1 − c) alone do not tell that these are never larger than |v|.
    builder.assume(positive, Fact(ZERO, max(fact.high, ZERO)))
    builder.assume(negative, Fact(ZERO, max(-fact.low, ZERO)))
    return combination([(ONE, positive), (-ONE, negative)])


def _off(builder: CircuitBuilder, condition: Affine, size: fmpq) -> tuple[Affine, fmpq]:
    """1 − condition, and how many times M it is worth.

    M times an error of the condition is an error of the result: where M is large, relu(1 − 2c) is exactly 0
    for every c above ½, and twice M is enough for every c below ¼. A robust circuit has that for every M.
    """
    if size <= (ZERO if builder.robust else LARGE_M) or builder.as_written or builder.is_in_loop(condition):
        return one_minus(condition), ONE
    return builder.decided_off(condition), fmpq(2)


def kept_product(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """A product is one."""
    return builder.product(left, right, unit.via)


def followed_or_kept(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A comparison of a sum without end by an automaton, where it is one: for layers that feed automata back."""
    followed = ramp_of_sum(builder, argument)
    return builder.ramp_unit(argument) if followed is None else followed


def without_products(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """Every product by big-M; refuses one that the program wants as a product."""
    if unit.via == "multi":
        raise UnsupportedProgram(
            f"value {builder.origin!r} asks for a product (via='multi'), which this target lacks; write via='auto'",
            ability="selection",
        )
    return by_big_m(builder, left, right)


def by_gates(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """left · right by gates, unless it is asked for ReLUs."""
    return by_big_m(builder, left, right) if unit.via == "relu" else gated(builder, left, right)


def by_selection(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """boolean · value as a unit of its own, the boolean first; two booleans are one comparison.

    Raises `UnsupportedProgram` when neither factor is a boolean: a saturated gate only takes or leaves.
    """
    booleans = [builder.fact(side).is_boolean for side in (left, right)]
    if unit.via == "relu" or not any(booleans):
        return by_big_m(builder, left, right)
    if all(booleans):
        return builder.ramp(left.plus(right).shifted(-ONE))
    boolean, value = (left, right) if booleans[0] else (right, left)
    return builder.product(boolean, value)


def by_choice(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """The same, and in a loop, where no cell reads another one, by a gate that decides by itself."""
    for boolean, value in ((left, right), (right, left)):
        decision = decision_of(boolean, builder.units) if builder.fact(boolean).is_boolean else None
        if decision is not None and builder.is_in_loop(boolean) and not builder.fact(value).is_boolean:
            taken = fact_where(value, boolean, builder.units, builder.fact)
            return builder.choice(decision, value, product_fact(BOOLEAN, taken))
    return by_selection(builder, left, right, unit)


def selected_relu(builder: CircuitBuilder, argument: Affine) -> Affine:
    """relu(x) is x where a step of x says so: for gates that must all see the same decision."""
    return builder.product(_is_positive(builder, argument), argument)


def by_bits(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """boolean · value, the boolean as one minus a bit, and the result cleaned by a unit that reads nothing else."""
    if builder.fact(left).is_boolean == builder.fact(right).is_boolean:
        return by_selection(builder, left, right, unit)
    boolean, value = (left, right) if builder.fact(left).is_boolean else (right, left)
    return _by_bit(builder, boolean, value)


def relu_by_bits(builder: CircuitBuilder, argument: Affine) -> Affine:
    """relu(x) as a selection of x by a bit that says whether it is positive."""
    return _by_bit(builder, _is_positive(builder, argument), argument)


def _by_bit(builder: CircuitBuilder, boolean: Affine, value: Affine) -> Affine:
    off = builder.bit(one_minus(boolean))
    selected = builder.product(one_minus(off), value)
    scale = selected.content()
    return builder.sum(selected.times(1 / scale)).times(scale)


def _is_positive(builder: CircuitBuilder, form: Affine) -> Affine:
    gap = decided_gap(builder, form)
    return builder.step(form, None) if gap is None else builder.step(form.shifted(-gap.middle), gap.width / 2)


_FORWARD = Rules(by_gates, kept_ramp, previous=refused_previous)
"""For layers that feed back nothing but linear and selective states."""

_COUNTING = by_cascade(kept_states, refused_gated_state)

DIAGONAL = replace(
    _FORWARD,
    states=diagonal_states,
    gated_state=summed_and_latched,
    sum=dissolved_sum,
    automaton=by_cascade(diagonal_states, summed_and_latched),
)
_TURNING = partial(diagonal_states, residues=turns)

REFLECTING = replace(
    DIAGONAL,
    states=_TURNING,
    automaton=by_reflections(by_cascade(_TURNING, summed_and_latched, added_up)),
)
AS_IT_IS = replace(_FORWARD, ramp=by_held_steps)
WITHOUT_PRODUCTS = replace(
    _FORWARD, product=without_products, ramp=by_relus, gated_state=refused_gated_state, automaton=_COUNTING
)
BY_GATES = replace(_FORWARD, ramp=by_relus, gated_state=refused_gated_state, automaton=_COUNTING)
SELECTING = Rules(by_selection, followed_or_kept)
CHOOSING = Rules(by_choice, followed_or_kept)
FOLLOWING = Rules(kept_product, followed_or_kept)
