"""Numbers of which one is 0 where the other is not: what a sum of two such numbers rounds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from flint import fmpq

from lsrl.circuit.facts import multiple, union
from lsrl.rounding.error_calculus import Numbers, size_of
from lsrl.rounding.sums import Term

BOTH = 1 + 2.0**-12
"""What two numbers that are both off 0 add by being rounded: where a dip may be, v is a few thousand times as large."""


@dataclass
class Pairs:
    """`opposites` leads from γ · relu(−v) to γ · relu(v), `apart` from a number to one that is 0, exactly, or it is."""

    opposites: dict[int, int] = field(default_factory=dict)
    apart: dict[int, int] = field(default_factory=dict)
    _seen: dict[Hashable, int] = field(default_factory=dict)

    def add(self, place: int, gate: Hashable, form: Hashable, negated: Hashable) -> None:
        """A number gate · relu(form)."""
        other = self._seen.get((gate, negated))
        if other is not None:
            self.opposites[place] = other
        self._seen[gate, form] = place

    def add_choice(self, place: int, form: Hashable, complement: Hashable) -> None:
        """The same, whatever its gate, of a form that is 0 or 1, and its complement 1 − form, exactly."""
        other = self._seen.get(("choice", complement))
        if other is not None:
            self.apart[place] = other
        self._seen["choice", form] = place


def terms_of(row: Iterable[tuple[int, fmpq]], numbers: Numbers, known: Pairs) -> list[Term]:
    """What a row over numbers adds up.

    Of a pair with weights ±w one is 0, so that to add them rounds nothing. The difference of opposites is off by no
    more than the worse, and as large as the larger: where v is off 0 by more than its error, the other is 0, but for a
    dip; elsewhere both are from 0 to what is left of the error, or dip. Their sum is off by what both are off, and
    rounds only where both are as small as that.
    """
    if not known.opposites and not known.apart:
        return [(weight, numbers[i].fact, numbers[i].error) for i, weight in row]
    weights, terms = dict(row), list[Term]()
    pairs = _paired(weights, known.opposites, known.apart)
    once = set(pairs.values())
    for i, weight in weights.items():
        number = numbers[i]
        if i in once:
            continue
        if i not in pairs:
            terms.append((weight, number.fact, number.error))
            continue
        other, opposite = numbers[pairs[i]], pairs[i] in known.opposites and known.opposites[pairs[i]] == i
        if opposite and weights[pairs[i]] == -weight:
            larger = number.fact if size_of(other.fact) <= size_of(number.fact) else other.fact
            terms.append((weight, larger, max(number.error, other.error) + max(number.dip, other.dip)))
        else:
            fact = union([number.fact, multiple(weights[pairs[i]] / weight, other.fact)])
            both = (number.error + other.error) * BOTH if opposite else max(number.error, other.error)
            terms.append((weight, fact, both))
    return terms


def _paired(weights: Mapping[int, fmpq], *links: Mapping[int, int]) -> dict[int, int]:
    """Numbers of a row with weights ±w that a link leads to, and from where: each is in one pair, of the first link."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for link in links:
        for later, weight in weights.items():
            earlier = link.get(later)
            if (
                earlier is not None
                and earlier in weights
                and abs(weights[earlier]) == abs(weight)
                and not taken & {earlier, later}
            ):
                pairs[earlier] = later
                taken |= {earlier, later}
    return pairs
