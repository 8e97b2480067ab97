"""What the layer above sees of a neuron: what is known of its value, and how far off it can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, multiple, union, weighted_sum
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.neurons import Drive, Neuron, NeuronKind
from lsrl.rounding.error_calculus import Number
from lsrl.rounding.pairs import BOTH
from lsrl.rounding.sums import Term


@dataclass(frozen=True, slots=True)
class NeuronArithmetic:
    """What an architecture does to errors.

    `gates`: booleans saturate gates (else they are multiplied by big-M). `stale`: a unit that is
    not to change is computed anew, and rounded. `several`: kinds of neurons whose value is a
    difference of numbers that are not 0. `unclean`: kinds that are only read by a unit that reads
    nothing else. `weighted`: what adds up is multiplied by a weight at every step, and no gate keeps it.
    """

    gates: bool = True
    stale: bool = False
    several: tuple[NeuronKind, ...] = ()
    unclean: tuple[NeuronKind, ...] = ()
    weighted: bool = True


@dataclass(frozen=True, slots=True)
class Line(Number):
    """A neuron's value as the layer above sees it; `shift` is the part of it that no hidden unit holds.

    `apart`: of two lines with the same, and another `side`, one is 0: ReLUs of v and −v, or what c and 1 − c choose,
    exactly.
    `zone`: a step without a margin is right except where its drive is this close to 0; then it can
    be anything from 0 to 1. None for everything else. `several` and `unclean` are as in `NeuronArithmetic`,
    `copies` as in `Neuron`.
    """

    shift: fmpq = ZERO
    zone: float | None = None
    several: bool = False
    unclean: bool = False
    copies: int = 1
    apart: object = None
    side: bool = False


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
    others = _other_sides(drive.below, below)
    for i, weight in drive.below:
        line = below[i]
        stored = shifted(line.fact, line.shift)
        constant = constant + weight * line.shift
        if i in others.values():
            continue
        error = line.error if alone or not line.unclean else math.inf
        if i in others:
            other = below[others[i]]
            exact = line.at_zero == other.at_zero == 0
            error = max(error, other.error) if exact else (error + other.error) * BOTH
            stored = union([stored, other.fact, multiple(-ONE, other.fact)])
        terms.append((weight, stored, error))
        if line.several and not alone:
            terms.append((weight, stored, 0.0))
        terms += parts(line.copies, weight, stored)
    return terms, constant


def parts(copies: int, weight: fmpq, stored: Fact) -> list[Term]:
    """What a sum has besides a term, if it reads that in copies: parts of it, on which partial sums may end."""
    return [(weight / copies, stored, 0.0)] * (copies - 1)


def _other_sides(row: Row, below: Sequence[Line]) -> dict[int, int]:
    """Lines of a row with weights ±w of which one is 0, as a pair: to add them rounds nothing."""
    seen: dict[tuple[object, bool, fmpq], int] = {}
    pairs: dict[int, int] = {}
    for i, weight in row:
        line = below[i]
        if line.apart is not None and not (line.several or line.unclean or line.shift):
            first = seen.pop((line.apart, not line.side, abs(weight)), None)
            if first is None:
                seen[line.apart, line.side, abs(weight)] = i
            else:
                pairs[first] = i
    return pairs


def sign_of(drive: Drive) -> tuple[tuple[str, Row, Row, fmpq], bool]:
    """What is the same of a drive v and of −v, and which of the two this is."""
    below, own, constant = drive.below, drive.own, drive.constant
    negative = next((weight < 0 for _, weight in (*below, *own)), False)
    if not negative:
        return ("sign", below, own, constant), False
    below, own = (tuple((i, -weight) for i, weight in row) for row in (below, own))
    return ("sign", below, own, -constant), True


def choice_of(chooser: Drive) -> tuple[tuple[str, Row, Row, fmpq], bool]:
    """What is the same of a boolean c and of 1 − c, and which of the two this is."""
    (_, below, own, constant), other = sign_of(chooser)
    return ("choice", below, own, constant + other), other


def set_apart(line: Line, of: tuple[tuple[object, ...], bool], layer: object) -> Line:
    """A line of a layer with the other side that it has there."""
    key, side = of
    return replace(line, apart=(id(layer), *key), side=side)


def copied_by(drive: Drive, below: Sequence[Line]) -> Line | None:
    """The one line that a drive reads, if there is just one."""
    return below[drive.below[0][0]] if len(drive.below) == 1 and not drive.own else None


def zone_of(drive: Drive, below: Sequence[Line]) -> float | None:
    """The zone of the step that this is a copy of, or the opposite."""
    copied = copied_by(drive, below)
    return copied.zone if copied is not None and abs(drive.below[0][1]) == 1 else None


def shifted(fact: Fact, shift: fmpq) -> Fact:
    """What is known of a number without its shift."""
    return weighted_sum([(ONE, fact)], -shift) if shift else fact
