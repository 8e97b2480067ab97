"""What a zoo program is: a program, what it means in plain Python, and inputs for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lsrl.lang import Program

Specification: TypeAlias = Callable[[list[int]], list[int]]
"""From the input symbols of all steps to the output at every step, without a word of LSRL."""

MAX_LENGTH = 4096
"""Steps that a zoo program is made for."""


@dataclass(frozen=True)
class ZooProgram:
    """A program over one input symbol a step, and what it should compute.

    `symbols` are the input symbols that there are; `likely` are their chances in `sample`.
    """

    summary: str
    program: Program
    specification: Specification
    symbols: tuple[int, ...]
    likely: tuple[float, ...] | None = None
    max_length: int = MAX_LENGTH

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    def sample(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """Random symbols of shape (length, 1)."""
        return rng.choice(self.symbols, (length, 1), p=self.likely).astype(np.float64)

    def expected(self, x: np.ndarray) -> np.ndarray:
        """What the specification says of symbols (T, 1): outputs (T, 1)."""
        return np.array(self.specification([int(symbol) for symbol in x[:, 0]]), dtype=np.float64)[:, None]
