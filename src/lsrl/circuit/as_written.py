"""Circuits as the program writes them, for studies of its own forms."""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, one_minus
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.facts import Fact, product_fact, relu_fact
from lsrl.circuit.units import ProductUnit, ReLUUnit, Unit
from lsrl.lang.primitives import Via


class AsWrittenBuilder(CircuitBuilder):
    """Nothing is folded by facts, shared, widened or scaled; only linear maps in a row are one map.

    >>> builder = AsWrittenBuilder(None)
    >>> builder.relu(builder.relu(builder.input(0, relu_fact(builder.fact(Affine({}))))))
    Affine({2: 1}, 0)
    """

    as_written = True

    def unit(self, _: object, unit: Unit, fact: Fact) -> Affine:
        """A unit of its own for every value: equal ones get noise of their own."""
        return super().unit(len(self.units), unit, fact)

    def linear(self, form: Affine) -> Affine:
        """The form, in the map of whatever reads it."""
        return form

    def sum(self, argument: Affine) -> Affine:
        """The form, in the map of every reader, however long it is."""
        return argument

    def folded_relu(self, argument: Affine) -> None:
        """None, whatever is known of the argument."""

    def relu_unit(self, argument: Affine, *, scale: fmpq | None = None) -> Affine:
        """max(argument, 0), as it is."""
        del scale
        return self.unit(("relu", argument.key()), ReLUUnit(argument), relu_fact(self.fact(argument)))

    def ramp(self, progress: Affine) -> Affine:
        """clip(progress, 0, 1) as a clip in a clip."""
        return self.relu(one_minus(self.relu(one_minus(progress))))

    def product(self, left: Affine, right: Affine, via: Via = "auto") -> Affine:
        """left · right, with its factors as they are; a constant factor is a weight."""
        if left.is_constant or right.is_constant:
            constant, other = (left, right) if left.is_constant else (right, left)
            return other.times(constant.constant)
        fact = product_fact(self.fact(left), self.fact(right))
        return self.unit(("product", left.key(), right.key(), via), ProductUnit(left, right, via), fact)
