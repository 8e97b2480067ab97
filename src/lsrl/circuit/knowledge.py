"""What the compiler knows of a circuit: a fact for every unit, and for some forms over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, TermsKey, UnitId, common_measure, terms_key
from lsrl.circuit.facts import Fact, Gap, constant_fact, intersection, is_empty, weighted_sum
from lsrl.lang.numbers import ONE, ZERO

Direction: TypeAlias = tuple[tuple[UnitId, fmpq], ...]
"""The terms of a form, scaled so that the first weight is 1."""

Claim: TypeAlias = tuple[Direction, Fact]


@dataclass
class Knowledge:
    """Facts of units; groups of states of which exactly one is 1; claims about forms; gaps of ReLUs.

    `gaps` says how far the argument of a ReLU that a comparison is made of stays below 0 and above 0. `claimed` has the
    first unit and the number of terms of every form that there is a claim about, `latest` what was asked last.

    It grows while a circuit is built and is only read afterwards.
    """

    facts: list[Fact] = field(default_factory=list)
    one_hot: dict[UnitId, UnitId] = field(default_factory=dict)
    group_sizes: dict[UnitId, int] = field(default_factory=dict)
    claims: dict[TermsKey, Claim] = field(default_factory=dict)
    gaps: dict[UnitId, Gap] = field(default_factory=dict)
    claimed: set[tuple[UnitId, int]] = field(default_factory=set)
    latest: tuple[Affine, Fact] | None = field(default=None, init=False, repr=False, compare=False)

    def copied(self) -> Knowledge:
        """The same, to grow on its own."""
        return Knowledge(
            facts=list(self.facts),
            one_hot=dict(self.one_hot),
            group_sizes=dict(self.group_sizes),
            claims=dict(self.claims),
            gaps=dict(self.gaps),
            claimed=set(self.claimed),
        )

    def add_group(self, units: Sequence[UnitId]) -> None:
        """Of these units exactly one is 1, the others are 0."""
        self.one_hot.update(dict.fromkeys(units, units[0]))
        self.group_sizes[units[0]] = len(units)

    def fact(self, form: Affine) -> Fact:
        """What is known of a form.

        >>> from lsrl.circuit.affine import variable
        >>> from lsrl.circuit.facts import BOOLEAN
        >>> Knowledge([BOOLEAN]).fact(variable(0).times(fmpq(3))).high
        3
        """
        if not form.terms:
            return constant_fact(form.constant)
        if len(form.terms) == 1:  # what is claimed of a unit is in its own fact
            ((unit, weight),) = form.terms.items()
            own = self.facts[unit]
            return own if weight == ONE and not form.constant else weighted_sum([(weight, own)], form.constant)
        latest = self.latest
        if latest is None or latest[0] is not form:
            latest = self.latest = form, self._sum_fact(form)
        return latest[1]

    def _sum_fact(self, form: Affine) -> Fact:
        if self.one_hot and any(unit in self.one_hot for unit in form.terms):
            fact = weighted_sum(self._grouped(form), form.constant)
        else:
            facts = self.facts
            fact = weighted_sum(((weight, facts[unit]) for unit, weight in form.terms.items()), form.constant)
        if (min(form.terms), len(form.terms)) in self.claimed:
            scale, direction = _direction(form)
            claim = self.claims.get(terms_key(direction))
            if claim is not None:
                fact = intersection(fact, weighted_sum([(scale, claim[1])], form.constant))
        return fact

    def _grouped(self, form: Affine) -> list[tuple[fmpq, Fact]]:
        """The parts of a form, each one-hot group as one part: its value is one of its weights."""
        parts: list[tuple[fmpq, Fact]] = []
        groups: dict[UnitId, list[fmpq]] = {}
        for unit, weight in form.terms.items():
            group = self.one_hot.get(unit)
            if group is None:
                parts.append((weight, self.facts[unit]))
            else:
                groups.setdefault(group, []).append(weight)
        for group, weights in groups.items():
            if len(weights) < self.group_sizes[group]:
                weights.append(ZERO)
            low, high = min(weights), max(weights)
            if low == high:
                parts.append((ONE, constant_fact(low)))
            else:
                grid = common_measure(weight - weights[0] for weight in weights)
                parts.append((ONE, Fact(low, high, grid, weights[0])))
        return parts

    def assume(self, form: Affine, fact: Fact) -> None:
        """Record what is known of a form beyond its units' facts (a comparison is 0 or 1, say).

        What contradicts the facts is true of no run that a guarantee is about, and left out.
        """
        if not form.terms:
            return
        known = self.fact(form)
        sharper = known if known == fact else intersection(known, fact)
        if sharper == known or is_empty(sharper):
            return
        self.latest = None
        scale, direction = _direction(form)
        scaled = weighted_sum([(1 / scale, sharper)], -form.constant / scale)
        if len(direction) == 1:
            self.facts[direction[0][0]] = scaled
        else:
            self.claims[terms_key(direction)] = direction, scaled
            self.claimed.add((direction[0][0], len(direction)))


def _direction(form: Affine) -> tuple[fmpq, Direction]:
    terms = sorted(form.terms.items())
    scale = terms[0][1]
    return scale, tuple((unit, weight / scale) for unit, weight in terms)
