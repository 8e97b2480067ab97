"""The errors of all numbers of a network: which are made where, and what makes an output's bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, TypeAlias

from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact

Reads: TypeAlias = Iterable[tuple[int, float]]
"""Numbers by their place in the trail, and how many times the error of each is passed on."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number of a network: what it is for, what is known of its exact value, and how far off it can be.

    `inherited` are parts of that error: the places of other numbers in the trail, and what comes from each.
    """

    label: str
    fact: Fact
    error: float
    inherited: tuple[tuple[int, float], ...] = ()

    @property
    def made(self) -> float:
        """What of the error is made here."""
        parts = sum(part for _, part in self.inherited)
        return 0.0 if math.isinf(parts) else max(self.error - parts, 0.0)


EXACT = Rounded("", Fact(), 0.0)
"""Any number that is what it should be, to the last bit: there is nothing to say of it."""


@dataclass(frozen=True, slots=True)
class NamedError:
    """A value of the program as the network has it: its error, in its worst component, and how much is made there."""

    name: str
    error: float
    made: float

    @property
    def inherited(self) -> float:
        """What comes with the values that it is made of."""
        return self.error - self.made if math.isfinite(self.error) else self.error


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes a bound loose: the error made there, how much of the bound comes from it, and which part that is."""

    name: str
    made: float
    share: float
    part: float

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON types; what is not bounded is None."""
        return _finite(asdict(self))


@dataclass(frozen=True)
class Trail:
    """All numbers of a network, each after those that it reads; its outputs; and how a form over units is read.

    `values` gives the program's named values as forms.
    """

    numbers: Sequence[Rounded]
    outputs: Sequence[Rounded]
    values: Mapping[str, Sequence[Affine]]
    read: Callable[[str, Affine], Rounded]

    @cached_property
    def makers(self) -> tuple[Maker, ...]:
        """What makes the largest bound of an output, worst first; empty where all outputs are exact."""
        return self.makers_of(max(self.outputs, key=lambda output: output.error))

    def makers_of(self, output: Rounded) -> tuple[Maker, ...]:
        """What makes the bound of an output, worst first."""
        whole = output.error
        found = [
            Maker(name, made, share, share / whole if math.isfinite(whole) else 1.0)
            for name, (made, share) in self._made_for(output).items()
        ]
        return tuple(sorted(found, key=lambda maker: -maker.share))

    def as_dict(self) -> dict[str, Any]:
        """What makes the largest bound, and the values that are not exact, as plain JSON types; no bound is None."""
        values = [value for name in self.values if (value := self.value(name)).error]
        values.sort(key=lambda value: -value.made)
        return {
            "makers": [maker.as_dict() for maker in self.makers],
            "values": [_finite({**asdict(value), "inherited": value.inherited}) for value in values],
        }

    def value(self, name: str) -> NamedError:
        """The error with which a named value can be read. Raises `KeyError` for what is not computed."""
        found = [self.read(name, form) for form in self.values[name]]
        worst = max(found, key=lambda number: number.error)
        return NamedError(name, worst.error, self._made_for(worst).get(name, (0.0, 0.0))[1])

    def _made_for(self, read: Rounded) -> dict[str, tuple[float, float]]:
        """The largest error made under each name, and how much of this number's error comes from there."""
        flow = [0.0] * len(self.numbers)
        found: dict[str, tuple[float, float]] = {}

        def spread(number: Rounded, share: float) -> None:
            part = share / number.error if math.isfinite(number.error) else 1.0
            for place, amount in number.inherited:
                flow[place] += amount * part
            if number.made:
                made, known = found.get(number.label, (0.0, 0.0))
                found[number.label] = max(made, number.made), known + number.made * part

        if read.error:
            spread(read, read.error)
        for place in reversed(range(len(flow))):
            if flow[place]:
                spread(self.numbers[place], flow[place])
        return found


def rounded(label: str, fact: Fact, error: float, reads: Reads, numbers: Sequence[Rounded]) -> Rounded:
    """A number with its error, of which what it reads passes on so much.

    Where less than that is left of an error, the parts are less in proportion.
    """
    if not error:
        return EXACT
    parts = [(place, times * numbers[place].error) for place, times in reads if times and numbers[place].error]
    total = sum(part for _, part in parts)
    if total > error or math.isinf(total):
        less = error / total if math.isfinite(total) else 1.0
        parts = [(place, part * less) for place, part in parts if math.isinf(part) or math.isfinite(total)]
    return Rounded(label, fact, error, tuple(parts))


def _finite(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isinf(value) else value for key, value in fields.items()}
