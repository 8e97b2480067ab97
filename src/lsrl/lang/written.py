"""A program as it was written: which values library calls made, and which are only what such calls stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lsrl.lang.calls import Call
from lsrl.lang.constants import is_number
from lsrl.lang.stream import Input
from lsrl.lang.values import Value


def as_written(values: Sequence[Value], output: Value) -> dict[Value, Call | None]:
    """The values of a program that are seen at the level of the library, what they read first, each with its call.

    None stands for a primitive of its own. A call is seen if all that it stands for is read by nothing else: else what
    is shared would be computed twice where the call is read back, and its primitives are seen instead. Numbers that a
    call takes as a `Constant` and only puts into a matrix are seen, too, though no value of the program.

    >>> from lsrl.lang import Input, Program, equal
    >>> program = Program(equal(Input(1), 3))
    >>> [call and call.function for call in as_written(program.values, program.output).values()]
    [None, 'equal']
    """
    readers: dict[Value, list[Value]] = {value: [] for value in values}
    for value in values:
        for argument in value.arguments:
            readers[argument].append(value)
    calls: dict[Value, Call | None] = {}
    seen: dict[Value, Call | None] = {}
    waiting = [(output, False)]
    while waiting:
        value, is_read = waiting.pop()
        if is_read:
            seen[value] = calls[value]
        elif value not in calls:
            calls[value] = call = value.call if _stands_alone(value, readers) else None
            waiting.append((value, True))
            waiting += [(argument, False) for argument in reversed(reads(value, call))]
    return seen


def reads(value: Value, call: Call | None) -> Sequence[Value]:
    """What a value reads, as its call has it, or as a primitive."""
    return value.arguments if call is None else list(call.values)


def inside(value: Value, call: Call) -> tuple[set[Value], set[Value]]:
    """The values that a call of a value stands for, itself included, and those of its arguments that they read."""
    ends, read = set(call.values), set[Value]()
    found, waiting = {value}, [value]
    while waiting:
        for argument in waiting.pop().arguments:
            if argument in ends:
                read.add(argument)
            elif argument not in found:
                found.add(argument)
                waiting.append(argument)
    return found, read


def _stands_alone(value: Value, readers: Mapping[Value, Sequence[Value]]) -> bool:
    """Whether the call of a value, made again of the same arguments, makes all the same values once more."""
    if value.call is None:
        return False
    parts, read = inside(value, value.call)
    shared = any(reader not in parts for part in parts if part is not value for reader in readers[part])
    streams = any(isinstance(part, Input) for part in parts)
    return not shared and not streams and all(is_number(other) for other in value.call.values if other not in read)
