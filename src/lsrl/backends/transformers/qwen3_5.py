"""qwen3.5: `transformers.Qwen3_5ForCausalLM` or `Qwen3_5TextModel`, the text part of Qwen3.5.

How its layers compute is described in `delta_rule.py`. β is at most 1: a state can be held, decay or be erased along a
key, but not be reflected, and a diagonal one with entries from 0 to 1 is all that is used. A head's norm has the ε of
the stream's, 2²⁶, beside which what it reads vanishes, so a value needs no constant: it has two numbers, one for each
sign of what is summed up. Queries, keys and values come from one matrix; norms add 1 to their weights. Its attention,
in the last layer alone, writes zero.
"""

from __future__ import annotations

import numpy as np

from lsrl.backends.transformers.delta_heads import DeltaRule, Heads
from lsrl.backends.transformers.delta_rule import (
    FULL,
    LINEAR,
    SETTINGS,
    architecture,
    inner,
    states,
)
from lsrl.backends.transformers.scale import NORM_EPSILON
from lsrl.backends.transformers.stock_model import StockModel
from lsrl.backends.transformers.target import hub_target

HEAD = 8
"""Numbers of an attention head: its positions need an even number that is a quarter of it."""


def mixer(heads: Heads) -> dict[str, np.ndarray]:
    """The tensors of a linear layer's heads."""
    return {
        "in_proj_qkv.weight": np.vstack([heads.query, heads.key, heads.value]),
        "in_proj_z.weight": heads.gate,
        "in_proj_b.weight": heads.beta,
        "in_proj_a.weight": heads.step,
        "conv1d.weight": heads.taps,
        "A_log": heads.logarithms,
        "dt_bias": heads.bias,
        "norm.weight": heads.norm,
        "out_proj.weight": heads.out,
    }


def attention(width: int) -> dict[str, np.ndarray]:
    """Attention that writes zero."""
    return {
        "q_proj.weight": np.zeros((2 * HEAD, width)),
        "k_proj.weight": np.zeros((HEAD, width)),
        "v_proj.weight": np.zeros((HEAD, width)),
        "o_proj.weight": np.zeros((width, HEAD)),
        "q_norm.weight": np.zeros(HEAD),
        "k_norm.weight": np.zeros(HEAD),
    }


NORMS = ("input_layernorm", "post_attention_layernorm")

STOCK = StockModel(
    "Qwen3_5TextModel",
    "Qwen3_5ForCausalLM",
    prefix="model",
    embeddings="embed_tokens.weight",
    settings={
        **SETTINGS,
        "model_type": {"const": "qwen3_5_text"},
        "head_dim": {"const": HEAD},
        "linear_value_head_dim": {"const": 2},
        "rms_norm_eps": {"const": NORM_EPSILON},
    },
    writers=("out_proj.weight", "o_proj.weight", "down_proj.weight"),
    readers=(
        "in_proj_qkv.weight",
        "in_proj_z.weight",
        "in_proj_b.weight",
        "in_proj_a.weight",
        "q_proj.weight",
        "k_proj.weight",
        "v_proj.weight",
        "gate_proj.weight",
        "up_proj.weight",
    ),
    mixer="linear_attn",
    inner=inner,
    states=states,
)

TARGET = hub_target(
    "qwen3.5",
    "transformers' Qwen3.5 (gated DeltaNet); latches, products of reals, cycles up to max_length",
    architecture(
        STOCK,
        DeltaRule(
            most_beta=1,
            columns=2,
            constant=False,
            shift=1.0,
            mixer=mixer,
            attention=attention,
            norms={LINEAR: NORMS, FULL: NORMS},
        ),
    ),
)
