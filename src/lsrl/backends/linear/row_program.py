"""From the weights of a stack to instructions over the rows of a workspace.

A value that a layer only carries on is a row that stays where it is: it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lsrl.backends.linear.row_instructions import (
    AffineRows,
    Cycle,
    Decay,
    Delay,
    Gate,
    Instruction,
    Product,
    Scan,
    Shift,
    SumRows,
)
from lsrl.backends.linear.scan import LONGEST_BLOCK, Wave, block_powers, plan
from lsrl.backends.linear.weights import Floats, LayerWeights, StackWeights

Bools: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.intp]

UNDRIVEN = ("cycle", "delay")
"""Waves that need no drive: what they hold is what was there before, elsewhere."""


@dataclass(frozen=True)
class RowProgram:
    """Instructions in order, and where things are.

    The input's components are the first rows, and a row of ones follows them. `initial` (rows,)
    is what `before` holds at first; `states` and `outputs` are the rows of each layer's s and y.
    """

    instructions: tuple[Instruction, ...]
    initial: Floats
    states: tuple[Rows, ...]
    outputs: tuple[Rows, ...]
    readout: Product


def row_program(weights: StackWeights, longest_block: int = LONGEST_BLOCK) -> RowProgram:
    """The instructions that evaluate a stack, its scans in blocks of up to so many steps.

    >>> stack = StackWeights((), csr_array(np.eye(2)), np.zeros(2))
    >>> len(row_program(stack).instructions), len(row_program(stack).initial)
    (0, 3)
    """
    assembly = _Assembly(weights.input_dim, longest_block)
    states, outputs = [], []
    where: Rows = np.arange(weights.input_dim)
    for layer in weights.layers:
        inputs = where
        states.append(assembly.add_states(layer, inputs))
        where = assembly.add_outputs(layer, inputs, states[-1])
        outputs.append(where)
    readout = assembly.product(_Entries.of(weights.R), np.arange(weights.output_dim), where, weights.r)
    initial = np.concatenate(assembly.initial).astype(weights.dtype)
    return RowProgram(tuple(assembly.instructions), initial, tuple(states), tuple(outputs), readout)


class _Entries(NamedTuple):
    """A sparse matrix as its non-zero entries, row by row."""

    height: int
    row: Rows
    column: Rows
    weight: Floats

    @staticmethod
    def of(matrix: csr_array) -> _Entries:
        row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        return _Entries(matrix.shape[0], row, matrix.indices, matrix.data).only(matrix.data != 0)

    def only(self, which: Bools) -> _Entries:
        """The same matrix with some of its entries."""
        return _Entries(self.height, self.row[which], self.column[which], self.weight[which])

    @property
    def filled(self) -> Bools:
        """Which rows have an entry."""
        return np.bincount(self.row, minlength=self.height) > 0

    def copies(self, constant: Floats) -> tuple[Rows, Rows]:
        """The rows of matrix @ x + constant that are components of x, and which components."""
        alone = np.bincount(self.row, minlength=self.height)[self.row] == 1
        copy = alone & (self.weight == 1) & (constant[self.row] == 0)
        return self.row[copy], self.column[copy]


class _Assembly:
    """The rows and instructions so far."""

    def __init__(self, input_dim: int, longest_block: int) -> None:
        self.one, self.longest_block = input_dim, longest_block
        self.instructions: list[Instruction] = []
        self.initial: list[Floats] = [np.zeros(input_dim + 1)]
        self.nonnegative: Bools = np.arange(input_dim + 1) == self.one

    def new_rows(self, initial: Floats, nonnegative: Bools) -> Rows:
        """Rows one after the other, below all others."""
        first = len(self.nonnegative)
        self.initial.append(initial)
        self.nonnegative = np.concatenate([self.nonnegative, nonnegative])
        return np.arange(first, first + len(initial))

    def product(self, matrix: _Entries, which: Rows, where: Rows, constant: Floats) -> Product:
        """The rows `which` of matrix @ (workspace rows `where`) + constant.

        The constant becomes a weight on the row of ones.
        """
        place = np.full(matrix.height, -1)
        place[which] = np.arange(len(which))
        (biased,) = np.nonzero(constant)
        row = place[np.concatenate([matrix.row, biased])]
        column = np.concatenate([where[matrix.column], np.full(len(biased), self.one)])
        weight = np.concatenate([matrix.weight, constant[biased]])
        wanted = row >= 0
        shape = len(which), len(self.nonnegative)
        return Product.of(csr_array((weight[wanted], (row[wanted], column[wanted])), shape=shape))

    def add_states(self, layer: LayerWeights, inputs: Rows) -> Rows:
        """Evaluate s; returns its rows."""
        A, B = _Entries.of(layer.A), _Entries.of(layer.B)
        waves = plan(layer.A, B.filled | (layer.b != 0))
        states = np.full(len(layer.b), -1)
        copy, source = B.copies(layer.b)
        # A state that others read a step later needs a row of its own, with its own initial value.
        plain = ~A.filled & ~np.isin(np.arange(len(states)), A.column)
        states[copy[plain[copy]]] = inputs[source[plain[copy]]]

        driven = [row for wave in waves if wave.kind not in UNDRIVEN for row in wave.rows if states[row] < 0]
        undriven = [row for wave in waves if wave.kind in UNDRIVEN for row in wave.rows]
        order = np.array(driven + undriven, dtype=np.intp)
        states[order] = self.new_rows(layer.init[order], self._nonnegative_states(layer, A, B, inputs)[order])
        if driven:
            drive = self.product(B, order[: len(driven)], inputs, layer.b)
            self.instructions.append(AffineRows(drive, _stretch(states[driven])))
        for wave in waves:
            if wave.kind in UNDRIVEN:
                self._add_undriven(wave, layer.A, states)
            elif wave.kind != "pass":
                self._add_driven(wave, layer.A, A, states)
        return states

    def _add_undriven(self, wave: Wave, A: csr_array, states: Rows) -> None:
        for part in wave.components:
            into = _stretch(states[list(part)])
            if wave.kind == "cycle":
                self.instructions.append(Cycle(into))
            else:
                (source,) = A[[part[0]]].nonzero()[1]
                self.instructions.append(Delay(int(states[source]), into))

    def _add_driven(self, wave: Wave, A: csr_array, entries: _Entries, states: Rows) -> None:
        rows = np.array(wave.rows)
        into = _stretch(states[rows])
        earlier = ~np.isin(entries.column, rows)
        if (earlier & np.isin(entries.row, rows)).any():
            others = self.product(entries.only(earlier), rows, states, np.zeros(len(states)))
            self.instructions.append(Shift(others, into))
        if wave.kind == "sum":
            self.instructions.append(SumRows(into))
        elif wave.kind == "decay":
            self.instructions.append(Decay(A.diagonal()[rows], into))
        elif wave.kind == "general":
            blocks = np.stack([A[list(part)][:, list(part)].toarray() for part in wave.components])
            self.instructions.append(Scan(block_powers(blocks, self.longest_block), into))

    def add_outputs(self, layer: LayerWeights, inputs: Rows, states: Rows) -> Rows:
        """Evaluate y; returns its rows."""
        C = _Entries.of(layer.C)
        gated = np.zeros(len(layer.d), dtype=bool)
        nonnegative = ~gated
        if layer.gates is not None:
            G, g = _Entries.of(layer.gates[0]), layer.gates[1]
            gated = G.filled | (g != 1)
            nonnegative = self._sums_of_nonnegatives(G, g, inputs)
        outputs = np.full(len(layer.d), -1)
        copy, source = C.copies(layer.d)
        same = ~gated[copy] & self.nonnegative[states[source]]  # relu changes nothing
        outputs[copy[same]] = states[source[same]]

        (with_gate,), (without,) = np.nonzero(gated), np.nonzero(~gated & (outputs < 0))
        order = np.concatenate([with_gate, without])
        outputs[order] = self.new_rows(np.zeros(len(order)), nonnegative[order])
        if len(order):
            argument = self.product(C, order, states, layer.d)
            self.instructions.append(AffineRows(argument, _stretch(outputs[order]), rectified=True))
        if len(with_gate):
            gate = self.product(G, with_gate, inputs, g)
            self.instructions.append(Gate(gate, _stretch(outputs[with_gate])))
        return outputs

    def _sums_of_nonnegatives(self, matrix: _Entries, constant: Floats, where: Rows) -> Bools:
        """Which components of matrix @ rows + constant add up only terms that are never negative."""
        nonnegative = constant >= 0
        nonnegative[matrix.row[(matrix.weight < 0) | ~self.nonnegative[where[matrix.column]]]] = False
        return nonnegative

    def _nonnegative_states(self, layer: LayerWeights, A: _Entries, B: _Entries, inputs: Rows) -> Bools:
        """Which states are never negative because nothing they add up is."""
        nonnegative = self._sums_of_nonnegatives(B, layer.b, inputs) & (layer.init >= 0)
        nonnegative[A.row[A.weight < 0]] = False
        while (spoilt := nonnegative[A.row] & ~nonnegative[A.column]).any():
            nonnegative[A.row[spoilt]] = False
        return nonnegative


def _stretch(rows: Rows) -> slice:
    """Rows that lie one after the other, as a slice."""
    return slice(int(rows[0]), int(rows[-1]) + 1)
