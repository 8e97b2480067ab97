"""Programs over tokens that answer with no token, rather than a wrong one, what they were not made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from lsrl.circuit.affine import common_measure
from lsrl.circuit.facts import Fact
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import Circuit
from lsrl.errors import ProgramError, RangeError
from lsrl.lang import (
    Concat,
    Input,
    Linear,
    Program,
    ReLU,
    Value,
    at_least,
    bump,
    clip,
    counter,
    cumsum,
    latch,
    total,
)
from lsrl.lang.calls import copied
from lsrl.lang.numbers import ONE, whole_number
from lsrl.lang.program import whole_range

GUARD_STEPS = 2
"""Facts about programs over tokens are about sequences so much too long, or what counts such steps would be a bit."""

FAR = 2**20
"""What a program makes of a text that is too long is looked at up to so many steps."""

DEEPEST = fmpq(2) ** 60
"""An answer that falls further below its lowest token than this, within so many steps, is clipped."""


def guarded(program: Program, max_length: int | None = None) -> Program:
    """The program with one more input number, for text that is not a token of its input, and two outputs.

    The new number is the one above the input's range. The outputs are the program's symbol and
    `refused`, 0 where the symbol is the answer. It is more than 0 where the program's own second output, if there is
    one, is not 0; from the first input on that is the new number (`invalid`); beyond `max_length` steps, and the
    further the more (`too_long`); and where the symbol is below all tokens or between two. Above all tokens the symbol
    tells by itself. Where nothing is refused, both outputs are the program's.

    Claims hold for every text: where one would not hold of the new number, the program gets the
    highest of its own in its place. Values keep their names; where one of the new is taken, a number is put after it.
    Raises `ProgramError` for a program without a vocabulary, `ShapeError` for a bad `max_length`, `RangeError` where
    a condition can be something other than 0 or 1 on some text, and for answers that are not multiples of anything.

    >>> from lsrl import Vocabulary
    >>> bit = Input(1, range=(0, 1), integer=True)
    >>> same = Program(bit, vocabulary=Vocabulary.of_numbers(0, 1))
    >>> guarded(same, max_length=3).run([[0], [1], [1], [0]])[:, 1].tolist()
    [0.0, 0.0, 0.0, 1.0]
    >>> guarded(same).run([[0], [2], [1]])[:, 1].tolist()
    [0.0, 1.0, 1.0]
    """
    if program.vocabulary is None:
        raise ProgramError(f"guarded of {program.name}, which has no vocabulary; expected Program(…, vocabulary=…)")
    highest = whole_range(program.input)[1]
    if highest not in program.vocabulary.tokens.values():
        raise ProgramError(
            f"no token stands for {highest}, the highest number of {program.input.label} of {program.name}; expected "
            "one for every number: text that is not a token gets a number of its own"
        )
    if max_length is not None:
        whole_number(max_length, "max_length", most=2**62)
    body = _body(program, max_length)
    tokens = sorted(program.vocabulary.tokens.values())
    symbol, *own = body.outputs
    answer = body.facts[0]
    if answer.low is None or answer.low < tokens[0] - DEEPEST:
        symbol = clip(symbol, tokens[0] - 1, tokens[-1] + 1)
    flags = [_far_from_zero(flag, fact) for flag, fact in zip(own, body.facts[1:], strict=True)]
    name = _free("invalid", program)  # a latch has no longest sequence, a sum can be had on every target
    invalid = latch(1, body.unknown, name=name) if max_length is None else at_least(cumsum(body.unknown), 1, name=name)
    flags.append(invalid)
    if max_length is not None:
        # A number that grows: so does what the program makes of more steps than it was made for.
        flags.append(ReLU(counter(1) - max_length, name=_free("too_long", program)))
    grid = common_measure([answer.measure or ONE, ONE])
    flags.append(_above_zero(tokens[0] - symbol, grid, "below"))
    # What lies above all tokens by less than 1 would be nearest to the last.
    flags += _between(symbol, [*tokens, tokens[-1] + 1], grid)
    # A plain sum: whatever reads the flags reads them together, and no layer is put after any.
    refused = total(Concat(flags), name=_free("refused", program))
    return Program(symbol, refused, name=program.name, vocabulary=program.vocabulary)


@dataclass(frozen=True, slots=True)
class _Body:
    """A program over any text: whether the input is the new number, its outputs, and what is known of them."""

    unknown: Value
    outputs: tuple[Value, ...]
    facts: tuple[Fact, ...]


def _body(program: Program, max_length: int | None) -> _Body:
    """The program over one more number; over its own numbers only, where a claim would not hold of that one."""
    problem: object = None
    for restricted in (False, True):
        unknown, output = _over_any_text(program, restricted)
        try:
            circuit = far_circuit(Program(output, name=program.name), max_length)
        except RangeError as refusal:
            problem = refusal
            continue
        # What is claimed of values whose order is not known may be true of the program's own numbers alone.
        if not circuit.narrowed and (restricted or not circuit.undecidable):
            facts = tuple(circuit.knowledge.fact(form) for form in circuit.outputs)
            _check_outputs(program.name, facts)
            return _Body(unknown, tuple(output), facts)
        undecided = (circuit.narrowed or circuit.undecidable)[0]
        problem = RangeError(
            f"{undecided!r} of {program.name} can be neither 0 nor 1; expected a ramp (width=…) "
            "no wider than the steps of what it compares"
        )
    far_circuit(program, max_length)  # what is wrong with the program itself is said in its own words
    raise RangeError(f"{problem}; a program over tokens decides on every text, however long")


def _over_any_text(program: Program, restricted: bool) -> tuple[Value, Value]:
    """1 where the input is the new number, and the output; `restricted` gives the program its highest number there."""
    low, highest = whole_range(program.input)
    given = program.input
    source = Input(1, range=(low, highest + 1), integer=True, name=given.name, hint=given.hint)
    unknown = ReLU(source - highest, hint="invalid.now")
    known = Linear(Concat([source, unknown]), [[1, -1]], hint="known") if restricted else source
    made: dict[Value, Value] = {given: known}
    for value in program.values:
        if value is not given:
            made[value] = copied(value, made)
    return unknown, made[program.output]


def far_circuit(program: Program, max_length: int | None) -> Circuit:
    """The circuit of what a program makes of texts that are far too long."""
    return circuit_of(program, max_length=None if max_length is None else max(FAR, max_length))


def _check_outputs(name: str, facts: Sequence[Fact]) -> None:
    for what, fact in zip(
        ("the answer", "the second output, which says where there is no answer,"), facts, strict=False
    ):
        if fact.grid is None:
            raise RangeError(
                f"{what} of {name} can be any real number, as far as is known; expected whole numbers, or multiples of "
                "some number: compare, or clip and look up"
            )


def _far_from_zero(flag: Value, fact: Fact) -> Value:
    """0 where a multiple of its measure is 0, else at least as much as its absolute value."""
    if fact.is_boolean:
        return flag
    measure = fact.measure or ONE
    return _above_zero(flag, measure, "refused.up") + _above_zero(-flag, measure, "refused.down")


def _above_zero(number: Value, grid: fmpq, hint: str) -> Value:
    """0 where a multiple of the grid is not above 0, else at least that number.

    Beginning half a step above 0, it is exactly 0 even where the network's number is only nearly 0: a refusal weighs
    as much as the largest answer that there can be.
    """
    return 2 * ReLU(number - grid / 2, hint=hint)


def _between(symbol: Value, numbers: Sequence[int], grid: fmpq) -> Iterator[Value]:
    """1 where the symbol, a multiple of the grid, is between two numbers that follow one another."""
    for one, following in pairwise(numbers):
        if following - one > grid:
            yield bump(symbol, one, following - grid, width=grid)


def _free(name: str, program: Program) -> str:
    """The name, with the first number after it that makes it new."""
    taken, number = set(program.names.values()), 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
