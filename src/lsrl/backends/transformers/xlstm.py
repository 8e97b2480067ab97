"""xlstm: `transformers.xLSTMForCausalLM` or `xLSTMModel`, whose layers are mLSTMs.

A layer adds two things to the residual stream x (its RMSNorms only scale by a power of two, see `scale.py`), what its
*heads* read of their states C and n, and then an MLP. A head has one key, k, and two values, v and 0:

    q, k, v, i, f, g = W x + b   m ← max(log σ(f) + m, i)
    C ← exp(log σ(f) + m' − m) C + exp(i − m) k v   n ← exp(log σ(f) + m' − m) n + exp(i − m) k
    h = q C / (max(|q n|, exp(−m)) + η)   out = O (norm(h) ⊙ σ(g))   out = down(silu(gate x) ⊙ (up x))

where m' is the m before. q is 1, g is 200, of which σ is 1, and k is 2⁻⁶⁰: n adds up such keys, and stays far below 1
however long a sequence is. Where i is not 0, log σ(f) is, and neither is above 0: m is always 0. (A boolean that is off
by δ makes an i of 200 δ, and a latch take e to that of its argument.) With η = 2⁻⁴⁰ the denominator is then 1, and h
is C. The norm of (h, 0) is that of (h/2, −h/2), whose squares vanish beside the ε of the stream's norms, 2²⁶: it is
2⁻¹⁴ h.

- A value as it is: f = −200, i = 0. exp(−200) is 0 in float32.
- sum of v: f = 200; a decay a has f = log(a/(1 − a)).
- latch: f = −200, i = 0 where it takes v, and f = 200, i = −200 where it holds.
- v one step ago, if it is one of few whole numbers: a filter that two heads make, and that is rounded where they are
  added up (`lowering/rounded_delays.py`); if it is not, by two latches in turn.
- ReLU of v, whether v > 0, a ReLU times a value, and all that is erased: in the MLP, as in `gated_mlp.py`.

The full pass multiplies matrices over chunks of 16 steps, where a cached step adds to the state. Sums of whole numbers
are the same in any order, if what they add up fits for each sign by itself (`pairs=True`).

The model caps gates and scores, c tanh(x/c), with a c so large that it changes nothing; and takes sequences of more
than `max_inference_chunksize` positions apart, with a bfloat16 cache in between, so that is longer than any. It takes
no attention mask and needs none: what pads is what every sequence begins with, which leaves all states at 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lsrl.backends.transformers.chunked_decays import chunk_errors
from lsrl.backends.transformers.gated_mlp import erasing, mlp_of, products_of
from lsrl.backends.transformers.mlstm_heads import KEY, SATURATED, VALUE, Heads, forget_of, heads_of, logit
from lsrl.backends.transformers.scale import NORM, NORM_EPSILON, SILU, StreamScale
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, HubArchitecture, hub_target
from lsrl.backends.transformers.weights import StreamRows
from lsrl.backends.unit_groups import ANY_FUNCTION, Along, UnitGroup, along
from lsrl.circuit.affine import UnitId
from lsrl.circuit.powers_of_two import power
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ZERO, as_float
from lsrl.lowering.rounded_delays import KEPT, by_rounding
from lsrl.lowering.rules import AS_IT_IS
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

CHUNK = 16
"""A step of a longer one takes as much longer: matrices of decays are made for all pairs of steps in it."""

HEADS = 64
"""The model rounds its sizes up to multiples of this where it makes a cache, and nowhere else."""


def decay_errors(decay: float) -> tuple[float, float]:
    """How far off a decay can be, relatively, in every step; the gain is exact.

    f is rounded four times on its way, log σ(f) = −c once, and sums of up to 16 c, which are subtracted, for each c.
    """
    c = -math.log(decay)
    logarithm = 4 * (1 - decay) * abs(logit(decay)) + c * (CHUNK + 4)
    return chunk_errors(decay, CHUNK, logarithm), 0.0


def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
    """The tensors of the layers."""
    depth = max(1, math.ceil(len(stack.stages) / 2))
    idle = ((),) * (2 * depth - len(stack.stages))
    stages, erased = (*stack.stages, *idle), (*stack.erased, *idle)
    heads = [[head for unit in stages[i] for head in heads_of(stack, unit)] for i in range(0, 2 * depth, 2)]
    products = [[*products_of(stack, stages[i]), *erasing(erased[i])] for i in range(1, 2 * depth, 2)]
    count, factor = _count(max(map(len, heads)), scale.width)
    inner = max(2, *map(len, products))  # or rounding to multiples of it would find none
    rows, norm = StreamRows(stack, scale), np.full(scale.width, 1 / as_float(scale.norm))
    tensors = {"out_norm.weight": norm}
    for layer in range(depth):
        mixer = Heads(rows, count)
        for i, head in enumerate(heads[layer]):
            mixer.add(i, head)
        mlp = mlp_of(rows, stack, products[layer], inner, SILU)
        parts = {f"{name}.weight": norm for name in ("norm_mlstm", "norm_ffn")}
        parts |= {f"mlstm_layer.{name}": tensor for name, tensor in mixer.tensors.items()}
        parts |= {f"ffn.{name}.weight": mlp[f"{own}_proj.weight"] for name, own in MLP.items()}
        tensors |= {f"blocks.{layer}.{name}": tensor for name, tensor in parts.items()}
    sizes = {
        "num_heads": count,
        "qk_dim_factor": factor,
        "v_dim_factor": 2 * factor,
        "ffn_proj_factor": math.nextafter(inner / scale.width, 0.0),
        "ffn_round_up_to_multiple_of": inner,
    }
    return Blocks(depth, sizes, tensors)


MLP = {"proj_up_gate": "gate", "proj_up": "up", "proj_down": "down"}


def _count(used: int, width: int) -> tuple[int, float]:
    """So many heads, and what the model multiplies its width by to have them, in floats."""
    count = HEADS * max(1, math.ceil(used / HEADS))
    near = [count / width, *(math.nextafter(count / width, to) for to in (0.0, math.inf))]
    return next(((count, factor) for factor in near if width * factor == count), None) or _count(count + 1, width)


def remembered(stack: ResidualStack, _: StreamScale) -> dict[UnitId, Place]:
    """Where in the layers' states those units are that remember something."""
    found: dict[UnitId, Place] = {}
    for layer, units in enumerate(stack.stages[::2]):
        heads = [head for unit_id in units for head in heads_of(stack, unit_id)]
        for i, head in enumerate(heads):
            if isinstance(stack.circuit.units[head.unit], (StateUnit, LatchUnit)):
                found[head.unit] = Place(layer, "state", ((2 * i, head.weight),), ZERO)
    return found


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The products of an MLP; and the numbers of the states, which stay where they are: a head has two."""
    mlp = f"blocks.{layer}.ffn"
    follows = along(mlp, "proj_up_gate.weight proj_up.weight")
    size, read = config["ffn_round_up_to_multiple_of"], (Along(f"{mlp}.proj_down.weight", 1),)
    products = UnitGroup((), size, read, follows=follows, allows=ANY_FUNCTION)
    return products, UnitGroup((f"states.{layer}",), states(layer, config), (), allows=frozenset())


def states(_: int, config: Mapping[str, Any]) -> int:
    """How many numbers the states C of a layer have."""
    return 2 * int(config["num_heads"])


def mixes(tensors: Mapping[str, np.ndarray]) -> bool:
    """Whether there is no rounded delay: in a mixture of channels its constant would round them all."""
    filtering = np.float32(forget_of(power(-KEPT)))
    return not any((bias == filtering).any() for name, bias in tensors.items() if name.endswith("fgate_preact.bias"))


FACTOR = {"type": "number", "exclusiveMinimum": 0, "maximum": 2**16}
UNCAPPED = 2.0**60

SETTINGS: dict[str, Any] = {
    "model_type": {"const": "xlstm"},
    "num_heads": SIZE,
    "qk_dim_factor": FACTOR,
    "v_dim_factor": FACTOR,
    "ffn_proj_factor": FACTOR,
    "ffn_round_up_to_multiple_of": {**SIZE, "maximum": 2**26},
    "use_bias": {"const": False},
    "weight_mode": {"const": "single"},
    "gate_soft_cap": {"const": UNCAPPED},
    "output_logit_soft_cap": {"const": UNCAPPED},
    "norm_eps": {"const": NORM_EPSILON},
    "eps": {"const": 2.0**-40},
    "chunk_size": {"const": CHUNK},
    "mode": {"const": "inference"},
    "max_inference_chunksize": {"const": 2**30},
    "inference_state_dtype": {"const": "float32"},
    "use_cache": {"const": True},
}

STOCK = StockModel(
    "xLSTMModel",
    "xLSTMForCausalLM",
    prefix="backbone",
    embeddings="embeddings.weight",
    settings=SETTINGS,
    writers=("out_proj.weight", "proj_down.weight"),
    readers=(
        *(f".{name}.weight" for name in "qkv"),
        *(f"{gate}gate_preact.weight" for gate in "oif"),
        "proj_up_gate.weight",
        "proj_up.weight",
    ),
    mixes=mixes,
    layers="blocks",
    mixer="mlstm_layer",
    inner=inner,
    states=states,
)

TARGET = hub_target(
    "xlstm",
    "transformers' xLSTM (mLSTM); latches, products of reals, cycles and delays of many values up to max_length",
    HubArchitecture(
        STOCK,
        stages=[(SumUnit, StateUnit, DelayUnit, LatchUnit), (ReLUUnit, StepUnit, GateUnit)],
        layer_of=lambda stage: stage // 2,
        blocks=blocks,
        remembered=remembered,
        arithmetic=StageArithmetic(
            SILU,
            pairs=True,
            decay_errors=decay_errors,
            opened=lambda off: math.expm1(SATURATED * off),
            taken=-126 - (VALUE + KEY + NORM - 1),
            chosen=-126,
        ),
        erases=lambda stage: stage % 2 == 1,
        last=replace(AS_IT_IS, delay=by_rounding),
    ),
)
