"""What evaluates the weights of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class Runtime(Protocol):
    """What evaluates a compiled model's weights."""

    def run(self, x: np.ndarray) -> np.ndarray:
        """Outputs (batch, T, out) for inputs (batch, T, in)."""

    def start(self, batch: int = 1) -> Any:
        """The state before the first step."""

    def step(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step: outputs (batch, out) and the next state, for inputs (batch, in)."""

    def activations(self, x: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Every layer's (state, output), each (batch, T, n)."""

    @property
    def layer_sizes(self) -> Sequence[tuple[int, int]]:
        """How many numbers every layer's state and output have."""
