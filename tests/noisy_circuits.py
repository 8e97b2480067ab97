"""Circuits evaluated step by step, in floats, while every weight is changed each time it is used."""

import numpy as np

from lsrl.circuit.units import (
    BitUnit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    ProductUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
)
from lsrl.lang.numbers import ONE, as_float
from lsrl.lowering.rounded_delays import KEPT


def evaluated(circuit, x, u=0.0, rng=None):
    """Every unit's value (T, units) and the outputs (T, out) for inputs (T, dim); weights are off by up to u."""

    def changed(weight):
        return as_float(weight) * (1 + u * rng.choice([-1, 1, rng.uniform(-1, 1)]) if u else 1)

    def value(form, units):
        return sum(changed(w) * units[i] for i, w in form.terms.items()) + changed(form.constant)

    def initial(unit):
        return changed(unit.init) if isinstance(unit, (StateUnit, GatedStateUnit)) else 0.0

    before = [initial(unit) for unit in circuit.units]
    tokens = {i: _placed(unit) for i, unit in enumerate(circuit.units) if isinstance(unit, SwapUnit)}
    past, outputs = [], []
    for step in x:
        now = []
        for i, unit in enumerate(circuit.units):
            if i in tokens:
                swaps = [
                    (value(swap, now) * changed(ONE), pair) for swap, pair in zip(unit.swaps, unit.pairs, strict=True)
                ]
                tokens[i] = _swapped(tokens[i], swaps)
                now.append(tokens[i][unit.place])
            else:
                now.append(_unit(unit, i, step, now, before, past, value, changed))
        past.append(now)
        before = now
        outputs.append([value(form, now) for form in circuit.outputs])
    return np.array(past), np.array(outputs)


def _placed(unit):
    """How much of a token is in every place before the first step."""
    places = np.zeros(1 + max(unit.start, unit.place, *(max(pair) for pair in unit.pairs)))
    places[unit.start] = 1
    return places


def _swapped(places, swaps):
    """The same after a step that exchanges pairs of places, each as far as its boolean says."""
    moved = places.copy()
    for share, (one, other) in swaps:
        moved[[one, other]] += share * (places[[other, one]] - places[[one, other]])
    return moved


def _unit(unit, i, step, now, before, past, value, changed):  # noqa: C901, a case for each kind
    match unit:
        case InputUnit(component):
            return float(step[component])
        case ReLUUnit(argument):
            return max(value(argument, now), 0.0)
        case StepUnit(argument):
            return changed(ONE) * (value(argument, now) > 0)
        case BitUnit(argument):
            return changed(ONE) * (value(argument, now) != 0)
        case SumUnit(argument):
            return value(argument, now)
        case ProductUnit(left, right):
            return value(left, now) * value(right, now)
        case GateUnit(gate, argument):
            return value(gate, now) * max(value(argument, now), 0.0)
        case GatedStateUnit(gate, drive):
            return value(gate, now) * before[i] + value(drive, now)
        case StateUnit(previous, drive):
            return sum(changed(w) * before[j] for j, w in previous) + value(drive, now)
        case DelayUnit(argument, steps):
            late = value(argument, past[-steps]) if len(past) >= steps else 0.0
            if unit.constant:  # of a rounded delay, two heads take a multiple of the present argument, each its own
                late += 2**KEPT * (value(argument, now) - value(argument, now)) + changed(unit.constant)
            return late
        case LatchUnit(keep, argument):
            kept = value(keep, now)
            return kept * before[i] + (1 - kept) * value(argument, now)
