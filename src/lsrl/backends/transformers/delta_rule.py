"""What models with a gated delta rule share: `qwen3_5.py` and `olmo_hybrid.py`.

A layer adds two things to the residual stream x (its RMSNorms only scale by a power of two, see `scale.py`), what its
*heads* read of their states S (a row for each component of a key: here one, of as many numbers as a value v has), and
then an MLP:

    q, k, v = silu(conv(Q x)), …   q, k ← q/|q|, k/|k|   β = β₁ σ(b x)   α = exp(−exp(A) softplus(a x + d))
    S ← α S + β k (v − α k S)      y = q S      out = O (norm(y) ⊙ silu(G x))
    out = down(silu(gate x) ⊙ (up x))

with depthwise causal convolutions of width 4 and |k| = √(k² + 10⁻⁶). β₁ is 1, or 2 where states may be reflected.
q is 1, gates are silu(32) = 32, and β is 0 or β₁: σ(±200) is 0 or 1.

- A value as it is, or as it was some steps ago: k = 1, α = 0, and the convolution takes the earlier λv, of which silu
  is λv/2, exactly, for |λv| up to 2⁻³⁰. Nothing of S is left that could be erased: exp(A) softplus(64) = 64 e⁷.
- latch: the same where it takes v; softplus(−200) = 0 makes α = 1, and σ(−200) = 0 makes β = 0, where it holds.
- sum of v: α = 1, β = β₁, and a key of 2⁻⁷⁶, of which the square, which is what a step erases, is 0 in float32. Such a
  key is divided by √10⁻⁶: the number in front of the norm is the one that float32 rounds to 2⁻⁷⁶ there (`tiny_key`).
  What is left of λv then were too little for a float, so silu passes κ·relu(v) and κ·relu(−v), two numbers of one
  state. A decay a is α = exp(−64 exp(A)).
- ReLU of v, whether v > 0, a ReLU times a value, and all that is erased: in the MLP, as in `gated_mlp.py`.
- A token in one of n places, where S may be reflected and a key has 4ʲ ≥ 2n components: place i is two of them, and
  half of the sum of two such pairs is a key of length 1. With β = 2 it takes one pair to the opposite of the other, and
  with β = 0 nothing. At the first position S becomes the first component of the place where the token begins; q reads
  that of another place, where there is ±½ if the token is there, and else 0. Which sign it has is known, as the places
  have two colours, and its size goes with that of C, which is exchanged along.

norm(y) is y/√(mean(y²) + η). Where η is that of the stream, 2²⁶, every y is so small that it divides by 2¹³. Where η is
10⁻⁵, a number C in each value makes it a power of two: with four numbers to a value it divides by C/2, so large is C
beside all others. A state that decays has none, since C would decay, too: it is multiplied by √10⁵ there, which rounds.

The full pass solves for what each of 64 steps adds to S and multiplies matrices, where a cached step goes on from S.
What is solved for is v itself, exactly: where k is 1, α = 0 in front of whatever is taken. Of a token it is a few
quarters of its size. Sums of whole numbers are the same in any order, if what they add up fits for each sign by itself
(`pairs=True`).

Stock models of this kind need an attention layer, of which their cache takes its length: the last layer is one, and
writes 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from lsrl.backends.transformers.chunked_decays import chunk_errors
from lsrl.backends.transformers.delta_heads import SIGNED, DeltaRule, Heads, head_of, smallest_norm
from lsrl.backends.transformers.gated_mlp import erasing, mlp_of, products_of
from lsrl.backends.transformers.mamba import TAPS
from lsrl.backends.transformers.mamba2 import logarithm_error
from lsrl.backends.transformers.scale import SILU, StreamScale
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, HubArchitecture
from lsrl.backends.transformers.weights import StreamRows
from lsrl.backends.unit_groups import ANY_FUNCTION, Along, UnitGroup, along
from lsrl.circuit.affine import UnitId
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit, SwapUnit
from lsrl.lang.numbers import ZERO, as_float
from lsrl.lowering.rules import DIAGONAL, REFLECTING
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

CHUNK = 64

LINEAR, FULL = "linear_attention", "full_attention"


def architecture(stock: StockModel, rule: DeltaRule) -> HubArchitecture:
    """A model of this kind."""
    states = (SumUnit, StateUnit, DelayUnit, LatchUnit)

    def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
        return _blocks(stack, scale, rule)

    def remembered(stack: ResidualStack, _: StreamScale) -> dict[UnitId, Place]:
        return _remembered(stack, rule)

    return HubArchitecture(
        stock,
        stages=[(*states, SwapUnit) if rule.most_beta > 1 else states, (ReLUUnit, StepUnit, GateUnit)],
        layer_of=lambda stage: stage // 2,
        blocks=blocks,
        remembered=remembered,
        arithmetic=StageArithmetic(
            SILU,
            pairs=True,
            decay_errors=partial(decay_errors, rule=rule),
            taken=-125 - (SIGNED + smallest_norm(rule)),
            chosen=-126,
        ),
        erases=lambda stage: stage % 2 == 1,
        rules=REFLECTING if rule.most_beta > 1 else DIAGONAL,
    )


def decay_errors(decay: float, rule: DeltaRule) -> tuple[float, float]:
    """How far off a decay can be, relatively, in every step, and what is read of it: √10⁵ times 1/√10⁵ of it, if so."""
    return chunk_errors(decay, CHUNK, logarithm_error(decay)), 2.0**-24 * 4 * rule.constant


def _blocks(stack: ResidualStack, scale: StreamScale, rule: DeltaRule) -> Blocks:
    depth = max(1, math.ceil(len(stack.stages) / 2))
    idle = ((),) * (2 * depth - len(stack.stages))
    stages, erased = (*stack.stages, *idle), (*stack.erased, *idle)
    products = [[*products_of(stack, stages[i]), *erasing(erased[i])] for i in range(1, 2 * depth, 2)]
    count, inner = (max(1, *map(len, parts)) for parts in (stages[::2], products))
    components = _components(stack)
    rows, norm = StreamRows(stack, scale), np.full(scale.width, 1 / as_float(scale.norm) - rule.shift)
    tensors: dict[str, np.ndarray] = {"norm.weight": norm}
    for layer in range(depth + 1):
        if layer < depth:
            heads = Heads(rule, rows, count, components)
            for i, unit_id in enumerate(stages[2 * layer]):
                heads.add(i, head_of(stack, unit_id, rule))
            parts = {f"linear_attn.{name}": tensor for name, tensor in rule.mixer(heads).items()}
        else:
            parts = {f"self_attn.{name}": tensor for name, tensor in rule.attention(scale.width).items()}
        parts |= {f"{name}.weight": norm for name in rule.norms[LINEAR if layer < depth else FULL]}
        computed = products[layer] if layer < depth else []
        parts |= {f"mlp.{name}": tensor for name, tensor in mlp_of(rows, stack, computed, inner, SILU).items()}
        tensors |= {f"layers.{layer}.{name}": tensor for name, tensor in parts.items()}
    sizes = {
        "intermediate_size": inner,
        "linear_num_key_heads": count,
        "linear_num_value_heads": count,
        "linear_key_head_dim": components,
        "layer_types": [LINEAR] * depth + [FULL],
    }
    return Blocks(depth + 1, sizes, tensors)


def _components(stack: ResidualStack) -> int:
    """How many components a key has: a power of four, of which the root is one of two, and two for every place."""
    pairs = [pair for unit in stack.circuit.units if isinstance(unit, SwapUnit) for pair in unit.pairs]
    last, found = max(map(max, pairs), default=-1), 1
    while found < 2 * (last + 1):
        found *= 4
    return found


def _remembered(stack: ResidualStack, rule: DeltaRule) -> dict[UnitId, Place]:
    """Where in the layers' states those units are that remember something."""
    found, components = dict[UnitId, Place](), _components(stack)
    for layer, units in enumerate(stack.stages[::2]):
        for i, unit_id in enumerate(units):
            head = head_of(stack, unit_id, rule)
            if head.token is None and (head.decay is not None or head.keep is not None):
                first = i * components * rule.columns
                read = tuple((first + j, head.weight * (-1) ** j) for j in range(len(head.forms)))
                found[unit_id] = Place(layer, "state", read, ZERO)
    return found


SETTINGS: Mapping[str, Any] = {
    "intermediate_size": {**SIZE, "maximum": 2**26},
    "num_attention_heads": {"const": 1},
    "num_key_value_heads": {"const": 1},
    "hidden_act": {"const": "silu"},
    "linear_num_key_heads": SIZE,
    "linear_num_value_heads": SIZE,
    "linear_key_head_dim": SIZE,
    "linear_conv_kernel_dim": {"const": TAPS},
    "layer_types": {
        "type": "array",
        "maxItems": 2**12,
        "items": {"enum": [LINEAR, FULL]},
        "contains": {"const": FULL},
    },
    "use_cache": {"const": True},
}
"""The JSON schemas of the settings that these models share."""


def states(layer: int, config: Mapping[str, Any]) -> int:
    """How many numbers the states of a layer have."""
    linear = config["layer_types"][layer] == LINEAR
    shape = [config[f"linear_{name}"] for name in ("num_value_heads", "key_head_dim", "value_head_dim")]
    return math.prod(shape) if linear else 0


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The products of an MLP; and the numbers of the states, which stay where they are: a head has several."""
    mlp = f"layers.{layer}.mlp"
    read = (Along(f"{mlp}.down_proj.weight", 1),)
    follows = along(mlp, "gate_proj.weight up_proj.weight")
    products = UnitGroup((), config["intermediate_size"], read, follows=follows, allows=ANY_FUNCTION)
    size = states(layer, config)
    return (products, UnitGroup((f"states.{layer}",), size, (), allows=frozenset())) if size else (products,)
