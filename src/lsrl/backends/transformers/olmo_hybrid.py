"""olmo-hybrid: `transformers.OlmoHybridForCausalLM` or `OlmoHybridModel`.

How its layers compute is described in `delta_rule.py`. β is at most 2 (`linear_allow_neg_eigval`, as the model comes).
A head's norm has an ε of 10⁻⁵ that no configuration changes, so a value has four numbers: one for each sign of what is
summed up, a 0, and a constant beside which the others and ε vanish. A state that decays has no constant, since that
would decay, too: what it holds is multiplied by √10⁵, and rounded there. The last layer's attention, whose norms come
after it, writes zero, and so does its MLP.
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


def mixer(heads: Heads) -> dict[str, np.ndarray]:
    """The tensors of a linear layer's heads."""
    return {
        "q_proj.weight": heads.query,
        "k_proj.weight": heads.key,
        "v_proj.weight": heads.value,
        "g_proj.weight": heads.gate,
        "b_proj.weight": heads.beta,
        "a_proj.weight": heads.step,
        "conv1d.weight": heads.taps,
        "A_log": heads.logarithms,
        "dt_bias": heads.bias,
        "o_norm.weight": heads.norm,
        "o_proj.weight": heads.out,
    }


def attention(width: int) -> dict[str, np.ndarray]:
    """Attention that writes zero."""
    projections = {f"{name}_proj.weight": np.zeros((width, width)) for name in "qkvo"}
    return projections | {f"{name}_norm.weight": np.ones(width) for name in "qk"}


STOCK = StockModel(
    "OlmoHybridModel",
    "OlmoHybridForCausalLM",
    prefix="model",
    embeddings="embed_tokens.weight",
    settings={
        **SETTINGS,
        "model_type": {"const": "olmo_hybrid"},
        "linear_value_head_dim": {"const": 4},
        "linear_allow_neg_eigval": {"const": True},
        "rms_norm_eps": {"const": NORM_EPSILON},
        "rope_parameters": {"const": None},
    },
    writers=("o_proj.weight", "down_proj.weight"),
    readers=(
        "q_proj.weight",
        "k_proj.weight",
        "v_proj.weight",
        "g_proj.weight",
        "b_proj.weight",
        "a_proj.weight",
        "gate_proj.weight",
        "up_proj.weight",
    ),
    mixer="linear_attn",
    inner=inner,
    states=states,
)

TARGET = hub_target(
    "olmo-hybrid",
    "transformers' OLMo-Hybrid (gated DeltaNet); latches, products of reals, reflections: cycles at any length",
    architecture(
        STOCK,
        DeltaRule(
            most_beta=2,
            columns=4,
            constant=True,
            shift=0.0,
            mixer=mixer,
            attention=attention,
            norms={
                LINEAR: ("input_layernorm", "post_attention_layernorm"),
                FULL: ("post_attention_layernorm", "post_feedforward_layernorm"),
            },
        ),
    ),
    "reflections",
)
