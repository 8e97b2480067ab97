"""How far off forms are that have passed an activation, or that pass it by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import fmpq

from lsrl.backends.transformers.scale import closest_to_zero, is_saturated, sharpness
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Knowledge
from lsrl.circuit.powers_of_two import power_of_two_above
from lsrl.lang.numbers import ONE, as_float
from lsrl.rounding.error_calculus import Number
from lsrl.rounding.sums import Sum

PRECISION = 24

SETTLED = 32.0
"""From here on silu is a ReLU, in any library but for 2⁻²² of this."""


@dataclass(frozen=True)
class Passing:
    """What an architecture makes of forms over its stream, of which `sum` says how they are added up."""

    knowledge: Knowledge
    arithmetic: StageArithmetic
    sum: Callable[[Affine], Sum]

    def fact(self, form: Affine) -> Fact:
        """What is known of a form."""
        return self.knowledge.fact(form)

    def passed(self, form: Affine) -> Number:
        """A form as it comes out in front of a state or a product: as a difference of ReLUs, or as it is.

        Where a sum is as close to 0 as its error, both ReLUs of ±v may let some of it through, each its own; but they
        differ from v by no more than one of them does.
        """
        fact, error = self.fact(form), self.sum(form).error(PRECISION)
        if self.arithmetic.pairs and not (error == 0 and self.is_sharp(form)):
            error += 2 * self.smooth(form, error)
        return Number(fact, error)

    def difference(self, form: Affine) -> Number:
        """A form as it comes out where two activations both pass some of it.

        f(z) − f(−z) = z for whatever a silu or gelu f is fed with. Up to where it is settled f is off by 2⁻²² of
        itself, and so are two of them, and the difference is rounded. And f grows by less than 8/7 times as much as
        what it is fed with: where that is κv, each sum off by e, the difference is off by e, and 8/7 · 2e.
        Of a form that has one sign there is one activation only, and no difference.
        """
        passed, error = self.passed(form), self.sum(form).error(PRECISION)
        low, high = passed.fact.low, passed.fact.high
        both = (low is None or low < 0) and (high is None or high > 0)
        if not passed.error or not self.arithmetic.pairs or not both:
            return passed
        made = 2.0**-21 * (SETTLED + self.arithmetic.activation.off) / as_float(self.factor(form))
        return Number(passed.fact, min(passed.error, 23 / 7 * error + made), dip=passed.error)

    def taken(self, form: Affine) -> Number:
        """A form as a latch takes it."""
        return self._as_it_is(form, self.arithmetic.taken)

    def chosen(self, form: Affine) -> Number:
        """A form as it is multiplied by what is exactly 0 or 1."""
        return self._as_it_is(form, self.arithmetic.chosen)

    def _as_it_is(self, form: Affine, lost: int | None) -> Number:
        """A form that needs no activation but for what is too small, if the architecture has that for it."""
        found = self.difference(form)
        if not found.error or lost is None:
            return found
        size = found.fact.magnitude
        smallest = math.inf if size is None else 2.0**lost * as_float(power_of_two_above(max(size, ONE)))
        return Number(found.fact, self.sum(form).error(PRECISION) + smallest)

    def is_sharp(self, form: Affine) -> bool:
        """Whether the activation is exactly a ReLU of whatever the form can be."""
        return is_saturated(self.arithmetic.activation, self.fact(form), self.factor(form))

    def factor(self, form: Affine) -> fmpq:
        """How many times the form the activation is fed with."""
        return sharpness(self.arithmetic.activation, self.fact(form), "value")

    def smooth(self, form: Affine, error: float) -> float:
        """How far the activation is from a ReLU where it is not saturated, with its own rounding."""
        factor, closest = self.factor(form), closest_to_zero(self.fact(form))
        if closest is None or not self.is_sharp(form) or 2 * error > as_float(closest):
            return (self.arithmetic.activation.off + 2.0**-16) / as_float(factor)
        # Near 0 it is off by half of what it is fed with. Elsewhere that is half of what saturates it at least:
        # a function that is e^-16 from saturated there, and more than 2^-22 of it by no library.
        fed, saturated = as_float(factor) * (as_float(closest) - error), as_float(self.arithmetic.activation.saturated)
        return error if fed >= saturated else max(error, 2.0**-22 * self.sum(form).size)
