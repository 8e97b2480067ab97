"""falcon-mamba: `transformers.FalconMambaForCausalLM` or `FalconMambaModel`.

A block is that of `mamba.py`, but for norms without weights on what makes Δ, B and C of u = silu(conv(W x)):

    Δ = softplus(P norm(R u) + p)    B = norm(b · u)    C = norm(c · u)    norm(v) = v / √(mean(v²) + ε)

- B and C are one number each, of which the norm leaves the sign: they are 1, and not 1/32. So a sum of v, a latch
  and a decay hold 32 times as much as there, and what reads them divides by 32: a power of two, which rounds nothing.
- R u has one number for each boolean that a latch reads, 0 or 1, and its mean square would depend on how many are 1.
  Another number, L = 2⁴⁰, is always there: its square is so large that the others' vanish beside it (at most 2¹⁶ of
  them, each 1, against the last place of 2⁸⁰, which is 2⁵⁷ in float32 and 2²⁸ in float64). With 4ʲ numbers in all,
  most of them 0, the root of the mean square is L / 2ʲ exactly, and P multiplies by that.
- ε = 2⁻¹⁰⁰ vanishes beside 2⁻¹⁰, the least square that there is, but keeps the norm of what is padded, 0, at 0.

All else, what is computed how and what is refused, is as `mamba.py` says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq

from lsrl.backends.transformers import mamba
from lsrl.backends.transformers.scale import StreamScale
from lsrl.backends.transformers.stock_model import StockModel
from lsrl.backends.transformers.target import Blocks, hub_target
from lsrl.circuit.affine import UnitId
from lsrl.placement.residual import ResidualStack
from lsrl.placement.stack import Place

LARGE = 2.0**40
"""What the other numbers that a norm reads vanish beside."""

EPSILON = 2.0**-100

OF_B = -2
"""The row of what B is made of; C's is after it, those of Δ are before it."""


def blocks(stack: ResidualStack, scale: StreamScale) -> Blocks:
    """The tensors of the blocks: Mamba's, with what makes Δ written for a norm."""
    plain = mamba.blocks(stack, scale)
    root = 1
    while root**2 < 1 + plain.sizes["time_step_rank"]:
        root *= 2
    tensors = dict(plain.tensors)
    for layer in range(plain.depth):
        _normalise(tensors, f"layers.{layer}.mixer", root)
    return Blocks(plain.depth, {**plain.sizes, "time_step_rank": root**2}, tensors)


def _normalise(tensors: dict[str, np.ndarray], mixer: str, root: int) -> None:
    """Put a block's tensors in place of Mamba's; `root` is that of how many numbers make Δ."""
    made, read, out = (f"{mixer}.{name}.weight" for name in ("x_proj", "dt_proj", "out_proj"))
    inner = tensors[made].shape[1]
    booleans = tensors[made][:OF_B]
    rows, reading = np.zeros((root**2, inner)), np.zeros((inner, root**2))
    rows[0, 0] = LARGE / mamba.OPEN  # channel 0 holds this at every position
    rows[1 : 1 + len(booleans)] = booleans
    reading[:, 1 : 1 + len(booleans)] = tensors[read] * (LARGE / root)
    remembers = tensors[f"{mixer}.D"] == 0
    tensors[made] = np.vstack([rows, tensors[made][OF_B:]])
    tensors[read] = reading
    tensors[out] = np.where(remembers, tensors[out] / mamba.OPEN, tensors[out])


def remembered(stack: ResidualStack, scale: StreamScale) -> dict[UnitId, Place]:
    """Where Mamba has it, in numbers `OPEN` times as large."""
    plain = mamba.remembered(stack, scale)
    return {unit: place.times(1 / fmpq(int(mamba.OPEN))) for unit, place in plain.items()}


SETTINGS = {**mamba.SETTINGS, "model_type": {"const": "falcon_mamba"}, "mixer_rms_eps": {"const": EPSILON}}

STOCK = StockModel(
    "FalconMambaModel",
    "FalconMambaForCausalLM",
    "backbone",
    "embeddings.weight",
    SETTINGS,
    mamba.WRITERS,
    mamba.READERS,
    first_hidden=0,
    inner=mamba.inner,
)

TARGET = hub_target(
    "falcon-mamba",
    "transformers' FalconMamba; latches, products of reals, cycles up to max_length",
    replace(mamba.ARCHITECTURE, stock=STOCK, blocks=blocks, remembered=remembered),
)
