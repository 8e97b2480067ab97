"""A layer that reads what it was one step ago through cells that are no states: rows over its own neurons.

Before the first step a neuron holds what makes every such form its initial number: that of a neuron which no other form
reads, or of one more neuron, which is 0 from the first step on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, variable
from lsrl.circuit.facts import constant_fact
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO
from lsrl.placement.neurons import Drive, Neuron
from lsrl.placement.stack import Cell


@dataclass(frozen=True, slots=True)
class Past:
    """A form over a layer's neurons that the layer reads one step later, and what it is before the first."""

    form: Affine
    init: fmpq
    label: str


def fed_back(
    neurons: Sequence[Neuron], past: Mapping[int, Past], *, fixed: int
) -> tuple[tuple[Neuron, ...], tuple[Row, ...]]:
    """The neurons of a complete layer, with rows over them in place of the numbers in `past`, and these rows.

    The first `fixed` neurons are states, whose initial values are their own.
    """
    if not past:
        return tuple(neurons), ()
    made = list(neurons)
    forms: dict[int, Affine] = {}
    readers = Counter(neuron for was in past.values() for neuron in was.form.terms)
    for number, was in past.items():
        forms[number] = was.form
        started = sum((made[i].init * w for i, w in was.form.terms.items() if i < fixed), was.form.constant)
        missing = was.init - started
        if not missing:
            continue
        able = [i for i in was.form.terms if i >= fixed and readers[i] == 1 and made[i].kind != "hold"]
        # No finer than the number itself: 1/1000, say, of a cell that counts 1000 times is no float.
        own = next((i for i in able if (missing / was.form.terms[i]).q <= missing.q), None)
        if own is None:
            own = len(made)
            fact = constant_fact(ZERO)
            made.append(Neuron("linear", Drive((), (), ZERO), fact, Cell(f"{was.label}.init", fact, True)))
            forms[number] = was.form.plus(variable(own))
        made[own] = replace(made[own], init=missing / forms[number].terms[own])
    read = {neuron for form in forms.values() for neuron in form.terms}
    made = [replace(neuron, fed_back=i in read and i >= fixed) for i, neuron in enumerate(made)]
    rows = tuple(tuple(sorted(form.terms.items())) for form in forms.values())
    return tuple(_resolved(neuron, forms) for neuron in made), rows


def _resolved(neuron: Neuron, forms: Mapping[int, Affine]) -> Neuron:
    gate = None if neuron.gate is None else _over_neurons(neuron.gate, forms)
    place = {number: i for i, number in enumerate(forms)}
    read = tuple((place[i], weight) for i, weight in neuron.drive.own if i in place)
    return replace(neuron, drive=_over_neurons(neuron.drive, forms), gate=gate, past=read)


def _over_neurons(drive: Drive, forms: Mapping[int, Affine]) -> Drive:
    own = combination((weight, forms.get(i, variable(i))) for i, weight in drive.own)
    return Drive(drive.below, tuple(sorted(own.terms.items())), drive.constant + own.constant)
