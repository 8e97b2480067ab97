"""Delays and latches: what a value was some steps ago, or when it was last taken."""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, number
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.cases import form_under
from lsrl.circuit.facts import constant_fact, multiple, union
from lsrl.circuit.units import DelayUnit, LatchUnit
from lsrl.lang.numbers import ONE, ZERO

LONGEST = 3
"""The steps that one convolution of width 4 looks back; longer delays are chains."""


def delayed(builder: CircuitBuilder, argument: Affine, steps: int) -> Affine:
    """What the argument was `steps` steps ago, and 0 in the first `steps` steps.

    Chains are made of the longest delays, with the shorter one last, so that equal beginnings are shared.
    """
    if not argument.terms and not argument.constant:
        return number(ZERO)
    inner = _as_delay(builder, argument)
    if inner is not None:
        weight, unit = inner
        argument, steps = unit.argument.times(weight), unit.steps + steps
    while steps > LONGEST:
        argument, steps = _unit(builder, argument, LONGEST), steps - LONGEST
    return _unit(builder, argument, steps)


def before(builder: CircuitBuilder, form: Affine, init: fmpq) -> Affine:
    """What a form was one step ago, `init` in the first step."""
    return delayed(builder, form.shifted(-init), 1).shifted(init)


def latched(builder: CircuitBuilder, keep: Affine, argument: Affine) -> Affine:
    """The argument where the boolean `keep` is 0, else what it was one step ago; 0 before the first step."""
    known = builder.fact(keep)
    if known.high == 0:
        return argument
    if known.low == 1:
        return number(ZERO)
    # A value that is only passed on under the same condition is taken as it is: no product is needed.
    taken = form_under(argument, keep, ZERO, builder.units, builder.fact)
    fact = union([builder.fact(taken), constant_fact(ZERO)])
    return builder.unit(("latch", keep.key(), taken.key()), LatchUnit(keep, taken), fact)


def first_step(builder: CircuitBuilder) -> Affine:
    """1 in the first step, 0 afterwards."""
    return delayed(builder, number(ONE), 1).times(-ONE).shifted(ONE)


def _unit(builder: CircuitBuilder, argument: Affine, steps: int) -> Affine:
    scale = argument.content()
    normal = argument.times(1 / scale)
    fact = union([builder.fact(normal), constant_fact(ZERO)])
    unit = builder.unit(("delay", steps, normal.key()), DelayUnit(normal, steps), fact)
    known = multiple(scale, fact)
    made = unit.times(scale)
    builder.assume(made, known)
    return made


def _as_delay(builder: CircuitBuilder, form: Affine) -> tuple[fmpq, DelayUnit] | None:
    """The delay that a form is a multiple of, if it can be made longer."""
    if len(form.terms) != 1 or form.constant:
        return None
    ((unit_id, weight),) = form.terms.items()
    unit = builder.units[unit_id]
    return (weight, unit) if isinstance(unit, DelayUnit) and unit.steps < LONGEST else None
