"""Layouts: where each program variable lives in a network."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.units import Circuit
from lsrl.errors import ProgramError, listed, shortened
from lsrl.lang.numbers import ZERO, as_float
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

    Values that the compiler optimised away are in `absent`; give a value a name to keep it.
    """

    reads: Mapping[str, ReadOut]
    absent: tuple[str, ...]

    def __getitem__(self, name: str) -> ReadOut:
        if not isinstance(name, str):
            raise ProgramError(f"{shortened(name)} does not name a value; expected one of {listed(list(self.reads))}")
        if name in self.reads:
            return self.reads[name]
        if name in self.absent:
            raise ProgramError(f"value {name!r} was optimised away; give it a name with name={name!r} to keep it")
        raise ProgramError(f"no value is named {name!r}; expected one of {listed(list(self.reads))}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.reads)

    def __len__(self) -> int:
        return len(self.reads)

    def __contains__(self, name: object) -> bool:
        return name in self.reads


def layout_of(circuit: Circuit, places: Mapping[UnitId, Place], names: Sequence[str]) -> Layout:
    """The layout of the program's values (`names`, in its order), given where the circuit's units are."""
    found = {name: read_out(circuit.values[name], places) for name in names if name in circuit.values}
    reads = {name: way for name, way in found.items() if way.is_finite}
    return Layout(reads, tuple(name for name in names if name not in reads))


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
