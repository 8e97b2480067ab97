"""One run of a program in exact arithmetic: its numbers, and whether anything can be said about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .syntax import Node, Number, Params

Vector = tuple[Number, ...]
Steps = list[Vector]


class Run:
    """One program on one sequence: the values of its nodes, and what can be said about them.

    `undecided` is how far the worst comparison or condition is from 0 and 1; `undefined` says that the documents
    give a value no meaning, `unclear` that they leave open whether a comparison is reported. A run can be a part of
    one, from step `start` on, with what its nodes remember of the steps before.
    """

    def __init__(self, inputs: Sequence[Vector], start: int = 0, memory: dict[Node, Any] | None = None) -> None:
        self.inputs = [tuple(map(simple, row)) for row in inputs]
        self.start = start
        self.memory: dict[Node, Any] = {} if memory is None else memory
        self.values: dict[Node, Steps] = {}
        self.undecided: Number = 0
        self.undefined = False
        self.unclear = False

    @property
    def decided(self) -> bool:
        """Whether every comparison, condition and gate is 0 or 1, and every value is defined."""
        return self.undecided == 0 and not self.undefined and not self.unclear

    def part(self, t: int, memory: dict[Node, Any]) -> Run:
        """The run of one step."""
        return Run([self.inputs[t]], t, memory)

    def note(self, part: Run) -> None:
        """Keep what is to be said of a part."""
        self.undecided = max(self.undecided, part.undecided)
        self.undefined |= part.undefined
        self.unclear |= part.unclear

    def boolean(self, value: Number) -> Number:
        """A value that should be 0 or 1; how far the worst is from that is kept."""
        self.undecided = max(self.undecided, min(size(value), size(value - 1)))
        return value


def size(value: Number) -> Number:
    """|value|."""
    return max(value, -value)


def simple(value: Number) -> Number:
    """A whole number as an int, which is quicker."""
    return int(value) if value.denominator == 1 else value


def numbers(value: Any, dim: int) -> Vector:
    """A parameter that is a vector, or a number for all components."""
    return tuple(map(simple, value)) if isinstance(value, tuple) else (simple(value),) * dim


def wide(vector: Vector, dim: int) -> Vector:
    """A vector of dimension 1 fits any."""
    return vector * dim if len(vector) == 1 else vector


Meaning = Callable[[Run, Sequence[Steps], Node], Steps]


def each_step(function: Callable[[Run, Params, Sequence[Vector]], Vector]) -> Meaning:
    """The meaning of what looks at one step at a time."""
    return lambda run, args, node: [function(run, node.params, rows) for rows in zip(*args, strict=True)]


def each_number(function: Callable[..., Number]) -> Meaning:
    """The meaning of what looks at one component of one step at a time."""

    def meaning(run: Run, args: Sequence[Steps], node: Node) -> Steps:
        def row(vectors: Sequence[Vector]) -> Vector:
            parts = zip(*(wide(vector, node.dim) for vector in vectors), strict=True)
            return tuple(function(run, node.params, *part) for part in parts)

        return [row(vectors) for vectors in zip(*args, strict=True)]

    return meaning


def ramp(run: Run, x: Number, width: Number) -> Number:
    """clip(x/width, 0, 1), which should be 0 or 1."""
    inside: Number = Fraction(x) / width
    return run.boolean(max(0, min(1, inside)))


def times(matrix: Any, vector: Vector) -> Vector:
    """A matrix, or a number for that many times the identity, times a vector."""
    if not isinstance(matrix, tuple):
        return tuple(simple(matrix) * number for number in vector)
    return tuple(sum((a * v for a, v in zip(row, vector, strict=True) if a), start=0) for row in matrix)


def plus(*vectors: Vector) -> Vector:
    """The sum, component by component."""
    return tuple(simple(sum(parts, start=Fraction(0))) for parts in zip(*vectors, strict=True))


def by_clock(function: Callable[[Params, int], Vector]) -> Meaning:
    """The meaning of what depends on the number of the step alone."""
    return lambda run, args, node: [
        tuple(map(simple, function(node.params, run.start + t))) for t in range(len(run.inputs))
    ]
