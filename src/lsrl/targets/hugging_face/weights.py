"""A model of Hugging Face transformers as data: its class, its configuration, its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.circuit.affine import Affine
from lsrl.circuit.residual import MARKS, ResidualStack
from lsrl.errors import RangeError
from lsrl.lang.numbers import as_float
from lsrl.targets.hugging_face.scale import Scale

ALWAYS, STARTED = 0, 1
"""The channels that are 1 at every position, and 1 (stored as ε) at every step of the program."""


@dataclass(frozen=True)
class HubWeights:
    """Tensors of the stock model, and of the maps into and out of its residual stream.

    `maps`: `input.weight` (d, in) and `input.bias` make an embedding of a step's input, `bos` (d,) is
    the one that every sequence begins with; `readout.weight` (out, d) and `readout.bias` read an
    output from the last hidden state.
    """

    architecture: str
    config: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]
    maps: Mapping[str, np.ndarray]

    @property
    def input_dim(self) -> int:
        """Components of one input."""
        return int(self.maps["input.weight"].shape[1])

    @property
    def output_dim(self) -> int:
        """Components of one output."""
        return len(self.maps["readout.bias"])

    @property
    def width(self) -> int:
        """Channels of the residual stream."""
        return int(self.config["hidden_size"])

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return int(self.config["num_hidden_layers"])

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return self.maps["readout.bias"].dtype


class Rows:
    """Rows over the stream's channels for forms over units."""

    def __init__(self, stack: ResidualStack, scale: Scale) -> None:
        self.channels = stack.channels
        self.scale = scale
        self.width = scale.width

    def of(self, form: Affine, factor: Any) -> np.ndarray:
        """The row that reads `factor` times the form."""
        row = np.zeros(self.width)
        by = factor / self.scale.epsilon
        for unit_id, weight in form.terms.items():
            row[self.channels[unit_id]] = as_float(weight * by)
        row[STARTED] = as_float(form.constant * by)
        return row

    def always(self, number: float) -> np.ndarray:
        """The row that reads this number at every position."""
        row = np.zeros(self.width)
        row[ALWAYS] = number
        return row


def maps_of(stack: ResidualStack, scale: Scale, readout: Sequence[Affine]) -> dict[str, np.ndarray]:
    """The maps into and out of the stream."""
    dim, epsilon = stack.circuit.input_dim, as_float(scale.epsilon)
    weight = np.zeros((scale.width, dim))
    weight[MARKS : MARKS + dim] = np.eye(dim) * epsilon
    always = np.eye(scale.width)[ALWAYS]
    rows = Rows(stack, scale)
    return {
        "input.weight": weight,
        "input.bias": always + epsilon * np.eye(scale.width)[STARTED],
        "bos": always,
        "readout.weight": np.stack([rows.of(Affine(form.terms), 1) for form in readout]),
        "readout.bias": np.array([as_float(form.constant) for form in readout]),
    }


def converted(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors in float32. Raises `RangeError` for a number beyond it."""
    found = {}
    for name, array in tensors.items():
        with np.errstate(over="ignore"):
            found[name] = np.ascontiguousarray(array, dtype=np.float32)
        if not np.isfinite(found[name]).all():
            raise RangeError(
                f"a number in {name} is {float(np.abs(array).max()):.3g}, beyond float32; "
                "expected smaller numbers in the program, or target='lstm' with dtype='float64'"
            )
    return found
