"""Layouts: where each program variable lives in a network."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.units import Circuit
from lsrl.errors import ProgramError, listed, shortened
from lsrl.lang import Program
from lsrl.lang.numbers import ZERO, as_float
from lsrl.lang.words import seen_words
from lsrl.notebook import html_table
from lsrl.placement.stack import Part, Place


@dataclass(frozen=True, slots=True)
class Read:
    """A linear read-out of one part of one layer: one row of (activation, weight) per component."""

    layer: int
    part: Part
    rows: tuple[tuple[tuple[int, float], ...], ...]

    def applied(self, activation: np.ndarray) -> np.ndarray:
        """The read-out of activations of shape (…, n)."""
        result = np.zeros((*activation.shape[:-1], len(self.rows)), activation.dtype)
        for component, row in enumerate(self.rows):
            for index, weight in row:
                result[..., component] += weight * activation[..., index]
        return result


@dataclass(frozen=True, slots=True)
class ReadOut:
    """How to read a value: the sum of its reads (mostly one) and constants, at the same time step."""

    reads: tuple[Read, ...]
    constants: tuple[float, ...]

    def __str__(self) -> str:
        """Sums of activations and constants, one for each component."""
        return "; ".join(map(self._sum, range(len(self.constants)))).replace("+ -", "- ")

    def _sum(self, component: int) -> str:
        terms = [_terms(read, read.rows[component]) for read in self.reads if read.rows[component]]
        constant = self.constants[component]
        return " + ".join([*terms, *([exact_text(constant)] if constant or not terms else [])])

    def applied(self, x: np.ndarray, activations: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """The value (batch, T, dim) in x's format, given inputs (batch, T, in) and every layer's (state, output)."""
        result = np.empty((*x.shape[:2], len(self.constants)), x.dtype)
        result[:] = self.constants
        for read in self.reads:
            source = x if read.part == "input" else activations[read.layer][read.part == "output"]
            result += read.applied(source.astype(x.dtype, copy=False))
        return result

    @property
    def is_finite(self) -> bool:
        """Whether floats hold its numbers."""
        weights = [weight for read in self.reads for row in read.rows for _, weight in row]
        return all(map(math.isfinite, (*weights, *self.constants)))

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers it reads, −1 being the input."""
        return tuple(dict.fromkeys(read.layer for read in self.reads))


@dataclass(frozen=True)
class Layout(Mapping[str, ReadOut]):
    """For every value that the network computes, where it is. A mapping from names to `ReadOut`.

    Values that the compiler optimised away are in `absent`; give a value a name to keep it. As text it has a line for
    each value that a person sees: with a name, or as the program was written, without the parts of library functions.

    >>> Layout({"sum": ReadOut((Read(0, "state", (((3, 0.5), (4, -1.0)),)),), (1.0,))}, ())["sum"].layers
    (0,)
    >>> print(Layout({"sum": ReadOut((Read(0, "state", (((3, 0.5), (4, -1.0)),)),), (1.0,))}, ()))
    sum: 0.5·state[3] - 1·state[4] of layer 0 + 1
    """

    reads: Mapping[str, ReadOut]
    absent: tuple[str, ...]
    program: Program | None = field(default=None, compare=False, repr=False)

    def __getitem__(self, name: str) -> ReadOut:
        if not isinstance(name, str):
            raise ProgramError(f"{shortened(name)} does not name a value; expected one of {listed(list(self.reads))}")
        if name in self.reads:
            return self.reads[name]
        if name in self.absent:
            raise ProgramError(f"value {name!r} was optimised away; give it a name with name={name!r} to keep it")
        raise ProgramError(f"no value is named {name!r}; expected one of {listed(list(self.reads))}")

    def __str__(self) -> str:
        return "\n".join(f"{name}: {place}" for name, place in self._said.items())

    def _repr_html_(self) -> str:
        return html_table([{"value": name, "is read as": place} for name, place in self._said.items()], "Layout")

    @property
    def _said(self) -> dict[str, str]:
        """Where each value is that a person sees, by what it is called."""
        words = {name: name for name in self.reads} if self.program is None else seen_words(self.program)
        return {words[name]: str(read) for name, read in self.reads.items() if name in words}

    def __iter__(self) -> Iterator[str]:
        return iter(self.reads)

    def __len__(self) -> int:
        return len(self.reads)

    def __contains__(self, name: object) -> bool:
        return name in self.reads


def layout_of(circuit: Circuit, places: Mapping[UnitId, Place], program: Program) -> Layout:
    """The layout of the program's values, in its order, given where the circuit's units are."""
    names = tuple(program.names.values())
    found = {name: read_out(circuit.values[name], places) for name in names if name in circuit.values}
    reads = {name: way for name, way in found.items() if way.is_finite}
    return Layout(reads, tuple(name for name in names if name not in reads), program)


def read_out(forms: Sequence[Affine], places: Mapping[UnitId, Place]) -> ReadOut:
    """How to read forms over units that are in these places."""
    parts: dict[tuple[int, Part], list[dict[int, fmpq]]] = defaultdict(lambda: [{} for _ in forms])
    constants = []
    for component, form in enumerate(forms):
        constant = form.constant
        for unit, weight in form.terms.items():
            place = places[unit]
            rows = parts[place.layer, place.part]
            constant = constant + weight * place.constant
            for index, factor in place.weights:
                rows[component][index] = rows[component].get(index, ZERO) + weight * factor
        constants.append(as_float(constant))
    reads = tuple(
        Read(layer, part, tuple(tuple((i, as_float(w)) for i, w in sorted(row.items()) if w) for row in rows))
        for (layer, part), rows in sorted(parts.items())
    )
    return ReadOut(reads, tuple(constants))


def _terms(read: Read, row: Sequence[tuple[int, float]]) -> str:
    terms = [f"{exact_text(weight)}·{read.part}[{index}]".removeprefix("1·") for index, weight in row]
    sums = " + ".join(terms).replace("+ -", "- ")
    return sums if read.layer < 0 else f"{sums} of layer {read.layer}"


def exact_text(number: float) -> str:
    """The number to its last digit; large and small powers of two as such.

    >>> exact_text(0.1), exact_text(-3.0), exact_text(2.0**28)
    ('0.1', '-3', '2^28')
    """
    mantissa, exponent = math.frexp(number)
    if abs(mantissa) == 0.5 and abs(exponent - 1) > 20:
        return f"{'-' if number < 0 else ''}2^{exponent - 1}"
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
