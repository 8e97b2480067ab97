"""What the layer above sees of a neuron: what is known of its value, and how far off it can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, union, weighted_sum
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.neurons import Drive, Neuron, NeuronKind
from lsrl.rounding.error_calculus import Number
from lsrl.rounding.sums import Term


@dataclass(frozen=True, slots=True)
class NeuronArithmetic:
    """What an architecture does to errors.

    `gates`: booleans saturate gates (else they are multiplied by big-M). `stale`: a unit that is
    not to change is computed anew, and rounded. `several`: kinds of neurons whose value is a
    difference of numbers that are not 0. `unclean`: kinds that are only read by a unit that reads
    nothing else.
    """

    gates: bool = True
    stale: bool = False
    several: tuple[NeuronKind, ...] = ()
    unclean: tuple[NeuronKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Line(Number):
    """A neuron's value as the layer above sees it; `shift` is the part of it that no hidden unit holds.

    `zone`: a step without a margin is right except where its drive is this close to 0; then it can
    be anything from 0 to 1. None for everything else. `several` and `unclean` are as in `NeuronArithmetic`.
    """

    shift: fmpq = ZERO
    zone: float | None = None
    several: bool = False
    unclean: bool = False


def reached(neuron: Neuron) -> Fact:
    """What is known of a neuron's value one step ago."""
    return union([neuron.cell.fact, constant_fact(neuron.init)])


def terms_of(drive: Drive, below: Sequence[Line], *, only: bool = True) -> tuple[list[Term], fmpq]:
    """What a drive reads of the layer below, as it is stored, and its constant with what is stored nowhere.

    `only`: nothing else is added to it.
    """
    terms: list[Term] = []
    constant = drive.constant
    alone = only and len(drive.below) == 1 and not drive.own and not drive.constant
    for i, weight in drive.below:
        line = below[i]
        stored = shifted(line.fact, line.shift)
        constant = constant + weight * line.shift
        terms.append((weight, stored, line.error if alone or not line.unclean else math.inf))
        if line.several and not alone:
            terms.append((weight, stored, 0.0))
    return terms, constant


def shifted(fact: Fact, shift: fmpq) -> Fact:
    """What is known of a number without its shift."""
    return weighted_sum([(ONE, fact)], -shift) if shift else fact
