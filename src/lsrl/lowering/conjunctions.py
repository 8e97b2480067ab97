"""Booleans that are 1 where all of some are."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import BOOLEAN, Fact
from lsrl.lang.numbers import ONE, ZERO


def all_of(builder: CircuitBuilder, bits: Sequence[Affine]) -> Affine:
    """Whether all of some booleans are 1."""
    if any(bit.is_constant and not bit.constant for bit in bits):
        return number(ZERO)
    open = [bit for bit in bits if not bit.is_constant]
    if len(open) <= 1:
        return open[0] if open else number(ONE)
    both = combination(((ONE, bit) for bit in open), fmpq(1 - len(open)))
    builder.assume(both, Fact(fmpq(1 - len(open)), ONE, ONE))
    return builder.ramp(both)


def known_boolean(builder: CircuitBuilder, form: Affine) -> Affine:
    """The form, of which it is known that it is 0 or 1."""
    builder.assume(form, BOOLEAN)
    return form
