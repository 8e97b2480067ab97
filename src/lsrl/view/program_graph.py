"""Programs as graphs: a box for each library call, or for each primitive, and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from lsrl.errors import ProgramError
from lsrl.lang import Constant, Input, Multi, Previous, Program, Recur, ReLU, Slice, Value
from lsrl.lang.calls import Call
from lsrl.lang.expressions import Expression
from lsrl.lang.listing import Level, Lines, number_list
from lsrl.lang.loops import is_state
from lsrl.lang.primitives import Primitive
from lsrl.lang.written import as_written, inside, reads

Kind: TypeAlias = Literal["input", "state", "boolean", "number", "relu", "product"]
"""What a value is: given, kept from step to step, 0 or 1, or anything else; of primitives, also how it is made."""

LONGEST_REPEATED = 24
"""Letters of a part or a number that is written wherever it is read."""


class ValueBox(NamedTuple):
    """A value as it is drawn: its name, whether that is the user's, how many numbers it has, and how it is written."""

    name: str
    is_named: bool
    dim: int
    text: str
    kind: Kind


class Reading(NamedTuple):
    """Box `reader` reads box `read` of this step, or of the `last` one."""

    read: int
    reader: int
    last: bool


@dataclass(frozen=True)
class ProgramGraph:
    """The boxes of a program, what is read first, and who reads whom; `given` are boxes that come from outside."""

    boxes: tuple[ValueBox, ...]
    readings: tuple[Reading, ...]
    given: tuple[int, ...]
    output: int


def program_graph(program: Program, level: Level = "library", inside_of: str | None = None) -> ProgramGraph:
    """The program as a graph: by the calls that it was written with, or by `"primitives"`.

    At the level of the library short expressions are written into what reads them, but states never are.
    `inside_of` names a value, of whose call there are all primitives. Raises `ProgramError` for what is neither.

    >>> from lsrl import cumsum
    >>> graph = program_graph(Program((cumsum(Input(1, name="x")) + 2) * 2))
    >>> [(box.name, box.text) for box in graph.boxes]
    [('x', 'Input()'), ('cumsum', 'cumsum(x)'), ('scaled', '(cumsum + 2) * 2')]
    """
    if level not in get_args(Level):
        raise ProgramError(f"level={level!r} of a drawing; expected 'library' or 'primitives'")
    if inside_of is not None:
        return _graph_inside(program, program[inside_of])
    calls: Mapping[Value, Call | None] = dict.fromkeys(program.values)
    if level == "library":
        calls = as_written(program.values, program.output)
    return _graph(_Boxes(program, calls, fold=level == "library"), program.output, frozenset())


def _graph_inside(program: Program, value: Value) -> ProgramGraph:
    call = as_written(program.values, program.output).get(value)
    if call is None:
        raise ProgramError(
            f"{program.names[value]!r} is no call of a library function; expected one, or draw(level='primitives')"
        )
    parts, read = inside(value, call)
    seen = [part for part in program.values if part in parts or part in read]
    shown: Mapping[Value, Call | None] = dict.fromkeys(seen)
    return _graph(_Boxes(program, shown, fold=False), value, read)


class _Boxes(Lines):
    """What is written in the boxes of a program."""

    def __init__(self, program: Program, calls: Mapping[Value, Call | None], *, fold: bool) -> None:
        self.states: dict[Value, Recur] = {value.previous: value for value in calls if isinstance(value, Recur)}
        self.closing = {state.after for state in self.states.values()}  # it is written where the state is
        super().__init__(program, calls, fold=fold, once=False)

    def is_folded(self, value: Value, call: Call | None, said: Expression) -> bool:
        if value not in self.program.names or isinstance(value, Previous):
            return True
        if value is self.program.output or value.name is not None or isinstance(value, Input):
            return False
        if isinstance(value, (Slice, Constant)) and len(said.text) <= LONGEST_REPEATED:
            return True
        if _remembers(value, call) or self.times_read[value] != 1:
            return False
        return self.folds(value, call, said) or value in self.closing

    def named(self, value: Value) -> Expression:
        if isinstance(value, Previous):
            return Expression(self.program.names[value])
        if isinstance(value, Constant) and value in self.folded:
            return number_list(value.numbers)
        return super().named(value)

    def operation(self, value: Primitive) -> Expression:
        return self.named(value.after) if isinstance(value, Recur) and self.fold else super().operation(value)

    def sources(self, value: Value) -> list[tuple[Value, bool]]:
        """What a box reads, through what is folded into it, and whether of the last step."""
        found: list[tuple[Value, bool]] = []
        arguments = [value.after] if isinstance(value, Recur) else reads(value, self.calls[value])
        for argument in arguments:
            if argument in self.said:
                found.append((argument, False))
            elif isinstance(argument, Previous):
                found.append((self.states[argument], True))
            elif argument in self.folded:
                found += self.sources(argument)
        return found


def _graph(boxes: _Boxes, output: Value, given: AbstractSet[Value]) -> ProgramGraph:
    place = {value: i for i, value in enumerate(boxes.said)}
    readings: dict[Reading, None] = {}
    for value, i in place.items():
        for source, last in () if value in given else boxes.sources(value):
            readings[Reading(place[source], i, last)] = None
        if isinstance(value, Previous):
            if value in boxes.states:  # of what is inside of a call it can be given
                readings[Reading(place[boxes.states[value]], i, True)] = None
        elif _remembers(value, boxes.calls[value]) and not isinstance(value, Recur) and value not in given:
            readings[Reading(i, i, True)] = None
    return ProgramGraph(
        tuple(_box(boxes, value, given) for value in place),
        tuple(readings),
        tuple(i for value, i in place.items() if value in given or isinstance(value, Input)),
        place[output],
    )


def _box(boxes: _Boxes, value: Value, given: AbstractSet[Value]) -> ValueBox:
    name = boxes.program.names[value]
    if value in given:
        return ValueBox(name, value.name is not None, value.dim, "given", "input")
    kind = _kind(value, boxes.calls[value], at_primitives=not boxes.fold)
    return ValueBox(name, value.name is not None, value.dim, boxes.said[value].text, kind)


def _kind(value: Value, call: Call | None, *, at_primitives: bool) -> Kind:
    if isinstance(value, Input):
        return "input"
    if isinstance(value, Previous) or _remembers(value, call):
        return "state"
    if value.comparison:
        return "boolean"
    if at_primitives and isinstance(value, (ReLU, Multi)):
        return "relu" if isinstance(value, ReLU) else "product"
    return "number"


def _remembers(value: Value, call: Call | None) -> bool:
    """Whether a value is a state, or its call has one inside."""
    return any(map(is_state, {value} if call is None else inside(value, call)[0]))
