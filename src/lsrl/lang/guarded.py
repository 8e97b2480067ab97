"""Programs over tokens that answer with no token, rather than a wrong one, what they were not made for."""

from __future__ import annotations

from dataclasses import replace

from lsrl.errors import ProgramError
from lsrl.lang.arithmetic import total
from lsrl.lang.logic import or_
from lsrl.lang.numbers import whole_number
from lsrl.lang.primitives import Concat, Input, ReLU
from lsrl.lang.program import Program, whole_range
from lsrl.lang.records import Record, records_of, values_of
from lsrl.lang.recurrence import counter, cumsum
from lsrl.lang.values import Value


def guarded(program: Program, max_length: int | None = None) -> Program:
    """The program with one more input number, for text that is no token of its input, and two outputs.

    The new number is the one above the input's range. The outputs are the program's symbol and
    `refused`: the program's own second output, if it has one, plus `invalid`, 1 from the first
    input on that is the new number, plus `too_long`, the number of steps beyond `max_length`. The symbol
    passes unchanged; where `refused` is not 0 it may be any number. On inputs of the program's own
    range, up to `max_length` steps, both outputs are the program's.

    Values keep their names; where one of the new three is taken, a number is put behind it.
    Raises `ProgramError` for a program without a vocabulary, `ShapeError` for a bad `max_length`.

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
    _, highest = whole_range(program.input)
    records = [_widened(record, highest + 1) for record in records_of(program)]
    values = values_of(replace(record, where=program.name) for record in records)
    output, source = values[program.names[program.output]], values[program.names[program.input]]
    flags = [output[1]] if output.dim == 2 else []
    unknown = cumsum(ReLU(source - highest, hint="invalid.now"))
    flags.append(or_(unknown, name=_free("invalid", values)))
    if max_length is not None:
        # A number that grows: so does what the program makes of more steps than it was made for.
        longest = whole_number(max_length, "max_length")
        flags.append(ReLU(counter(1) - longest, name=_free("too_long", values)))
    # A plain sum: whatever reads the flags reads them together, and no layer is put behind any.
    refused = total(Concat(flags), name=_free("refused", values))
    symbol = output if output.dim == 1 else output[0]
    return Program(symbol, refused, name=program.name, vocabulary=program.vocabulary)


def _widened(record: Record, highest: int) -> Record:
    if record.primitive != Input.__name__:
        return record
    return replace(record, parameters={**record.parameters, "high": (highest,)})


def _free(name: str, taken: dict[str, Value]) -> str:
    """The name, with the first number behind it that makes it new."""
    number = 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
