"""How a network's weights and activations are distributed: what tells a compiled one from one that was trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import kurtosis

from lsrl.errors import ProgramError, shortened
from lsrl.model.compiled_model import CompiledModel
from lsrl.notebook import Tabulated
from lsrl.zoo.streams import Sampler

SEQUENCES, LENGTH = 64, 32


@dataclass(frozen=True, slots=True)
class Realism(Tabulated):
    """Statistics of weights, and of what layers put out on sampled inputs.

    `zeros`: the share of weights that are 0. `kurtosis`: the excess kurtosis of all weights; 0 is a normal
    distribution, and few large ones among many small make it large. `rank`: the effective rank of matrices, as a
    share of the rank that they could have, on average: exp of the entropy of their singular values (Roy and Vetterli,
    The Effective Rank, 2007). `dead`: the share of units that never change. `activation_kurtosis` and
    `activation_rank`: the same of units that do, divided by their spread, on average over layers.
    """

    zeros: float
    kurtosis: float
    rank: float
    dead: float
    activation_kurtosis: float
    activation_rank: float

    def as_dict(self) -> dict[str, Any]:
        """The statistics as plain JSON types."""
        return asdict(self)


def realism_of(model: CompiledModel, sample: Sampler, seed: int = 0) -> Realism:
    """The statistics of a network on inputs that `sample(rng, steps)` draws. Raises `ProgramError` for what is none.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("moving_sum")
    >>> found = realism_of(lsrl.compile(entry.program, "lstm", max_length=64), entry.sample)
    >>> found.zeros > 0.9, found.dead
    (True, 0.0)
    """
    if not isinstance(model, CompiledModel) or not callable(sample):
        raise ProgramError(
            f"realism of {shortened(model)} on inputs of {shortened(sample)}; expected a compiled model and a function "
            "sample(rng, steps)"
        )
    rng = np.random.default_rng(seed)
    steps = min(LENGTH, model.max_length or LENGTH)
    x = np.stack([sample(rng, steps) for _ in range(SEQUENCES)]).astype(model.network.dtype)
    arrays = [array.astype(np.float64) for array in model.network.arrays.values()]
    weights = np.concatenate([array.ravel() for array in arrays])
    matrices = [array for array in arrays if array.ndim == 2 and min(array.shape) > 1 and array.any()]
    outputs = [output.reshape(-1, output.shape[-1]).astype(np.float64) for _, output in model.network.activations(x)]
    moving = [output[:, (output != output[0]).any(axis=0)] for output in outputs]
    units = sum(output.shape[1] for output in outputs)
    standard = [(own - own.mean(axis=0)) / own.std(axis=0) for own in moving if own.shape[1]]
    return Realism(
        zeros=float((weights == 0).mean()),
        kurtosis=float(kurtosis(weights / np.abs(weights).max())),
        rank=_mean([effective_rank(matrix) / min(matrix.shape) for matrix in matrices]),
        dead=1 - sum(own.shape[1] for own in moving) / max(units, 1),
        activation_kurtosis=_mean([float(kurtosis(own, axis=0).mean()) for own in standard]),
        activation_rank=_mean([effective_rank(own) / own.shape[1] for own in standard]),
    )


def effective_rank(matrix: np.ndarray) -> float:
    """The exponential of the entropy of a matrix' singular values, divided by their sum; 0 of nothing.

    >>> round(effective_rank(np.eye(3)), 6), round(effective_rank(np.ones((3, 3))), 6)
    (3.0, 1.0)
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    if not values.any():
        return 0.0
    share = values / values.sum()
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def _mean(numbers: list[float]) -> float:
    return float(np.mean(numbers)) if numbers else float("nan")
