"""How far linear states in floating point can be from exact ones, step after step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flint import fmpq

from lsrl.circuit.facts import Fact, constant_fact, union
from lsrl.circuit.stable_powers import norm_of, stable_powers
from lsrl.circuit.state_graph import components
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ZERO, as_float
from lsrl.rounding.error_calculus import accumulated, size_of, times
from lsrl.rounding.sums import Sum, Terms, stored_error


class Step(NamedTuple):
    """A step of a recurrence, of every state: how far off it is, and the first state; how large state and drive are.

    `gamma` is how much a step rounds.
    """

    local: Sequence[float]
    start: Sequence[float]
    size: Sequence[float]
    drive: Sequence[float]
    gamma: float
    precision: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a recurrence is evaluated: step by step, or otherwise.

    `sums` and `others` are how many times larger than the states the pieces get that these are put together from.
    `scanned(A, step, length)` are the errors that states come to that are no running sums; A is their own matrix.
    """

    sums: int = 1
    others: int = 1
    scanned: Callable[[Sequence[Row], Step, float], list[float]] | None = None


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
        place, grown, pushes = {member: i for i, member in enumerate(members)}, 0.0, []
        loops = [sum((abs(weight) for j, weight in A[i] if j in place), ZERO) for i in members]
        simple = len(members) == 1 and loops[0] in (0, 1)
        for i in members:
            earlier = [(weight, before[j], 0.0 if j in place else max(found[j], starts[j])) for j, weight in A[i]]
            terms, constant = drives[i]
            others = [term for term, (j, _) in zip(earlier, A[i], strict=True) if j not in place]
            pushes.append(Sum([*others, *terms], constant).size)
            row = Sum([*earlier, *terms], constant, how.sums if simple else how.others, tiny)
            found[i] = row.error(precision)
            if found[i]:
                grown = max(grown, row.gamma(precision))
                if len(members) == 1 and 0 < loops[0] <= 1 and max_length is not None:
                    found[i] = _as_it_grows(row, i, A[i], states[i][1], max_length).error(precision)
        local, start = [found[i] for i in members], [starts[i] for i in members]
        if (norm := max(map(as_float, loops))) and (any(local) or any(start)):
            inner = [tuple((place[j], weight) for j, weight in A[i] if j in place) for i in members]
            sizes = [size_of(before[i]) for i in members]
            scanned = None if simple else how.scanned
            step = Step(local, start, sizes, pushes, norm * grown, precision)
            for i, total in zip(members, (scanned or _stepped)(inner, step, length), strict=True):
                found[i], lasting[i] = total, total / max(local) if any(local) else 1.0
    return StateErrors(found, lasting)


def _stepped(A: Sequence[Row], step: Step, length: float) -> list[float]:
    """The error of states that are evaluated one step after the other; what is off already is rounded, too."""
    norm, local, start = as_float(norm_of(A)), max(step.local), max(step.start)
    total = accumulated(local, start, norm + step.gamma, length)
    powers = stable_powers(A) if len(A) > 1 else None
    if powers is not None and (again := as_float(powers.total) * step.gamma) < 1 / 2:
        settled = as_float(powers.largest) * start + as_float(powers.total) * local
        total = min(total, settled / (1 - again))
    return [total] * len(A)


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
