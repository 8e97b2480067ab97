"""jamba: `transformers.JambaForCausalLM` or `JambaModel`.

Its mixer is that of `mamba.py`, with norms on what makes Δ, B and C, which have the ε of the stream's: all of it is at
most 1 beside 2²⁶, so that they multiply by 2⁻¹³, and their weights by 2¹³. The MLP after each mixer has nothing to do
that the mixer cannot. A Jamba has an attention layer, of which its cache takes its length: the last one is, and writes
zero. All else, what is computed how and what is refused, is as `mamba.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lsrl.backends.transformers import mamba
from lsrl.backends.transformers.mamba import TAPS
from lsrl.backends.transformers.scale import NORM_EPSILON, StreamScale
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, hub_target
from lsrl.backends.unit_groups import UnitGroup
from lsrl.lang.numbers import as_float
from lsrl.placement.residual import ResidualStack


def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
    """The tensors of the layers: Mamba's, with norms, and attention at the end."""
    plain = mamba.blocks(stack, scale)
    width, norm, rank = scale.width, 1 / as_float(scale.norm), plain.sizes["time_step_rank"]
    tensors = {"final_layernorm.weight": np.full(width, norm)}
    for layer in range(plain.depth):
        mixer = f"layers.{layer}.mixer."
        own = {name.removeprefix(mixer): tensor for name, tensor in plain.tensors.items() if name.startswith(mixer)}
        own |= {"dt_layernorm.weight": np.full(rank, norm)}
        own |= {f"{read}_layernorm.weight": np.full(1, norm) for read in "bc"}
        tensors |= {f"layers.{layer}.mamba.{name}": tensor for name, tensor in own.items()}
    attention = f"layers.{plain.depth}.self_attn"
    tensors |= {f"{attention}.{name}_proj.weight": np.zeros((width, width)) for name in "qkvo"}
    for layer in range(plain.depth + 1):
        mlp = f"layers.{layer}.feed_forward"
        tensors |= {f"layers.{layer}.{name}_layernorm.weight": np.full(width, norm) for name in ("input", "pre_ff")}
        tensors |= {f"{mlp}.{name}_proj.weight": np.zeros((1, width)) for name in ("gate", "up")}
        tensors[f"{mlp}.down_proj.weight"] = np.zeros((width, 1))
    sizes = {
        "mamba_expand": plain.sizes["expand"],
        "mamba_dt_rank": rank,
        "attn_layer_period": plain.depth + 1,
        "attn_layer_offset": plain.depth,
    }
    return Blocks(plain.depth + 1, sizes, tensors)


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The inner channels of a layer, if it does not attend."""
    if layer == config["attn_layer_offset"]:
        return ()
    return (mamba.inner_channels(layer, "mamba", config["mamba_expand"] * config["hidden_size"]),)


SETTINGS: dict[str, Any] = {
    "model_type": {"const": "jamba"},
    "intermediate_size": {"const": 1},
    "num_attention_heads": {"const": 1},
    "num_key_value_heads": {"const": 1},
    "attn_layer_period": {**SIZE, "maximum": 2**12},
    "attn_layer_offset": {**SIZE, "maximum": 2**12},
    "num_experts": {"const": 1},
    "mamba_d_state": {"const": 1},
    "mamba_d_conv": {"const": TAPS},
    "mamba_expand": SIZE,
    "mamba_dt_rank": SIZE,
    "mamba_conv_bias": {"const": True},
    "mamba_proj_bias": {"const": False},
    "hidden_act": {"const": "silu"},
    "rms_norm_eps": {"const": NORM_EPSILON},
    "use_cache": {"const": True},
}

STOCK = StockModel(
    "JambaModel",
    "JambaForCausalLM",
    prefix="model",
    embeddings="embed_tokens.weight",
    settings=SETTINGS,
    writers=("out_proj.weight", "o_proj.weight", "down_proj.weight"),
    readers=tuple(f"{name}_proj.weight" for name in ("in", "q", "k", "v", "gate", "up")),
    mixer="mamba",
    inner=inner,
    states=lambda layer, config: sum(group.size for group in inner(layer, config)),
)

TARGET = hub_target(
    "jamba",
    "transformers' Jamba; latches, products of reals, cycles up to max_length",
    replace(mamba.ARCHITECTURE, stock=STOCK, blocks=blocks),
)
