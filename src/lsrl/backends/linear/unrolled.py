"""A linear stack step by step, so that every layer's state and output are outputs of modules."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor, nn

from lsrl.backends.hook_point import HookPoint
from lsrl.backends.linear.torch_module import LinearLayer, LinearStack
from lsrl.backends.linear.weights import StackWeights


class UnrolledStack(nn.Module):
    """(batch, T, in) → (batch, T, out), layer by layer at every step.

    `layers.0.state` and `layers.0.output` are called once a step with (batch, n).
    """

    positions_before = 0

    def __init__(self, weights: StackWeights) -> None:
        super().__init__()
        stack = LinearStack(weights)
        self.layers = nn.ModuleList(_Layer(layer) for layer in cast(Sequence[LinearLayer], stack.layers))
        self.R, self.r = stack.R, stack.r
        self.config = SimpleNamespace(
            model_type="linear_rnn", hidden_size=weights.widest, num_hidden_layers=weights.depth
        )

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.r.device

    def forward(self, x: Tensor) -> Tensor:
        """The outputs (batch, T, out) for x (batch, T, in)."""
        layers = cast(Sequence[_Layer], self.layers)
        states: list[Tensor] = [layer.weights.init.expand(len(x), -1) for layer in layers]
        outputs = []
        for t in range(x.shape[1]):
            below = x[:, t]
            for i, layer in enumerate(layers):
                below, states[i] = layer(below, states[i])
            outputs.append(below @ self.R.T + self.r)
        return torch.stack(outputs, dim=1)


class _Layer(nn.Module):
    """One layer: what comes from below and its state before → its output and the state after."""

    def __init__(self, weights: LinearLayer) -> None:
        super().__init__()
        self.weights, self.state, self.output = weights, HookPoint(), HookPoint()

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        w = self.weights
        after = self.state(state @ w.A.T + x @ w.B.T + w.b)
        y = torch.relu(after @ w.C.T + w.d)
        return self.output(y if w.G is None or w.g is None else (x @ w.G.T + w.g) * y), after
