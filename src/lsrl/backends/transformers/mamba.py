"""mamba: `transformers.MambaForCausalLM` or `MambaModel`.

A block adds to the residual stream x (its RMSNorm only scales by a power of two, see `scale.py`)

    u = silu(conv(W x))    s ← exp(A Δ) s + Δ B u    out = V (C s + D u) ⊙ silu(Z x)

with a depthwise causal convolution of width 4, one state per inner channel (state_size 1), B and C
numbers that all channels share and Δ = softplus(P u + p) a number of each channel. silu(κv) is
κ·relu(v), exactly, once κ is so large that it is fed with nothing between −256 and 256 but 0. So

- v itself: v and −v, each as a ReLU.
- ReLU of v: W x = κv, D = 1, and Z x = 32, of which silu is 32; V divides by 32κ.
- whether v > 0, where v is never between −m and m: (relu(v + m/2) − relu(v − m/2)) / m.
- ReLU of v times a value that is never negative: Z x = κ'·value. A signed value takes two channels.
- sum of v: silu lets only one sign through, so there is one channel for v and one for −v. A = −exp(−200) = 0
  makes the decay 1, p = 32 makes Δ = 32, B = 1/32 and C = 1: s ← s + u. A = (log a)/32 makes the decay a.
- v some steps ago: the convolution takes the earlier W x, for v and −v.
- latch: A = −exp(7), so that Δ = 32 makes the decay 0: v is taken; and Δ = softplus(−200) = 0 makes it 1 and
  takes nothing. P u is 232 where a boolean, in a channel of its own, is 1.
- product of two reals: ReLU times a value, for either sign.
- B and C are made of a channel that its convolution's bias holds at 32, whatever the stream is.

In a robust network B, C and large sums are made of several channels (`redundant_channels.py`).

The state matrix is diagonal with entries from 0 to 1: a cycle is counted off by a sum and a
staircase, up to `max_length`; anything else that rotates or permutes is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from lsrl.backends.transformers.redundant_channels import alike, parts_of
from lsrl.backends.transformers.scale import NORM_EPSILON, SILU, StreamScale, opened, sharpness
from lsrl.backends.transformers.stage_arithmetic import StageArithmetic
from lsrl.backends.transformers.stock_model import SIZE, StockModel
from lsrl.backends.transformers.target import Blocks, HubArchitecture, hub_target
from lsrl.backends.transformers.weights import StreamRows
from lsrl.backends.unit_groups import ANY_FUNCTION, Along, UnitGroup, along
from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.units import DelayUnit, GateUnit, LatchUnit, ReLUUnit, StateUnit, StepUnit, SumUnit
from lsrl.lang.numbers import ONE, ZERO, as_float
from lsrl.lowering.ramps import step_by_relus
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

OPEN, SHUT = 32.0, -200.0
"""softplus and silu of the one are the number itself, softplus of the other is 0."""

HOLDS, FORGETS = -200.0, 7.0
"""A_log for which the decay is always 1, and 0 where Δ is 32."""

TAPS = 4


@dataclass(frozen=True, slots=True)
class InnerChannel:
    """An inner channel: silu of factor · form, `delay` steps late, times the gate, adds to a unit.

    `decay` is the A_log of a state that sums up, None for a channel without a state; `keep` is a boolean form
    that makes it a latch.
    """

    form: Affine
    factor: fmpq
    unit: UnitId
    weight: fmpq
    delay: int = 0
    decay: float | None = None
    keep: Affine | None = None
    gate: Affine | None = None
    gate_factor: fmpq = ONE


def branches_of(stack: ResidualStack, unit_id: UnitId) -> Iterator[InnerChannel]:
    """The inner channels of one unit, as in the docstring of this file."""
    fact = stack.circuit.knowledge.fact
    label, unit = stack.circuit.origins[unit_id], stack.circuit.units[unit_id]

    def branch(form: Affine, sign: int = 1) -> InnerChannel:
        factor = sharpness(SILU, fact(form), label)
        return InnerChannel(form.times(fmpq(sign)), factor, unit_id, sign / factor)

    match unit:
        case ReLUUnit(argument):
            yield branch(argument)
        case StepUnit(argument, margin):
            for weight, form in step_by_relus(argument, margin):
                relu = branch(form)
                yield replace(relu, weight=relu.weight * weight)
        case GateUnit(gate, argument):
            factor = sharpness(SILU, fact(gate), label)
            for sign in signs(stack, gate):
                relu = branch(argument)
                yield replace(relu, weight=relu.weight * sign / factor, gate=gate.times(fmpq(sign)), gate_factor=factor)
        case SumUnit(argument) | DelayUnit(argument):
            late = unit.steps if isinstance(unit, DelayUnit) else 0
            yield from (replace(branch(argument, sign), delay=late) for sign in signs(stack, argument))
        case StateUnit(previous, drive, _, _):
            decay = decay_of(previous[0][1])
            sums = [replace(branch(drive, sign), decay=decay) for sign in signs(stack, drive)]
            parts = parts_of(stack, unit_id, len(sums))
            yield from (replace(summed, weight=summed.weight / parts) for summed in sums for _ in range(parts))
        case LatchUnit(keep, argument):
            yield from (replace(branch(argument, sign), keep=keep) for sign in signs(stack, argument))
        case _:
            raise TypeError(f"a Mamba computes no {type(unit).__name__}")


def erasing(stack: ResidualStack, unit_id: UnitId) -> Iterator[InnerChannel]:
    """The inner channels that take a unit out of the stream: those of its opposite."""
    value = variable(unit_id)
    for sign in signs(stack, value):
        factor = sharpness(SILU, stack.circuit.knowledge.fact(value), stack.circuit.origins[unit_id])
        yield InnerChannel(value.times(fmpq(sign)), factor, unit_id, -sign / factor)


def signs(stack: ResidualStack, form: Affine) -> tuple[int, ...]:
    """Which signs a form can have."""
    fact = stack.circuit.knowledge.fact(form)
    found = ((1, fact.high is None or fact.high > 0), (-1, fact.low is None or fact.low < 0))
    return tuple(sign for sign, possible in found if possible)


def decay_of(weight: fmpq) -> float:
    """The A_log for which a state keeps this part of itself: exp(−32 exp(A_log))."""
    return HOLDS if weight == 1 else math.log(-math.log(as_float(weight)) / OPEN)


def decay_errors(decay: float) -> tuple[float, float]:
    """How far off a decay exp(−c) can be, relatively; the gain is exact.

    c = 32·exp(A_log) is off by |A_log|·2⁻²⁴ of itself for the stored logarithm, and by 3·2⁻²⁴ for the roundings on the
    way; exp adds 2·2⁻²⁴. Half as much again, and twice what exp adds, is for what all that does to itself.
    """
    c = -math.log(decay)
    return 2.0**-24 * (4 + 1.5 * c * (abs(math.log(c / OPEN)) + 3)), 0.0


class _Block:
    """The tensors of one block."""

    def __init__(self, rows: StreamRows, inner: int, rank: int) -> None:
        self.rows = rows
        width = rows.width
        self.tensors = {
            "norm.weight": np.full(width, 1 / as_float(rows.scale.norm)),
            "mixer.in_proj.weight": np.zeros((2 * inner, width)),
            "mixer.conv1d.weight": np.zeros((inner, 1, TAPS)),
            "mixer.conv1d.bias": np.zeros(inner),
            "mixer.x_proj.weight": np.zeros((rank + 2, inner)),
            "mixer.dt_proj.weight": np.zeros((inner, rank)),
            "mixer.dt_proj.bias": np.full(inner, SHUT),
            "mixer.A_log": np.zeros((inner, 1)),
            "mixer.D": np.zeros(inner),
            "mixer.out_proj.weight": np.zeros((width, inner)),
        }
        self.inner, self.rank = inner, rank

    def fill(
        self, channels: list[InnerChannel], keeps: list[Affine], channel_of: dict[UnitId, int], alike: int
    ) -> None:
        """First what B and C are made of; then one for each boolean that a latch reads; then the branches."""
        self.tensors["mixer.conv1d.bias"][:alike] = OPEN
        self.tensors["mixer.x_proj.weight"][self.rank :, :alike] = [[OPEN**-2 / alike], [1 / OPEN / alike]]
        for i, keep in enumerate(keeps):
            self._drive(alike + i, self.rows.of(opened(keep), SILU.saturated), 0)
            self.tensors["mixer.x_proj.weight"][i, alike + i] = 1 / as_float(SILU.saturated)
        for channel, branch in enumerate(channels, start=alike + len(keeps)):
            self._branch(channel, branch, keeps, channel_of[branch.unit])

    def _drive(self, channel: int, row: np.ndarray, delay: int) -> None:
        self.tensors["mixer.in_proj.weight"][channel] = row
        self.tensors["mixer.conv1d.weight"][channel, 0, TAPS - 1 - delay] = 1

    def _branch(self, channel: int, branch: InnerChannel, keeps: list[Affine], into: int) -> None:
        self._drive(channel, self.rows.of(branch.form, branch.factor), branch.delay)
        if branch.keep is not None:
            self.tensors["mixer.A_log"][channel] = FORGETS
            self.tensors["mixer.dt_proj.weight"][channel, _index(keeps, branch.keep)] = OPEN - SHUT
        elif branch.decay is not None:
            self.tensors["mixer.A_log"][channel] = branch.decay
            self.tensors["mixer.dt_proj.bias"][channel] = OPEN
        else:
            self.tensors["mixer.D"][channel] = 1
        gate = self.rows.always(OPEN) if branch.gate is None else self.rows.of(branch.gate, branch.gate_factor)
        self.tensors["mixer.in_proj.weight"][self.inner + channel] = gate
        weight = as_float(branch.weight * self.rows.scale.epsilon)
        self.tensors["mixer.out_proj.weight"][into, channel] = weight if branch.gate is not None else weight / OPEN


def remembered(stack: ResidualStack, scale: StreamScale) -> dict[UnitId, Place]:
    """Where in the layers' recurrent states those units are that remember something."""
    del scale
    found: dict[UnitId, Place] = {}
    for layer, units in enumerate(stack.stages):
        branches = [branch for unit_id in units for branch in branches_of(stack, unit_id)]
        first = alike(stack) + len({branch.keep.key() for branch in branches if branch.keep is not None})
        for unit_id in units:
            own = [
                (first + i, branch.weight)
                for i, branch in enumerate(branches)
                if branch.unit == unit_id and (branch.decay is not None or branch.keep is not None)
            ]
            if own:
                found[unit_id] = Place(layer, "state", tuple(own), ZERO)
    return found


def _index(keeps: list[Affine], keep: Affine) -> int:
    return [known.key() for known in keeps].index(keep.key())


def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
    """The tensors of the blocks."""
    found = []
    for units, gone in zip(stack.stages, stack.erased, strict=True) if stack.stages else [((), ())]:
        branches = [branch for unit_id in units for branch in branches_of(stack, unit_id)]
        branches += [branch for unit_id in gone for branch in erasing(stack, unit_id)]
        distinct = {branch.keep.key(): branch.keep for branch in branches if branch.keep is not None}
        found.append((branches, list(distinct.values())))
    widest = max(alike(stack) + len(keeps) + len(branches) for branches, keeps in found)
    expand, rank = math.ceil(widest / scale.width), max(1, *(len(keeps) for _, keeps in found))
    rows = StreamRows(stack, scale)
    tensors: dict[str, np.ndarray] = {"norm_f.weight": np.full(scale.width, 1 / as_float(scale.norm))}
    for layer, (branches, keeps) in enumerate(found):
        block = _Block(rows, expand * scale.width, rank)
        block.fill(branches, keeps, dict(stack.channels), alike(stack))
        tensors |= {f"layers.{layer}.{name}": tensor for name, tensor in block.tensors.items()}
    return Blocks(len(found), {"expand": expand, "time_step_rank": rank}, tensors)


SETTINGS = {
    "model_type": {"const": "mamba"},
    "state_size": {"const": 1},
    "conv_kernel": {"const": TAPS},
    "expand": SIZE,
    "time_step_rank": SIZE,
    "use_bias": {"const": False},
    "use_conv_bias": {"const": True},
    "hidden_act": {"const": "silu"},
    "layer_norm_epsilon": {"const": NORM_EPSILON},
    "residual_in_fp32": {"const": True},
    "use_cache": {"const": True},
}


def inner(layer: int, config: Mapping[str, Any]) -> tuple[UnitGroup, ...]:
    """The inner channels of a layer."""
    return (inner_channels(layer, "mixer", config["expand"] * config["hidden_size"]),)


def inner_channels(layer: int, mixer: str, size: int) -> UnitGroup:
    """The inner channels of a layer with such a mixer."""
    own = f"layers.{layer}.{mixer}"
    projected = [Along(f"{own}.in_proj.weight", 0, first) for first in (0, size)]
    follows = (*projected, *along(own, "conv1d.weight conv1d.bias dt_proj.weight dt_proj.bias A_log D"))
    read = along(own, "x_proj.weight out_proj.weight", axis=1)
    return UnitGroup((f"states.{layer}",), size, read, follows=follows, allows=ANY_FUNCTION)


WRITERS, READERS = ("out_proj.weight",), ("in_proj.weight",)

ARCHITECTURE = HubArchitecture(
    StockModel(
        "MambaModel",
        "MambaForCausalLM",
        "backbone",
        "embeddings.weight",
        SETTINGS,
        WRITERS,
        READERS,
        first_hidden=0,
        inner=inner,
    ),
    stages=[(SumUnit, ReLUUnit, StepUnit, GateUnit, StateUnit, DelayUnit, LatchUnit)],
    layer_of=lambda stage: stage,
    blocks=blocks,
    remembered=remembered,
    arithmetic=StageArithmetic(SILU, pairs=True, decay_errors=decay_errors),
    float64=True,
)

TARGET = hub_target(
    "mamba", "transformers' Mamba; latches, products of reals, cycles up to max_length", ARCHITECTURE, gguf=True
)
