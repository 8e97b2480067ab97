"""A linear stack in NumPy: all time steps of a layer at once, or one token at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from lsrl.backends.linear.row_instructions import Instruction
from lsrl.backends.linear.row_program import RowProgram, row_program
from lsrl.backends.linear.scan import LONGEST_BLOCK
from lsrl.backends.linear.weights import Floats, StackWeights, as_tensors, dense_arrays, from_arrays, unit_groups
from lsrl.backends.network import WEIGHTS, FileTensors, Sizes
from lsrl.backends.sites import Address
from lsrl.backends.torch_environment import torch_or_error
from lsrl.backends.unit_groups import Arrays, UnitGroup
from lsrl.errors import MissingPackage, ShapeError
from lsrl.placement.stack import Part

if TYPE_CHECKING:
    from lsrl.backends.linear.torch_module import LinearStack
    from lsrl.backends.linear.unrolled import UnrolledStack

WORKSPACE_BYTES = 2**24
"""Room for one chunk of time: what a last cache level holds."""

SHORTEST_CHUNK, LONGEST_CHUNK = 256, 8192
"""Bounds on the columns (batch × steps) of a chunk; below, the calls cost more than the numbers."""

LARGEST_DENSE = 2**14
"""Matrices up to this many entries are multiplied densely in `step`, where a sparse call costs more."""


class State(NamedTuple):
    """Every layer's s after some token: arrays (batch, n)."""

    layers: tuple[Floats, ...]


class NumpyNetwork:
    """Evaluates a stack on NumPy arrays of the weights' dtype; scans go in blocks of up to `longest_block` steps.

    >>> from lsrl.backends.linear.weights import LayerWeights
    >>> one, zero = csr_array(np.ones((1, 1))), np.zeros(1)
    >>> total = LayerWeights(A=one, B=one, b=zero, init=zero, C=one, d=zero)
    >>> network = NumpyNetwork(StackWeights((total,), one, zero))
    >>> network.run(np.ones((1, 3, 1))).ravel().tolist()
    [1.0, 2.0, 3.0]
    """

    description = None

    def __init__(self, weights: StackWeights, longest_block: int = LONGEST_BLOCK) -> None:
        self.weights, self.longest_block = weights, longest_block

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.weights.dtype

    @property
    def arithmetic(self) -> str:
        """What it computes in: the same."""
        return str(self.dtype)

    @property
    def dims(self) -> tuple[int, int]:
        """Components of one input and of one output."""
        return self.weights.input_dim, self.weights.output_dim

    @property
    def sizes(self) -> Sizes:
        """Layers, the widest of them, states, and numbers, also counted as if the matrices were dense."""
        weights = self.weights
        return Sizes(weights.depth, weights.widest, weights.state_dim, weights.dense_parameters, weights.nonzeros)

    def module(self) -> LinearStack:
        """The stack in torch. Raises `MissingPackage` without torch."""
        try:
            from lsrl.backends.linear.torch_module import LinearStack
        except ImportError:
            raise MissingPackage("torch", "a torch module", "torch") from None
        return LinearStack(self.weights)

    def hooked(self) -> UnrolledStack:
        """The stack step by step, with hook points for states and outputs. Raises `MissingPackage` without torch."""
        torch_or_error()
        from lsrl.backends.linear.unrolled import UnrolledStack

        return UnrolledStack(self.weights).requires_grad_(False)

    def address(self, layer: int, part: Part) -> Address:
        """A layer's state, or its output."""
        return (f"layers.{layer}.{part}",)

    def tensors(self) -> FileTensors:
        """What is in its file of weights."""
        return {WEIGHTS: as_tensors(self.weights)}

    @property
    def arrays(self) -> dict[str, Floats]:
        """All weights, dense."""
        return dense_arrays(self.weights)

    def with_arrays(self, arrays: Arrays) -> NumpyNetwork:
        """The same stack with other weights."""
        return NumpyNetwork(from_arrays(arrays), self.longest_block)

    @property
    def unit_groups(self) -> list[UnitGroup]:
        """Every layer's outputs and states."""
        return unit_groups(self.weights)

    def run(self, x: Floats) -> Floats:
        """The outputs for x (batch, T, input_dim): (batch, T, output_dim). Raises `ShapeError`.

        Memory besides x and the result does not grow with T or batch.
        """
        self._check(x, "(batch, T, input_dim)")
        result = np.empty((*x.shape[:2], self.weights.output_dim), dtype=self.weights.dtype)
        for batch, time, rows in self._chunks(x):
            result[batch, time] = self._program.readout(rows).transpose(1, 2, 0)
        return result

    def activations(self, x: Floats) -> list[tuple[Floats, Floats]]:
        """Every layer's s and y on x (batch, T, input_dim), each (batch, T, n). Raises `ShapeError`."""
        self._check(x, "(batch, T, input_dim)")
        wanted = [rows for pair in zip(self._program.states, self._program.outputs, strict=True) for rows in pair]
        found = [np.empty((*x.shape[:2], len(rows)), dtype=self.weights.dtype) for rows in wanted]
        for batch, time, rows in self._chunks(x):
            for array, which in zip(found, wanted, strict=True):
                array[batch, time] = rows[which].transpose(1, 2, 0)
        return list(zip(found[::2], found[1::2], strict=True))

    @property
    def layer_sizes(self) -> list[tuple[int, int]]:
        """How many numbers every layer's s and y have."""
        return [(len(layer.b), len(layer.d)) for layer in self.weights.layers]

    @property
    def state_sizes(self) -> list[int]:
        """How many numbers every layer's s has."""
        return [len(layer.b) for layer in self.weights.layers]

    def start(self, batch: int = 1) -> State:
        """The state before the first token."""
        return State(tuple(np.tile(layer.init, (batch, 1)) for layer in self.weights.layers))

    def step(self, x: Floats, state: State) -> tuple[Floats, State]:
        """One token x (batch, input_dim) → the output (batch, output_dim) and the state after it.

        Raises `ShapeError`.
        """
        self._check(x, "(batch, input_dim)")
        states = []
        for layer, previous in zip(self._step_weights.layers, state.layers, strict=True):
            states.append(_times(layer.A, previous) + _times(layer.B, x) + layer.b)
            y = np.maximum(_times(layer.C, states[-1]) + layer.d, 0)
            x = y if layer.gates is None else (_times(layer.gates[0], x) + layer.gates[1]) * y
        return _times(self._step_weights.R, x) + self.weights.r, State(tuple(states))

    def _check(self, x: Floats, axes: str) -> None:
        if x.ndim != axes.count(",") + 1 or x.shape[-1] != self.weights.input_dim:
            raise ShapeError(f"the input has shape {x.shape}; expected {axes} with input_dim {self.weights.input_dim}")

    def _chunks(self, x: Floats) -> Iterator[tuple[slice, slice, Floats]]:
        """The workspace (rows, batch, steps) for one part of x after another, and which part that is."""
        batch, length, dim = x.shape
        steps = min(length, self.columns)
        group = max(min(batch, self.columns // max(steps, 1)), 1)
        initial = self._program.initial
        workspace = np.empty(len(initial) * group * steps, dtype=self.weights.dtype)
        for first in range(0, batch if length else 0, group):
            sequences = slice(first, min(first + group, batch))
            before = np.repeat(initial[:, None], sequences.stop - first, axis=1)
            for start in range(0, length, steps):
                time = slice(start, min(start + steps, length))
                shape = len(initial), sequences.stop - first, time.stop - start
                rows = workspace[: np.prod(shape)].reshape(shape)
                rows[:dim] = x[sequences, time].transpose(2, 0, 1)
                rows[dim] = 1
                for instruction in self._program.instructions:
                    instruction(rows, before)
                yield sequences, time, rows
                before = rows[:, :, -1].copy()

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What is done to the rows of all time steps, in order."""
        return self._program.instructions

    @cached_property
    def _program(self) -> RowProgram:
        return row_program(self.weights, self.longest_block)

    @cached_property
    def columns(self) -> int:
        """Columns (batch × steps) of the workspace."""
        fitting = WORKSPACE_BYTES // (len(self._program.initial) * self.weights.dtype.itemsize)
        return min(max(fitting, SHORTEST_CHUNK), LONGEST_CHUNK)

    @cached_property
    def _step_weights(self) -> StackWeights:
        """The weights with small matrices as dense arrays."""
        layers = tuple(
            replace(
                layer,
                A=_dense_if_small(layer.A),
                B=_dense_if_small(layer.B),
                C=_dense_if_small(layer.C),
                G=None if layer.G is None else _dense_if_small(layer.G),
            )
            for layer in self.weights.layers
        )
        return replace(self.weights, layers=layers, R=_dense_if_small(self.weights.R))


def _dense_if_small(matrix: csr_array) -> csr_array | Floats:
    return matrix.toarray() if np.prod(matrix.shape, dtype=object) <= LARGEST_DENSE else matrix


def _times(matrix: csr_array | Floats, x: Floats) -> Floats:
    """matrix @ every row of x."""
    return np.asarray((matrix @ x.T).T)
