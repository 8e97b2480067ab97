"""mamba2: `transformers.Mamba2ForCausalLM` or `Mamba2Model`.

A block adds to the residual stream x (its first RMSNorm only scales by a power of two, see `scale.py`) what its *heads*
make, each with one inner channel and one state (head_dim 1, state_size 1); Δ is a number of each head, B and C are the
same for all of one group, and there is one group:

    z, v, B, C, δ = W x      u, B, C = silu(conv(v, B, C))      Δ = softplus(δ + d)
    s ← exp(A Δ) s + Δ B u   y = (C s + D u) ⊙ silu(z)          out = V (y / √(mean(y²) + ε))

with a depthwise causal convolution of width 4. Unlike in Mamba, Δ is read off the stream as it is, and y is normed.

- The norm of y is harmless if all y are small beside √ε, for then it divides by √ε. The stream's norms have the same
  ε, 2²⁶, and every y is made to be below 2⁻⁴⁰: the norm multiplies by 2⁻¹³ (in float32, whatever the model's format),
  even where a sequence is much longer than the program is for and sums are larger than was known.
- silu(x) is x / 2, exactly, for |x| up to 2⁻³⁰, and a signed number passes in one channel: u = λv/2, where λ makes λv
  2⁻⁶¹ at most, so that float64 adds up no error before the norm rounds to float32.
- silu(κv) is κ·relu(v), exactly, once κ is so large that it is fed with nothing between −256 and 256 but 0; it is
  never fed with more than 2⁴⁰.
- z is 2⁻³⁰ times the gate, of either sign, and for what has no gate, times 1.
- B = C = 2²³, of which silu is itself, and Δ = 64 or 0: a state makes u 2⁵² times as large, and D does the same for a
  u that passes, D = 2⁻⁵⁰ for a κ·relu(v). All these numbers are powers of two, and round nothing.

With these

- v itself: u = λv/2, D = 2⁵².
- ReLU of v: u = κ·relu(v), D = 2⁻⁵⁰.
- whether v > 0, where v is never between −m and m: (relu(v + m/2) − relu(v − m/2)) / m, two heads.
- ReLU of v times a value: z is that value.
- sum of v: u = λv/2; A = −exp(−200) = 0 makes the decay 1, d = 64 makes Δ = 64. A = (log a)/64 makes the decay a.
- v some steps ago: the convolution takes the earlier λv.
- latch: A = −exp(7), so that Δ = 64 makes the decay 0: v is taken; and Δ = softplus(−192) = 0 makes it 1 and takes
  nothing. δ is 256 where the boolean that opens it is 1. One that is off by up to a quarter still shuts it or opens it.

The full pass adds up in chunks of 16 steps, then chunks, where a cached step adds to the state. A sum of whole numbers
is the same in any order, as long as what it adds up fits without regard to signs: the analysis of `mamba.py`, where
each sign adds up by itself, asks for that (`pairs=True`). A decay over k steps is exp of a sum there, see
`decay_errors`. What is refused is as `mamba.py` says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq

from lsrl.backends.transformers import mamba
from lsrl.backends.transformers.chunked_decays import chunk_errors
from lsrl.backends.transformers.mamba import FORGETS, HOLDS, TAPS
from lsrl.backends.transformers.scale import NORM, NORM_EPSILON, SILU, StreamScale, opened, sharpness
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, hub_target
from lsrl.backends.transformers.weights import StreamRows
from lsrl.backends.unit_groups import Along, UnitGroup, along
from lsrl.circuit.affine import Affine, UnitId, number, variable
from lsrl.circuit.powers_of_two import power, power_of_two_above
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lowering.ramps import step_by_relus
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

OPEN, SHUT = 64.0, -192.0
"""softplus of the one is the number itself, of the other 0; a power of two is between them."""

SHARED = 2.0**23
"""B and C."""

STATE_GAIN = power(52)
"""What a state multiplies u by: Δ B C."""

RELU_GAIN = power(-50)
"""What D multiplies κ·relu(v) by."""

ONE_AS_Y = -42
"""The exponent of y for a boolean, of which silu makes 256."""

SIGNED, GATE = -61, -30
"""The exponents of the largest number that passes silu as a half of itself, in front of the states and as a gate."""

CHUNK = 16


@dataclass(frozen=True, slots=True)
class Head:
    """A head: silu of factor · form, `delay` steps late, times `skip` or in a state, times a gate, adds to a unit.

    `decay` is the A_log of a state that sums up; `keep` is a boolean form that makes it a latch; the gate is read
    `gate_factor` times, and what comes out has `weight`.
    """

    form: Affine
    factor: fmpq
    unit: UnitId
    weight: fmpq
    gate: Affine
    gate_factor: fmpq
    delay: int = 0
    skip: fmpq = ZERO
    decay: float | None = None
    keep: Affine | None = None


def heads_of(stack: ResidualStack, unit_id: UnitId) -> Iterator[Head]:
    """The heads of one unit, as in the docstring of this file."""
    unit = stack.circuit.units[unit_id]
    match unit:
        case ReLUUnit(argument):
            yield _relu(stack, unit_id, argument)
        case StepUnit(argument, margin):
            for weight, form in step_by_relus(argument, margin):
                yield _relu(stack, unit_id, form, weight)
        case GateUnit(gate, argument):
            yield _relu(stack, unit_id, argument, gate=gate)
        case SumUnit(argument):
            yield replace(_signed(stack, unit_id, argument), skip=STATE_GAIN)
        case DelayUnit(argument, steps):
            yield replace(_signed(stack, unit_id, argument), skip=STATE_GAIN, delay=steps)
        case StateUnit(previous, drive, _, _):
            yield replace(_signed(stack, unit_id, drive), decay=decay_of(previous[0][1]))
        case LatchUnit(keep, argument):
            yield replace(_signed(stack, unit_id, argument), keep=keep)
        case _:
            raise TypeError(f"a Mamba-2 computes no {type(unit).__name__}")


def erasing(stack: ResidualStack, unit_id: UnitId) -> Head:
    """The head that takes a unit out of the stream: that of its opposite."""
    head = _signed(stack, unit_id, variable(unit_id))
    return replace(head, weight=-head.weight, skip=STATE_GAIN)


def _relu(stack: ResidualStack, unit_id: UnitId, form: Affine, times: fmpq = ONE, gate: Affine | None = None) -> Head:
    """The head of times · gate · relu(form)."""
    fact = stack.circuit.knowledge.fact
    factor = sharpness(SILU, fact(form), stack.circuit.origins[unit_id])
    gate = gate or number(ONE)
    gating = power(GATE) / power_of_two_above(max(ONE, fact(gate).magnitude or ONE))
    weight = times / (factor * RELU_GAIN * gating * power(NORM - 1))
    return Head(form, factor, unit_id, weight, gate, gating, skip=RELU_GAIN)


def _signed(stack: ResidualStack, unit_id: UnitId, form: Affine) -> Head:
    """The head of a form, of either sign, of which a unit's value is made."""
    largest = [stack.circuit.knowledge.fact(read).magnitude or ONE for read in (form, variable(unit_id))]
    factor = power(SIGNED) / power_of_two_above(max(ONE, *largest))
    weight = 1 / (factor * STATE_GAIN * power(GATE) * power(NORM - 2))
    return Head(form, factor, unit_id, weight, number(ONE), power(GATE))


def decay_of(weight: fmpq) -> float:
    """The A_log for which a state keeps this part of itself: exp(−64 exp(A_log))."""
    return HOLDS if weight == 1 else math.log(-math.log(as_float(weight)) / OPEN)


def decay_errors(decay: float) -> tuple[float, float]:
    """How far off a decay can be, relatively, in every step; the gain is exact."""
    return chunk_errors(decay, CHUNK, logarithm_error(decay)), 0.0


def logarithm_error(decay: float) -> float:
    """How far off the logarithm −c of a decay can be, c = 64·exp(A_log), in units of 2⁻²⁴.

    c is off by |A_log| of itself for the stored logarithm, by 3 for the roundings on the way, and by 2 for those of kc,
    which a full pass adds up in float64.
    """
    c = -math.log(decay)
    return c * (abs(math.log(c / OPEN)) + 5)


class _Block:
    """The tensors of one block, of which in_proj has the rows of z, v, B, C and δ, in this order."""

    def __init__(self, rows: StreamRows, inner: int) -> None:
        self.rows, self.inner = rows, inner
        self.projected = np.zeros((3 * inner + 2, rows.width))
        self.convolved = np.zeros((inner + 2, 1, TAPS))
        self.steps, self.logarithms, self.skips = np.full(inner, SHUT), np.zeros(inner), np.zeros(inner)
        self.out = np.zeros((rows.width, inner))
        for shared in (2 * inner, 2 * inner + 1):
            self.projected[shared] = rows.always(SHARED)
            self.convolved[shared - inner, 0, -1] = 1

    def add(self, i: int, head: Head, into: int) -> None:
        """Make a head of this block the i-th."""
        self.projected[i] = self.rows.of(head.gate, head.gate_factor)
        self.projected[self.inner + i] = self.rows.of(head.form, head.factor)
        self.convolved[i, 0, TAPS - 1 - head.delay] = 1
        self.skips[i] = as_float(head.skip)
        if head.keep is not None:
            self.logarithms[i] = FORGETS
            self.projected[2 * self.inner + 2 + i] = self.rows.of(opened(head.keep), int(OPEN - SHUT))
        elif head.decay is not None:
            self.logarithms[i], self.steps[i] = head.decay, OPEN
        self.out[into, i] = as_float(head.weight * self.rows.scale.epsilon)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """All of them by their names in a layer."""
        return {
            "norm.weight": np.full(self.rows.width, 1 / as_float(self.rows.scale.norm)),
            "mixer.in_proj.weight": self.projected,
            "mixer.conv1d.weight": self.convolved,
            "mixer.dt_bias": self.steps,
            "mixer.A_log": self.logarithms,
            "mixer.D": self.skips,
            "mixer.norm.weight": np.ones(self.inner),
            "mixer.out_proj.weight": self.out,
        }


def blocks(stack: ResidualStack, scale: StreamScale, idle: int = 0) -> Blocks:
    """The tensors of the blocks, in each of which at least the last `idle` heads are."""
    found = []
    for units, gone in zip(stack.stages, stack.erased, strict=True) if stack.stages else [((), ())]:
        heads = [head for unit_id in units for head in heads_of(stack, unit_id)]
        found.append(heads + [erasing(stack, unit_id) for unit_id in gone])
    expand = max(1, *(math.ceil((len(heads) + idle) / scale.width) for heads in found))
    rows, inner = StreamRows(stack, scale), expand * scale.width
    tensors: dict[str, np.ndarray] = {"norm_f.weight": np.full(scale.width, 1 / as_float(scale.norm))}
    for layer, heads in enumerate(found):
        block = _Block(rows, inner)
        for i, head in enumerate(heads):
            block.add(i, head, stack.channels[head.unit])
        tensors |= {f"layers.{layer}.{name}": tensor for name, tensor in block.tensors.items()}
    return Blocks(len(found), {"expand": expand, "num_heads": inner}, tensors)


def remembered(stack: ResidualStack, _: StreamScale) -> dict[UnitId, Place]:
    """Where in the layers' recurrent states those units are that remember something: one number for each."""
    found: dict[UnitId, Place] = {}
    for layer, units in enumerate(stack.stages):
        heads = [head for unit_id in units for head in heads_of(stack, unit_id)]
        for i, head in enumerate(heads):
            if head.decay is not None or head.keep is not None:
                scale = fmpq(2) / (head.factor * fmpq(int(OPEN)) * fmpq(int(SHARED)))
                found[head.unit] = Place(layer, "state", ((i, scale),), ZERO)
    return found


SETTINGS = {
    "model_type": {"const": "mamba2"},
    "num_heads": SIZE,
    "head_dim": {"const": 1},
    "state_size": {"const": 1},
    "n_groups": {"const": 1},
    "conv_kernel": {"const": TAPS},
    "expand": SIZE,
    "time_step_rank": {"const": 1},
    "time_step_limit": {"const": [0.0, 2.0**15]},  # no limit, and a number in every format: JSON has no infinity
    "chunk_size": {"const": CHUNK},
    "use_bias": {"const": False},
    "use_conv_bias": {"const": False},
    "hidden_act": {"const": "silu"},
    "layer_norm_epsilon": {"const": NORM_EPSILON},
    "residual_in_fp32": {"const": True},
    "use_cache": {"const": True},
}


def heads_group(layer: int, mixer: str, size: int) -> UnitGroup:
    """The heads of a layer. What nothing reads has to be small for their norm, so there are no idle weights."""
    own = f"layers.{layer}.{mixer}"
    projected = [Along(f"{own}.in_proj.weight", 0, first) for first in (0, size, 2 * size + 2)]
    follows = (*projected, *along(own, "conv1d.weight dt_bias A_log D norm.weight"))
    return UnitGroup((f"states.{layer}",), size, along(own, "out_proj.weight", axis=1), follows=follows)


STOCK = StockModel(
    "Mamba2Model",
    "Mamba2ForCausalLM",
    "backbone",
    "embeddings.weight",
    SETTINGS,
    mamba.WRITERS,
    mamba.READERS,
    first_hidden=0,
    inner=lambda layer, config: (heads_group(layer, "mixer", config["num_heads"]),),
)

ARCHITECTURE = replace(
    mamba.ARCHITECTURE,
    stock=STOCK,
    blocks=blocks,
    remembered=remembered,
    arithmetic=replace(
        mamba.ARCHITECTURE.arithmetic,
        decay_errors=decay_errors,
        taken=-125 - SIGNED,
        chosen=-125 - (GATE + ONE_AS_Y + NORM),
    ),
)

TARGET = hub_target(
    "mamba2", "transformers' Mamba-2; latches, products of reals, cycles up to max_length", ARCHITECTURE, gguf=True
)
