"""One position at a time, with what each model keeps between positions."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

CACHES = ("cache", "cache_params", "past_key_values")
"""What versions of transformers call the argument for what is kept; newer ones take the last two with a warning."""


def stepped(model: Any, embedding: Tensor, kept: Any, position: int, *, in_modules: bool) -> tuple[Tensor, Any]:
    """The last hidden state (batch, 1, d) of one more position, and what to keep after it; `kept` stays as it was.

    `in_modules`: the model keeps its states there, which hold none at the beginning (`forget`), not in a cache.
    """
    if not in_modules:
        name = cache_argument(type(model).forward)
        outputs = model(inputs_embeds=embedding, use_cache=True, **{name: copy.deepcopy(kept)})
        return outputs.last_hidden_state, outputs[name]
    return _stepped_in_modules(model, embedding, kept, position)


def forget(model: Any) -> None:
    """Drop what a model without its head keeps in its modules: RecurrentGemma takes up what it finds there."""
    for block in stateful_blocks(model).values():
        block.conv1d_state = block.rg_lru.recurrent_states = None


def _stepped_in_modules(model: Any, embedding: Tensor, kept: Any, position: int) -> tuple[Tensor, Any]:
    """RecurrentGemma keeps its states in its modules; its attention writes zero and needs no past."""
    blocks = list(stateful_blocks(model).values())
    for block, (convolved, state) in zip(blocks, kept or (), strict=False):
        block.conv1d_state, block.rg_lru.recurrent_states = convolved, state
    outputs = model(
        inputs_embeds=embedding,
        position_ids=torch.tensor([[position]]),
        attention_mask=torch.ones(
            (1, 1, 1, 1), dtype=torch.bool
        ),  # made already: nothing asks the cache for its length
        use_cache=True,
        **{cache_argument(type(model).forward): DynamicCache(config=model.config)},
    )
    return outputs.last_hidden_state, [(block.conv1d_state, block.rg_lru.recurrent_states) for block in blocks]


def stateful_blocks(model: Any) -> dict[int, Any]:
    """The recurrent blocks of RecurrentGemma, by layer."""
    blocks = (getattr(layer, "temporal_block", None) for layer in model.layers)
    return {i: block for i, block in enumerate(blocks) if hasattr(block, "rg_lru")}


def recurrent_states(cache: Any) -> dict[int, Tensor]:
    """The tensors of the recurrent states in a cache, by layer; an xLSTM's without what it normalises by."""
    if hasattr(cache, "rnn_state"):
        return {layer: states[0] for layer, states in cache.rnn_state.items()}
    layers = enumerate(cache.layers)
    return {i: layer.recurrent_states[0] for i, layer in layers if hasattr(layer, "recurrent_states")}


@cache
def cache_argument(forward: Callable[..., Any]) -> str:
    """What this forward pass calls what is kept."""
    accepted = inspect.signature(forward).parameters
    return next(name for name in CACHES if name in accepted)
