"""torch.nn.RNN, LSTM and GRU step by step, so that every layer's states and gates are outputs of modules.

The stock modules are one call for all layers and steps, which no hook can reach into. Here each layer is a module that
is called once a step, with the same weights and the same operations in the same order, so that outputs are equal bit
for bit where sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lsrl.backends.hook_point import HookPoint
from lsrl.backends.torch_rnn.weights import RecurrentWeights


class UnrolledNetwork(nn.Module):
    """(batch, T, in) → (batch, T, out), layer by layer at every step.

    `layers.0.hidden`, `layers.0.cell` (LSTM) and `layers.0.gate_i`, … are called once a step with (batch, H).
    """

    positions_before = 0

    def __init__(self, weights: RecurrentWeights) -> None:
        super().__init__()
        architecture = weights.architecture
        tensors = {name: torch.tensor(array, device="cpu") for name, array in weights.tensors.items()}
        simple = _ReLULayer if architecture.arguments.get("nonlinearity") == "relu" else _TanhLayer
        kind = {"RNN": simple, "LSTM": _LSTMLayer, "GRU": _GRULayer}[architecture.name]
        self.layers = nn.ModuleList(kind(tensors, layer, architecture.states) for layer in range(weights.depth))
        self.readout = nn.Linear(weights.size, weights.output_dim)
        for name in ("weight", "bias"):
            setattr(self.readout, name, nn.Parameter(tensors[f"readout.{name}"]))
        sizes = {"hidden_size": weights.size, "num_hidden_layers": weights.depth}
        self.config = SimpleNamespace(model_type=architecture.name.lower(), **sizes)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.readout.weight.device

    def forward(self, x: Tensor) -> Tensor:
        """The outputs (batch, T, out) for x (batch, T, in)."""
        layers = cast(Sequence[_Layer], self.layers)
        states = [layer.start(len(x)) for layer in layers]
        outputs = []
        for t in range(x.shape[1]):
            below = x[:, t]
            for i, layer in enumerate(layers):
                states[i] = layer(below, states[i])
                below = states[i][0]
            outputs.append(self.readout(below))
        return torch.stack(outputs, dim=1)


_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class _Layer(nn.Module):
    """One layer: (batch, in) and its states before → its states after, the hidden one first."""

    gates: tuple[str, ...] = ()

    def __init__(self, tensors: dict[str, Tensor], layer: int, states: tuple[str, ...]) -> None:
        super().__init__()
        for name in _WEIGHTS:
            self.register_parameter(name, nn.Parameter(tensors[f"recurrent.{name}_l{layer}"]))
        for name in states:
            self.register_buffer(name, tensors[name][layer])
        self.states = states
        self.hidden = HookPoint()
        for gate in self.gates:
            self.add_module(f"gate_{gate}", HookPoint())

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """The states before the first step."""
        return tuple(self.get_buffer(name).expand(batch, -1) for name in self.states)

    def _sums(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        # Not `get_parameter`: in `torch.func.functional_call` they are tensors.
        weight_ih, weight_hh, bias_ih, bias_hh = (getattr(self, name) for name in _WEIGHTS)
        return functional.linear(x, weight_ih, bias_ih), functional.linear(h, weight_hh, bias_hh)

    def _gate(self, name: str, value: Tensor) -> Any:
        return self.get_submodule(f"gate_{name}")(value)


class _ReLULayer(_Layer):
    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        below, own = self._sums(x, states[0])
        return (self.hidden(torch.relu(below + own)),)


class _TanhLayer(_Layer):
    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        below, own = self._sums(x, states[0])
        return (self.hidden(torch.tanh(below + own)),)


class _LSTMLayer(_Layer):
    gates = ("i", "f", "g", "o")

    def __init__(self, tensors: dict[str, Tensor], layer: int, states: tuple[str, ...]) -> None:
        super().__init__(tensors, layer, states)
        self.cell = HookPoint()

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        below, own = self._sums(x, states[0])
        i, f, g, o = (below + own).chunk(4, dim=-1)
        i, f = self._gate("i", torch.sigmoid(i)), self._gate("f", torch.sigmoid(f))
        g, o = self._gate("g", torch.tanh(g)), self._gate("o", torch.sigmoid(o))
        c = self.cell(f * states[1] + i * g)
        return self.hidden(o * torch.tanh(c)), c


class _GRULayer(_Layer):
    gates = ("r", "z", "n")

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (h,) = states
        below, own = self._sums(x, h)
        (r, z, n), (own_r, own_z, own_n) = below.chunk(3, dim=-1), own.chunk(3, dim=-1)
        r, z = self._gate("r", torch.sigmoid(r + own_r)), self._gate("z", torch.sigmoid(z + own_z))
        n = self._gate("n", torch.tanh(n + r * own_n))
        return (self.hidden(n + z * (h - n)),)
