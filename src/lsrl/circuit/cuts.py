"""Variables that are cut: named values that are units of their own, which nothing shares or sees through.

What reads such a value reads its units, and all that is known of these is what numbers they can be: so a network where
another number is written to them computes what the program does with that number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from lsrl.errors import ProgramError, UnsupportedProgram, listed, shortened
from lsrl.lang import Constant, Input, Program, Recur, Value
from lsrl.lang.words import label

Variables: TypeAlias = Sequence[str] | Literal["named"]
"""Names of values, or all that their author named and that can be cut."""


def cut_values(program: Program, variables: Variables | Any) -> dict[Value, str]:
    """The values to cut, with their names.

    Raises `ProgramError` for what names no value, or names it twice, and for the input, the output and constants;
    `UnsupportedProgram` for a value inside a loop that is not the loop's own state.

    >>> from lsrl import cumsum
    >>> depth = cumsum(Input(1), name="depth")
    >>> list(cut_values(Program(depth > 3), "named").values())
    ['depth']
    """
    names = {name: value for value, name in program.names.items()}
    if variables == "named":
        named = [value for value in program.values if value.name is not None]
        return {value: program.names[value] for value in named if _problem(program, value) is None}
    if isinstance(variables, str) or not isinstance(variables, Sequence):
        raise ProgramError(f"variables={shortened(variables)}; expected a list of names, or 'named'")
    found: dict[Value, str] = {}
    for name in variables:
        value = names.get(name) if isinstance(name, str) else None
        if value is None or value.name is None:
            known = listed([name for name, value in names.items() if value.name is not None])
            raise ProgramError(f"no value of {program.name} was given the name {shortened(name)}; expected {known}")
        if value in found:
            raise ProgramError(f"variables of {program.name} has {name!r} twice; expected every name once")
        problem = _problem(program, value)
        if problem is not None:
            raise problem
        found[value] = name
    return found


def _problem(program: Program, value: Value) -> ProgramError | UnsupportedProgram | None:
    name = program.names[value]
    if value is program.output:
        return ProgramError(f"value {name!r} is the output of {program.name}, which nothing reads; expected another")
    if isinstance(value, (Input, Constant)):
        kind = "the input" if isinstance(value, Input) else "a constant"
        return ProgramError(f"value {name!r} is {kind} of {program.name}; expected one that is computed from the input")
    group = next(group for group in program.groups if any(value is member for member in group))
    readers = [other for other in group if any(value is read for read in other.arguments)]
    if len(group) > 1 and (not isinstance(value, Recur) or readers):
        return UnsupportedProgram(
            f"value {name!r} is read inside a step of the loop of {_state_of(program, group)!r}, which is one cell and "
            "has no place between its parts; expected the loop's state, or a value outside of it"
        )
    return None


def _state_of(program: Program, group: Sequence[Value]) -> str:
    return next(label(program, value) for value in reversed(group) if isinstance(value, Recur))
