"""What a compiled model promises about its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Context
from operator import mul
from typing import Literal, TypeAlias

from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import as_float
from lsrl.notebook import html_fields
from lsrl.rounding.trail import Rounded, Trail

GuaranteeKind: TypeAlias = Literal["exact", "bounded", "none"]

SLACK = 1 + 2.0**-20
"""Bounds are computed in float64; this covers their own rounding."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """How far a model's output can be from the program's exact value.

    It holds for inputs inside the declared range and grid, for sequences up to `max_length`
    (None: any length), wherever no comparison is undecided. `exact`: equal bit for bit.
    `bounded`: |error| ≤ `bounds[i]` in output component i, 0 for equal bit for bit. `none`: nothing is known of a
    component whose bound is infinite. `reason` says what to declare, or why a bound says nothing; `trail` has the
    errors of all numbers in the network, unless the model was loaded.

    >>> guarantee = Guarantee((0.0, 0.5), 100)
    >>> print(guarantee)
    bounded: |error| ≤ 0.5 in output 1, the other exact, up to 100 steps
    >>> guarantee.kind, guarantee.bound
    ('bounded', 0.5)
    """

    bounds: tuple[float, ...]
    max_length: int | None
    reason: str = ""
    trail: Trail | None = field(default=None, compare=False, repr=False)

    @property
    def bound(self) -> float:
        """The largest bound of any component."""
        return max(self.bounds)

    @property
    def kind(self) -> GuaranteeKind:
        """`exact`, `bounded` or `none`, whichever is true of the worst component."""
        return "exact" if self.bound == 0 else "bounded" if math.isfinite(self.bound) else "none"

    def _repr_html_(self) -> str:
        return html_fields({"kind": self.kind, "it says": str(self), "bounds": self.bounds}, "Guarantee")

    def __str__(self) -> str:
        length = "any length" if self.max_length is None else f"up to {self.max_length:,} steps"
        if self.kind == "exact":
            return f"exact: bit for bit, {length}"
        if self.kind == "none":
            return f"none: {self.reason}"
        inexact = [str(i) for i, bound in enumerate(self.bounds) if bound]
        where = ""
        if len(inexact) < len(self.bounds):
            others = "the others" if len(self.bounds) - len(inexact) > 1 else "the other"
            where = f" in output {', '.join(inexact)}, {others} exact"
        reason = f"; {self.reason}" if self.reason else ""
        return f"bounded: |error| ≤ {_rounded_up(self.bound):.2g}{where}, {length}{reason}"


def guarantee_from(trail: Trail, max_length: int | None) -> Guarantee:
    """The guarantee that the errors of a network's outputs give."""
    bounds, reason = [output.error for output in trail.outputs], ""
    useless = [output for output in trail.outputs if output.error > 0 and output.error >= _span(output.fact)]
    if not all(map(math.isfinite, bounds)):
        reason = _unbounded(trail)
    elif useless:
        reason = _useless(trail, useless[0])
    # A boolean that went the other way is off by 1, which is not a sum of roundings.
    slack = [1.0 if bound == 1 else SLACK for bound in bounds]
    return Guarantee(tuple(map(mul, bounds, slack)), max_length, reason, trail)


def _rounded_up(bound: float) -> float:
    """The bound in two digits, none of which promises more than it does."""
    return float(Context(prec=2, rounding=ROUND_CEILING).create_decimal(repr(bound)))


def _span(fact: Fact) -> float:
    """How large a range is; of a single number, how large that is."""
    if fact.low is None or fact.high is None:
        return math.inf
    return as_float(fact.high - fact.low) or as_float(abs(fact.high)) or 1.0


def _unbounded(trail: Trail) -> str:
    """Which number has no bound first, and what that takes."""
    culprit = next((number for number in trail.numbers if math.isinf(number.error)), None)
    label = repr("the output" if culprit is None else culprit.label)
    if culprit is not None and culprit.fact.magnitude is not None:
        return (
            f"{label} is decided among numbers too large for this float format to tell apart, or adds its errors up; "
            "write wider ramps (width=…), smaller ranges or max_length, or use dtype='float64' where the target has it"
        )
    return (
        f"no range that floats hold is known for {label}; "
        "declare Input(range=...) and max_length (a state that grows at every step has none)"
    )


def _useless(trail: Trail, output: Rounded) -> str:
    """Which number can first be anything in its range, and what makes most of an output's bound."""
    culprit = next((number for number in trail.numbers if _span(number.fact) <= number.error), None)
    label = "the output" if culprit is None else repr(culprit.label)
    worst = trail.makers_of(output)[0]
    return (
        f"that says nothing, being as large as the range of the output: {label} is what is left of much larger "
        f"numbers, and {worst.part:.0%} of the bound is made in {worst.name!r}; select by lsrl.ifelse, "
        "which takes its constants from the ranges, compare with wider ramps (width=…), or write smaller numbers"
    )
