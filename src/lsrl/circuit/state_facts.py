"""Facts about linear states: what sₜ = A sₜ₋₁ + uₜ can reach within `max_length` steps."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from lsrl.circuit.affine import common_measure
from lsrl.circuit.facts import Fact, constant_fact, on_grid, union, weighted_sum
from lsrl.circuit.stable_powers import norm_of, stable_powers
from lsrl.circuit.state_graph import components, is_permutation
from lsrl.lang.matrix import Row
from lsrl.lang.numbers import ONE, ZERO

LARGEST_EXPONENT = 4096
"""States that can grow beyond 2 to this power count as unbounded: no float holds them anyway."""


def cluster_facts(
    rows: Sequence[Row], drives: Sequence[Fact], inits: Sequence[fmpq], max_length: int | None
) -> list[Fact]:
    """Facts of states that read one another: rows of A, facts of the drives, initial values.

    >>> shifted = cluster_facts([(), ((0, ONE),)], [Fact(ZERO, ONE, ONE), Fact(ZERO, ZERO, ONE)], [ZERO, ZERO], None)
    >>> shifted[1].high
    1
    """
    facts: dict[int, Fact] = {}
    for members in components(rows):
        place = {member: position for position, member in enumerate(members)}
        driven = []
        for i in members:
            remembered = [(w, union([facts[j], constant_fact(inits[j])])) for j, w in rows[i] if j not in place]
            driven.append(weighted_sum([(ONE, drives[i]), *remembered], ZERO))
        inner = [tuple((place[j], w) for j, w in rows[i] if j in place) for i in members]
        own_inits = [inits[i] for i in members]
        facts.update(zip(members, _component_facts(inner, driven, own_inits, max_length), strict=True))
    return [facts[i] for i in range(len(rows))]


def _component_facts(
    rows: Sequence[Row], drives: Sequence[Fact], inits: Sequence[fmpq], max_length: int | None
) -> list[Fact]:
    if rows[0] == ():
        return list(drives)
    if list(rows) == [((0, ONE),)]:
        return [sum_fact(drives[0], inits[0], max_length)]
    return recurrent_facts(rows, drives, inits, max_length)


def sum_fact(drive: Fact, init: fmpq, max_length: int | None) -> Fact:
    """sₜ = sₜ₋₁ + uₜ over at most `max_length` steps.

    >>> sum_fact(Fact(ZERO, fmpq(2), fmpq(1)), ZERO, 10)
    Fact(low=0, high=20, grid=1, offset=0)
    """
    steps = None if max_length is None else fmpq(max_length)
    low, high = _sum_end(drive.low, init, steps, lower=True), _sum_end(drive.high, init, steps, lower=False)
    if drive.grid is None:
        return Fact(low, high)
    if drive.offset == 0:
        return Fact(low, high, drive.grid, init - drive.grid * (init / drive.grid).floor())
    return Fact(low, high, common_measure((drive.grid, drive.offset, init)))


def gated_state_fact(taken: Fact, added: Fact, init: fmpq, max_length: int | None) -> Fact:
    """sₜ = gate · sₜ₋₁ + uₜ, with what is known of u under gate 0 (`taken`) and under gate 1 (`added`).

    >>> digit = Fact(ZERO, fmpq(9), ONE)
    >>> gated_state_fact(digit, constant_fact(ZERO), ZERO, None).high, gated_state_fact(digit, digit, ZERO, 3).high
    (9, 36)
    """
    started = union([taken, constant_fact(init)])
    if added.low == added.high == 0:
        return started
    grown = sum_fact(added, ZERO, max_length)
    return union([started, weighted_sum([(ONE, started), (ONE, grown)], ZERO)])


def _sum_end(end: fmpq | None, init: fmpq, steps: fmpq | None, *, lower: bool) -> fmpq | None:
    if end is None:
        return None
    if end == 0 or (end > 0) == lower:  # the extreme is reached at the first step
        return init + end
    return None if steps is None else init + steps * end


def recurrent_facts(
    rows: Sequence[Row], drives: Sequence[Fact], inits: Sequence[fmpq], max_length: int | None
) -> list[Fact]:
    """Facts of one strongly connected component; rows index its own members.

    A driven-by-nothing permutation only moves its initial values around. Otherwise the ∞-norm ρ
    of A bounds growth: |s| ≤ ρᵗ |s₀| + (1 + ρ + … + ρᵗ⁻¹) |u|; or those of its powers, if one of them is below 1.
    """
    undriven = all(drive.low == 0 and drive.high == 0 for drive in drives)
    if undriven and is_permutation(rows):
        return [union([constant_fact(init) for init in inits])] * len(rows)
    reach = _reach(rows, _largest(drives), max(abs(init) for init in inits), max_length)
    weights = [weight for row in rows for _, weight in row]
    grid = None
    if all(weight.q == 1 for weight in weights) and all(drive.grid is not None for drive in drives):
        grid = common_measure([*inits, *(measure for drive in drives if (measure := drive.measure) is not None)])
    return [on_grid(None if reach is None else -reach, reach, grid)] * len(rows)


def _largest(drives: Sequence[Fact]) -> fmpq | None:
    magnitudes = [drive.magnitude for drive in drives]
    known = [magnitude for magnitude in magnitudes if magnitude is not None]
    return max(known) if len(known) == len(magnitudes) else None


def _reach(rows: Sequence[Row], drive: fmpq | None, init: fmpq, steps: int | None) -> fmpq | None:
    norm = norm_of(rows)
    if drive is not None and norm < 1:
        return max(init, drive / (ONE - norm))
    if norm == 1 and drive == 0:
        return init
    if drive is not None and norm >= 1 and (powers := stable_powers(rows)) is not None:
        return init * powers.largest + drive * powers.total
    if drive is None or steps is None or steps * int(norm.ceil() - 1).bit_length() > LARGEST_EXPONENT:
        return None
    if norm == 1:
        return init + drive * steps
    growth = norm**steps
    return growth * init + drive * (growth - 1) / (norm - 1)
