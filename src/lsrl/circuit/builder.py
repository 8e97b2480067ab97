"""Building circuits: every unit is made here, once, with its facts.

The constructors are smart: they fold what the facts decide, and return the *form* a new unit (or
none) is worth. Equal units are one unit.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lsrl.circuit.affine import Affine, number, terms_key, variable
from lsrl.circuit.cases import fact_by_cases, fact_under
from lsrl.circuit.facts import BOOLEAN, Fact, constant_fact, intersection, product_fact, relu_fact, weighted_sum
from lsrl.circuit.rare_terms import rare_sum_fact
from lsrl.circuit.state_facts import cluster_facts, gated_state_fact
from lsrl.circuit.state_graph import clusters, components, is_permutation
from lsrl.circuit.unit_store import UnitStore
from lsrl.circuit.units import (
    BitUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    ProductUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
)
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lang.primitives import Via

RAMP = fmpq(1, 4)
"""The part of the gap between two values that the ramp of a comparison takes, in its middle."""


class CircuitBuilder(UnitStore):
    """A store of units with a constructor for each kind."""

    def linear(self, form: Affine) -> Affine:
        """A form of the program's own, with what is known of it by cases, if that is more than its terms tell.

        What is always the same number is that number, and no sum of large ones that cancel.
        """
        found = fact_by_cases(form, self.units, self.fact)
        if found is not None:
            self.assume(form, intersection(self.fact(form), found))
        fact = self.fact(form)
        return form if fact.low is None or fact.low != fact.high else number(fact.low)

    def input(self, component: int, fact: Fact) -> Affine:
        """A component of the input stream."""
        return self.unit(("input", component), InputUnit(component), fact)

    def relu(self, argument: Affine) -> Affine:
        """max(argument, 0), as the cheapest form that has this value on every reachable input."""
        folded = self.folded_relu(argument)
        if folded is not None:
            return folded
        argument = self._widened(argument)
        height = self._clip_height(argument)
        clip = None if height is None else self._clip(argument.times(1 / height))
        if height is None or clip is None:
            # A comparison's own clip stays between 0 and 1; any other form is scaled to whole weights.
            return self._plain_relu(argument, self.fact(argument), ONE if height == 1 else argument.content())
        return clip.times(height)

    def _widened(self, argument: Affine) -> Affine:
        """The argument with its gentlest slope: where only its greatest value is above 0, from the one below it on."""
        fact = self.fact(argument)
        if fact.grid is None or fact.high is None:
            return argument
        below = fact.high - fact.grid
        return argument.shifted(-below).times(fact.high / fact.grid) if below < 0 else argument

    def decided_off(self, boolean: Affine) -> Affine:
        """1 − the boolean, as relu(1 − 2 · boolean): exactly 0 even where the boolean is only nearly 1."""
        if boolean.is_constant:
            return one_minus(boolean)
        argument = boolean.times(fmpq(-2)).shifted(ONE)
        return self.unit(("relu", argument.key()), ReLUUnit(argument), BOOLEAN)

    def folded_relu(self, argument: Affine) -> Affine | None:
        """max(argument, 0) where the facts make it a form that needs no unit of its own."""
        fact = self.fact(argument)
        if fact.low is not None and fact.low >= 0:
            return argument
        if fact.high is not None and fact.high <= 0:
            return number(ZERO)
        folded = self._one_hot_relu(argument)
        if folded is None and fact.two_values is not None:
            # Negative at one of its two values, positive at the other: an affine function of itself.
            low, high = fact.two_values
            return argument.shifted(-low).times(high / (high - low))
        return folded

    def _plain_relu(self, argument: Affine, fact: Fact, scale: fmpq) -> Affine:
        normal = argument.times(1 / scale)
        unit = self.unit(("relu", normal.key()), ReLUUnit(normal), weighted_sum([(1 / scale, relu_fact(fact))], ZERO))
        return unit.times(scale)

    def _one_hot_relu(self, argument: Affine) -> Affine | None:
        """Any function of a one-hot group is a weighted sum of its members."""
        groups = {self.knowledge.one_hot.get(unit) for unit in argument.terms}
        if len(groups) != 1 or None in groups:
            return None
        rest = max(argument.constant, ZERO)
        terms = {
            unit: gain
            for unit, weight in argument.terms.items()
            if (gain := max(argument.constant + weight, ZERO) - rest)
        }
        return Affine(terms, rest)

    def _clip_height(self, argument: Affine) -> fmpq | None:
        """c, where the argument is c − a·relu(g) with c, a > 0: its ReLU is c·clip(1 − (a/c)·g, 0, 1)."""
        if len(argument.terms) != 1 or argument.constant <= 0:
            return None
        ((unit, weight),) = argument.terms.items()
        return argument.constant if weight < 0 and isinstance(self.units[unit], ReLUUnit) else None

    def _clip(self, argument: Affine) -> Affine | None:
        """relu(1 − a·relu(g)) = clip(f, 0, 1) with f = 1 − a·g, on the widest ramp that is safe; None for f's own.

        Where f has a grid with no point strictly inside (0, 1), let p ≤ 0 and q ≥ 1 be the grid
        points around the ramp. If p is the least (q the greatest) value, one ReLU is enough;
        otherwise the ramp takes the middle quarter of the gap, so that an error of up to 3/8 of
        the gap does not reach the result at all. No ramp stands more than half of it; an eighth was
        tried, and float32 no longer tells long ranges apart exactly.
        """
        progress = self.ramp(argument)
        fact = self.fact(progress)
        if fact.grid is None:
            return None
        below = fact.offset + fact.grid * ((ZERO - fact.offset) / fact.grid).floor()
        if below + fact.grid < 1:
            return None
        across = progress.shifted(-below).times(1 / fact.grid)  # 0 at p, 1 at q, whole everywhere
        if fact.low == below:
            return one_minus(self.relu(one_minus(across)))
        if fact.high == below + fact.grid:
            return self.relu(across)
        missing = one_minus(across.times(1 / RAMP).shifted((1 - 1 / RAMP) / 2))
        centred = one_minus(self._plain_relu(missing, self.fact(missing), missing.content()))
        clip = self._plain_relu(centred, self.fact(centred), ONE)
        self.assume(clip, BOOLEAN)
        return clip

    def product(self, left: Affine, right: Affine, via: Via = "auto") -> Affine:
        """left · right."""
        facts = self.fact(left), self.fact(right)
        for known, other in zip(facts, (right, left), strict=True):
            if known.low is not None and known.low == known.high:
                return other.times(known.low)
        fact = product_fact(*facts)
        # Equal products up to a factor are one unit; a boolean stays 0 or 1, for big-M to recognise.
        scales = [ONE if known.is_boolean else side.content() for known, side in zip(facts, (left, right), strict=True)]
        left, right = left.times(1 / scales[0]), right.times(1 / scales[1])
        scale = scales[0] * scales[1]
        keys = tuple(sorted((left.key(), right.key())))
        unit = self.unit(("product", keys, via), ProductUnit(left, right, via), weighted_sum([(1 / scale, fact)], ZERO))
        return unit.times(scale)

    def gate(self, gate: Affine, argument: Affine) -> Affine:
        """gate · max(argument, 0)."""
        fact = product_fact(self.fact(gate), relu_fact(self.fact(argument)))
        return self.unit(("gate", gate.key(), argument.key()), GateUnit(gate, argument), fact)

    def step(self, argument: Affine, margin: fmpq | None) -> Affine:
        """1 where the argument is above 0, 0 where it is below; |argument| ≥ margin, if there is one."""
        fact = self.fact(argument)
        if fact.low is not None and fact.low > 0:
            return number(ONE)
        if fact.high is not None and fact.high < 0:
            return number(ZERO)
        scale = argument.content()
        normal, margin = argument.times(1 / scale), None if margin is None else margin / scale
        key = ("step", normal.key(), margin is None)
        return self.unit(key, StepUnit(normal, margin), BOOLEAN)

    def bit(self, boolean: Affine) -> Affine:
        """The boolean as a number that is exactly 0 or exactly 1, however it was decided."""
        if boolean.is_constant:
            return boolean
        unit = max(boolean.terms)
        if len(boolean.terms) > 1 or not isinstance(self.units[unit], StepUnit):
            boolean = self.step(boolean.shifted(fmpq(-1, 2)), fmpq(1, 2))
        return self.unit(("bit", boolean.key()), BitUnit(boolean), BOOLEAN)

    def ramp(self, argument: Affine) -> Affine:
        """f, where the argument is 1 − a·relu(g) with a > 0: its ReLU is clip(f, 0, 1), f = 1 − a·g. Else itself."""
        if self._clip_height(argument) != 1:
            return argument
        ((unit, weight),) = argument.terms.items()
        inner = self.units[unit]
        return inner.argument.times(weight).shifted(ONE) if isinstance(inner, ReLUUnit) else argument

    def gated_state(self, gate: Affine, drive: Affine, init: fmpq, *, latches: bool = False) -> Affine:
        """The selective state sₜ = gate · sₜ₋₁ + drive; the gate is a boolean.

        `latches` tells that the drive is known to be 0 under gate 1; else it is found out.
        """
        known = self.fact(gate)
        if known.high == 0:
            return drive
        if known.low == 1:
            return self.states([((0, ONE),)], [drive], [init])[0]
        taken, added = (fact_under(drive, gate, value, self.units, self.fact) for value in (ZERO, ONE))
        if added.low == added.high == 0:
            latches = True
        fact = gated_state_fact(taken, constant_fact(ZERO) if latches else added, init, self.max_length)
        if fact.low is not None and fact.low == fact.high:
            return number(fact.low)
        key = ("gated state", gate.key(), drive.key(), terms_key([(0, init)]))
        return self.unit(key, GatedStateUnit(gate, drive, init, latches), fact)

    def sum(self, argument: Affine) -> Affine:
        """The form as a unit of its own."""
        return self.unit(("sum", argument.key()), SumUnit(argument), self.fact(argument))

    def states(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        """The components of sₜ = A sₜ₋₁ + driveₜ as forms; `rows` are A's.

        A component that reads no state is its drive; one that never changes is its initial value.
        """
        meanings: dict[int, Affine] = {}
        for members in clusters(rows):
            place = {member: position for position, member in enumerate(members)}
            inner = [tuple(sorted((place[j], weight) for j, weight in rows[i])) for i in members]
            forms = self._cluster(inner, [drives[i] for i in members], [inits[i] for i in members])
            meanings.update(zip(members, forms, strict=True))
        return [meanings[i] for i in range(len(rows))]

    def _cluster(self, rows: Sequence[Row], drives: Sequence[Affine], inits: Sequence[fmpq]) -> list[Affine]:
        """States that read one another: one block of units, shared with an equal cluster as a whole."""
        if len(rows) == 1 and (not rows[0] or (rows[0] == ((0, ONE),) and _is_zero(drives[0]))):
            return [number(inits[0])] if rows[0] else list(drives)
        key = (
            "states",
            tuple(map(terms_key, rows)),
            tuple(drive.key() for drive in drives),
            terms_key(enumerate(inits)),
        )
        known = self._shared.get(key)
        if known is None:
            first = len(self.units)
            facts = cluster_facts(rows, [self.fact(drive) for drive in drives], inits, self.max_length)
            if rows == [((0, ONE),)] and self.knowledge.one_hot:
                rare = rare_sum_fact(drives[0], inits[0], self.units, self.knowledge, self.max_length)
                facts = [intersection(facts[0], rare)]
            for row, drive, init, fact in zip(rows, drives, inits, facts, strict=True):
                self._append(StateUnit(tuple((first + j, w) for j, w in row), drive, init, first), fact)
            known = self._shared[key] = list(range(first, len(self.units)))
            one_hot = sorted(inits) == [ZERO] * (len(rows) - 1) + [ONE] and all(map(_is_zero, drives))
            if one_hot and is_permutation(rows) and len(components(rows)) == 1:
                self.knowledge.one_hot.update(dict.fromkeys(known, first))
                self.knowledge.group_sizes[first] = len(known)
        return [variable(unit) if row else drive for unit, row, drive in zip(known, rows, drives, strict=True)]


def one_minus(form: Affine) -> Affine:
    """1 − form."""
    return form.times(-ONE).shifted(ONE)


def _is_zero(form: Affine) -> bool:
    return form.is_constant and not form.constant
