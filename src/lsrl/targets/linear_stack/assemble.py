"""From a stack to weights: the one place where exact numbers become floats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from flint import fmpq

from lsrl.circuit.stack import Layer, Stack
from lsrl.errors import RangeError
from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import as_float
from lsrl.targets.linear_stack.weights import LayerWeights, StackWeights


def assembled(stack: Stack, dtype: str) -> StackWeights:
    """The stack's weights in `dtype` ("float32" or "float64"), each the nearest float."""
    return StackWeights(
        layers=tuple(_layer(layer, np.dtype(dtype)) for layer in stack.layers),
        R=_matrix(stack.R, np.dtype(dtype)),
        r=_vector(stack.r, np.dtype(dtype)),
    )


def _layer(layer: Layer, dtype: np.dtype) -> LayerWeights:
    return LayerWeights(
        A=_matrix(layer.A, dtype),
        B=_matrix(layer.B, dtype),
        b=_vector(layer.b, dtype),
        init=_vector(layer.init, dtype),
        C=_matrix(layer.C, dtype),
        d=_vector(layer.d, dtype),
        G=None if layer.G is None else _matrix(layer.G, dtype),
        g=None if layer.g is None else _vector(layer.g, dtype),
    )


def _matrix(matrix: Matrix, dtype: np.dtype) -> scipy.sparse.csr_array:
    starts = np.cumsum([0, *(len(row) for row in matrix.rows)])
    columns = np.fromiter((column for row in matrix.rows for column, _ in row), np.int64, starts[-1])
    numbers = np.fromiter((as_float(number) for row in matrix.rows for _, number in row), np.float64, starts[-1])
    return scipy.sparse.csr_array((_converted(numbers, dtype), columns, starts), shape=matrix.shape)


def _vector(numbers: Sequence[fmpq], dtype: np.dtype) -> np.ndarray:
    return _converted(np.array([as_float(number) for number in numbers], dtype=np.float64), dtype)


def _converted(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        converted = numbers.astype(dtype)
    if not np.isfinite(converted).all():
        largest = float(np.abs(numbers).max())
        raise RangeError(f"a weight is {largest:.3g}, beyond {dtype}; expected smaller numbers, or dtype='float64'")
    return converted
