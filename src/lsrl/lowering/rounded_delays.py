"""Delays without a convolution: what a filter of gated states leaves of the step before, rounded.

A state that keeps a = 2⁻¹³ of itself is s = x + a x' + a² x'' + …, of which x' is (s − x)/a, but for an error: a x'' of
it, what floats lose of s, and what a is off. A large constant that is added to it rounds it: at M = 3 · 2²¹ the last
place of a float32 is ½, so that s/a + (M − x/a) is M + x', exactly, while the error is below ¼. For whole numbers up
to 2⁸ it is below ⅛: 2⁻⁵ for a x'', 2⁻⁴ for half of the last place of s, and 2⁻⁶ if a is off by 2⁻¹⁴ of itself. M − x/a
must be exact: x is one unit, or a few whole numbers, none of which is large.

Larger numbers, and those that are not whole, are remembered in turn by two latches, of which one is written in every
odd step; and what a sum was a step ago is what it is, less what has been added.
"""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number, one_minus, variable
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import constant_fact, multiple, union, weighted_sum
from lsrl.circuit.units import DelayUnit, StateUnit
from lsrl.errors import RangeError
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lowering.delays import latched
from lsrl.lowering.diagonal_states import step_residues
from lsrl.lowering.gates import gated

KEPT = 13
"""A filter keeps 2 to minus this of itself."""

LIFT = fmpq(3 * 2**21)
"""M, which lifts what is added to it to where a float32's last place is ½."""

LARGEST = fmpq(2**8)
"""Whole numbers up to this are rounded right."""


def by_rounding(builder: CircuitBuilder, argument: Affine, steps: int) -> Affine:
    """What the argument was some steps ago, one step at a time.

    Without a `max_length`, raises `RangeError` for what is not known to be small multiples of a power of two.
    """
    for _ in range(steps):
        argument = _before(builder, argument)
    return argument


def _before(builder: CircuitBuilder, argument: Affine) -> Affine:
    sums = {unit_id: weight for unit_id, weight in argument.terms.items() if _is_sum(builder, unit_id)}
    rest = Affine({unit: weight for unit, weight in argument.terms.items() if unit not in sums}, argument.constant)
    scale = _scale(builder, argument)
    if scale is not None:
        return _rounded(builder, argument, scale)
    if sums and (not rest.terms or _scale(builder, rest) is not None):
        earlier = [(weight, _sum_before(builder, unit_id)) for unit_id, weight in sums.items()]
        return combination([*earlier, (ONE, _before(builder, rest))])
    return _in_turn(builder, argument)


def _scale(builder: CircuitBuilder, form: Affine) -> fmpq | None:
    """The largest power of two that all values of a form are small whole multiples of, or None."""
    fact = builder.fact(form)
    if not fact.measure or fact.magnitude is None:
        return None
    numerator, denominator = int(fact.measure.p), int(fact.measure.q)
    scale = fmpq(numerator & -numerator, denominator)
    return scale if not denominator & (denominator - 1) and fact.magnitude <= LARGEST * scale else None


def _rounded(builder: CircuitBuilder, argument: Affine, scale: fmpq) -> Affine:
    """A delay that brings M along, which the next stage takes off."""
    if not argument.terms and not argument.constant:
        return number(ZERO)
    whole = argument.times(1 / scale)
    if not _is_exact(builder, whole):
        whole = builder.sum(whole)
    known = union([builder.fact(whole), constant_fact(ZERO)])
    late = weighted_sum([(ONE, known)], LIFT)
    unit = builder.unit(("rounded delay", whole.key()), DelayUnit(whole, 1, LIFT), late)
    low = known.low or ZERO
    # A gate of 1, not a ReLU, whose argument a comparison would read in its place, M and all.
    made = builder.gate(number(ONE), unit.shifted(-LIFT - low)).shifted(low).times(scale)
    builder.assume(made, weighted_sum([(scale, known)], ZERO))
    return made


def _is_exact(builder: CircuitBuilder, form: Affine) -> bool:
    """Whether floats add up a few thousand times a form in any order: it is one unit, or small whole numbers."""
    if len(form.terms) == 1 and not form.constant:
        return True
    parts = [multiple(weight, builder.fact(variable(unit))) for unit, weight in form.terms.items()]
    known = [*parts, constant_fact(form.constant)]
    whole = all(part.measure is not None and part.measure.q == 1 for part in known)
    return whole and sum((part.magnitude or ZERO for part in known), ZERO) <= 2 * LARGEST


def _is_sum(builder: CircuitBuilder, unit_id: int) -> bool:
    unit = builder.units[unit_id]
    return isinstance(unit, StateUnit) and unit.previous == ((unit_id, ONE),) and not unit.init


def _sum_before(builder: CircuitBuilder, unit_id: int) -> Affine:
    unit = builder.units[unit_id]
    assert isinstance(unit, StateUnit)
    return combination([(ONE, variable(unit_id)), (-ONE, unit.drive)])


def _in_turn(builder: CircuitBuilder, argument: Affine) -> Affine:
    """Of two latches, the one that this step does not write."""
    if builder.max_length is None:
        raise RangeError(
            f"value {builder.origin!r} remembers numbers for a step, as far as is known not whole ones up to "
            f"{as_float(LARGEST):.0f}, and this target, without a convolution, has to count steps for that; declare "
            "compile(..., max_length=...)"
        )
    odd = step_residues(builder, 2)[1]
    even = one_minus(odd)
    held = latched(builder, odd, argument), latched(builder, even, argument)
    made = combination((ONE, gated(builder, turn, other)) for turn, other in zip((odd, even), held, strict=True))
    builder.assume(made, union([builder.fact(argument), constant_fact(ZERO)]))
    return made
