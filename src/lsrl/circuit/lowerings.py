"""How targets write the units that they have not."""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, combination
from lsrl.circuit.builder import CircuitBuilder, one_minus
from lsrl.circuit.diagonal_states import diagonal_states, summed_and_latched
from lsrl.circuit.facts import MOST_STEPS, Fact, gap_at_zero
from lsrl.circuit.legalise import Rules, dissolved_sum, refused_gated_state
from lsrl.circuit.units import ProductUnit
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lang.numbers import HALF, ONE, ZERO

LARGE_M = 32
"""From values larger than this on, big-M gets a condition that is exactly 0 where it selects."""


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
    for every c above ½, and twice M is enough for every c below ¼.
    """
    if size <= LARGE_M or builder.literal:
        return one_minus(condition), ONE
    return builder.decided_off(condition), fmpq(2)


def without_products(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """Every product by big-M; refuses one that the program wants as a product."""
    if unit.via == "multi":
        raise UnsupportedProgram(
            f"value {builder.origin!r} asks for a product (via='multi'), which this target lacks; write via='auto'",
            ability="selection",
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


def by_selection(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """boolean · value as a unit of its own, the boolean first; two booleans are one step.

    Raises `UnsupportedProgram` when neither factor is a boolean: a saturated gate only takes or leaves.
    """
    if left.is_constant or right.is_constant:
        return builder.product(left, right)
    booleans = [builder.fact(side).is_boolean for side in (left, right)]
    if unit.via == "relu" or not any(booleans):
        return by_big_m(builder, left, right)
    if all(booleans):
        return builder.step(combination([(ONE, left), (ONE, right)], -ONE - HALF), HALF)
    return builder.product(left, right) if booleans[0] else builder.product(right, left)


def stepped_relu(builder: CircuitBuilder, argument: Affine, fact: Fact) -> Affine:
    """A ReLU that is 0 or h, and nothing between, is h times a step in the middle of its ramp."""
    folded = builder.folded_relu(argument)
    if folded is not None:
        return folded
    if fact.two_values is None or fact.low != 0:
        return builder.relu(argument)
    height = fact.two_values[1]
    middle = builder.ramp(argument.times(1 / height)).shifted(-HALF)
    gap = gap_at_zero(builder.fact(middle))
    centre, margin = gap if gap is not None and gap[1] > HALF else (ZERO, HALF)
    return builder.step(middle.shifted(-centre), margin).times(height)


def surely_stepped_relu(builder: CircuitBuilder, argument: Affine, fact: Fact) -> Affine:
    """As `stepped_relu` where floats hold every value of the argument, for steps that are differences of two ReLUs.

    Elsewhere they would cancel, and a comparison stays a clip in a clip.
    """
    height = fact.two_values[1] if fact.two_values is not None else ONE
    progress = builder.ramp(argument.times(1 / height))
    measures = (builder.knowledge.facts[unit].measure for unit in progress.terms)
    held = all(measure is not None and _is_dyadic(measure) for measure in measures)
    decided = held and decided_gap(builder, progress) is not None
    return stepped_relu(builder, argument, fact) if decided else builder.relu(argument)


def _is_dyadic(number: fmpq) -> bool:
    denominator = int(number.q)
    return denominator & (denominator - 1) == 0


def selected_relu(builder: CircuitBuilder, argument: Affine, _: Fact) -> Affine:
    """relu(x) is x where a step of x says so: for gates that must all see the same decision."""
    folded = builder.folded_relu(argument)
    return builder.product(_is_positive(builder, argument), argument) if folded is None else folded


def by_bits(builder: CircuitBuilder, left: Affine, right: Affine, unit: ProductUnit) -> Affine:
    """boolean · value, the boolean as one minus a bit, and the result cleaned by a unit that reads nothing else."""
    if left.is_constant or right.is_constant or builder.fact(left).is_boolean == builder.fact(right).is_boolean:
        return by_selection(builder, left, right, unit)
    boolean, value = (left, right) if builder.fact(left).is_boolean else (right, left)
    return _by_bit(builder, boolean, value)


def relu_by_bits(builder: CircuitBuilder, argument: Affine, _: Fact) -> Affine:
    """relu(x) as a selection of x by a bit that says whether it is positive."""
    folded = builder.folded_relu(argument)
    return _by_bit(builder, _is_positive(builder, argument), argument) if folded is None else folded


def _by_bit(builder: CircuitBuilder, boolean: Affine, value: Affine) -> Affine:
    off = builder.bit(one_minus(boolean))
    selected = builder.product(one_minus(off), value)
    scale = selected.content()
    return builder.sum(selected.times(1 / scale)).times(scale)


def _is_positive(builder: CircuitBuilder, form: Affine) -> Affine:
    gap = decided_gap(builder, form)
    return builder.step(form, None) if gap is None else builder.step(form.shifted(-gap[0]), gap[1])


def decided_gap(builder: CircuitBuilder, form: Affine) -> tuple[fmpq, fmpq] | None:
    """The gap around 0 of a form that every float format evaluates well enough to tell on which side of it it is."""
    gap = gap_at_zero(builder.fact(form))
    magnitudes = [(weight, builder.knowledge.facts[unit].magnitude) for unit, weight in form.terms.items()]
    size = abs(form.constant)
    for weight, magnitude in magnitudes:
        if magnitude is None:
            return None
        size = size + abs(weight) * magnitude
    return gap if gap is not None and size <= 4 * MOST_STEPS * gap[1] else None


DIAGONAL = Rules(by_gates, surely_stepped_relu, diagonal_states, summed_and_latched, dissolved_sum)
AS_IT_IS = Rules(by_gates)
WITHOUT_PRODUCTS = Rules(without_products, gated_state=refused_gated_state)
BY_GATES = Rules(by_gates, gated_state=refused_gated_state)
SELECTING = Rules(by_selection, stepped_relu)
