"""A stack evaluated step by step with rationals: an independent way to the same answer."""

from fractions import Fraction

from flint import fmpq

from lsrl.lang.matrix import Matrix
from lsrl.lang.numbers import as_fraction
from lsrl.placement.stack import Stack


def applied(matrix: Matrix, vector: list[fmpq]) -> list[fmpq]:
    return [sum((weight * vector[column] for column, weight in row), fmpq(0)) for row in matrix.rows]


def run_exactly(stack: Stack, steps: list[list[fmpq]]) -> list[list[Fraction]]:
    """The outputs of a stack for a sequence of inputs."""
    states = [list(layer.init) for layer in stack.layers]
    outputs = []
    for inputs in steps:
        x = inputs
        for i, layer in enumerate(stack.layers):
            own, driven = applied(layer.A, states[i]), applied(layer.B, x)
            states[i] = [a + b + c for a, b, c in zip(own, driven, layer.b, strict=True)]
            y = [max(c + d, fmpq(0)) for c, d in zip(applied(layer.C, states[i]), layer.d, strict=True)]
            if layer.G is not None:
                gates = [a + b for a, b in zip(applied(layer.G, x), layer.g, strict=True)]
                y = [gate * number for gate, number in zip(gates, y, strict=True)]
            x = y
        outputs.append([as_fraction(a + b) for a, b in zip(applied(stack.R, x), stack.r, strict=True)])
    return outputs
