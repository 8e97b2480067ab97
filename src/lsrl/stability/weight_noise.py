"""What changed weights do to a circuit: a bound on every unit's error.

Every weight, constant and initial value is multiplied by a factor between 1 − u and 1 + u, which may
differ from step to step. Then, with |x| the largest value of x from the facts and e(x) a bound on its error,

    e(Σ w x + c)    = Σ |w| ((1 + u) e(x) + u |x|) + u |c|

and all else as in `lsrl.rounding.error_calculus`, ρ being changed, too.

A comparison whose argument keeps away from where the result would change (a *decision*) passes on
no error as long as it does not flip: its own weights are all that is left. Inputs have no error.
The bounds rise with u, so that what holds of one u holds of all smaller ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from lsrl.circuit.affine import UnitId
from lsrl.circuit.facts import relu_fact
from lsrl.circuit.powers_of_two import power
from lsrl.circuit.state_graph import components
from lsrl.circuit.units import (
    AutomatonUnit,
    BitUnit,
    ChoiceUnit,
    Circuit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    PreviousUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
    Unit,
    forms_of,
)
from lsrl.lang.numbers import as_float
from lsrl.lowering.rounded_delays import KEPT
from lsrl.placement.loops import is_loop, unit_groups
from lsrl.rounding.error_calculus import accumulated, product, times
from lsrl.stability.decisions import Decision, decisions_of
from lsrl.stability.form_sizes import FormSizes, size_of, sizes_of


@dataclass(frozen=True, slots=True)
class NoisyCircuit:
    """A circuit, its forms as sizes, its decisions and their arguments; `open` are the steps that may go either way.

    `loops` gives, for the first state of every cluster, its components in the order in which they are read; `groups`
    are all units, those together that are in one loop.
    """

    circuit: Circuit
    values: Sequence[float]
    forms: Sequence[tuple[FormSizes, ...]]
    decisions: Mapping[UnitId, Decision]
    arguments: Mapping[UnitId, FormSizes]
    open: frozenset[UnitId]
    loops: Mapping[UnitId, list[list[UnitId]]]
    groups: Sequence[Sequence[UnitId]]

    @property
    def steps(self) -> float:
        """How many steps a sequence has at most."""
        return math.inf if self.circuit.max_length is None else float(self.circuit.max_length)


def noisy(circuit: Circuit) -> NoisyCircuit:
    """What is needed to bound errors in a circuit."""
    forms = [tuple(sizes_of(circuit, form) for form in forms_of(unit)) for unit in circuit.units]
    undecided: set[UnitId] = set()
    loops: dict[UnitId, list[list[UnitId]]] = {}
    for i, unit in enumerate(circuit.units):
        if (isinstance(unit, StepUnit) and unit.margin is None) or (
            isinstance(unit, BitUnit) and _reads_open(forms[i][0], undecided)
        ):
            undecided.add(i)
        if isinstance(unit, StateUnit) and unit.cluster == i:
            rows = [[(j - i, w) for j, w in state.previous] for _, state in circuit.cluster(i)]
            loops[i] = [[i + member for member in members] for members in components([tuple(row) for row in rows])]
    values = [size_of(fact) for fact in circuit.knowledge.facts]
    decisions = decisions_of(circuit)
    arguments = {i: sizes_of(circuit, decision.argument) for i, decision in decisions.items()}
    return NoisyCircuit(circuit, values, forms, decisions, arguments, frozenset(undecided), loops, unit_groups(circuit))


def errors(noise: NoisyCircuit, u: float) -> list[float]:
    """A bound on the error of every unit at relative changes up to u < 1, as long as no decision flips."""
    found = [0.0] * len(noise.forms)
    for group in noise.groups:
        if is_loop(noise.circuit, group):
            _feedback_errors(noise, group, found, u)
        elif isinstance(noise.circuit.units[group[0]], StateUnit):
            for members in noise.loops[group[0]]:
                _loop_errors(noise, members, found, u)
        else:
            found[group[0]] = _error(noise, group[0], noise.circuit.units[group[0]], found, u)
    return found


def own_errors(noise: NoisyCircuit, u: float) -> list[float]:
    """What of every unit's error its own weights make: the same with all that it reads exact."""
    units, found = noise.circuit.units, [0.0] * len(noise.forms)
    made = [0.0 if isinstance(unit, StateUnit) else _error(noise, i, unit, found, u) for i, unit in enumerate(units)]
    for loops in noise.loops.values():
        for members in loops:
            _loop_errors(noise, members, found, u)
            for i in members:
                made[i], found[i] = found[i], 0.0
    return made


def form_error(noise: NoisyCircuit, form: FormSizes, found: Sequence[float], u: float) -> float:
    """A bound on the error of a form, given its units'; none where it reads a step that may go either way."""
    return math.inf if _reads_open(form, noise.open) else _sum_error(noise, form, found, u)


def own_gain(noise: NoisyCircuit, form: FormSizes) -> float:
    """What a form's own weights add to its error, for each relative change of theirs."""
    return form.constant + sum(weight * noise.values[unit] for unit, weight in form.terms)


def _sum_error(noise: NoisyCircuit, form: FormSizes, found: Sequence[float], u: float) -> float:
    values, kept, total = noise.values, 1 + u, u * form.constant
    for unit, weight in form.terms:
        total += weight * (kept * found[unit] + u * values[unit])
    return total


def _reads_open(form: FormSizes, undecided: Set[UnitId]) -> bool:
    return bool(undecided) and any(unit in undecided for unit, _ in form.terms)


def _error(noise: NoisyCircuit, i: UnitId, unit: Unit, found: Sequence[float], u: float) -> float:
    forms = noise.forms[i]
    if i in noise.open or (i in noise.decisions and not isinstance(unit, ChoiceUnit)):
        return u * forms[0].constant if isinstance(unit, ReLUUnit) else u
    match unit:
        case InputUnit() | PreviousUnit():  # what was one step ago is in its loop's errors
            return 0.0
        case ReLUUnit() | SumUnit() | DelayUnit():
            return _carried_error(noise, forms[0], unit, found, u)
        case ProductUnit():
            return _product_error(noise, forms[0], forms[1], found, u)
        case GateUnit(_, argument):
            positive = relu_fact(noise.circuit.knowledge.fact(argument))
            return _product_error(noise, forms[0], forms[1]._replace(largest=size_of(positive)), found, u)
        case GatedStateUnit(init=init):
            gate, drive = (form_error(noise, form, found, u) for form in forms)
            size = max(noise.values[i], abs(as_float(init)))
            start = u * abs(as_float(init))
            return accumulated(times(gate, size) + drive, start, 1 + gate, noise.steps)
        case LatchUnit() | SwapUnit():
            return _held_error(noise, i, unit, found, u)
        case ChoiceUnit():
            decided = noise.decisions[i].holds(form_error(noise, noise.arguments[i], found, u), u)
            return form_error(noise, forms[1], found, u) if decided else math.inf
        case RampUnit() | StepUnit() | BitUnit() | StateUnit() | AutomatonUnit():
            raise TypeError(f"the error of a {type(unit).__name__} is not bounded here")


def _carried_error(noise: NoisyCircuit, form: FormSizes, unit: Unit, found: Sequence[float], u: float) -> float:
    """What is passed on; a delay with a constant rounds 2¹³ times its argument, which two weights make."""
    error = form_error(noise, form, found, u)
    if not isinstance(unit, DelayUnit) or not unit.constant:
        return error
    return as_float(power(KEPT + 1)) * error + u * as_float(unit.constant)


def _held_error(noise: NoisyCircuit, i: UnitId, unit: LatchUnit | SwapUnit, found: Sequence[float], u: float) -> float:
    """What is held until something else is taken, or a token that changes places."""
    wrong = [form_error(noise, form, found, u) for form in noise.forms[i]]
    if isinstance(unit, SwapUnit):
        # The key of a reflection is off by 2u at most, and by what its booleans are, and the state by four times that.
        return accumulated(4 * (sum(wrong) + 2 * u), 2 * u, 1.0, noise.steps)
    keep, taken = wrong
    local = times(keep, noise.values[i] + noise.forms[i][1].largest + taken)
    return accumulated(local, taken, 1 + keep, noise.steps)


def _product_error(noise: NoisyCircuit, left: FormSizes, right: FormSizes, found: Sequence[float], u: float) -> float:
    """A step that may go either way does so only where the number that it selects is as close to 0 as its error."""
    of_left, of_right = (_sum_error(noise, side, found, u) for side in (left, right))
    total = product(left.largest, of_left, right.largest, of_right)
    if _reads_open(left, noise.open):
        total += of_right
    if _reads_open(right, noise.open):
        total += of_left
    return total


def _feedback_errors(noise: NoisyCircuit, group: Sequence[UnitId], found: list[float], u: float) -> None:
    """Errors of units that read themselves one step ago: what a step adds, unless decisions end it, accumulated."""
    units = noise.circuit.units
    previous = {i: unit for i in group if isinstance(unit := units[i], PreviousUnit)}
    arguments = [sizes_of(noise.circuit, unit.argument) for unit in previous.values()]

    def after(before: float) -> float:
        """How far off what is fed back is, if it was so much one step ago."""
        for i in group:
            if i in previous:
                found[i] = before
            else:
                kept = isinstance(units[i], (StateUnit, ProductUnit, GatedStateUnit))
                found[i] = math.inf if kept else _error(noise, i, units[i], found, u)
        return max(form_error(noise, argument, found, u) for argument in arguments)

    start = max(u * abs(as_float(unit.init)) for unit in previous.values())
    added = after(0.0)
    least = max(added, start)
    if math.isfinite(least) and after(least) > least:
        rate = (after(2 * least) - after(least)) / least
        after(accumulated(added, start, rate, noise.steps))


def _loop_errors(noise: NoisyCircuit, members: Sequence[UnitId], found: list[float], u: float) -> None:
    """Errors of states that read one another: what one step adds, accumulated."""
    inside, norm, added, start = set(members), 0.0, 0.0, 0.0
    for i in members:
        looped, local = 0.0, form_error(noise, noise.forms[i][0], found, u)
        for other, weight, init in _remembered(noise, i):
            if other in inside:
                looped += weight
                local += weight * u * max(noise.values[other], init)
            else:
                local += weight * ((1 + u) * max(found[other], u * init) + u * max(noise.values[other], init))
        norm, added = max(norm, looped), max(added, local)
        found[i] = local
        start = max(start, u * abs(as_float(_state(noise, i).init)))
    if norm:
        total = accumulated(added, start, norm * (1 + u), noise.steps)
        for i in members:
            found[i] = total


def _remembered(noise: NoisyCircuit, i: UnitId) -> Iterator[tuple[UnitId, float, float]]:
    """The states that a state reads, with |weight| and |initial value|."""
    for other, weight in _state(noise, i).previous:
        yield other, abs(as_float(weight)), abs(as_float(_state(noise, other).init))


def _state(noise: NoisyCircuit, i: UnitId) -> StateUnit:
    unit = noise.circuit.units[i]
    if not isinstance(unit, StateUnit):
        raise TypeError(f"unit {i} is not a state")
    return unit
