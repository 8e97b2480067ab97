"""How far linear states in floating point can be from exact ones, step after step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, union
from lsrl.circuit.stable_powers import stable_powers
from lsrl.circuit.state_graph import components
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO, as_float
from lsrl.rounding.error_calculus import accumulated, times
from lsrl.rounding.sums import Sum, Terms, stored_error


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a recurrence is evaluated: how large pieces of sums and of other states get, and how often it rounds."""

    sums: int = 1
    others: int = 1
    roundings: int = 1


class StateErrors(NamedTuple):
    """Errors of states, and how many times what one step adds is in each."""

    errors: list[float]
    steps: list[float]


def recurrent_errors(
    A: Sequence[Row],
    states: Sequence[tuple[Fact, fmpq]],
    drives: Sequence[tuple[Terms, fmpq]],
    precision: int,
    max_length: int | None,
    how: Recurrence,
    tiny: fmpq = ZERO,
) -> StateErrors:
    """Errors of sₜ = A sₜ₋₁ + driveₜ: one step's error, and what A makes of earlier ones.

    `states` are facts and initial values, `drives` terms and constants.
    """
    found, lasting = [0.0] * len(A), [1.0] * len(A)
    starts = [stored_error(init, precision) for _, init in states]
    read = {j for row in A for j, _ in row}
    before = {j: union([states[j][0], constant_fact(states[j][1])]) for j in read}
    length = math.inf if max_length is None else float(max_length)
    for i, (terms, constant) in enumerate(drives):
        if not A[i]:  # what is only passed on remembers nothing
            found[i] = Sum(terms, constant, how.sums, tiny).error(precision)
    for members in components(A):
        if not A[members[0]]:
            continue
        inside, grown = set(members), 0.0
        loops = [sum((abs(weight) for j, weight in A[i] if j in inside), ZERO) for i in members]
        simple = len(members) == 1 and loops[0] in (0, 1)
        for i in members:
            earlier = [(weight, before[j], 0.0 if j in inside else max(found[j], starts[j])) for j, weight in A[i]]
            terms, constant = drives[i]
            row = Sum([*earlier, *terms], constant, how.sums if simple else how.others, tiny)
            found[i] = row.error(precision)
            if found[i]:
                grown = max(grown, row.gamma(precision))
                if len(members) == 1 and 0 < loops[0] <= 1 and max_length is not None:
                    found[i] = _as_it_grows(row, i, A[i], states[i][1], max_length).error(precision)
        norm, local, start = max(map(as_float, loops)), max(found[i] for i in members), max(starts[i] for i in members)
        if norm and (local or start):
            # What is off already is rounded, too.
            added = local * (1 if simple else how.roundings)
            total = accumulated(added, start, norm * (1 + grown), length)
            total = min(total, _settled(A, members, added, start, norm * grown))
            for i in members:
                found[i], lasting[i] = total, total / local if local else 1.0
    return StateErrors(found, lasting)


def _settled(A: Sequence[Row], members: Sequence[int], added: float, start: float, rounded: float) -> float:
    """The error where powers of the matrix make it smaller: e = P e₀ + S (added + what of e is rounded, too)."""
    if len(members) == 1:
        return math.inf
    place = {member: i for i, member in enumerate(members)}
    powers = stable_powers([tuple((place[j], weight) for j, weight in A[i] if j in place) for i in members])
    if powers is None or (again := as_float(powers.total) * rounded) >= 1 / 2:
        return math.inf
    return (as_float(powers.largest) * start + as_float(powers.total) * added) / (1 - again)


def reached(decay: float, drive: float, start: float, steps: float) -> float:
    """How large a state gets that keeps a part of itself (below 1) and takes up to so much at every step.

    >>> reached(0.5, 1.0, 0.0, 2), reached(0.5, 1.0, 0.0, math.inf)
    (1.5, 2.0)
    """
    return start + times(drive, (1 - decay**steps) / (1 - decay))


def _as_it_grows(row: Sum, i: int, loop: Row, init: fmpq, steps: int) -> Sum:
    """The row of a state that reads itself, with the state as large as it gets; of a running sum, on average."""
    place = [j for j, _ in loop].index(i)
    weight, fact, _ = row.terms[place]
    others = [*row.terms[:place], *row.terms[place + 1 :]]
    drive = Sum(others, row.constant).largest
    if drive is None or fact.magnitude is None:
        return row
    if abs(weight) == 1:
        reach = abs(init) + drive * fmpq(steps - 1, 2)
    else:
        known = reached(abs(as_float(weight)), as_float(drive), abs(as_float(init)), steps)
        reach = fmpq(*(known * (1 + 2.0**-30)).as_integer_ratio())
    reach = min(fact.magnitude, reach)
    return replace(row, terms=[(weight, Fact(-reach, reach), 0.0), *others])
