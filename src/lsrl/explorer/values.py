"""The values of a program that a page shows: those with a line in its listing or a name, and which feed which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsrl.lang import GatedState, LinState, Previous, Program, Recur, Value
from lsrl.lang.calls import Call
from lsrl.lang.listing import Lines
from lsrl.lang.written import as_written, inside, reads

Memory: TypeAlias = Literal["none", "state", "loop"]
"""Whether a value remembers steps before: by a state, or by a loop in which it reads its own past through anything."""


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value, and its line in the listing: none for one that is written in others' lines, or a part of a call.

    `fed_by` are those that feed it and have a line or a name.
    """

    name: str
    value: Value
    line: str | None
    memory: Memory
    fed_by: tuple[str, ...]


def shown_values(program: Program) -> tuple[ShownValue, ...]:
    """The values, those with a line in its order, then those that are only named, or written where they are read.

    >>> from lsrl import Input, cumsum
    >>> x = Input(1, name="x")
    >>> for shown in shown_values(Program(cumsum(x, name="sum"))):
    ...     print(shown.line, shown.memory, shown.fed_by)
    x: 1 = Input() none ()
    sum: 1 = cumsum(x) state ('x',)
    """
    calls = as_written(program.values, program.output)
    lines = Lines(program, calls, fold=True)
    written = [value for value in calls if value not in lines.folded]
    texts = dict(zip(written, lines.lines, strict=True))
    named = [value for value in program.values if value.name is not None and value not in texts]
    shown = dict.fromkeys([*written, *named])
    folded = [value for value in lines.folded if value in program.names]
    found = {value: _fed_by(value, shown, calls) for value in [*shown, *folded]}
    looped: set[Value] = {value for group in program.groups if len(group) > 1 for value in group}
    return tuple(
        ShownValue(
            program.names[value],
            value,
            texts.get(value),
            _memory(hidden, calls, looped),
            tuple(program.names[other] for other in fed_by),
        )
        for value, (fed_by, hidden) in found.items()
    )


def _memory(hidden: Iterable[Value], calls: Mapping[Value, Call | None], looped: set[Value]) -> Memory:
    """Of a value and those that are written in its line."""
    parts: set[Value] = set()
    for value in hidden:
        call = calls.get(value)
        parts |= {value} if call is None else inside(value, call)[0]
    if not parts.isdisjoint(looped):
        return "loop"
    remembers = any(isinstance(part, (LinState, GatedState, Previous, Recur)) for part in parts)
    return "state" if remembers else "none"


def _fed_by(
    value: Value, shown: Mapping[Value, object], calls: Mapping[Value, Call | None]
) -> tuple[Sequence[Value], Sequence[Value]]:
    """The shown values that a value reads, and those between that are not shown, itself first."""
    found: dict[Value, None] = {}
    hidden, waiting = {value: None}, [value]
    while waiting:
        reader = waiting.pop()
        for other in reads(reader, calls.get(reader)):
            if other in shown:
                found[other] = None
            elif other not in hidden:
                hidden[other] = None
                waiting.append(other)
    return list(found), list(hidden)
