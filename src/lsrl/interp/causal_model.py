"""Programs as causal models: variables, what each is made of, and what follows when some are set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lsrl.lang import GatedState, Input, LinState, Previous, Program, Recur, Value
from lsrl.lang.numbers import whole_number
from lsrl.semantics import Do, Kind, Trace
from lsrl.semantics.evaluation import one_step, started
from lsrl.semantics.exact import ExactArithmetic, rationals

Numbers: TypeAlias = tuple[Fraction, ...]
"""The components of a value at one step."""


class Unrolled(NamedTuple):
    """A program over so many steps in the four parts that MIB's CausalModel is made of (Mueller et al. 2025).

    A variable is a value at a step, "depth[3]"; its numbers are a tuple of fractions. `parents` are those that its
    mechanism takes, in order. `values` are not listed, None for each: they are too many, or real.
    """

    variables: list[str]
    values: dict[str, None]
    parents: dict[str, list[str]]
    mechanisms: dict[str, Callable[..., Numbers]]


@dataclass(frozen=True)
class CausalModel:
    """The causal model that a program is, and that networks compiled from it implement.

    >>> from lsrl import Input, cumsum
    >>> depth = cumsum(Input(1, name="x"), name="depth")
    >>> model = CausalModel(Program(depth * 2))
    >>> model.parents["depth"], model.states
    (('x', 'depth'), ('depth',))
    >>> unrolled = model.unrolled(3)
    >>> unrolled.parents["depth[2]"]
    ['x[2]', 'depth[1]']
    >>> unrolled.mechanisms["depth[2]"]((Fraction(1),), (Fraction(5),))
    (Fraction(6, 1),)
    """

    program: Program

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of all values, arguments before what reads them."""
        return tuple(self.program.names[value] for value in self.program.values)

    @property
    def states(self) -> tuple[str, ...]:
        """Those that are also made of what they were one step ago, or of what another one was."""
        return tuple(self.program.names[value] for value in self.program.values if self._before(value))

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """What each variable is made of; of a state, also what it was one step ago."""
        names = self.program.names
        return {names[value]: tuple(names[read] for read in (*_now(value), *self._before(value))) for value in names}

    def run(self, x: Any, do: Do | None = None, *, kind: Kind = "value") -> Trace:
        """All variables, exactly, for inputs (T, dim) or (batch, T, dim), some of them set (`Program.run`)."""
        return self.program.trace(x, exact=True, do=do, kind=kind)

    def unrolled(self, steps: int) -> Unrolled:
        """The model over so many steps, a variable for every value at every step. Inputs have no parents."""
        whole_number(steps, "steps of unrolled")
        names = self.program.names
        parents: dict[str, list[str]] = {}
        mechanisms: dict[str, Callable[..., Numbers]] = {}
        for t in range(steps):
            for value in self.program.values:
                earlier = self._before(value) if t else ()
                read = [f"{names[other]}[{t}]" for other in _now(value)]
                here = f"{names[value]}[{t}]"
                parents[here] = read + [f"{names[other]}[{t - 1}]" for other in earlier]
                mechanisms[here] = partial(_mechanism, value, len(read)) if not isinstance(value, Input) else _nothing
        return Unrolled(list(parents), dict.fromkeys(parents), parents, mechanisms)

    def _before(self, value: Value) -> tuple[Value, ...]:
        """What a value reads of the step before."""
        if isinstance(value, (LinState, GatedState)):
            return (value,)
        return (self._recurs[value],) if isinstance(value, Previous) else ()

    @cached_property
    def _recurs(self) -> Mapping[Value, Value]:
        return {value.previous: value for value in self.program.values if isinstance(value, Recur)}


def _now(value: Value) -> tuple[Value, ...]:
    """What a value reads of the same step."""
    return () if isinstance(value, Previous) else (value.after,) if isinstance(value, Recur) else value.arguments


def _nothing() -> Numbers:
    """An input that is not set."""
    raise KeyError("an input has no mechanism; set it")


def _mechanism(value: Any, now: int, *given: Numbers) -> Numbers:
    """A value at one step, from what it reads of it, and of the step before."""
    arithmetic = ExactArithmetic(1, 1)
    read = [rationals(np.array([[list(numbers)]], dtype=object)) for numbers in given]
    outside = dict(zip(_now(value), read[:now], strict=True))
    before = dict.fromkeys([value], *read[now:]) if read[now:] else started([value], arithmetic)
    found = one_step([value], outside, before, arithmetic)[value]
    return tuple(arithmetic.numbers(found)[0, 0].tolist())
