"""From a stack to weights: the one place where exact numbers become floats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from flint import fmpq

from lsrl.backends.float_limits import held_by
from lsrl.backends.linear.weights import LayerWeights, StackWeights
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import as_float
from lsrl.placement.stack import Layer, Stack


def assembled(stack: Stack, dtype: str) -> StackWeights:
    """The stack's weights in `dtype` ("float32" or "float64"), each the nearest float."""
    outputs = ["output"] * len(stack.r)
    return StackWeights(
        layers=tuple(_layer(layer, np.dtype(dtype)) for layer in stack.layers),
        R=_matrix(stack.R, np.dtype(dtype), outputs),
        r=_vector(stack.r, np.dtype(dtype), outputs),
    )


def _layer(layer: Layer, dtype: np.dtype) -> LayerWeights:
    states, outputs = ([cell.label for cell in cells] for cells in (layer.states, layer.outputs))
    return LayerWeights(
        A=_matrix(layer.A, dtype, states),
        B=_matrix(layer.B, dtype, states),
        b=_vector(layer.b, dtype, states),
        init=_vector(layer.init, dtype, states),
        C=_matrix(layer.C, dtype, outputs),
        d=_vector(layer.d, dtype, outputs),
        G=None if layer.G is None else _matrix(layer.G, dtype, outputs),
        g=None if layer.g is None else _vector(layer.g, dtype, outputs),
    )


def _matrix(matrix: Matrix, dtype: np.dtype, labels: Sequence[str]) -> scipy.sparse.csr_array:
    """The matrix in floats; `labels` say what its rows are for."""
    starts = np.cumsum([0, *(len(row) for row in matrix.rows)])
    columns = np.fromiter((column for row in matrix.rows for column, _ in row), np.int64, starts[-1])
    numbers = np.fromiter((as_float(number) for row in matrix.rows for _, number in row), np.float64, starts[-1])
    converted = held_by(numbers, dtype, lambda place: labels[int(np.searchsorted(starts, place, side="right")) - 1])
    return scipy.sparse.csr_array((converted, columns, starts), shape=matrix.shape)


def _vector(numbers: Sequence[fmpq], dtype: np.dtype, labels: Sequence[str]) -> np.ndarray:
    floats = np.array([as_float(number) for number in numbers], dtype=np.float64)
    return held_by(floats, dtype, lambda place: labels[place])
