"""What every backend makes of a program: a network, which is its weights and all that is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from lsrl.backends.sites import Address
from lsrl.backends.unit_groups import Arrays, UnitGroup
from lsrl.placement.stack import Part

if TYPE_CHECKING:
    import torch

FileTensors: TypeAlias = dict[str, dict[str, np.ndarray]]
"""The tensors of every file of weights, by name."""

WEIGHTS = "model.safetensors"


class Sizes(NamedTuple):
    """The sizes of a network, found from its weights; `channels` are those of a residual stream that are in use."""

    layers: int
    widest: int
    state_dimension: int
    parameters: int
    nonzeros: int
    channels: int | None = None


class Network(Protocol):
    """Weights in floats, and what evaluates them."""

    @property
    def weights(self) -> Any:
        """The weights as this backend has them."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What its arrays are: float64 or float32."""

    @property
    def arithmetic(self) -> str:
        """What it computes in: that, or bfloat16, whose numbers NumPy has as float32."""

    @property
    def dims(self) -> tuple[int, int]:
        """Components of one input and of one output."""

    @property
    def sizes(self) -> Sizes:
        """How large it is."""

    @property
    def layer_sizes(self) -> Sequence[tuple[int, int]]:
        """How many numbers every layer's state and output have."""

    @property
    def state_sizes(self) -> Sequence[int]:
        """How many numbers of what every layer goes on from can be written (`hooked`)."""

    @property
    def description(self) -> Mapping[str, Any] | None:
        """The stock module that it is, for whoever runs it without LSRL; None for a network of LSRL's own."""

    def run(self, x: np.ndarray) -> np.ndarray:
        """Outputs (batch, T, out) for inputs (batch, T, in)."""

    def start(self, batch: int = 1) -> Any:
        """The state before the first step."""

    def step(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One step: outputs (batch, out) and the next state, for inputs (batch, in)."""

    def activations(self, x: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Every layer's (state, output), each (batch, T, n)."""

    def module(self) -> torch.nn.Module:
        """The network in torch, made anew."""

    def hooked(self) -> torch.nn.Module:
        """The network in torch so that every number of a layer's state and output comes out of a module."""

    def address(self, layer: int, part: Part) -> Address:
        """The modules of the hooked network out of which a layer's state or output comes (`lsrl.backends.sites`)."""

    def tensors(self) -> FileTensors:
        """What is in its files of weights."""

    @property
    def arrays(self) -> Arrays:
        """All weights by name, dense."""

    def with_arrays(self, arrays: Arrays) -> Network:
        """The same network with other weights."""

    @property
    def unit_groups(self) -> Sequence[UnitGroup]:
        """What in it can be rearranged; of a model with a residual stream, that comes first."""
