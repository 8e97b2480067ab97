"""States of architectures that can reflect what they hold: tokens that change places, and counters made of them.

A step of a state S ← (I − βkkᵀ)S with β = 2 exchanges two coordinates. So an automaton whose symbols exchange two
places each is followed exactly, at any length (`lsrl.automata.exchanges`). A counter modulo n takes a token through n
places: its moves take turns, the first exchanges places 0 and 1, the second 1 and 2, …, and the turns are counted by
counters modulo 2, each of which moves where those below it carry. n − 1 such moves turn the n places by one, so that
the place of the token and whose turn it is tell the number of moves modulo n. Of such counters, and of latches, are the
cascades of all other automata whose groups are solvable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq, fmpz

from lsrl.automata.exchanges import Exchanges, colours, exchanges
from lsrl.circuit.affine import Affine, combination, number, one_minus
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import BOOLEAN, Fact
from lsrl.circuit.remainders import remainder
from lsrl.circuit.units import SwapUnit
from lsrl.circuit.verify import CompilerError
from lsrl.errors import UnsupportedProgram
from lsrl.lang.numbers import ONE, ZERO
from lsrl.lowering.conjunctions import all_of, known_boolean
from lsrl.lowering.delays import before, latched
from lsrl.lowering.diagonal_states import step_residues, told_apart
from lsrl.lowering.rule_kinds import AutomatonRule

LARGEST_COUNTER = 16
"""Counters modulo larger primes or their powers are sums, which need a longest sequence."""


def by_reflections(otherwise: AutomatonRule) -> AutomatonRule:
    """The rule of a target that reflects; `otherwise` is that for automata that do more at a step."""

    def rule(
        builder: CircuitBuilder, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int
    ) -> list[Affine]:
        sink, ending = sink_of(table)
        alive = [state for state in range(len(table)) if state != sink]
        going_on = [symbol for symbol in range(len(symbols)) if symbol not in ending]
        place = {state: i for i, state in enumerate(alive)}
        found = None
        if start != sink and all(table[state][symbol] in place for state in alive for symbol in going_on):
            found = exchanges([[place[table[state][symbol]] for symbol in going_on] for state in alive])
        if found is None:
            return _written(otherwise, builder, symbols, table, start)
        sizes = ", ".join(str(each.size) for each in found)
        size = f"{len(table):,} states and {len(symbols):,} symbols"
        builder.automata.append(f"{builder.origin!r} is an automaton of {size}, as tokens in {sizes} places")
        tokens = [_places_of(builder, [symbols[s] for s in going_on], each, place[start]) for each in found]
        ended = known_boolean(builder, combination((ONE, symbols[symbol]) for symbol in ending))
        dead = known_boolean(builder, latched(builder, one_minus(ended), number(ONE))) if ending else number(ZERO)
        states = {
            state: all_of(
                builder, [one_minus(dead), *(token[each.places[i]] for token, each in zip(tokens, found, strict=True))]
            )
            for state, i in place.items()
        }
        return [states.get(state, dead) for state in range(len(table))]

    return rule


def sink_of(table: Sequence[Sequence[int]]) -> tuple[int | None, list[int]]:
    """A state that no symbol leaves, and the symbols that lead there from everywhere; None if there are no such.

    >>> sink_of([[1, 0, 2], [0, 1, 2], [2, 2, 2]]), sink_of([[1, 0], [0, 1]])
    ((2, [2]), (None, []))
    """
    for state, row in enumerate(table):
        ending = [symbol for symbol in range(len(row)) if all(other[symbol] == state for other in table)]
        if ending and set(row) == {state}:
            return state, ending
    return None, []


def _written(
    rule: AutomatonRule, builder: CircuitBuilder, symbols: Sequence[Affine], table: Sequence[Sequence[int]], start: int
) -> list[Affine]:
    try:
        return rule(builder, symbols, table, start)
    except UnsupportedProgram as refusal:
        reason = "; a reflection a step follows symbols that exchange two places each, and here some do more"
        raise UnsupportedProgram(f"{refusal}{reason}", ability="automata") from None


def _places_of(builder: CircuitBuilder, symbols: Sequence[Affine], found: Exchanges, start: int) -> list[Affine]:
    """For every place, whether the token is there that begins where the state `start` is."""
    swaps: dict[tuple[int, int], list[Affine]] = {}
    for symbol, pair in zip(symbols, found.pairs, strict=True):
        if pair is not None:
            swaps.setdefault(pair, []).append(symbol)
    given = {pair: known_boolean(builder, combination((ONE, symbol) for symbol in own)) for pair, own in swaps.items()}
    return places(builder, given, found.size, found.places[start])


def places(builder: CircuitBuilder, swaps: Mapping[tuple[int, int], Affine], size: int, start: int) -> list[Affine]:
    """For every place, whether a token is there that begins at `start`, and goes where pairs of places are swapped."""
    used = {pair: boolean for pair, boolean in swaps.items() if builder.fact(boolean).high != 0}
    known = colours(size, list(used), start)
    if known is None:
        raise CompilerError(f"{builder.origin!r} exchanges places in a ring of odd length")
    found = {place: number(ZERO) for place in range(size) if place != start}
    for place in found if used else ():
        unit = SwapUnit(tuple(used.values()), tuple(used), start, place, even=known[place] > 0)
        found[place] = swapped(builder, unit)
    rest = known_boolean(builder, one_minus(combination((ONE, boolean) for boolean in found.values())))
    return [found.get(place, rest) for place in range(size)]


def swapped(builder: CircuitBuilder, unit: SwapUnit) -> Affine:
    """Whether the token is at a place other than where it began."""
    key = ("swap", tuple(boolean.key() for boolean in unit.swaps), unit.pairs, unit.start, unit.place)
    return builder.unit(key, unit, BOOLEAN)


def counted(builder: CircuitBuilder, moved: Affine, n: int) -> list[Affine]:
    """For every residue, whether a boolean has been 1 so many times modulo n, this step included."""
    if n == 2:
        return places(builder, {(0, 1): moved}, 2, 0)
    bits, carry = list[list[Affine]](), moved
    while 2 ** len(bits) < n - 1:
        bits.append(places(builder, {(0, 1): carry}, 2, 0))
        carry = all_of(builder, [carry, _before(builder, bits[-1][1], ZERO)])
    turns = range(2 ** len(bits))
    earlier = [[_before(builder, bit, ONE if i == 0 else ZERO) for i, bit in enumerate(pair)] for pair in bits]
    swaps = {
        (i, i + 1): all_of(builder, [moved, *(pair[i >> j & 1] for j, pair in enumerate(earlier))])
        for i in range(n - 1)
    }
    token, place = places(builder, swaps, n, 0), 0
    residues: list[list[Affine]] = [[] for _ in range(n)]
    for moves in range(n * len(turns)):
        turn = moves % len(turns)
        now = [pair[turn >> j & 1] for j, pair in enumerate(bits)]
        residues[moves % n].append(all_of(builder, [token[place], *now]))
        if turn < n - 1 and place in (turn, turn + 1):
            place = 2 * turn + 1 - place
    return [known_boolean(builder, combination((ONE, part) for part in parts)) for parts in residues]


def has_counter(n: int) -> bool:
    """Whether there is a counter modulo n without a longest sequence."""
    return all(prime**power <= LARGEST_COUNTER for prime, power in _factors(n))


def _factors(n: int) -> list[tuple[int, int]]:
    return [(int(prime), int(power)) for prime, power in fmpz(n).factor()]


def counted_by_factors(builder: CircuitBuilder, moved: Affine, n: int) -> list[Affine]:
    """The same, by a counter for each prime's power: these tell n residues apart."""
    parts = [(prime**power, counted(builder, moved, prime**power)) for prime, power in _factors(n)]
    return [all_of(builder, [bits[residue % size] for size, bits in parts]) for residue in range(n)]


def added_up(builder: CircuitBuilder, actions: Mapping[int, Affine], n: int, start: int) -> list[Affine] | None:
    """For every residue, whether start and all that the actions have added are that modulo n; at most one acts.

    None for a modulus that is too large.
    """
    if not has_counter(n):
        return None
    counts = {value: counted_by_factors(builder, moved, n) for value, moved in actions.items()}
    if len(counts) == 1:
        ((value, bits),) = counts.items()
        found = [number(ZERO)] * n
        for times, bit in enumerate(bits):
            found[(start + value * times) % n] = combination([(ONE, found[(start + value * times) % n]), (ONE, bit)])
        return [known_boolean(builder, form) for form in found]
    total = number(fmpq(start))
    for value, bits in counts.items():
        digit = combination((fmpq(value * times % n), bit) for times, bit in enumerate(bits))
        builder.assume(digit, Fact(ZERO, fmpq(n - 1), ONE))
        total = total.plus(digit)
    builder.assume(total, Fact(ZERO, fmpq(start + len(counts) * (n - 1)), ONE))
    rest = remainder(builder, total, n, None)
    reached = [number(ONE), *(builder.ramp(rest.shifted(fmpq(1 - value))) for value in range(1, n)), number(ZERO)]
    return [
        known_boolean(builder, combination([(ONE, reached[value]), (-ONE, reached[value + 1])])) for value in range(n)
    ]


def turns(builder: CircuitBuilder, period: int) -> list[Affine]:
    """For every residue, whether the number of steps so far, this one included, is that modulo a period.

    By staircases for a period that is too large, which need a longest sequence.
    """
    if not has_counter(period):
        return step_residues(builder, period)
    bits = counted_by_factors(builder, number(ONE), period)
    residue = combination((fmpq(i), bit) for i, bit in enumerate(bits) if i)
    builder.assume(residue, Fact(ZERO, fmpq(period - 1), ONE))
    return told_apart(builder, residue, period)


def _before(builder: CircuitBuilder, boolean: Affine, init: fmpq) -> Affine:
    return known_boolean(builder, before(builder, boolean, init))
