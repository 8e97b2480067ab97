"""Random programs over numbers: any operations on any values, steered by what the values are on sample inputs.

Nothing here knows what the compiler can do. Values that become too large for floats, or have no meaning, are left
out by looking at them with the oracle; everything else may be refused by the compiler, but not be wrong.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .cases import GATED, HUB, MULTIPLYING, Rows
from .oracle import value_of
from .running import Run, size
from .syntax import MalformedError, Node, Number, make, number

LARGEST = 2**14
"""Values beyond it on the samples are left out: float32 holds few sums and products of larger ones."""

WIDEST = 48
"""Values of larger dimension are left out."""

SMALL = [0, 0, 1, 1, 1, -1, -1, 2, -2, 3, 5, 7]
FRACTIONS = [Fraction(1, 2), Fraction(-1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(-3, 2), Fraction(1, 3)]
WIDTHS = [Fraction(1, 1024)] * 4 + [Fraction(1, 2), Fraction(1, 4), Fraction(1), Fraction(1, 2**16), Fraction(2, 3)]
WIDER = [*WIDTHS, Fraction(3, 2), Fraction(3)]
"""Ramps, also such as whole numbers fall on."""

TAKEN = ["relu", "sum", "output", "cumsum", "cumsum_2", "not", "difference", "one", "slice", "refused", "invalid"]
"""Names that a library might give its own values."""


class Maker:
    """Grows a program: the values so far, and what they are on sample inputs."""

    def __init__(self, rng: random.Random, x: Node, samples: Sequence[Rows], target: str) -> None:
        self.rng = rng
        self.x = x
        self.runs = [Run(rows) for rows in samples]
        self.pool: list[Node] = []
        self.steps = max(map(len, samples))
        self.labels = itertools.count()
        lawless = rng.random() < 0.05
        self.gated = lawless or target in GATED
        self.multiplies = lawless or target in MULTIPLYING
        self.any_matrix = lawless or target not in HUB
        self.keep(x)

    def keep(self, node: Node) -> bool:
        """Add a value to the pool, unless it is too large, too wide, or has no meaning."""
        if node.dim > WIDEST:
            return False
        for run in self.runs:
            undefined, run.undefined = run.undefined, False
            steps = value_of(run, node)
            bad, run.undefined = run.undefined, undefined
            if bad or any(size(part) > LARGEST for row in steps for part in row):
                return False
        if self.rng.random() < 0.25 and node.op not in UNNAMED and node.name is None:
            named = Node(node.op, node.args, node.params, node.dim, self.fresh_name())
            for run in self.runs:
                run.values[named] = run.values.pop(node)
            node = named
        self.pool.append(node)
        return True

    def fresh_name(self) -> str:
        """A name that no value has yet."""
        used = {node.name for node in self.pool}
        free = [name for name in TAKEN if name not in used]
        return self.rng.choice(free) if free and self.rng.random() < 0.4 else f"n{len(self.pool)}"

    def all_are(self, node: Node, fits: Callable[[Number], bool]) -> bool:
        """Whether all numbers of a value on the samples are so."""
        return all(fits(part) for run in self.runs for row in value_of(run, node) for part in row)

    def span(self, node: Node) -> tuple[Number, Number]:
        """The least and the largest number of a value on the samples."""
        seen = [part for run in self.runs for row in value_of(run, node) for part in row]
        return min(seen), max(seen)

    # What operations read.

    def any(self, dim: int | None = None) -> Node:
        """Any value, the newest most likely; of that dimension, or 1."""
        fitting = [node for node in self.pool if dim is None or node.dim in {1, dim}]
        if not fitting:
            return self.one()
        newest = fitting[-4:]
        return self.rng.choice(newest if self.rng.random() < 0.6 else fitting)

    def one(self) -> Node:
        """A value of dimension 1."""
        fitting = [node for node in self.pool if node.dim == 1]
        if fitting and self.rng.random() < 0.7:
            return self.rng.choice(fitting)
        node = self.rng.choice(self.pool)
        return make("item", node, index=self.rng.randrange(node.dim)) if node.dim > 1 else node

    def boolean(self) -> Node:
        """Something that is 0 or 1 on the samples, most often a comparison of its own."""
        known = [node for node in self.pool if node.dim == 1 and self.all_are(node, lambda part: part in {0, 1})]
        if known and self.rng.random() < 0.6:
            return self.rng.choice(known)
        x = self.one()
        op = self.rng.choice(["gt", "ge", "lt", "le"])
        return make(op, x, number(self.threshold(x)))

    def whole(self) -> Node | None:
        """A value of dimension 1 that is whole on the samples."""
        node = self.one()
        return node if self.all_are(node, lambda part: part.denominator == 1) else None

    def threshold(self, node: Node) -> Number:
        """A number between a value's least and largest, now and then one of them."""
        low, high = self.span(node)
        choices: list[Number] = [low, high, self.rng.randint(int(low), int(high) + 1), 0, 1]
        return self.rng.choice(choices)

    def small(self) -> Number:
        """A small number, most often whole."""
        choices: list[Number] = [*SMALL] if self.rng.random() < 0.8 else [*FRACTIONS]
        return self.rng.choice(choices)

    def other(self, node: Node) -> Node:
        """A second operand: a value that fits, or a number."""
        return self.any(node.dim) if self.rng.random() < 0.6 else number(self.threshold(node))

    def vector(self, dim: int) -> Any:
        """A number, or one for each component."""
        return self.small() if self.rng.random() < 0.6 else tuple(self.small() for _ in range(dim))

    def matrix(self, rows: int, columns: int, sparse: float = 0.5) -> Any:
        """A random matrix of small numbers."""
        chosen = (self.small() if self.rng.random() >= sparse else 0 for _ in range(rows * columns))
        entries = list(chosen)
        return tuple(tuple(entries[row * columns : (row + 1) * columns]) for row in range(rows))

    def grow(self, makers: Sequence[Callable[[Maker], Node | None]]) -> None:
        """Try one operation; nothing is added where it does not fit."""
        try:
            node = self.rng.choice(makers)(self)
            if node is not None:
                self.keep(node)
        except MalformedError:  # of dimensions that do not fit, or of numbers that grow too long
            return


UNNAMED = {"item", "part", "add", "sub", "mul", "div", "neg", "mod", "gt", "ge", "lt", "le", "both", "either", "invert"}
UNNAMED |= {"input", "number", "previous"}
"""Operations written as operators take no name."""
