"""How large forms are: their weights without signs, and the largest value that facts allow."""

from __future__ import annotations

import math
from typing import NamedTuple

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit
from lsrl.lang.numbers import as_float


class FormSizes(NamedTuple):
    """A form in floats, without signs: |weight| for every unit, |constant|, and the largest |value| of the form."""

    terms: tuple[tuple[UnitId, float], ...]
    constant: float
    largest: float


def sizes_of(circuit: Circuit, form: Affine) -> FormSizes:
    """A form's weights without signs."""
    terms = tuple((unit, abs(as_float(weight))) for unit, weight in form.terms.items())
    return FormSizes(terms, abs(as_float(form.constant)), size_of(circuit.knowledge.fact(form)))


def size_of(fact: Fact) -> float:
    """The largest |value|, infinite where it is not known."""
    return math.inf if fact.magnitude is None else as_float(fact.magnitude)
