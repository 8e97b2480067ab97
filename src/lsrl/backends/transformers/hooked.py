"""A transformers model on numbers, whose recurrent states are outputs of modules, too."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from lsrl.backends.hook_point import HookPoint
from lsrl.backends.torch_environment import tensor_of
from lsrl.backends.transformers.stepping import cache_argument, forget, recurrent_states, stateful_blocks
from lsrl.backends.transformers.transformers_environment import quiet
from lsrl.backends.transformers.weights import HubWeights


class HookedModel(nn.Module):
    """(batch, T, in) → (batch, T, out) by the stock model without its head, `model`.

    Position 0 is the start, step t position t + 1. Its sublayers are called once with all positions (batch, 1 + T, d),
    or, in a forward pass that is `stepwise`, once for each; then `states.0`, `states.1`, … are called after every
    position with the recurrent state of a layer (batch, n), and what they return is what the next one goes on from.
    """

    positions_before = 1

    def __init__(self, model: Any, weights: HubWeights) -> None:
        super().__init__()
        self.model, self.in_modules = model, weights.stock.states_in_modules
        self.states = nn.ModuleList(HookPoint() for _ in range(weights.depth))
        for name, array in weights.maps.items():
            self.register_buffer(name.replace(".", "_"), tensor_of(array))
        self.config = model.config

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        device: torch.device = self.model.device
        return device

    def forward(self, x: Tensor, *, stepwise: bool = False) -> Tensor:
        """The outputs for x (batch, T, in)."""
        with quiet():
            return self._outputs(x, stepwise=stepwise)

    def _outputs(self, x: Tensor, *, stepwise: bool) -> Tensor:
        embeddings = x @ self.get_buffer("input_weight").T + self.get_buffer("input_bias")
        start = self.get_buffer("bos").expand(len(x), 1, -1)
        embeddings = torch.cat([start, embeddings], dim=1)
        if self.in_modules:
            forget(self.model)
        if stepwise:
            hidden = self._stepwise(embeddings)
        else:
            hidden = self.model(inputs_embeds=embeddings, use_cache=False).last_hidden_state
        return hidden[:, 1:] @ self.get_buffer("readout_weight").T + self.get_buffer("readout_bias")

    def _stepwise(self, embeddings: Tensor) -> Tensor:
        name, cache, found = cache_argument(type(self.model).forward), None, []
        options: dict[str, Any] = {}
        for position in range(embeddings.shape[1]):
            if self.in_modules:  # nothing asks the cache for its length
                mask = torch.ones((1, 1, 1, 1), dtype=torch.bool, device=embeddings.device)
                options = {"position_ids": torch.tensor([[position]], device=embeddings.device), "attention_mask": mask}
                cache = DynamicCache(config=self.config)
            embedding = embeddings[:, position : position + 1]
            outputs = self.model(inputs_embeds=embedding, use_cache=True, **options, **{name: cache})
            found.append(outputs.last_hidden_state)
            cache = None if self.in_modules else outputs[name]
            self._remember(cache)
        return torch.cat(found, dim=1)

    def _remember(self, cache: Any) -> None:
        """Pass every layer's recurrent state through its hook point."""
        if self.in_modules:
            for layer, block in stateful_blocks(self.model).items():
                block.rg_lru.recurrent_states = self.states[layer](block.rg_lru.recurrent_states)
            return
        for layer, state in recurrent_states(cache).items():
            state.copy_(self.states[layer](state.flatten(1).clone()).view_as(state))
