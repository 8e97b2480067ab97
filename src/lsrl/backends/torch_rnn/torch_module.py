"""A stock recurrent torch module, a stock linear read-out, and the initial states."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from lsrl.backends.torch_rnn.weights import RecurrentWeights

States: TypeAlias = tuple[Tensor, ...]


class RecurrentNetwork(nn.Module):
    """`recurrent` (torch.nn.RNN, LSTM or GRU), `readout` (torch.nn.Linear) and initial states (layers, H).

    All weights are ordinary parameters; the initial states are buffers `h0` and, for an LSTM, `c0`.
    """

    def __init__(self, weights: RecurrentWeights) -> None:
        super().__init__()
        architecture = weights.architecture
        dtype: torch.dtype = getattr(torch, weights.arithmetic)
        module: Any = getattr(nn, architecture.name)
        # Made on the meta device: the weights that come are the first it has.
        with torch.device("meta"):
            self.recurrent: Any = module(**weights.module_arguments, dtype=dtype)
            self.readout = nn.Linear(weights.size, weights.output_dim, dtype=dtype)
            for state in architecture.states:
                self.register_buffer(state, torch.empty(weights.depth, weights.size, dtype=dtype))
        tensors = {name: torch.tensor(array, device="cpu").to(dtype) for name, array in weights.tensors.items()}
        self.load_state_dict(tensors, assign=True)
        self.recurrent.flatten_parameters()
        self.states = architecture.states

    def forward(self, x: Tensor) -> Tensor:
        """The outputs (batch, T, out) for x (batch, T, in)."""
        return self.advanced(x, self.start(x.shape[0]))[0]

    def start(self, batch: int) -> States:
        """The initial states of a batch, each (layers, batch, H)."""
        return tuple(self.get_buffer(name)[:, None, :].expand(-1, batch, -1).contiguous() for name in self.states)

    def advanced(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """The outputs for x (batch, T, in) that follows after `states`, and the states after it."""
        hidden, after = self.recurrent(x, states if len(states) > 1 else states[0])
        return self.readout(hidden), after if len(states) > 1 else (after,)
