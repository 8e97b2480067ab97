"""bamba, granite-moe-hybrid, falcon-h1, nemotron-h, zamba2: models of transformers that have Mamba-2's mixer.

They compute what `mamba2.py` says, in the same mixers. What stands beside these in a layer writes zero: attention,
of which their caches take their length, and MLPs. Where attention has a layer of its own, the last one is; where it
stands beside every mixer, as in falcon-h1, there is none more.

In zamba2 and nemotron-h, Δ is never below a `time_step_min`, of which the logarithm is taken when weights are drawn: it
is 10⁻³⁰⁰, not 0, and 0 in float32. A zamba2's convolution has biases, which are 0, and its mixer's norm an ε of 10⁻⁵,
beside which y is not small: two heads more, of which nothing is read, make the mean of the squares 2²⁶ at every
position, which is ε elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from lsrl.backends.target import Target
from lsrl.backends.transformers import mamba2
from lsrl.backends.transformers.mamba import TAPS
from lsrl.backends.transformers.mamba2 import CHUNK
from lsrl.backends.transformers.scale import NORM_EPSILON, SILU, StreamScale
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, hub_target
from lsrl.backends.transformers.weights import ALWAYS
from lsrl.backends.unit_groups import UnitGroup
from lsrl.lang.numbers import as_float
from lsrl.placement.residual import ResidualStack

LINEAR, FULL, BOTH = "linear_attention", "full_attention", "hybrid"

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Hybrid:
    """In what the models differ, beside their settings.

    `classes` is how the names of its classes begin. `heads` and `expand` are the settings of a mixer's size, `kinds`
    those that depend on how many mixers and heads there are. `mixer` names a layer's mixer, `norms` the stream's norms
    in a layer, `last_norm` the one after all layers. `beside(width, heads)` has the shapes of what else is in a layer,
    `last` those of all in the layer after the mixers: None where there is none. `own_epsilon`: the norm in a mixer has
    the ε of the stream's.
    """

    classes: str
    settings: Mapping[str, Any]
    kinds: Callable[[int, int], Mapping[str, Any]]
    norms: tuple[str, ...]
    beside: Callable[[int, int], Shapes]
    last: Callable[[int, int], Shapes] | None
    heads: str = "mamba_n_heads"
    expand: str = "mamba_expand"
    mixer: str = "mamba"
    last_norm: str = "final_layernorm"
    embeddings: str = "embed_tokens.weight"
    own_epsilon: bool = True

    def target(self, name: str) -> Target:
        """The target of this name."""
        stock = StockModel(
            f"{self.classes}Model",
            f"{self.classes}ForCausalLM",
            prefix="model",
            embeddings=self.embeddings,
            settings={self.heads: SIZE, self.expand: SIZE, **self.settings},
            writers=("out_proj.weight",),
            readers=("in_proj.weight",),
            mixer=self.mixer,
            inner=self._inner,
            states=lambda layer, config: sum(group.size for group in self._inner(layer, config)),
        )
        architecture = replace(mamba2.ARCHITECTURE, stock=stock, blocks=self._blocks)
        return hub_target(name, f"transformers' {self.classes}, which has Mamba-2's mixer: as mamba2", architecture)

    def _blocks(self, stack: ResidualStack, scale: StreamScale) -> Blocks:
        """Mamba-2's layers by the names that they have here, and zeros beside them."""
        plain, width = mamba2.blocks(stack, scale, idle=0 if self.own_epsilon else 2), scale.width
        norm, heads = 1 / as_float(scale.norm), plain.sizes["num_heads"]
        tensors = {f"{self.last_norm}.weight": np.full(width, norm)}
        for layer in range(plain.depth):
            mixer = f"layers.{layer}.mixer."
            own = {name.removeprefix(mixer): tensor for name, tensor in plain.tensors.items() if name.startswith(mixer)}
            if not self.own_epsilon:
                _make_constant(own, heads)
            tensors |= {f"layers.{layer}.{self.mixer}.{name}": tensor for name, tensor in own.items()}
            shapes = {**self.beside(width, heads), **{f"{name}.weight": (width,) for name in self.norms}}
            tensors |= _idle(layer, shapes, norm)
        if self.last is not None:
            tensors |= _idle(plain.depth, self.last(width, heads), norm)
        sizes = {self.heads: heads, self.expand: plain.sizes["expand"], **self.kinds(plain.depth, heads)}
        return Blocks(plain.depth + (self.last is not None), sizes, tensors)

    def _inner(self, layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
        """The heads of a layer, if it is not the one after all mixers."""
        if self.last is not None and layer == config["num_hidden_layers"] - 1:
            return ()
        return (mamba2.heads_group(layer, self.mixer, config[self.heads]),)


def _make_constant(mixer: Mapping[str, np.ndarray], heads: int) -> None:
    """Let the last two heads of a mixer make numbers whose squares add up to so many times 2²⁶, in float32."""
    total = np.float32(heads * NORM_EPSILON)
    first = np.sqrt(total)
    while first * first > total:
        first = np.nextafter(first, np.float32(0))
    exact = as_float(SILU.saturated)  # of which silu is the number itself
    for i, number in ((heads - 2, first), (heads - 1, np.sqrt(total - first * first))):
        mixer["in_proj.weight"][[i, heads + i], ALWAYS] = exact
        mixer["conv1d.weight"][i, 0, -1] = 1
        mixer["D"][i] = number / exact**2


def _idle(layer: int, shapes: Shapes, norm: float) -> dict[str, np.ndarray]:
    """Tensors of these shapes of what writes zero: the weights of norms, and zeros."""
    return {f"layers.{layer}.{name}": np.full(shape, norm if "norm" in name else 0.0) for name, shape in shapes.items()}


def _attention(name: str, width: int, inner: int | None = None) -> dict[str, tuple[int, ...]]:
    """The shapes of attention with one head."""
    projections = dict.fromkeys((f"{name}.{part}_proj.weight" for part in "qkv"), (inner or width, width))
    return {**projections, f"{name}.o_proj.weight": (width, inner or width)}


def _mlp(width: int) -> dict[str, tuple[int, ...]]:
    """The shapes of a gated MLP of one product."""
    inside = dict.fromkeys((f"feed_forward.{part}_proj.weight" for part in ("gate", "up")), (1, width))
    return {**inside, "feed_forward.down_proj.weight": (width, 1)}


def _shared_mlp(width: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the same in a Granite."""
    return {"shared_mlp.input_linear.weight": (2, width), "shared_mlp.output_linear.weight": (width, 1)}


def _zamba2_last(width: int, heads: int) -> Shapes:
    """A layer that attends to the stream and to the embeddings, and has a mixer, too."""
    shared, mixer = "shared_transformer", "mamba_decoder.mamba"
    return {
        "linear.weight": (width, width),
        **dict.fromkeys((f"{shared}.self_attn.{part}_proj.weight" for part in "qkv"), (2 * width, 2 * width)),
        f"{shared}.self_attn.o_proj.weight": (width, 2 * width),
        f"{shared}.feed_forward.gate_up_proj.weight": (2, width),
        f"{shared}.feed_forward.down_proj.weight": (width, 1),
        f"{shared}.feed_forward.gate_up_proj_adapter_list.0.0.weight": (1, width),
        f"{shared}.feed_forward.gate_up_proj_adapter_list.0.1.weight": (2, 1),
        f"{shared}.input_layernorm.weight": (2 * width,),
        f"{shared}.pre_ff_layernorm.weight": (width,),
        "mamba_decoder.input_layernorm.weight": (width,),
        **{f"{mixer}.{name}": (heads,) for name in ("dt_bias", "A_log", "D", "norm.weight")},
        f"{mixer}.conv1d.weight": (heads + 2, 1, TAPS),
        f"{mixer}.conv1d.bias": (heads + 2,),
        f"{mixer}.in_proj.weight": (3 * heads + 2, width),
        f"{mixer}.out_proj.weight": (width, heads),
    }


_LISTED = {"type": "array", "maxItems": 2**12, "items": {"enum": [LINEAR, FULL, BOTH]}}
_ONE, _NO, _ANY_STEP, _TINY_STEP = {"const": 1}, {"const": False}, {"const": [0.0, 2.0**15]}, {"const": 1e-300}

_SHARED = {
    "num_attention_heads": _ONE,
    "num_key_value_heads": _ONE,
    "intermediate_size": _ONE,
    "use_cache": {"const": True},
}

_USUAL = {
    **_SHARED,
    "mamba_d_head": _ONE,
    "mamba_d_state": _ONE,
    "mamba_n_groups": _ONE,
    "mamba_d_conv": {"const": TAPS},
    "mamba_chunk_size": {"const": CHUNK},
    "mamba_conv_bias": _NO,
    "mamba_proj_bias": _NO,
    "time_step_limit": _ANY_STEP,
    "rms_norm_eps": {"const": NORM_EPSILON},
    "hidden_act": {"const": "silu"},
}

_BAMBA = Hybrid(
    "Bamba",
    {
        **_USUAL,
        "model_type": {"const": "bamba"},
        "attn_layer_indices": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "integer"}},
    },
    kinds=lambda mixers, _: {"attn_layer_indices": [mixers]},
    norms=("input_layernorm", "pre_ff_layernorm"),
    beside=lambda width, _: _mlp(width),
    last=lambda width, _: {
        **_attention("self_attn", width),
        **_mlp(width),
        **dict.fromkeys(("input_layernorm.weight", "pre_ff_layernorm.weight"), (width,)),
    },
)

_GRANITE = Hybrid(
    "GraniteMoeHybrid",
    {
        **_USUAL,
        "model_type": {"const": "granitemoehybrid"},
        "layer_types": _LISTED,
        "num_local_experts": {"const": 0},
        "shared_intermediate_size": _ONE,
    },
    kinds=lambda mixers, _: {"layer_types": [LINEAR] * mixers + [FULL]},
    norms=("input_layernorm", "post_attention_layernorm"),
    beside=lambda width, _: _shared_mlp(width),
    last=lambda width, _: {
        **_attention("self_attn", width),
        **_shared_mlp(width),
        **dict.fromkeys(("input_layernorm.weight", "post_attention_layernorm.weight"), (width,)),
    },
    last_norm="norm",
)

_FALCON_H1 = Hybrid(
    "FalconH1",
    {
        **_USUAL,
        "model_type": {"const": "falcon_h1"},
        "mamba_d_ssm": SIZE,
        "mamba_rms_norm": {"const": True},
        "mamba_norm_before_gate": _NO,
        "head_dim": {"const": 2},
    },
    kinds=lambda _, heads: {"mamba_d_ssm": heads},
    norms=("input_layernorm", "pre_ff_layernorm"),
    beside=lambda width, _: {**_attention("self_attn", width, 2), **_mlp(width)},
    last=None,
)

_NEMOTRON_H = Hybrid(
    "NemotronH",
    {
        **_SHARED,
        "model_type": {"const": "nemotron_h"},
        "layers_block_type": _LISTED,
        "mamba_head_dim": _ONE,
        "ssm_state_size": _ONE,
        "n_groups": _ONE,
        "conv_kernel": {"const": TAPS},
        "chunk_size": {"const": CHUNK},
        "use_conv_bias": _NO,
        "mamba_proj_bias": _NO,
        "mamba_hidden_act": {"const": "silu"},
        "time_step_min": _TINY_STEP,
        "time_step_limit": _ANY_STEP,
        "layer_norm_epsilon": {"const": NORM_EPSILON},
        "residual_in_fp32": {"const": True},
        "head_dim": {"const": 2},
    },
    kinds=lambda mixers, _: {"layers_block_type": [LINEAR] * mixers + [FULL]},
    norms=("norm",),
    beside=lambda *_: {},
    last=lambda width, _: {**_attention("mixer", width, 2), "norm.weight": (width,)},
    heads="mamba_num_heads",
    expand="expand",
    mixer="mixer",
    last_norm="norm_f",
    embeddings="embeddings.weight",
)

_ZAMBA2 = Hybrid(
    "Zamba2",
    {
        **_SHARED,
        "model_type": {"const": "zamba2"},
        "layers_block_type": _LISTED,
        "num_mem_blocks": _ONE,
        "adapter_rank": _ONE,
        "mamba_headdim": _ONE,
        "mamba_d_state": _ONE,
        "mamba_ngroups": _ONE,
        "mamba_d_conv": {"const": TAPS},
        "chunk_size": {"const": CHUNK},
        "time_step_min": _TINY_STEP,
        "rms_norm_eps": {"const": NORM_EPSILON},
    },
    kinds=lambda mixers, _: {"layers_block_type": [LINEAR] * mixers + [BOTH]},
    norms=("input_layernorm",),
    beside=lambda _, heads: {"mamba.conv1d.bias": (heads + 2,)},
    last=_zamba2_last,
    own_epsilon=False,
    heads="n_mamba_heads",
)

HYBRIDS: dict[str, Target] = {
    "bamba": _BAMBA.target("bamba"),
    "granite-moe-hybrid": _GRANITE.target("granite-moe-hybrid"),
    "falcon-h1": _FALCON_H1.target("falcon-h1"),
    "nemotron-h": _NEMOTRON_H.target("nemotron-h"),
    "zamba2": _ZAMBA2.target("zamba2"),
}
"""The targets by their names."""
