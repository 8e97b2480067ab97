"""Decoys: another program in the same network, which the answer does not read."""

from __future__ import annotations

from lsrl.circuit.facts import Fact
from lsrl.circuit.translate import input_facts
from lsrl.errors import ProgramError, RangeError, ShapeError, shortened
from lsrl.lang import Concat, Linear, Program, Value
from lsrl.lang.matrix import beside, identity, zeros

PREFIX = "decoy."
"""In front of the names of a decoy's values."""


def with_decoy(program: Program, decoy: Program) -> Program:
    """The program with another one beside it, of which the answer reads nothing: it computes the same.

    What has a name is compiled although nothing reads it: the decoy's named values, as `decoy.…`, and its output. They
    share the layers with the program's own. Raises `ProgramError` for what is no program, `ShapeError` for a decoy of
    inputs of another dimension, and `RangeError` where it is not for all inputs that the program has.

    >>> from lsrl import Input, Program, cumsum
    >>> x = Input(1, range=(-1, 1), integer=True)
    >>> program = with_decoy(Program(cumsum(x) > 2), Program(cumsum(x, name="depth") > 4))
    >>> [name for name in program.names.values() if name.startswith("decoy")]
    ['decoy.depth', 'decoy.output']
    """
    for given in (program, decoy):
        if not isinstance(given, Program):
            raise ProgramError(f"{shortened(given)} is not a Program; expected one to put a decoy beside, and a decoy")
    if decoy.input.dim != program.input.dim:
        raise ShapeError(
            f"the decoy {decoy.name} has inputs of {decoy.input.dim} components; expected {program.input.dim}, as "
            f"{program.name} has"
        )
    if not all(map(_holds, input_facts(decoy, None), input_facts(program, None))):
        raise RangeError(
            f"the decoy {decoy.name} is not for all inputs of {program.name}; expected one whose input has a range and "
            "a grid that hold them"
        )
    made: dict[Value, Value] = {decoy.input: program.input}
    for value in decoy.values:
        if value is not decoy.input:
            named = f"{PREFIX}{value.name}" if value.name else None
            named = f"{PREFIX}output" if value is decoy.output else named
            made[value] = value.reading([made[argument] for argument in value.arguments], name=named)
    unread = made[decoy.output]
    kept = beside(identity(program.output.dim), zeros(program.output.dim, unread.dim))
    return Program(Linear(Concat([program.output, unread]), kept), name=program.name, vocabulary=program.vocabulary)


def _holds(outer: Fact, inner: Fact) -> bool:
    """Whether every number of one input is one of another."""
    below = outer.low is None or (inner.low is not None and inner.low >= outer.low)
    above = outer.high is None or (inner.high is not None and inner.high <= outer.high)
    on_grid = outer.grid is None or (inner.grid is not None and (inner.grid / outer.grid).denom() == 1)
    return below and above and on_grid
