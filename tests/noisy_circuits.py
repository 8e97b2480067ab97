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
)
from lsrl.lang.numbers import ONE, as_float


def evaluated(circuit, x, u=0.0, rng=None):
    """Every unit's value (T, units) and the outputs (T, out) for inputs (T, dim); weights are off by up to u."""

    def changed(weight):
        return as_float(weight) * (1 + u * rng.choice([-1, 1, rng.uniform(-1, 1)]) if u else 1)

    def value(form, units):
        return sum(changed(w) * units[i] for i, w in form.terms.items()) + changed(form.constant)

    def initial(unit):
        return changed(unit.init) if isinstance(unit, (StateUnit, GatedStateUnit)) else 0.0

    before = [initial(unit) for unit in circuit.units]
    past, outputs = [], []
    for step in x:
        now = []
        for i, unit in enumerate(circuit.units):
            now.append(_unit(unit, i, step, now, before, past, value, changed))
        past.append(now)
        before = now
        outputs.append([value(form, now) for form in circuit.outputs])
    return np.array(past), np.array(outputs)


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
            return value(argument, past[-steps]) if len(past) >= steps else 0.0
        case LatchUnit(keep, argument):
            kept = value(keep, now)
            return kept * before[i] + (1 - kept) * value(argument, now)
