"""What messages call a value: by its name, or as the program was written, and not by the parts of library functions."""

from __future__ import annotations

from typing import Any

from lsrl.lang.listing import Lines
from lsrl.lang.program import Program
from lsrl.lang.values import Value
from lsrl.lang.written import as_written, inside


class Label(str):
    """The name of an anonymous value, which messages that quote it (by `repr`) give as the program was written.

    >>> from lsrl import Input, equal
    >>> program = Program(equal(Input(1, name="x"), 3) * 2)
    >>> name = label(program, program.values[-2])
    >>> print(name, repr(name))
    equal 'equal(x, 3)'
    """

    program: Program

    def __new__(cls, name: str, program: Program) -> Label:
        """The name of a value of a program."""
        made = super().__new__(cls, name)
        made.program = program
        return made

    def __repr__(self) -> str:
        return repr(words_of(self))

    def __reduce__(self) -> Any:
        return str, (str(self),)  # values cannot be pickled


def label(program: Program, value: Value) -> str:
    """The name of a value in a program, which says more in messages."""
    name = program.names[value]
    return name if value.name is not None else Label(name, program)


def words_of(name: str) -> str:
    """What a value is called, given its label: its name, or as the program was written."""
    return name.program.words[str(name)] if isinstance(name, Label) else name


def seen_words(program: Program) -> dict[str, str]:
    """What the values are called that a person sees, by their names: those with a name, and those that are written.

    >>> from lsrl import Input, delay
    >>> seen_words(Program(delay(Input(1, name="x"), name="late") > 2))
    {'x': 'x', 'late': 'late', 'larger': 'late > 2', 'late.history': 'late.history'}
    """
    calls = as_written(program.values, program.output)
    folded = Lines(program, calls, fold=True, once=False).folded
    seen = [value for value in calls if value in program.names]
    words = {program.names[value]: folded[value].text if value in folded else program.names[value] for value in seen}
    return words | {value.name: value.name for value in program.values if value.name is not None}


def all_words(program: Program) -> dict[str, str]:
    """What all values are called, by their names: a part of a call as the call, if its name does not say of which.

    >>> from lsrl import Input, delay
    >>> words = all_words(Program(delay(Input(1, name="x"), name="late") > 2))
    >>> words["larger.missing"]
    'late > 2'
    """
    words = seen_words(program)
    for value, call in as_written(program.values, program.output).items():
        for part in set() if call is None or value not in program.names else inside(value, call)[0]:
            name = program.names[part]
            words.setdefault(name, name if name.startswith(f"{value.name}.") else words[program.names[value]])
    return words
