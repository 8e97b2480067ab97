"""Running a program one step at a time, on many streams side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lsrl.lang import Program, Value
from lsrl.semantics.evaluation import one_step, remembered, started
from lsrl.semantics.floating import FloatArithmetic

Remembered: TypeAlias = Mapping[Value, np.ndarray]
"""What the states of a program are: arrays (dim, batch, 1)."""


@dataclass(frozen=True)
class SteppedProgram:
    """A program in floats of a type, by default the longest that there is: with eleven more bits than float64, on x86.

    >>> from lsrl import Input, cumsum
    >>> stepped = SteppedProgram(Program(cumsum(Input(1))))
    >>> outputs, _, before = stepped.step(np.ones((2, 1)), stepped.start(2))
    >>> stepped.step(np.ones((2, 1)), before)[0].ravel().tolist() == [2, 2]
    True
    """

    program: Program
    dtype: type[np.floating[Any]] = np.longdouble

    def start(self, batch: int) -> Remembered:
        """What the states are before the first step."""
        return started([value for group in self.program.groups for value in group], self._arithmetic(batch))

    def step(self, x: np.ndarray, before: Remembered) -> tuple[np.ndarray, np.ndarray, Remembered]:
        """Outputs (batch, out) for inputs (batch, dim), where a comparison is undecided (batch,), and the states."""
        arithmetic = self._arithmetic(len(x))
        values = [value for group in self.program.groups for value in group]
        given: dict[Value, np.ndarray] = {self.program.input: x.astype(self.dtype).T[:, :, None]}
        now = one_step([value for value in values if value is not self.program.input], given, before, arithmetic)
        undecided = np.zeros(len(x), dtype=bool)
        for value in values:
            if value.comparison:
                undecided |= arithmetic.between(now[value]).any(axis=(0, 2))
        return now[self.program.output][:, :, 0].T, undecided, remembered(values, now)

    def _arithmetic(self, batch: int) -> FloatArithmetic:
        return FloatArithmetic(batch, 1, self.dtype)
