"""Which values of a program limit its precision, and which change of the weights its decisions certainly tolerate.

A *gain* of K says: while every weight and constant of the circuit changes by a relative amount of at
most u, and no decision flips, the value changes by at most u · K, to first order in u. A decision's *worst case* is the
u below which it does not flip, to first order; what is *certified* of all decisions together is a bound
without that proviso, since it is checked with errors of every order (`weight_noise`).

All of this is about the circuit's own weights, each of them once, and the worst of everything at once. A network passes
values through the layers between two units, and every weight on the way counts again; noise is no adversary. What it
does to a network is estimated apart (`noise_tolerance`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lsrl.circuit.units import BitUnit, Circuit, InputUnit
from lsrl.lang.numbers import as_float
from lsrl.rounding.trail import Maker, Trail
from lsrl.stability.form_sizes import size_of, sizes_of
from lsrl.stability.noise_tolerance import NoiseTolerance
from lsrl.stability.weight_noise import NoisyCircuit, errors, form_error, noisy, own_errors, own_gain

if TYPE_CHECKING:
    from lsrl.view.drawing import Drawing

LimitKind: TypeAlias = Literal["decision", "output", "value"]

TINY = 2.0**-200
"""Relative changes so small that in floats only their first order is left."""

LARGEST = 0.5
"""Relative changes beyond which nothing is claimed."""

SLACK = 1 - 2.0**-20
"""Bounds are computed in float64; this covers their own rounding."""

MOST_MAKERS = 3
"""How many of those that make a bound are named in a line."""

ROUNDS = 8
"""Halvings, on a logarithmic scale, of the interval in which what is certified of all decisions is."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What limits a circuit at one value of the program, in its worst component.

    `decision`: the comparison's argument is up to `magnitude`, and stays `margin` away from where the result
    would change; `gain` is the argument's. `output`: it is up to `magnitude`, and rounds to the right grid
    point while it is off by less than `margin`, half the grid. `value`: everything else; it has no margin.
    `worst_case` = margin / gain is the relative change of all weights that it tolerates, to first order, whatever their
    signs. `made` is what of the gain its own weights make; the rest it inherits.
    """

    name: str
    kind: LimitKind
    margin: float | None
    magnitude: float
    gain: float
    worst_case: float | None
    made: float

    def as_dict(self) -> dict[str, Any]:
        """The limit as plain JSON types; what is not bounded is None."""
        numbers = {key: getattr(self, key) for key in ("margin", "magnitude", "gain", "worst_case", "made")}
        return {"name": self.name, "kind": self.kind} | {key: _finite(number) for key, number in numbers.items()}


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The limits of a circuit, worst first: decisions and outputs by their worst case, then values by gain.

    No decision flips while every weight of the circuit changes by a relative amount of at most `certified` (0 to 0.5;
    infinite where nothing is decided). The outputs then change by at most `output_gain` times that, to first order.
    `unbounded` names the first value of which no bound is known, or nothing. Of a network, `noise` is the noise
    that it is estimated to tolerate, and `trail` has the rounding errors of all its numbers.

    >>> from lsrl.lowering.legalise import legalised
    >>> from lsrl.lowering.rules import WITHOUT_PRODUCTS
    >>> from lsrl.circuit.translate import circuit_of
    >>> from lsrl.lang import Input, Program, larger
    >>> circuit = circuit_of(Program(larger(Input(1, range=(0, 9), integer=True), 4, name="high")))
    >>> found = sensitivity_of(legalised(circuit, WITHOUT_PRODUCTS))
    >>> found.weakest.name, found.weakest.margin, found.output_gain
    ('high', 0.375, 2.0)
    """

    limits: tuple[Limit, ...]
    certified: float
    output_gain: float
    unbounded: str = ""
    noise: NoiseTolerance | None = None
    trail: Trail | None = field(default=None, compare=False, repr=False)

    @property
    def tolerance(self) -> float | None:
        """σ of relative noise on all weights that 99 of 100 networks are estimated to tolerate; None: not estimated."""
        return None if self.noise is None else self.noise.tolerance

    @property
    def makers(self) -> tuple[Maker, ...]:
        """What makes the largest bound of an output by rounding, worst first; empty where all outputs are exact."""
        return () if self.trail is None else self.trail.makers

    @property
    def weakest(self) -> Limit | None:
        """The decision that flips first in the worst case, or None where nothing is decided."""
        return next((limit for limit in self.limits if limit.kind == "decision"), None)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types; what is not bounded is None."""
        return {
            "tolerance": self.tolerance,
            "certified": _finite(self.certified),
            "output_gain": _finite(self.output_gain),
            "unbounded": self.unbounded,
            "limits": [limit.as_dict() for limit in self.limits],
            "noise": None if self.noise is None else self.noise.as_dict(),
            "rounding": None if self.trail is None else self.trail.as_dict(),
        }

    def draw(self) -> Drawing:
        """A picture: bars for the decisions and outputs that change first, for gains, for what rounds; worst first."""
        from lsrl.view.sensitivity_drawing import draw_sensitivity

        return draw_sensitivity(self)

    def _repr_svg_(self) -> str:
        return self.draw().svg

    def __str__(self) -> str:
        parts = [self._decided()] if self.noise is None else [str(self.noise), self._decided()]
        if math.isfinite(self.output_gain):
            parts.append(f"outputs change by at most {self.output_gain:.2g} times the change, to first order")
        if self.unbounded:
            unknown = any(math.isinf(limit.magnitude) for limit in self.limits)
            hint = ": declare Input(range=...) and max_length" if unknown else ", whose changes a loop may add up"
            parts.append(f"no bound is known for {self.unbounded!r}{hint}")
        if self.makers and math.isfinite(self.makers[0].share):
            worst = ", ".join(f"{maker.name!r} {maker.part:.0%}" for maker in self.makers[:MOST_MAKERS])
            parts.append(f"rounding: of the largest bound, {worst}")
        return "; ".join(parts)

    def _decided(self) -> str:
        weakest = self.weakest
        if weakest is None:
            return "nothing is decided by a gap"
        if not weakest.margin:
            return f"no change of weights is tolerated: {weakest.name!r} tells 0 from the number next to it"
        if not self.certified:
            return f"no change of weights is known to be tolerated (weakest: {weakest.name!r})"
        return (
            f"no decision flips while every weight of the circuit changes by at most {100 * self.certified:.2g} % "
            f"(weakest: {weakest.name!r}, margin {weakest.margin:.3g} of {weakest.magnitude:.3g})"
        )


def sensitivity_of(circuit: Circuit) -> Sensitivity:
    """What limits a legalised circuit; takes time proportional to its size."""
    noise = noisy(circuit)
    small = errors(noise, TINY)
    gains = [error / TINY for error in small]
    decisions = list(_decisions(noise, small))
    outputs = list(_outputs(noise, small))
    decided = {limit.name for limit in decisions}
    own = [error / TINY for error in own_errors(noise, TINY)]
    values = [limit for limit in _values(noise, gains, own) if limit.name not in decided]
    unbounded = [circuit.origins[i] for i, gain in enumerate(gains) if math.isinf(gain)]
    if not unbounded:  # a decision's argument may be the first form without a bound
        unbounded = [limit.name for limit in (*decisions, *outputs) if math.isinf(limit.gain)]
    return Sensitivity(
        limits=(*sorted(_worst([*decisions, *outputs]), key=_by_worst_case), *sorted(_worst(values), key=_by_gain)),
        certified=_certified(noise, decisions),
        output_gain=max(limit.gain for limit in outputs),
        unbounded=unbounded[0] if unbounded else "",
    )


def _decisions(noise: NoisyCircuit, small: Sequence[float]) -> Iterator[Limit]:
    for unit, decision in noise.decisions.items():
        argument = noise.arguments[unit]
        gain = form_error(noise, argument, small, TINY) / TINY
        name, made = noise.circuit.origins[unit], own_gain(noise, argument)
        yield Limit(name, "decision", decision.margin, argument.largest, gain, decision.worst_case(gain), made)


def _outputs(noise: NoisyCircuit, small: Sequence[float]) -> Iterator[Limit]:
    circuit = noise.circuit
    for i, form in enumerate(circuit.outputs):
        fact = circuit.knowledge.fact(form)
        sizes = sizes_of(circuit, form)
        gain, made = form_error(noise, sizes, small, TINY) / TINY, own_gain(noise, sizes)
        margin = None if fact.grid is None or fact.low == fact.high else as_float(fact.grid) / 2
        worst_case = None if margin is None else margin / gain if gain else math.inf
        yield Limit(f"output[{i}]", "output", margin, size_of(fact), gain, worst_case, made)


def _values(noise: NoisyCircuit, gains: Sequence[float], own: Sequence[float]) -> Iterator[Limit]:
    for i, unit in enumerate(noise.circuit.units):
        if not isinstance(unit, (InputUnit, BitUnit)) and i not in noise.decisions:
            yield Limit(noise.circuit.origins[i], "value", None, noise.values[i], gains[i], None, own[i])


def _worst(limits: Sequence[Limit]) -> Iterator[Limit]:
    """The worst component of every value."""
    found: dict[str, Limit] = {}
    for limit in limits:
        known = found.get(limit.name)
        if known is None or (_by_worst_case(limit), _by_gain(limit)) < (_by_worst_case(known), _by_gain(known)):
            found[limit.name] = limit
    yield from found.values()


def _by_worst_case(limit: Limit) -> float:
    return math.inf if limit.worst_case is None else limit.worst_case


def _by_gain(limit: Limit) -> float:
    return -limit.gain


def _certified(noise: NoisyCircuit, decisions: Sequence[Limit]) -> float:
    """A relative change up to which no decision flips, close to the largest that can be shown."""
    if not decisions:
        return math.inf
    most = min(LARGEST, *(_by_worst_case(limit) for limit in decisions)) * SLACK
    if not most or _all_hold(noise, most):
        return most
    least = 0.0
    low, high = most * 1e-6, most
    for _ in range(ROUNDS):
        middle = math.sqrt(low * high)
        if _all_hold(noise, middle):
            low = least = middle
        else:
            high = middle
    return least * SLACK


def _all_hold(noise: NoisyCircuit, u: float) -> bool:
    found = errors(noise, u)
    return all(
        decision.holds(form_error(noise, noise.arguments[unit], found, u), u)
        for unit, decision in noise.decisions.items()
    )


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
