"""`lsrl.compare`: what the values of one program are in several networks, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.backends.registry import target_named
from lsrl.errors import (
    MissingPackage,
    ProgramError,
    RangeError,
    ShapeError,
    UnsupportedProgram,
    shortened,
)
from lsrl.lang import Program
from lsrl.lang.numbers import is_sequence
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.model.verification import absolute_errors
from lsrl.semantics import Trace

if TYPE_CHECKING:
    from lsrl.view.drawing import Drawing


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """The values of a program as several networks compute them on one sequence.

    `trace` has the exact numbers, `read[value][target]` an array (T, dim) as it was read from that network, for every
    value with a name that is in it, and the output. `models` are the networks, `refused` says why a target has none.
    """

    trace: Trace
    models: Mapping[str, CompiledModel]
    refused: Mapping[str, str]
    read: Mapping[str, Mapping[str, np.ndarray]]

    @property
    def program(self) -> Program:
        """What the networks compute."""
        return self.trace.program

    @property
    def targets(self) -> tuple[str, ...]:
        """The architectures, also those that refuse the program."""
        return (*self.models, *self.refused)

    def errors(self, value: str, target: str) -> np.ndarray:
        """|network − exact| of a value, (T, dim). Raises `ProgramError` for a value that was not read there."""
        return absolute_errors(self._found(value, target), self.trace[value])

    def _found(self, value: str, target: str) -> np.ndarray:
        try:
            return self.read[value][target]
        except (KeyError, TypeError):
            what = f"{shortened(value)} was not read from {shortened(target)}"
            raise ProgramError(f"{what}; expected a value and a target that `read` has") from None

    def place(self, value: str, target: str) -> str:
        """Which layers of a network a value is read from, in words. Raises `ProgramError` as `errors` does."""
        self._found(value, target)
        layers = self.models[target].layout[value].layers
        inner = [str(layer) for layer in layers if layer >= 0]
        names = [*["input"] * (-1 in layers), *[f"layer{'s' * (len(inner) > 1)} {', '.join(inner)}"] * bool(inner)]
        return " and ".join(names) or "constant"

    @property
    def largest_error(self) -> float:
        """The largest |network − exact| of all; 0 where everything is equal bit for bit."""
        pairs = [(value, target) for value, found in self.read.items() for target in found]
        return max((float(self.errors(*pair).max(initial=0.0)) for pair in pairs), default=0.0)

    def draw(self) -> Drawing:
        """A picture: every value in all networks below one another, over time; what is not exact is framed."""
        from lsrl.view.comparison_drawing import draw_comparison

        return draw_comparison(self)

    def _repr_svg_(self) -> str | None:
        with suppress(MissingPackage):  # a notebook then shows the text
            return self.draw().svg
        return None

    def __repr__(self) -> str:
        return f"<Comparison of {self.program.name!r} on {', '.join(self.targets)}>"

    def __str__(self) -> str:
        rows = [["", *self.models]]
        rows += [[value, *(self._said(value, target) for target in self.models)] for value in self.read]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *(f"{target}: {reason}" for target, reason in self.refused.items())])

    def _said(self, value: str, target: str) -> str:
        if target not in self.read[value]:
            return "optimised away"
        errors = self.errors(value, target).max(axis=-1, initial=0.0)
        found = f"off by {errors.max():.2g} at step {errors.argmax()}" if errors.any() else "exact"
        return f"{found}, {self.place(value, target)}"


def compare(program: Program, targets: Sequence[str], x: Any, *, max_length: int | None = None) -> Comparison:
    """The values with a name, and the outputs, as networks of several architectures compute them on `x` (T, dim).

    The networks are compiled for `max_length` steps, or for those of `x`. A target that cannot express the program is
    `refused`, with the reason. Raises `ShapeError` for several sequences, `UnsupportedProgram` for what is no list of
    targets, and what `Program.trace` and `CompiledModel.read` raise for other inputs.

    >>> from lsrl import Input, cumsum
    >>> x = Input(1, range=(0, 9), integer=True, name="x")
    >>> print(compare(Program(cumsum(x, name="sum")), ["lstm", "linear-rnn"], [[1], [2]]))
         lstm            linear-rnn
    sum  exact, layer 0  exact, layer 0
    """
    if not is_sequence(targets) or len(targets) == 0:
        raise UnsupportedProgram(f"targets={shortened(targets)} of compare; expected a list of targets' names")
    trace = program.trace(x, exact=True)
    if trace.output.ndim != 2 or not len(trace.output):
        raise ShapeError(f"compare got an array of shape {np.shape(x)}; expected one sequence (T, dim)")
    steps = len(trace.output) if max_length is None else max_length
    models: dict[str, CompiledModel] = {}
    refused: dict[str, str] = {}
    for target in [target_named(name).name for name in dict.fromkeys(targets)]:
        try:
            models[target] = compiled(program, target, max_length=steps)
        except (UnsupportedProgram, RangeError) as problem:
            refused[target] = str(problem)
    computed = [value for value in program.values if value.name is not None and value is not program.input]
    read = {
        name: {target: model.read(name, x) for target, model in models.items() if name in model.layout}
        for name in dict.fromkeys(program.names[value] for value in (*computed, program.output))
    }
    return Comparison(trace, models, refused, read)
