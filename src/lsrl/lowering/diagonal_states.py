"""States of architectures whose state matrix is real, diagonal and between 0 and 1.

What remembers another component is a delay; what turns in a circle by itself, or changes its sign, is a count of the
steps and its residue, by a staircase; what adds up under a gate is two sums, of which a latch
holds one. Everything else is refused: such a state cannot rotate or permute as its input says
(Merrill et al. 2024, "The Illusion of State in State-Space Models"; Sarrof et al. 2024, "The
Expressive Capacity of State Space Models").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import Fact, multiple, union
from lsrl.circuit.state_graph import components, is_permutation
from lsrl.circuit.units import GatedStateUnit
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lowering.delays import before, first_step, latched
from lsrl.lowering.eigenvectors import eigenvectors
from lsrl.lowering.gates import gated

WIDEST_STAIRCASE = 16
"""Steps that one stage of a staircase takes; longer ones have more stages."""


LARGEST_CIRCLE = 64
"""States that read one another, whose eigenvectors are looked for."""

SLOWEST, FASTEST = fmpq(1, 2**12), fmpq(1, 2**64)
"""What a decaying state loses at least, and keeps at least: beyond that float32 does not hold decay or gain well."""


Residues: TypeAlias = Callable[[CircuitBuilder, int], list[Affine]]
"""For every residue, whether the number of steps so far, this one included, is that modulo a period."""


def diagonal_states(
    builder: CircuitBuilder,
    rows: Sequence[Row],
    drives: Sequence[Affine],
    inits: Sequence[fmpq],
    residues: Residues | None = None,
) -> list[Affine]:
    """sₜ = A sₜ₋₁ + driveₜ by delays, sums that start at 0, and staircases, unless the target has other `residues`.

    Raises `UnsupportedProgram` for a component that reads itself with a weight that is not in
    [−1, 1], and for components that read one another in a circle, except for a driverless permutation and what has
    rational eigenvectors.
    """
    meanings, residues = dict[int, Affine](), residues or step_residues
    for members in components(rows):
        inside = set(members)
        driven = {}
        for state in members:
            read = [(weight, other) for other, weight in rows[state] if other not in inside]
            remembered = [(weight, before(builder, meanings[other], inits[other])) for weight, other in read]
            driven[state] = combination([(ONE, drives[state]), *remembered])
        if len(members) > 1:
            meanings.update(_circle(builder, members, rows, driven, inits, residues))
        else:
            (state,) = members
            itself = dict(rows[state]).get(state, ZERO)
            meanings[state] = _alone(builder, itself, driven[state], inits[state], residues)
    return [meanings[state] for state in range(len(rows))]


def _alone(builder: CircuitBuilder, weight: fmpq, drive: Affine, init: fmpq, residues: Residues) -> Affine:
    """sₜ = weight · sₜ₋₁ + driveₜ; with a weight below 0, what (−1)ᵗ sₜ adds up is (−1)ᵗ driveₜ."""
    if weight == 0:
        return drive
    if not -1 <= weight < 0:
        return _accumulated(builder, weight, drive, init)
    odd = residues(builder, 2)[1]

    def turned(form: Affine) -> Affine:
        made = combination([(ONE, form), (fmpq(-2), gated(builder, odd, form))])
        known = builder.fact(form)
        builder.assume(made, union([known, multiple(-ONE, known)]))
        return made

    return turned(_accumulated(builder, -weight, turned(drive), init))


def _accumulated(builder: CircuitBuilder, weight: fmpq, drive: Affine, init: fmpq) -> Affine:
    """The same for a weight above 0, by a state that starts at 0."""
    if not 0 < weight <= 1:
        raise UnsupportedProgram(
            f"value {builder.origin!r} has a state that reads itself times {weight}, and this target's state matrix is "
            "real, diagonal and between 0 and 1; expected a weight from -1 to 1",
            ability="any_matrix",
        )
    if 1 - SLOWEST < weight < 1 or weight < FASTEST:
        raise UnsupportedProgram(
            f"value {builder.origin!r} has a state that keeps {as_float(weight):.9g} of itself, and this target "
            f"keeps {as_float(FASTEST):.3g} to {as_float(1 - SLOWEST):.9g}, or all",
            ability="any_matrix",
        )
    if weight == 1:
        return builder.states([((0, ONE),)], [drive], [ZERO])[0].shifted(init)
    if init:
        drive = combination([(ONE, drive), (weight * init, first_step(builder))])
    return builder.states([((0, weight),)], [drive], [ZERO])[0]


def _circle(
    builder: CircuitBuilder,
    members: Sequence[int],
    rows: Sequence[Row],
    drives: Mapping[int, Affine],
    inits: Sequence[fmpq],
    residues: Residues,
) -> dict[int, Affine]:
    """States that read one another: a permutation that nothing drives, or s = P z with A = P D P⁻¹, where every
    component of z reads itself only.
    """
    undriven = not any(drive.terms or drive.constant for drive in drives.values())
    if undriven and is_permutation([rows[state] for state in members]):
        return _turned(members, rows, inits, residues(builder, len(members)))
    place = {state: i for i, state in enumerate(members)}
    inner = [{place[other]: weight for other, weight in rows[state] if other in place} for state in members]
    found = eigenvectors(inner) if len(members) <= LARGEST_CIRCLE else None
    if found is None or not all(-1 <= value <= 1 for value in found.values):
        raise UnsupportedProgram(
            f"value {builder.origin!r} has states that read one another in a circle, and this target's state matrix is "
            "real and diagonal, which cannot rotate (Merrill et al. 2024, Sarrof et al. 2024); expected rational "
            "eigenvectors with eigenvalues from -1 to 1",
            ability="any_matrix",
        )
    z = []
    for value, row in zip(found.values, found.inverse, strict=True):
        drive = combination((weight, drives[state]) for weight, state in zip(row, members, strict=True))
        init = sum((weight * inits[state] for weight, state in zip(row, members, strict=True)), ZERO)
        z.append(_alone(builder, value, drive, init, residues))
    return {state: combination(zip(row, z, strict=True)) for state, row in zip(members, found.vectors, strict=True)}


def _turned(
    members: Sequence[int], rows: Sequence[Row], inits: Sequence[fmpq], residues: Sequence[Affine]
) -> dict[int, Affine]:
    """A permutation that nothing drives: initial values picked by what is left of the steps so far."""
    found = {}
    for state in members:
        source, parts = state, []
        for steps in range(1, len(members) + 1):
            source = rows[source][0][0]
            parts.append((inits[source], residues[steps % len(members)]))
        found[state] = combination((init, residue) for init, residue in parts if init)
    return found


def step_residues(builder: CircuitBuilder, period: int) -> list[Affine]:
    """For every residue r, whether the number of steps so far, this one included, is r modulo `period`.

    A staircase takes off the largest multiples first: n − p Σⱼ [n ≥ jp] with p = period · base^k,
    j = 1 … base − 1, for k = …, 1, 0. Raises `RangeError` without a `max_length`.
    """
    if builder.max_length is None:
        raise RangeError(
            f"value {builder.origin!r} is a cycle of {period} steps, which this target can only count off up to a "
            "length that is known; declare compile(..., max_length=...)"
        )
    left, most = builder.states([((0, ONE),)], [number(ONE)], [ZERO])[0], builder.max_length
    stages, base = _staircase(most // period)
    for stage in range(stages - 1, -1, -1):
        tread = fmpq(period * base**stage)
        risers = [builder.ramp(left.shifted(ONE - j * tread)) for j in range(1, min(base, int(most / tread) + 1))]
        left = combination([(ONE, left), *((-tread, riser) for riser in risers)])
        most = min(most, int(tread) - 1)
        builder.assume(left, Fact(ZERO, fmpq(most), ONE))
    return told_apart(builder, left, period)


def told_apart(builder: CircuitBuilder, residue: Affine, period: int) -> list[Affine]:
    """For every residue, whether this is it.

    As differences of steps, so that what is known of a function of the residue does not depend on how it was found.
    """
    reached = [number(ONE), *(builder.ramp(residue.shifted(ONE - r)) for r in range(1, period)), number(ZERO)]
    return [combination([(ONE, reached[r]), (-ONE, reached[r + 1])]) for r in range(period)]


def _staircase(quotient: int) -> tuple[int, int]:
    """How many stages, and of which base, count to a quotient: the fewest that are narrow enough."""
    stages = 0
    while (quotient + 1) > WIDEST_STAIRCASE**stages:
        stages += 1
    base = 2
    while base**stages < quotient + 1:
        base += 1
    return stages, base


def summed_and_latched(builder: CircuitBuilder, gate: Affine, drive: Affine, unit: GatedStateUnit) -> Affine:
    """gate · s' + drive: a latch where nothing is added under gate 1. Else, with S the sum of all drives and L
    a latch of what S was before the last step with gate 0, it is S − L.
    """
    if unit.latches:
        return latched(builder, gate, drive.shifted(-unit.init)).shifted(unit.init)
    total = builder.states([((0, ONE),)], [drive], [ZERO])[0]
    earlier = combination([(ONE, total), (-ONE, drive)], unit.init)
    return combination([(ONE, total), (-ONE, latched(builder, gate, earlier))], unit.init)
