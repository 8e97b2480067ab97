"""States that read their own past through any function: `recur`, and the loops that it closes in a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lsrl.errors import ProgramError, shortened
from lsrl.lang.feedback import Previous, Recur
from lsrl.lang.graphs import strong_components
from lsrl.lang.primitives import GatedState, LinState, Primitive
from lsrl.lang.values import Value, value_of


def is_state(value: Value) -> bool:
    """Whether it is kept from step to step, so that setting it can also mean what later steps go on from.

    >>> from lsrl import Input, cumsum
    >>> is_state(cumsum(Input(1)))
    True
    """
    return isinstance(value, (LinState, GatedState, Recur))


def recur(step: Callable[[Value], Value], init: Any = 0, *, name: str | None = None) -> Value:
    """The state sₜ = step(sₜ₋₁), with s₀ = `init` before the first step.

    `step` gets what the state was one step ago, a value with as many components as `init` has numbers, and returns
    what it is now: anything that the language can write, also of other values of the program. Several states that
    read each other are one vector. What an architecture makes of it is in docs/recurrence.md.
    Raises `ShapeError` for a step to another dimension, and `ProgramError` for one that is no function of the state.

    >>> from lsrl import Input, Program, maximum
    >>> x = Input(1, name="x")
    >>> peak = recur(lambda last: maximum(last * "9/10", x), name="peak")
    >>> Program(peak).run([[1], [0], [2]]).ravel().tolist()
    [1.0, 0.9, 2.0]
    """
    label = name or Recur.default_hint
    if not callable(step):
        raise ProgramError(f"step of {label} is {shortened(step)}; expected a function from the last state to the next")
    last = Previous(init, hint=f"{label}.previous")
    try:
        after = value_of(step(last), f"{label} that steps")
    except RecursionError:
        raise ProgramError(f"step of {label} calls itself without end; expected it to return a value") from None
    if last not in _read_by(after):
        raise ProgramError(
            f"step of {label} does not read the state; expected a function of it, else no recur is needed"
        )
    return Recur(after, last, name=name)


def _read_by(value: Value) -> set[Value]:
    """The value and all that it depends on within a step."""
    found, waiting = {value}, [value]
    while waiting:
        new = [argument for argument in waiting.pop().arguments if argument not in found]
        found.update(new)
        waiting += new
    return found


def check_loops(values: Sequence[Value], name: str) -> None:
    """Raise `ProgramError` for what was one step ago of a state that is not in the program, or of two."""
    closed: dict[Value, Recur] = {}
    for value in values:
        if isinstance(value, Recur):
            other = closed.setdefault(value.previous, value)
            if other is not value:
                raise ProgramError(
                    f"{other.label!r} and {value.label!r} of {name} close a loop over one {value.previous.label!r}; "
                    "expected a recur for each"
                )
        if isinstance(value, Recur) and value.previous not in _read_by(value.after):
            raise ProgramError(
                f"{value.label!r} of {name} does not read what it was; expected a function of it, or no recur"
            )
    for value in values:
        if isinstance(value, Previous) and value not in closed:
            raise ProgramError(
                f"{name} reads {value.label!r}, and not the state that it was one step ago; expected it to be read in "
                "the step of its recur, and elsewhere lsrl.delay of the state"
            )


def in_evaluation_order(values: Sequence[Primitive]) -> list[tuple[Primitive, ...]]:
    """Groups of values, those first that others read: values in a loop are one group, in the order of one step.

    >>> from lsrl import Input, Program
    >>> program = Program(recur(lambda last: last + Input(1)))
    >>> [len(group) for group in in_evaluation_order(program.values)]
    [1, 4]
    """
    if not any(isinstance(value, Recur) for value in values):
        return [(value,) for value in values]
    place: dict[Value, int] = {value: i for i, value in enumerate(values)}
    reads = [(place[value], place[argument]) for value in values for argument in value.arguments]
    reads += [(place[value.previous], place[value]) for value in values if isinstance(value, Recur)]
    return [tuple(values[i] for i in members) for members in strong_components(len(values), reads)]
