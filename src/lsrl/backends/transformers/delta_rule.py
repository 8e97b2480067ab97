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

norm(y) is y/√(mean(y²) + η). Where η is that of the stream, 2²⁶, every y is so small that it divides by 2¹³. Where η is
10⁻⁵, a number C in each value makes it a power of two: with four numbers to a value it divides by C/2, so large is C
beside all others. A state that decays has none, since C would decay, too: it is multiplied by √10⁵ there, which rounds.

The full pass solves for what each of 64 steps adds to S and multiplies matrices, where a cached step goes on from S.
What is solved for is v itself in all these cases, exactly: where k is 1, α = 0 in front of whatever is taken. Sums of
whole numbers are the same in any order, if what they add up fits for each sign by itself (`pairs=True`).

Stock models of this kind need an attention layer, of which their cache takes its length: the last layer is one, and
writes 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.gated_mlp import erasing, mlp_of, products_of
from lsrl.backends.transformers.mamba import FORGETS, HOLDS, TAPS
from lsrl.backends.transformers.mamba2 import OPEN, SHUT, SIGNED, chunk_errors, decay_of
from lsrl.backends.transformers.scale import NORM, SILU, StreamScale, opened, sharpness
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, HubArchitecture
from lsrl.backends.transformers.weights import STARTED, StreamRows
from lsrl.backends.unit_groups import ANY_FUNCTION, Along, UnitGroup, along
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.powers_of_two import power, power_of_two_above
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

KEY = -76
"""The exponent of a key whose square is 0, of β₁ = 2, too: the smallest float32 is 2⁻¹⁴⁹."""

SATURATED = 200.0
"""σ of this is 1, and of minus this it is 0."""

GATE = 32.0
"""silu of this is the number itself."""

CONSTANT = 6
"""The exponent of C: a quarter of its square is so large that 10⁻⁵ vanishes beside it."""

FIRST_TAP = 40
"""The exponent of what a convolution multiplies a C by that comes at the first position alone."""

CHUNK = 64

LINEAR, FULL = "linear_attention", "full_attention"


@dataclass(frozen=True, slots=True)
class DeltaRule:
    """In what the models differ.

    `most_beta` is β₁; `columns` how many numbers a value has; `constant` whether the last one is C; `shift` is what
    the stream's norms add to their weights. `mixer` names a linear layer's tensors, `attention` gives those of
    attention that writes zero, by the stream's width, and the names of that layer's norms.
    """

    most_beta: int
    columns: int
    constant: bool
    shift: float
    mixer: Callable[[Heads], dict[str, np.ndarray]]
    attention: Callable[[int], dict[str, np.ndarray]]
    norms: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Head:
    """A head whose value has `factor` times these forms, `delay` steps late, and adds up `weight` times what is left.

    `decay` is the A of a state that sums up, None of one that keeps nothing; `keep` a boolean form that makes it a
    latch.
    """

    unit: UnitId
    forms: tuple[Affine, ...]
    factor: fmpq
    weight: fmpq
    delay: int = 0
    decay: float | None = None
    keep: Affine | None = None


def head_of(stack: ResidualStack, unit_id: UnitId, rule: DeltaRule) -> Head:
    """The head of a unit, as in the docstring of this file."""
    match stack.circuit.units[unit_id]:
        case SumUnit(argument):
            return _signed(stack, unit_id, argument, rule)
        case DelayUnit(argument, steps):
            return replace(_signed(stack, unit_id, argument, rule), delay=steps)
        case LatchUnit(keep, argument):
            return replace(_signed(stack, unit_id, argument, rule), keep=keep)
        case StateUnit(previous, drive, _, _):
            decay = decay_of(previous[0][1])
            factor = sharpness(SILU, stack.circuit.knowledge.fact(drive), stack.circuit.origins[unit_id])
            read = factor * power(KEY) * rule.most_beta
            return Head(unit_id, (drive, drive.times(-ONE)), factor, 1 / read, decay=decay)
        case unit:
            raise TypeError(f"a delta rule computes no {type(unit).__name__}")


def _signed(stack: ResidualStack, unit_id: UnitId, form: Affine, rule: DeltaRule) -> Head:
    """The head of a form of either sign that keeps nothing."""
    largest = [stack.circuit.knowledge.fact(read).magnitude or ONE for read in (form, variable(unit_id))]
    factor = power(SIGNED + 31) / power_of_two_above(max(ONE, *largest))
    return Head(unit_id, (form,), factor, 2 / (factor * rule.most_beta))


def tiny_key() -> float:
    """The number of which a norm makes 2 to the `KEY`: divided by the root of 10⁻⁶ as float32 has it, or close to it.

    >>> key = np.float32(tiny_key())
    >>> bool(key * (np.float32(1) / np.sqrt(np.float32(1e-6))) == np.float32(2.0**KEY))
    True
    """
    inverse = np.float32(1) / np.sqrt(np.float32(1e-6))
    found = np.float32(2.0**KEY / float(inverse))
    near = [found, np.nextafter(found, np.float32(0)), np.nextafter(found, np.float32(1))]
    return float(next(key for key in near if key * inverse == np.float32(2.0**KEY)))


class Heads:
    """The tensors of the heads of one layer."""

    def __init__(self, rule: DeltaRule, rows: StreamRows, count: int) -> None:
        self.rule, self.rows = rule, rows
        self.query = np.tile(rows.always(GATE), (count, 1))
        self.key = np.tile(rows.always(GATE), (count, 1))
        self.value = np.zeros((count * rule.columns, rows.width))
        self.value_taps = np.zeros((count * rule.columns, TAPS))
        self.beta = np.tile(rows.always(SATURATED), (count, 1))
        self.step = np.zeros((count, rows.width))
        self.logarithms, self.bias = np.full(count, FORGETS), np.full(count, OPEN)
        self.gate = np.zeros((count * rule.columns, rows.width))
        self.norm = np.ones(rule.columns)
        self.out = np.zeros((rows.width, count * rule.columns))

    @property
    def taps(self) -> np.ndarray:
        """The convolution of queries, keys and values, in this order."""
        now = np.eye(TAPS)[-1]
        shared = np.tile(now, (len(self.query) + len(self.key), 1))
        return np.vstack([shared, self.value_taps])[:, None]

    def add(self, i: int, head: Head) -> None:
        """Make a head of this layer the i-th."""
        first, rows = i * self.rule.columns, self.rows
        for j, form in enumerate(head.forms):
            self._value(first + j, rows.of(form, head.factor), TAPS - 1 - head.delay, 1.0)
            self.gate[first + j] = rows.always(GATE)
            weight = head.weight * (-1) ** j * rows.scale.epsilon / fmpq(int(GATE))
            self.out[rows.channels[head.unit], first + j] = as_float(weight) / self._normed(head)
        if head.decay is not None:
            self.key[i] = rows.always(2 * tiny_key())
            self.logarithms[i] = head.decay
        if head.keep is not None:
            self.bias[i] = SHUT
            self.step[i] = rows.of(opened(head.keep), int(OPEN - SHUT))
            self.beta[i] = rows.of(opened(head.keep), 2 * int(SATURATED)) - rows.always(SATURATED)
        if self.rule.constant:
            self._constant(first + self.rule.columns - 1, head)

    def _normed(self, head: Head) -> float:
        """What the norm multiplies what is read by."""
        if not self.rule.constant:
            return 2.0**NORM
        return 2.0 ** (1 - CONSTANT) if _has_constant(head) else 1e5**0.5

    def _constant(self, row: int, head: Head) -> None:
        """Put C where it stays: at every position if it is forgotten there, at the first if nothing is."""
        size = 2.0**CONSTANT / self.rule.most_beta
        if head.decay is None:
            self._value(row, self.rows.always(size), TAPS - 1, 1.0)
        elif _has_constant(head):
            size *= 2.0 ** (-KEY - FIRST_TAP)
            first = self.rows.always(size)
            first[STARTED] = -size / as_float(self.rows.scale.epsilon)
            self._value(row, first, TAPS - 1, 2.0**FIRST_TAP)

    def _value(self, row: int, reads: np.ndarray, tap: int, times: float) -> None:
        self.value[row] = reads
        self.value_taps[row, tap] = times


def _has_constant(head: Head) -> bool:
    return head.decay is None or head.decay == HOLDS


def architecture(stock: StockModel, rule: DeltaRule) -> HubArchitecture:
    """A model of this kind."""

    def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
        return _blocks(stack, scale, rule)

    def remembered(stack: ResidualStack, _: StreamScale) -> dict[UnitId, Place]:
        return _remembered(stack, rule)

    return HubArchitecture(
        stock,
        stages=[(SumUnit, StateUnit, DelayUnit, LatchUnit), (ReLUUnit, StepUnit, GateUnit)],
        layer_of=lambda stage: stage // 2,
        blocks=blocks,
        remembered=remembered,
        arithmetic=StageArithmetic(SILU, pairs=True, decay_errors=partial(decay_errors, rule=rule)),
        erases=lambda stage: stage % 2 == 1,
    )


def decay_errors(decay: float, rule: DeltaRule) -> tuple[float, float]:
    """How far off a decay can be, relatively, in every step, and what is read of it: √10⁵ times 1/√10⁵ of it, if so."""
    return chunk_errors(decay, CHUNK), 2.0**-24 * 4 * rule.constant


def _blocks(stack: ResidualStack, scale: StreamScale, rule: DeltaRule) -> Blocks:
    depth = max(1, math.ceil(len(stack.stages) / 2))
    idle = ((),) * (2 * depth - len(stack.stages))
    stages, erased = (*stack.stages, *idle), (*stack.erased, *idle)
    products = [[*products_of(stack, stages[i]), *erasing(erased[i])] for i in range(1, 2 * depth, 2)]
    count, inner = (max(1, *map(len, parts)) for parts in (stages[::2], products))
    rows, norm = StreamRows(stack, scale), np.full(scale.width, 1 / as_float(scale.norm) - rule.shift)
    tensors: dict[str, np.ndarray] = {"norm.weight": norm}
    for layer in range(depth + 1):
        if layer < depth:
            heads = Heads(rule, rows, count)
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
        "layer_types": [LINEAR] * depth + [FULL],
    }
    return Blocks(depth + 1, sizes, tensors)


def _remembered(stack: ResidualStack, rule: DeltaRule) -> dict[UnitId, Place]:
    """Where in the layers' states those units are that remember something."""
    found: dict[UnitId, Place] = {}
    for layer, units in enumerate(stack.stages[::2]):
        for i, unit_id in enumerate(units):
            head = head_of(stack, unit_id, rule)
            if head.decay is not None or head.keep is not None:
                read = tuple((i * rule.columns + j, head.weight * (-1) ** j) for j in range(len(head.forms)))
                found[unit_id] = Place(layer, "state", read, ZERO)
    return found


SETTINGS: Mapping[str, Any] = {
    "intermediate_size": {**SIZE, "maximum": 2**26},
    "num_attention_heads": {"const": 1},
    "num_key_value_heads": {"const": 1},
    "hidden_act": {"const": "silu"},
    "linear_num_key_heads": SIZE,
    "linear_num_value_heads": SIZE,
    "linear_key_head_dim": {"const": 1},
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
    return int(config["linear_num_value_heads"] * config["linear_value_head_dim"]) if linear else 0


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The products of an MLP."""
    mlp = f"layers.{layer}.mlp"
    read = (Along(f"{mlp}.down_proj.weight", 1),)
    follows = along(mlp, "gate_proj.weight up_proj.weight")
    return (UnitGroup((), config["intermediate_size"], read, follows=follows, allows=ANY_FUNCTION),)
