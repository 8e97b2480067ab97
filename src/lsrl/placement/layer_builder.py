"""Collecting the rows of one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, terms_key, variable
from lsrl.circuit.facts import MOST_STEPS, Fact, intersection, multiple, relu_fact, weighted_sum
from lsrl.circuit.units import StateUnit
from lsrl.lang.matrix import Matrix, Row
from lsrl.lang.numbers import ONE, ZERO
from lsrl.placement.carry import Atom
from lsrl.placement.stack import Cell, Layer

Argument: TypeAlias = tuple[Mapping[int, fmpq], fmpq]
"""A form over a layer's state rows: weights and a constant."""


class LayerBuilder:
    """The rows of one layer: states first, then rows that pass combinations of the input through."""

    def __init__(self, lines: Sequence[Cell]) -> None:
        self.lines = lines
        self.rows: dict[Atom, int] = {}
        self.outputs: list[Cell] = []
        self._row_of_unit: dict[UnitId, int] = {}
        self._states: list[tuple[Row, Row, fmpq, fmpq, Cell]] = []
        self._passed: dict[object, int] = {}
        self._arguments: list[Argument] = []
        self._gates: list[Affine | None] = []

    def reserve_state(self, atom: Atom, unit: UnitId) -> None:
        """Give a state its row, before the states that read it are written."""
        self.rows[atom] = self._row_of_unit[unit] = len(self.rows)

    def state(self, unit: StateUnit, drive: Affine, cell: Cell) -> None:
        """Write a state's row; its drive is over the lines that come in."""
        A = tuple(sorted((self._row_of_unit[other], weight) for other, weight in unit.previous))
        self._states.append((A, tuple(sorted(drive.terms.items())), drive.constant, unit.init, cell))

    def pass_row(self, form: Affine, known: Fact | None) -> tuple[int, fmpq]:
        """A row that takes a combination of the lines as it is: its index, and the factor to it.

        `known` is what is known of the combination, its constant apart; several lines alone may tell less.
        """
        if len(form.terms) == 1:
            ((line, factor),) = form.terms.items()
            if line not in self._passed:
                cell = self.lines[line]
                self._pass(line, ((line, ONE),), cell if cell.carried else Cell(cell.label, cell.fact, True))
            return self._passed[line], factor
        factor = form.content()
        if min(form.terms.items())[1] < 0:
            factor = -factor
        weights: Row = tuple(sorted((line, weight / factor) for line, weight in form.terms.items()))
        key = terms_key(weights)
        if key not in self._passed:
            fact = weighted_sum([(weight, self.lines[line].fact) for line, weight in weights], ZERO)
            if known is not None:
                fact = intersection(fact, multiple(1 / factor, known))
            self._pass(key, weights, Cell("passed on", fact, True))
        return self._passed[key], factor

    def _pass(self, key: object, weights: Row, cell: Cell) -> None:
        self._passed[key] = len(self._states)
        self._states.append(((), weights, ZERO, ZERO, cell))

    def output(self, argument: Argument, gate: Affine | None, cell: Cell) -> Affine:
        """A line gate · relu(argument)."""
        self._arguments.append(argument)
        self._gates.append(gate)
        self.outputs.append(cell)
        return variable(len(self.outputs) - 1)

    def carry(self, argument: Argument, cell: Cell) -> Affine:
        """Lines that hold a linear value: one if its sign or a short range is known, else two.

        relu(v), −relu(−v) and relu(v) − relu(−v) lose nothing in floating point; relu(v − low) + low
        is exact because v is on a grid and few steps from its low end.
        """
        label, fact, carried = cell.label, cell.fact, cell.carried
        if fact.is_nonnegative:
            return self.output(argument, None, cell)
        weights, constant = argument
        negative = {row: -weight for row, weight in weights.items()}, -constant
        minus = multiple(-ONE, fact)
        if fact.high is not None and fact.high <= 0:
            return self.output(negative, None, Cell(f"−({label})", minus, carried)).times(-ONE)
        if fact.low is not None and fact.steps is not None and fact.steps <= MOST_STEPS:
            lifted = Cell(f"{label} lifted", weighted_sum([(ONE, fact)], -fact.low), carried)
            return self.output((weights, constant - fact.low), None, lifted).shifted(fact.low)
        positive = self.output(argument, None, Cell(f"{label} up", relu_fact(fact), carried))
        return positive.plus(self.output(negative, None, Cell(f"{label} down", relu_fact(minus), carried)).times(-ONE))

    def finished(self) -> Layer:
        """The layer as matrices."""
        width, states = len(self.lines), len(self._states)
        gated = any(gate is not None for gate in self._gates)
        gates = [gate or Affine({}, ONE) for gate in self._gates]
        return Layer(
            A=Matrix(tuple(A for A, *_ in self._states), states),
            B=Matrix(tuple(B for _, B, *_ in self._states), width),
            b=tuple(b for _, _, b, _, _ in self._states),
            init=tuple(init for _, _, _, init, _ in self._states),
            C=Matrix(tuple(tuple(sorted(weights.items())) for weights, _ in self._arguments), states),
            d=tuple(constant for _, constant in self._arguments),
            G=Matrix(tuple(tuple(sorted(gate.terms.items())) for gate in gates), width) if gated else None,
            g=tuple(gate.constant for gate in gates) if gated else None,
            states=tuple(cell for *_, cell in self._states),
            outputs=tuple(self.outputs),
        )
