"""Number formats that stored weights are rounded to."""

from __future__ import annotations

import numpy as np

from lsrl.model.changed_weights import Change


def _int8(weights: np.ndarray) -> np.ndarray:
    """256 levels for every row of a matrix (every vector as a whole), as large as its largest weight needs."""
    flat = weights.reshape(len(weights), -1) if weights.ndim > 1 else weights.reshape(1, -1)
    if not flat.size:
        return weights
    scale = np.abs(flat).max(axis=1, keepdims=True) / 127
    scale[scale == 0] = 1
    rounded: np.ndarray = (np.rint(flat / scale) * scale).reshape(weights.shape)
    return rounded


def _bfloat16(weights: np.ndarray) -> np.ndarray:
    import torch

    rounded: np.ndarray = torch.from_numpy(np.ascontiguousarray(weights)).to(torch.bfloat16).double().numpy()
    return rounded


FORMATS: dict[str, Change] = {
    "float32": lambda weights: weights.astype(np.float32),
    "bfloat16": _bfloat16,
    "float16": lambda weights: weights.astype(np.float16),
    "int8": _int8,
}
"""Number formats for weights; arithmetic stays in the model's own."""
