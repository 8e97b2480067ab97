"""Interventions as a user writes them: checked, and as the interpreters' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from lsrl.errors import ProgramError, RangeError, ShapeError, shortened
from lsrl.lang import Input, Program, Value
from lsrl.lang.loops import is_state
from lsrl.semantics.evaluation import Intervention
from lsrl.semantics.exact import ExactArithmetic, rationals
from lsrl.semantics.floating import FloatArithmetic
from lsrl.semantics.inputs import Declaration, as_array, checked_floats, checked_fractions

Do: TypeAlias = Mapping[str, tuple[int | Sequence[int], Any]]
"""For names of values the steps at which they are set, and to what: numbers that broadcast to (batch, steps, dim)."""

Kind: TypeAlias = Literal["value", "continuing"]
"""What of a state is set: what is read of it at these steps, or also what later steps go on from."""

AnyArithmetic: TypeAlias = FloatArithmetic | ExactArithmetic


def interventions(
    program: Program, do: Do | None, kind: Kind, arithmetic: AnyArithmetic
) -> dict[Value, Intervention[Any]]:
    """What `do` says, for an interpreter.

    Raises `ProgramError` for names that no value has, for the input, and for a value that is no state where `kind` is
    "continuing"; `RangeError` for steps that are not there; `ShapeError` for numbers of another shape or in rows of
    different lengths.
    """
    if kind not in get_args(Kind):
        raise ProgramError(f"kind={shortened(kind)}; expected 'value' or 'continuing'")
    if do is not None and not isinstance(do, Mapping):
        raise ProgramError(f"do={shortened(do)}; expected a mapping from names to (steps, numbers)")
    found: dict[Value, Intervention[Any]] = {}
    for name, given in (do or {}).items():
        value = program[name]
        if isinstance(value, Input):
            raise ProgramError(f"do sets {name!r}, the input of {program.name}; expected another value")
        if kind == "continuing" and not is_state(value):
            raise ProgramError(
                f"do sets {name!r}, which is not kept from step to step, and kind is 'continuing'; expected a state "
                "(LinState, GatedState or recur), or kind='value'"
            )
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise ProgramError(f"do has {name!r}: {shortened(given)}; expected a pair (steps, numbers)")
        steps = checked_steps(given[0], arithmetic.length, name)
        numbers = _numbers(given[1], (arithmetic.batch, len(steps), value.dim), name, arithmetic)
        found[value] = Intervention(steps, arithmetic.steps(numbers), kind == "continuing")
    return found


def checked_steps(given: Any, length: int, name: str, who: str = "do") -> tuple[int, ...]:
    """A step or several, each once. Raises `RangeError` for what is not from 0 to length − 1."""
    try:
        steps = tuple(given) if isinstance(given, (list, tuple)) else tuple(np.atleast_1d(given).tolist())
    except (ValueError, TypeError, RuntimeError):  # no array can be made of it
        steps = ()
    steps = tuple(int(step) if isinstance(step, np.integer) else step for step in steps)
    if not steps or any(type(step) is not int or not 0 <= step < length for step in steps):
        raise RangeError(f"{who} sets {name!r} at steps {shortened(given)}; expected some of 0 to {length - 1}")
    if len(set(steps)) < len(steps):
        raise RangeError(f"{who} sets {name!r} at steps {shortened(given)}; expected every step once")
    return steps


def _numbers(given: Any, shape: tuple[int, int, int], name: str, arithmetic: AnyArithmetic) -> Any:
    _, steps, dim = shape
    array = as_array(given, f"what do sets {name!r} to,")
    if dim == 1 and array.ndim and array.shape[-1] == steps != 1:
        array = array[..., None]
    try:
        whole = np.broadcast_to(array, shape)
    except ValueError:
        raise ShapeError(
            f"do sets {name!r} to numbers of shape {array.shape}; expected (batch, steps, dim) = {shape}, or less of it"
        ) from None
    declared = [Declaration(None, None, None)] * dim
    if isinstance(arithmetic, ExactArithmetic):
        return rationals(checked_fractions(whole, declared, name)[0])
    return np.ascontiguousarray(checked_floats(whole, declared, name)[0].transpose(2, 0, 1))
