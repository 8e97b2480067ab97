"""How targets write comparisons.

A comparison is clip(f, 0, 1). Where f has a grid with no point strictly inside (0, 1), let p ≤ 0 and q ≥ 1 be the
grid points around the ramp: in the circuit it goes from p to q, the argument being whole, 0 at p and 1 at q. A target
decides in the middle of that gap, in one of two ways:

- by ReLUs: where p is the least value, or q the greatest, one is enough, if floats hold the argument's numbers.
  Otherwise the ramp takes the middle quarter of the gap, so that an error of up to 3/8 of the gap does not reach the
  result at all. No ramp tolerates more than half of it; an eighth was tried, and float32 no longer tells long ranges
  apart exactly.
- by a step half-way between p and q, on which an error of up to half the gap has no effect. Where a target has no
  units that step, it is a difference of two ReLUs (`step_by_relus`), for arguments that floats hold.

In a robust circuit that is so only of arguments that are small beside their gap (`SMALL`): noise on weights moves a
large one by more than a gap, and the difference of two large ReLUs by as much. For others a comparison is a clip in a
clip, which the noise of an argument does not reach before it is 3/8 of the gap, at the cost of one more layer.

Where f has points inside, or no grid, the runs that count are those that decide the comparison: p and q are 0 and 1.
Only where f has points inside, and floats hold them, the ramp of ReLUs is the program's own: that takes fewer bits.
"""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, one_minus
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import MOST_STEPS, Gap, gap_at_zero, ramp_gap
from lsrl.circuit.powers_of_two import power_of_two_below
from lsrl.circuit.units import forms_of
from lsrl.circuit.verify import CompilerError
from lsrl.lang.numbers import HALF, ONE

RAMP = fmpq(1, 4)
"""The part of the gap between two values that a ramp of ReLUs takes, in its middle."""


SMALL = 16
"""How many gaps the argument of a robust comparison adds up to at most, to be written by one ReLU or two side by side:
these are off by some four times this, times the noise of a weight."""


def by_relus(builder: CircuitBuilder, argument: Affine) -> Affine:
    """relu(1 − relu(1 − argument)), or one of the two where the argument never reaches beyond the other's end."""
    fact, held = builder.fact(argument), _is_held(builder, argument)
    alone = held and _is_steady(builder, argument)
    if alone and fact.is_nonnegative:
        return one_minus(builder.relu_unit(one_minus(argument)))
    if alone and fact.high is not None and fact.high <= 1:
        return builder.relu_unit(argument)
    if builder.is_in_loop(argument):
        # Side by side: in a loop no cell reads another one.
        return combination([(ONE, builder.relu_unit(argument)), (-ONE, builder.relu_unit(argument.shifted(-ONE)))])
    if held and ramp_gap(fact) is None:
        return _clip(builder, argument)
    clip = _clip(builder, argument.shifted(-HALF).times(1 / RAMP).shifted(HALF))
    ((outer, _),) = clip.terms.items()
    ((inner, weight),) = forms_of(builder.units[outer])[0].terms.items()
    room = (1 / RAMP - 1) / 2
    builder.knowledge.gaps[inner] = Gap(room / -weight, (1 + room) / -weight)
    return clip


def _clip(builder: CircuitBuilder, argument: Affine) -> Affine:
    # Not scaled to whole weights, as other ReLUs are: what is left of 1 stays between 0 and 1.
    return builder.relu_unit(one_minus(builder.relu_unit(one_minus(argument))), scale=ONE)


def by_steps(builder: CircuitBuilder, argument: Affine) -> Affine:
    """One step in the middle of the ramp."""
    return builder.step(argument.shifted(-HALF), HALF)


def step_by_relus(argument: Affine, margin: fmpq | None) -> tuple[tuple[fmpq, Affine], ...]:
    """A step as a difference of two ReLUs of one layer: its ramp is at most the middle half of the gap."""
    if margin is None:
        raise CompilerError("a step without a margin is not a difference of ReLUs")
    # By a power of two: divided by anything else, the two ReLUs would round differently, and not cancel to 1.
    width = power_of_two_below(margin)
    return tuple((sign / width, argument.shifted(sign * width / 2)) for sign in (ONE, -ONE))


def by_held_steps(builder: CircuitBuilder, argument: Affine) -> Affine:
    """A step where floats hold every value of the argument, for steps that are differences of two ReLUs.

    Elsewhere they would cancel, and a comparison is a clip in a clip.
    """
    held = _is_held(builder, argument) and decided_gap(builder, argument) is not None
    held = held and _is_steady(builder, argument)
    return (by_steps if held else by_relus)(builder, argument)


def _is_held(builder: CircuitBuilder, argument: Affine) -> bool:
    """Whether the units that an argument reads are multiples of powers of two, and not, say, of 1/3."""
    measures = (builder.knowledge.facts[unit].measure for unit in argument.terms)
    return all(measure is not None and not int(measure.q) & (int(measure.q) - 1) for measure in measures)


def _is_steady(builder: CircuitBuilder, argument: Affine) -> bool:
    """Whether noise on weights moves the argument by little: in a robust circuit, where it adds up little."""
    size = _size(builder, argument)
    return not builder.robust or (size is not None and size <= SMALL)


def _size(builder: CircuitBuilder, form: Affine) -> fmpq | None:
    """The most that the terms of a form can add up to, all of one sign; None where one has no range."""
    size = abs(form.constant)
    for unit, weight in form.terms.items():
        magnitude = builder.knowledge.facts[unit].magnitude
        if magnitude is None:
            return None
        size = size + abs(weight) * magnitude
    return size


def decided_gap(builder: CircuitBuilder, form: Affine) -> Gap | None:
    """The gap around 0 of a form that every float format evaluates well enough to tell on which side of it it is."""
    gap, size = gap_at_zero(builder.fact(form)), _size(builder, form)
    return gap if gap is not None and size is not None and size <= 2 * MOST_STEPS * gap.width else None
