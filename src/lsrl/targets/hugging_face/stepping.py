"""One position at a time, with what each model keeps between positions."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache


def stepped(model: Any, embedding: Tensor, cache: Any, position: int) -> tuple[Tensor, Any]:
    """The last hidden state (batch, 1, d) of one more position, and the cache after it; `cache` stays as it was."""
    if model.config.model_type == "mamba":
        outputs = model(inputs_embeds=embedding, cache_params=copy.deepcopy(cache), use_cache=True)
        return outputs.last_hidden_state, outputs.cache_params
    return _stepped_gemma(model, embedding, cache, position)


def _stepped_gemma(model: Any, embedding: Tensor, cache: Any, position: int) -> tuple[Tensor, Any]:
    """RecurrentGemma keeps its states in its modules; its attention writes zero and needs no past."""
    blocks = [layer.temporal_block for layer in model.layers if hasattr(layer.temporal_block, "rg_lru")]
    model._setup_cache(model.config, len(embedding), embedding.device, embedding.dtype)
    for block, (convolved, state) in zip(blocks, cache or (), strict=False):
        block.conv1d_state, block.rg_lru.recurrent_states = convolved, state
    outputs = model(
        inputs_embeds=embedding,
        position_ids=torch.tensor([[position]]),
        attention_mask=torch.ones(
            (1, 1, 1, 1), dtype=torch.bool
        ),  # made already: nothing asks the cache for its length
        past_key_values=DynamicCache(config=model.config),
        use_cache=True,
    )
    after = [(block.conv1d_state, block.rg_lru.recurrent_states) for block in blocks]
    for block in blocks:
        block.conv1d_state = block.rg_lru.recurrent_states = None
    return outputs.last_hidden_state, after
