"""A disguise: channels of a residual stream mixed four by four, so that no single one holds a variable any more.

H is orthogonal: in each block of four channels a Hadamard matrix divided by 2, whose entries ±1/2 are powers of two.
What writes to the stream is multiplied by H, what reads it by Hᵀ: the same function, since the norms, whose weights are
all alike, do not change. The two channels of marks stay apart: beside the 1 that is always there all else is lost.
Whether sums of four values are exact still depends on their sizes, and is checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from lsrl.backends.layout import Layout
from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.weights import HubWeights
from lsrl.errors import UnsupportedProgram
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.report import report_of
from lsrl.placement.residual import MARKS
from lsrl.rounding.guarantee import Guarantee
from lsrl.zoo.streams import Sampler

HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2

SEQUENCES, STEPS = 100, 64
"""What is run to see that nothing changed, up to the model's `max_length`."""


@dataclass(frozen=True, eq=False)
class Mixing:
    """The key of a disguise: the stream is H times what it was; how many weights are not 0, before and after."""

    matrix: np.ndarray
    nonzeros: tuple[int, int]
    checked: int

    def __str__(self) -> str:
        before, after = self.nonzeros
        return f"{before:,} non-zero weights became {after:,}; the same answers on {self.checked:,} steps"


def mixed(model: CompiledModel, sample: Sampler, *, seed: int = 0) -> tuple[CompiledModel, Mixing]:
    """The model with its stream's channels mixed, and the key. It has no layout and no sites: these are in the key.

    `sample(rng, steps)` draws the inputs on which both are compared.
    Raises `UnsupportedProgram` for a model without a residual stream or one that is mixed, and where answers differ.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "mamba", max_length=64, variables=["depth"])
    >>> disguised, key = mixed(model, entry.sample)
    >>> print(key)
    310 non-zero weights became 384; the same answers on 6,400 steps
    """
    network = model.network
    if not isinstance(network, HubNetwork):
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} has no residual stream whose channels could be mixed; "
            "expected a model of transformers, such as target='mamba'"
        )
    if not model.layout.reads:
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} is mixed already; expected the model before that"
        )
    rng = np.random.default_rng(seed)
    matrix = _matrix(network.weights, rng)
    steps = min(STEPS, model.max_length or STEPS)
    unproven = f"its channels are mixed, which {SEQUENCES * steps:,} steps show to change nothing, and no proof"
    guarantee = Guarantee((math.inf,) * model.program.output.dim, model.max_length, unproven)
    weights = HubNetwork(_weights(network.weights, matrix))
    made = replace(
        model,
        guarantee=guarantee,
        network=weights,
        sizes=report_of(model.program, model.target, weights, guarantee, model.sizes.compile_seconds),
        layout=Layout({}, tuple(model.program.names.values())),
        stack=None,
        circuit=None,
        variables=(),
        states={},
    )
    x = np.stack([sample(rng, steps) for _ in range(SEQUENCES)])
    wrong = int((made.run(x) != model.run(x)).any(axis=2).sum())
    if wrong:
        raise UnsupportedProgram(
            f"{wrong:,} of {SEQUENCES * steps:,} answers of {model.program.name} on {model.target} differ when its "
            "channels are mixed: sums of four of its values are not exact; expected smaller numbers"
        )
    nonzeros = model.network.sizes.nonzeros, made.network.sizes.nonzeros
    return made, Mixing(matrix, nonzeros, SEQUENCES * steps)


def _matrix(weights: HubWeights, rng: np.random.Generator) -> np.ndarray:
    """Blocks of four channels drawn at random, those that are used first, so that each of these is in one."""
    written = [tensor.any(axis=1) for name, tensor in weights.tensors.items() if name.endswith(weights.stock.writers)]
    used = np.any([*written, *(weights.maps["input.weight"] != 0).T], axis=0)
    order = [channel for channel in rng.permutation(weights.width).tolist() if channel >= MARKS]
    order.sort(key=lambda channel: not used[channel])
    blocks = -(-int(used[MARKS:].sum()) // 4)
    matrix = np.eye(weights.width)
    for first in range(0, 4 * min(blocks, len(order) // 4), 4):
        block = order[first : first + 4]
        matrix[np.ix_(block, block)] = HADAMARD
    return matrix


def _weights(weights: HubWeights, matrix: np.ndarray) -> HubWeights:
    """The weights of the mixed stream."""
    stock, found = weights.stock, dict(weights.tensors)
    reading = (*stock.readers, stock.embeddings, "lm_head.weight")
    for name, tensor in weights.tensors.items():
        if name.endswith(reading):
            found[name] = (tensor @ matrix.T).astype(tensor.dtype)
        elif name.endswith(stock.writers):
            found[name] = (matrix @ tensor).astype(tensor.dtype)
    maps = dict(weights.maps)
    for name in ("input.weight", "input.bias", "bos"):
        maps[name] = (matrix @ maps[name]).astype(maps[name].dtype)
    maps["readout.weight"] = (maps["readout.weight"] @ matrix.T).astype(maps["readout.weight"].dtype)
    return replace(weights, tensors=found, maps=maps)
