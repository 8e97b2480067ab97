"""What hawk and griffin share: `transformers.RecurrentGemmaForCausalLM` and `RecurrentGemmaModel`.

A layer adds two things to the residual stream x (its RMSNorms only scale by a power of two, see
`scale.py`), a recurrent block (hawk) or, in some layers, attention (griffin), and then an MLP:

    u = conv(W x)    r, i = σ(R u + ρ), σ(I u + ι)    a = exp(−8 r softplus(Λ))
    h ← a ⊙ h + √(1 − a²) ⊙ i ⊙ u    out = V (h ⊙ gelu(Y x))
    out = down(gelu(gate x) ⊙ (up x))

with a depthwise causal convolution of width 4 and numbers of either sign all the way. gelu(κv) is
κ·relu(v), exactly, once κ is so large that it is fed with nothing between −32 and 32 but 0. So

- ReLU of v: in the MLP, gate x = κv and up x = ε, read off what is always 1. Times any value: up x = that value.
- whether v > 0, where v is never between −m and m: (relu(v + m/2) − relu(v − m/2)) / m.
- sum of v: with −log a = 1.5·2⁻²⁶ the float nearest to a is 1, while the one nearest to a² is 1 − 2⁻²⁴: all of
  h is kept, and the input comes in times 2⁻¹², which the convolution makes up for. Any decay up
  to 1 − 2⁻¹² works likewise, with a rounded gain. At position 0 the gain is 1, so that every sequence begins with an
  embedding of which u is 0.
- v itself, or v some steps ago: the convolution takes the earlier W x, and Λ = 100 makes a = 0, the gain 1.
- latch: Λ = 100 and r = σ(256) = 1 where it takes v, r = σ(−256) = 0 where it does not: then a = 1, the gain 0.
- product of two reals: ReLU times a value, for either sign.

The state matrix is diagonal with entries from 0 to 1: a cycle is counted off by a sum and a
staircase, up to `max_length`; anything else that rotates or permutes is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.gated_mlp import erasing, mlp_of, products_of
from lsrl.backends.transformers.scale import GELU, StreamScale, opened
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, HubArchitecture
from lsrl.backends.transformers.weights import StreamRows
from lsrl.backends.unit_groups import ANY_FUNCTION, Along, UnitGroup, along
from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ZERO, as_float
from lsrl.placement.residual import ResidualStack, Stages
from lsrl.placement.stack import Place

SATURATED = 256.0
"""σ of this is 1 and σ of minus this is 0."""

FORGETS = 100.0
"""The Λ for which a is 0 where r is 1."""

HOLDS = 1.5 * 2.0**-26
"""−log a for which a rounds to 1, and a² to 1 − 2⁻²⁴."""

GAIN = 2.0**12
"""What makes up for √(1 − a²) of that a."""

OUT = 32.0
"""gelu of this is the number itself."""

SOFT_CAP = 2.0**100
"""Scores are so far below this that capping leaves them in their order."""

TAPS = 4
RECURRENT, ATTENTION = "recurrent", "attention"
QKV = ("q_proj", "k_proj", "v_proj")


def architecture(pattern: Sequence[str], *, use_cache: bool) -> HubArchitecture:
    """RecurrentGemma with these blocks, again and again; there is at least one of each kind."""

    def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
        return _blocks(stack, scale, pattern)

    return HubArchitecture(
        StockModel(
            "RecurrentGemmaModel",
            "RecurrentGemmaForCausalLM",
            prefix="model",
            embeddings="embed_tokens.weight",
            settings=_settings(pattern, use_cache),
            writers=("linear_out.weight", "o_proj.weight", "down_proj.weight"),
            readers=tuple(f"{name}.weight" for name in ("linear_x", "linear_y", *QKV, "gate_proj", "up_proj")),
            multiplies_embeddings=True,
            states_in_modules=True,
            mixer="temporal_block",
            inner=inner,
            states=lambda layer, config: config["lru_width"] * (config["block_types"][layer] == RECURRENT),
        ),
        stages=_stages(pattern),
        layer_of=lambda stage: stage // 2,
        blocks=blocks,
        remembered=remembered,
        arithmetic=StageArithmetic(GELU, pairs=False, decay_errors=decay_errors, opened=lambda _: 0.0),
        erases=lambda stage: stage % 2 == 1,  # an MLP, which has room for more
        fits=_fits,
    )


def _settings(pattern: Sequence[str], use_cache: bool) -> dict[str, Any]:
    """The JSON schemas of the model's own settings."""
    kinds = sorted(set(pattern))
    blocks = {"type": "array", "maxItems": 2**12, "items": {"enum": kinds}}
    return {
        "model_type": {"const": "recurrent_gemma"},
        "intermediate_size": {**SIZE, "maximum": 2**26},
        "num_attention_heads": {"const": 1},
        "num_key_value_heads": {"const": 1},
        "lru_width": SIZE,
        "conv1d_width": {"const": TAPS},
        "block_types": {**blocks, "allOf": [{"contains": {"const": kind}} for kind in kinds]},
        "rms_norm_eps": {"const": 0.0},
        "logits_soft_cap": {"const": SOFT_CAP},
        "use_cache": {"const": use_cache},
    }


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The channels of a layer's recurrent block, if it has one, and of its MLP."""
    block, mlp = f"layers.{layer}.temporal_block", f"layers.{layer}.mlp_block"
    gates, biases = "input_gate_weight recurrent_gate_weight", "input_gate_bias recurrent_gate_bias"
    lru = f"{block}.rg_lru"
    own = along(block, "linear_y.weight linear_y.bias linear_x.weight linear_x.bias conv_1d.weight conv_1d.bias")
    own += along(lru, "recurrent_param")
    channels = UnitGroup(
        modules=(f"states.{layer}",),
        size=config["lru_width"],
        follows=(*own, *along(lru, gates, axis=2), *along(lru, biases, axis=1)),
        reads=(Along(f"{block}.linear_out.weight", 1), *along(lru, gates, axis=1)),
        allows=ANY_FUNCTION,
    )
    rows = "gate_proj.weight gate_proj.bias up_proj.weight up_proj.bias"
    read = (Along(f"{mlp}.down_proj.weight", 1),)
    products = UnitGroup((), config["intermediate_size"] // 2, read, follows=along(mlp, rows), allows=ANY_FUNCTION)
    return (channels, products) if config["block_types"][layer] == RECURRENT else (products,)


def _stages(pattern: Sequence[str]) -> Stages:
    """Stage 2l is layer l's block, and stage 2l + 1 its MLP."""
    blocks = {RECURRENT: (SumUnit, StateUnit, DelayUnit, LatchUnit), ATTENTION: ()}
    return [kinds for block in pattern for kinds in (blocks[block], (ReLUUnit, StepUnit, GateUnit))]


def _blocks(stack: ResidualStack, scale: StreamScale, pattern: Sequence[str]) -> Blocks:
    depth = max(len(pattern), math.ceil(len(stack.stages) / 2))
    idle = ((),) * (2 * depth - len(stack.stages))
    stages, erased = (*stack.stages, *idle), (*stack.erased, *idle)
    products = [[*products_of(stack, stages[i]), *erasing(erased[i])] for i in range(1, 2 * depth, 2)]
    inner = max(1, *map(len, products))
    # Weights of norms are stored less 1, and noise on −7/8 is seven times that on 1/8: all but the last, of which the
    # stream itself is read, are 1, and the rows after them make up for the factor.
    rows, norm = StreamRows(stack, scale, gain=scale.norm), np.zeros(scale.width)
    tensors: dict[str, np.ndarray] = {"final_norm.weight": norm + (1 / as_float(scale.norm) - 1)}
    for layer in range(depth):
        recurrent = pattern[layer % len(pattern)] == RECURRENT
        block = _Recurrent(rows, stack).tensors_of(stages[2 * layer]) if recurrent else _attention(scale.width)
        parts = {"temporal_pre_norm.weight": norm, "channel_pre_norm.weight": norm}
        parts |= {f"temporal_block.{name}": tensor for name, tensor in block.items()}
        mlp = mlp_of(rows, stack, products[layer], inner, GELU)
        mlp |= {name.replace("weight", "bias"): np.zeros(len(tensor)) for name, tensor in mlp.items()}
        parts |= {f"mlp_block.{name}": tensor for name, tensor in mlp.items()}
        tensors |= {f"layers.{layer}.{name}": tensor for name, tensor in parts.items()}
    sizes = {
        "intermediate_size": 2 * inner,
        "lru_width": scale.width,
        # One for each layer: transformers would repeat a shorter list, but only a hundred times.
        "block_types": [pattern[layer % len(pattern)] for layer in range(depth)],
    }
    return Blocks(depth, sizes, tensors)


def remembered(stack: ResidualStack, scale: StreamScale) -> dict[UnitId, Place]:
    """Where in the states of the recurrent blocks those units are that remember something."""
    found: dict[UnitId, Place] = {}
    for layer, units in enumerate(stack.stages[::2]):
        first = len(_keeps(stack, units))
        for i, unit_id in enumerate(units, start=first):
            if isinstance(stack.circuit.units[unit_id], (StateUnit, LatchUnit)):
                found[unit_id] = Place(layer, "state", ((i, 1 / scale.epsilon),), ZERO)
    return found


def _fits(stack: ResidualStack, width: int) -> bool:
    """A recurrent block has as many channels as the stream, for its units and for the booleans that latches read."""
    return all(len(units) + len(_keeps(stack, units)) <= width for units in stack.stages[::2])


def _keeps(stack: ResidualStack, units: Sequence[UnitId]) -> dict[object, Affine]:
    """The booleans that the latches among these units read."""
    read = (stack.circuit.units[unit_id] for unit_id in units)
    return {unit.keep.key(): unit.keep for unit in read if isinstance(unit, LatchUnit)}


class _Recurrent:
    """The tensors of one recurrent block."""

    def __init__(self, rows: StreamRows, stack: ResidualStack) -> None:
        self.rows, self.stack = rows, stack
        width = rows.width
        self.tensors = {
            "linear_y.weight": np.zeros((width, width)),
            "linear_y.bias": np.full(width, OUT),
            "linear_x.weight": np.zeros((width, width)),
            "linear_x.bias": np.zeros(width),
            "linear_out.weight": np.zeros((width, width)),
            "linear_out.bias": np.zeros(width),
            "conv_1d.weight": np.zeros((width, 1, TAPS)),
            "conv_1d.bias": np.zeros(width),
            "rg_lru.recurrent_param": np.full(width, FORGETS),
            "rg_lru.input_gate_weight": np.zeros((1, width, width)),
            "rg_lru.input_gate_bias": np.full((1, width), SATURATED),
            "rg_lru.recurrent_gate_weight": np.zeros((1, width, width)),
            "rg_lru.recurrent_gate_bias": np.full((1, width), SATURATED),
        }
        self.used = 0

    def tensors_of(self, units: Sequence[UnitId]) -> dict[str, np.ndarray]:
        """The block that computes these units: first the booleans that latches read, then the units."""
        gates: dict[object, int] = {}
        for key, keep in _keeps(self.stack, units).items():
            # Fed with 512 where it opens, so that r is fed with 256 there and with −256 elsewhere.
            gates[key] = self._channel(opened(keep), fmpq(2 * int(SATURATED)))
        for unit_id in units:
            self._unit(unit_id, gates)
        return self.tensors

    def _unit(self, unit_id: UnitId, gates: dict[object, int]) -> None:
        epsilon = self.rows.scale.epsilon
        match self.stack.circuit.units[unit_id]:
            case SumUnit(argument):
                channel = self._channel(argument, epsilon)
            case DelayUnit(argument, steps):
                channel = self._channel(argument, epsilon, delay=steps)
            case StateUnit(previous, drive, _, _):
                exponent, gain = decay_of(previous[0][1])
                channel = self._channel(drive, epsilon, gain=gain)
                self.tensors["rg_lru.recurrent_param"][channel] = math.log(math.expm1(exponent / 8))
            case LatchUnit(keep, argument):
                channel = self._channel(argument, epsilon)
                self.tensors["rg_lru.recurrent_gate_weight"][0, gates[keep.key()], channel] = 1
                self.tensors["rg_lru.recurrent_gate_bias"][0, channel] = -SATURATED
            case unit:
                raise TypeError(f"a recurrent block computes no {type(unit).__name__}")
        self.tensors["linear_out.weight"][self.rows.channels[unit_id], channel] = 1 / OUT

    def _channel(self, form: Affine, factor: fmpq, *, delay: int = 0, gain: float = 1.0) -> int:
        channel, self.used = self.used, self.used + 1
        self.tensors["linear_x.weight"][channel] = self.rows.of(form, factor)
        self.tensors["conv_1d.weight"][channel, 0, TAPS - 1 - delay] = gain
        return channel


def decay_of(weight: fmpq) -> tuple[float, float]:
    """−log a for a state that keeps this part of itself, and what makes up for √(1 − a²)."""
    if weight == 1:
        return HOLDS, GAIN
    decay = as_float(weight)
    return -math.log(decay), 1 / math.sqrt(1 - decay * decay)


def decay_errors(decay: float) -> tuple[float, float]:
    """How far off a decay a = exp(−c) and the gain 1/√(1 − a²) can be, relatively.

    c is made of a stored logarithm Λ and of functions that round five times, as Mamba's is; a² has twice its error. Of
    that, a²/(1 − a²) at most is in the gain, which rounds four times more.
    """
    c = -math.log(decay)
    error = 1.5 * c * (abs(math.log(math.expm1(c / 8))) + 5)
    square = decay * decay
    return 2.0**-24 * (4 + error), 2.0**-24 * ((4 + 2 * error) * square / (1 - square) + 4)


def _attention(width: int) -> dict[str, np.ndarray]:
    """Attention that writes zero."""
    names = (*QKV, "o_proj")
    return {**{f"{name}.weight": np.zeros((width, width)) for name in names}, "o_proj.bias": np.zeros(width)}
