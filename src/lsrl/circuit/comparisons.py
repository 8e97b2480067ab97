"""Comparisons, and claims that a value is 0 or 1: what may be assumed of them, and what is refused.

A comparison is a ramp, clip(p, 0, 1). Where p has a grid with no point inside the ramp, or a range on one side of it,
the comparison is *decided* on every reachable input. Where not, it is assumed to be 0 or 1, as facts are about decided
runs only, and said to be undecidable, so that runs can look. Everything else that is claimed to be 0 or 1
must be known to be: a condition that is 2 would select something else on every target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, combination, one_minus, variable
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import BOOLEAN, Fact
from lsrl.circuit.possible_values import possible_values
from lsrl.circuit.units import RampUnit
from lsrl.errors import RangeError
from lsrl.lang.numbers import ONE, ZERO

Ramp: TypeAlias = tuple[Affine, fmpq]
"""A progress, and how many times its clip is in a form."""

MOST_RAMPS = 16
"""Sums of more ramps than this are not looked at: every pair is compared."""


class Comparisons:
    """The comparisons of a circuit while it is built.

    `undecidable` names values that can be between 0 and 1 on inputs inside the declaration (of equal or opposite ones
    the first); `narrowed` those of them whose argument has a grid with points inside the ramp: units that others read,
    too, are then known to be less than they can be.
    """

    def __init__(self, builder: CircuitBuilder) -> None:
        self.builder = builder
        self.undecidable: dict[str, None] = {}
        self.narrowed: dict[str, None] = {}
        self._assumed: set[UnitId] = set()

    def ramp(self, progress: Affine) -> Affine:
        """clip(progress, 0, 1), as the cheapest form that has this value wherever it is 0 or 1."""
        builder, form = self.builder, self.builder.ramp(progress)
        if not builder.fact(form).is_bit:
            self._assume(form, gridded=builder.fact(progress).grid is not None)
        return form

    def claim(self, form: Affine, names: tuple[str, str, str, str], *, made_of_steps: bool) -> None:
        """Assume that a form is 0 or 1, if it is known to be so wherever comparisons are decided.

        A comparison `made_of_steps` whose order is not known, as in a `bump` from one value to another, expects it of
        the inputs: it is undecidable. Raises `RangeError` for all else: `names` says what the form is for, in which
        program, what that calls it, and which component it is.
        """
        fact = self.builder.fact(form)
        if fact.is_bit:
            return
        known = self._is_chain(form) or self._is_bit_in_all_cases(form)
        if not known and not (made_of_steps and self._ramps_of(form)):
            value, program, argument, place = names
            raise RangeError(f"{value!r} of {program} reads {argument!r}{place}, {_reach(fact)}")
        if not known or self._assumed.intersection(form.terms):
            self._assume(form, gridded=False)
        else:
            self.builder.assume(form, BOOLEAN)

    def _assume(self, form: Affine, *, gridded: bool) -> None:
        self.undecidable[self.builder.origin] = None
        if gridded:
            self.narrowed[self.builder.origin] = None
        self.builder.assume(form, BOOLEAN)
        self._assumed.update(form.terms)

    def _ramps_of(self, form: Affine) -> tuple[fmpq, list[Ramp]] | None:
        """k and the ramps, with their signs, of a form k ± clip(p₁) ± clip(p₂) …; two values are a clip, too."""
        constant, ramps = form.constant, []
        for unit_id, weight in form.terms.items():
            unit, two = self.builder.units[unit_id], self.builder.knowledge.facts[unit_id].two_values
            if isinstance(unit, RampUnit):
                ramps.append((unit.argument, weight))
            elif two is not None:
                height = two[1] - two[0]
                ramps.append((variable(unit_id).shifted(-two[0]).times(1 / height), weight * height))
                constant = constant + weight * two[0]
        known = 0 < len(ramps) == len(form.terms) <= MOST_RAMPS and all(abs(sign) == 1 for _, sign in ramps)
        return (constant, ramps) if known else None

    def _is_chain(self, form: Affine) -> bool:
        """Whether k ± clip(p₁) ± clip(p₂) … is 0 or 1 whenever each clip is, because p₂ is above 0 only if p₁ is, …

        Then the clips that are 1 are the first few: the form's values are k, k ± 1, k ± 1 ± 1, …
        """
        found = self._ramps_of(form)
        if found is None:
            return False
        constant, ramps = found
        for i, (progress, sign) in enumerate(ramps):
            if _points_away(progress, ramps[0][0]):  # w · clip(p) = w − w · clip(1 − p)
                ramps[i] = one_minus(progress), -sign
                constant = constant + sign
        values = [constant]
        for _, sign in self._descending(ramps):
            values.append(values[-1] + sign)
        return len(values) > 1 and all(value in (ZERO, ONE) for value in values)

    def _descending(self, ramps: Sequence[Ramp]) -> list[Ramp]:
        """The ramps in the order in which they become 1; none if it is not known of all which is first."""
        ordered: list[Ramp] = []
        for ramp in ramps:
            place = sum(self._follows(above, ramp[0]) for above, _ in ordered)
            below = ordered[place:]
            if not all(self._follows(ramp[0], progress) for progress, _ in below):
                return []
            ordered.insert(place, ramp)
        return ordered

    def _is_bit_in_all_cases(self, form: Affine) -> bool:
        """Whether a form of few possible values is 0 or 1 whatever the booleans in it are, or else the inputs."""
        units, facts = self.builder.units, self.builder.knowledge.facts
        tried = (possible_values(form, units, facts, through_bits=through) for through in (False, True))
        return any(values is not None and values <= {ZERO, ONE} for values in tried)

    def _follows(self, one: Affine, other: Affine) -> bool:
        """Whether decided, clip(one) is 1 wherever clip(other) is: one ≥ s · other + low > 0 where other ≥ 1."""
        shared = min(one.terms.keys() & other.terms.keys(), default=None)
        scale = ONE if shared is None else abs(one.terms[shared] / other.terms[shared])
        low = self.builder.fact(combination([(ONE, one), (-scale, other)])).low
        return low is not None and low + scale > 0


def _points_away(progress: Affine, other: Affine) -> bool:
    """Whether the first unit that both read grows one and lessens the other."""
    shared = min(progress.terms.keys() & other.terms.keys(), default=None)
    return shared is not None and (progress.terms[shared] > 0) != (other.terms[shared] > 0)


def _reach(fact: Fact) -> str:
    """What a value can be that should be 0 or 1, and what to write instead."""
    if fact.low is not None and fact.low == fact.high:
        return f"which is always {fact.low}; expected 0 or 1 (a state that keeps a part of itself is a LinState)"
    if fact.low is None or fact.high is None:
        ends = f"from {fact.low}" if fact.low is not None else f"to {fact.high}" if fact.high is not None else "at all"
        declare = "declare Input(range=(0, 1), integer=True) and max_length, or compare, as in x > 0"
        return f"which can be any number {ends}, as far as is known; expected 0 or 1: {declare}"
    advice = "declare integer=True, or compare" if (fact.low, fact.high) == (ZERO, ONE) else "compare"
    return f"which can be {fact}, as far as is known; expected 0 or 1: {advice}, as in x > 0"
