"""Runs a recurrent torch network on NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.backends.network import WEIGHTS, FileTensors, Sizes
from lsrl.backends.sites import Address
from lsrl.backends.torch_environment import tensor_of, torch_defaults, undisturbed
from lsrl.backends.torch_rnn.weights import RecurrentWeights, unit_groups
from lsrl.backends.unit_groups import Arrays, UnitGroup
from lsrl.placement.stack import Part

if TYPE_CHECKING:
    from torch import Tensor

    from lsrl.backends.torch_rnn.torch_module import RecurrentNetwork, States
    from lsrl.backends.torch_rnn.unrolled import UnrolledNetwork

LONGEST_CHUNK = 2**14
"""Tokens (batch × steps) that go through the network at once: memory does not grow with T."""


class TorchNetwork:
    """Evaluates the stock module; all arrays are of the weights' dtype."""

    def __init__(self, weights: RecurrentWeights) -> None:
        self.weights = weights

    @cached_property
    def stock(self) -> RecurrentNetwork:
        """The module, made when it is first used. Raises `MissingPackage` without torch."""
        return self.module().requires_grad_(False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What its arrays are: float64 or float32."""
        return self.weights.dtype

    @property
    def arithmetic(self) -> str:
        """What the module computes in: that, or bfloat16, whose numbers NumPy has as float32."""
        return self.weights.arithmetic

    @property
    def dims(self) -> tuple[int, int]:
        """Components of one input and of one output."""
        return self.weights.input_dim, self.weights.output_dim

    @property
    def sizes(self) -> Sizes:
        """Layers, hidden units, states of all layers, and numbers."""
        weights, tensors = self.weights, self.weights.tensors.values()
        return Sizes(
            layers=weights.depth,
            widest=weights.size,
            state_dimension=weights.depth * weights.size * len(weights.architecture.states),
            parameters=sum(tensor.size for tensor in tensors),
            nonzeros=sum(int(np.count_nonzero(tensor)) for tensor in tensors),
        )

    @property
    def description(self) -> dict[str, Any]:
        """The stock modules that it is, and its initial states."""
        return self.weights.description

    def module(self) -> RecurrentNetwork:
        """The module, made anew. Raises `MissingPackage` without torch."""
        return _module_of(self.weights)

    def hooked(self) -> UnrolledNetwork:
        """The network step by step, with hook points for states and gates; one of bfloat16 in float32."""
        with torch_defaults():
            from lsrl.backends.torch_rnn.unrolled import UnrolledNetwork

            return UnrolledNetwork(self.weights).requires_grad_(False)

    def address(self, layer: int, part: Part) -> Address:
        """The hidden state; what the next step goes on from is in an LSTM's cell, too."""
        hidden = f"layers.{layer}.hidden"
        keeps_cells = part == "state" and "c0" in self.weights.architecture.states
        return (f"layers.{layer}.cell", hidden) if keeps_cells else (hidden,)

    def tensors(self) -> FileTensors:
        """What is in its file of weights."""
        return {WEIGHTS: dict(self.weights.tensors)}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All weights; the initial states layer by layer."""
        states = self.weights.architecture.states
        rows = {f"{name}[{i}]": row for name in states for i, row in enumerate(self.weights.tensors[name])}
        return {name: array for name, array in self.weights.tensors.items() if name not in states} | rows

    def with_arrays(self, arrays: Arrays) -> TorchNetwork:
        """The same module with other weights."""
        states = self.weights.architecture.states
        found = {name: array for name, array in arrays.items() if not name.endswith("]")}
        found |= {name: np.stack([arrays[f"{name}[{i}]"] for i in range(self.weights.depth)]) for name in states}
        return TorchNetwork(replace(self.weights, tensors=found, arithmetic=str(self.dtype)))

    @property
    def unit_groups(self) -> Sequence[UnitGroup]:
        """The hidden units of every layer."""
        return unit_groups(self.weights)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Outputs (batch, T, out) for inputs (batch, T, in)."""
        result = np.empty((*x.shape[:2], self.weights.output_dim), self.weights.dtype)
        states = self.start(len(x))
        steps = max(1, LONGEST_CHUNK // max(len(x), 1))
        with undisturbed(self.weights.size):
            for first in range(0, x.shape[1], steps):
                outputs, states = self.stock.advanced(self._given(x[:, first : first + steps]), states)
                result[:, first : first + steps] = self._taken(outputs)
        return result

    def start(self, batch: int = 1) -> States:
        """The state before the first step."""
        with undisturbed(self.weights.size):
            return self.stock.start(batch)

    def step(self, x: np.ndarray, state: States) -> tuple[np.ndarray, States]:
        """One step: outputs (batch, out) and the next state, for inputs (batch, in)."""
        with undisturbed(self.weights.size):
            outputs, after = self.stock.advanced(self._given(x[:, None, :]), state)
        return self._taken(outputs)[:, 0], after

    def activations(self, x: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """Every layer's hidden states (batch, T, H), as its output; there is no state besides it to read."""
        below = self._given(x)
        found = []
        nothing = np.empty((*x.shape[:2], 0), self.weights.dtype)
        with undisturbed(self.weights.size):
            for layer in range(self.weights.depth):
                network = _module_of(_single(self.weights, layer)).requires_grad_(False)
                states = network.start(len(x))
                below, _ = network.recurrent(below, states if len(states) > 1 else states[0])
                found.append((nothing, self._taken(below)))
        return found

    def _given(self, x: np.ndarray) -> Tensor:
        """Inputs as the module takes them."""
        given = tensor_of(x)
        return given.bfloat16() if self.arithmetic == "bfloat16" else given

    def _taken(self, outputs: Tensor) -> np.ndarray:
        """What the module puts out as an array of this network's."""
        taken: np.ndarray = (outputs.float() if self.arithmetic == "bfloat16" else outputs).numpy()
        return taken

    @property
    def state_sizes(self) -> Sequence[int]:
        """Every layer goes on from its hidden units."""
        return [self.weights.size] * self.weights.depth

    @property
    def layer_sizes(self) -> Sequence[tuple[int, int]]:
        """Every layer has its hidden units to read."""
        return [(0, self.weights.size)] * self.weights.depth


def _module_of(weights: RecurrentWeights) -> RecurrentNetwork:
    with torch_defaults():
        from lsrl.backends.torch_rnn.torch_module import RecurrentNetwork

        return RecurrentNetwork(weights)


def _single(weights: RecurrentWeights, layer: int) -> RecurrentWeights:
    """One layer of a network as a network of its own."""
    tensors = {
        name.removesuffix(f"_l{layer}") + "_l0": array
        for name, array in weights.tensors.items()
        if name.endswith(f"_l{layer}")
    }
    tensors |= {name: weights.tensors[name][layer : layer + 1] for name in weights.architecture.states}
    readout = {name: weights.tensors[name] for name in ("readout.weight", "readout.bias")}
    return replace(weights, tensors=tensors | readout)
