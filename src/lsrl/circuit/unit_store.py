"""The units of a circuit that is being built: equal ones are one, each has its fact and the name it is made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TypeVar

from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.facts import Fact
from lsrl.circuit.knowledge import Knowledge
from lsrl.circuit.units import Circuit, PreviousUnit, Unit, forms_of
from lsrl.circuit.verify import verify_circuit

S = TypeVar("S", bound="UnitStore")


class UnitStore:
    """Collects units, shares equal ones, and knows the facts of every form over them.

    `origin` is the name of the value that units are made for from now on; `automata` and `robust` are what `Circuit`
    has of them.
    """

    as_written = False

    def __init__(self, max_length: int | None, *, robust: bool = False) -> None:
        self.max_length = max_length
        self.robust = robust
        self.knowledge = Knowledge()
        self.units: list[Unit] = []
        self.origins: list[str] = []
        self.origin = ""
        self.automata: list[str] = []
        self._looping = False
        self._looped: set[UnitId] = set()
        self._shared: dict[object, list[UnitId]] = {}

    def fact(self, form: Affine) -> Fact:
        """What is known of a form."""
        return self.knowledge.fact(form)

    def assume(self, form: Affine, fact: Fact) -> None:
        """Record what is known of a form beyond its units' facts."""
        self.knowledge.assume(form, fact)

    def unit(self, key: object, unit: Unit, fact: Fact) -> Affine:
        """A unit that is made once for equal keys, as a form."""
        known = self._shared.get(key)
        if known is None:
            known = self._shared[key] = [self._append(unit, fact)]
        return variable(known[0])

    def copied(self: S) -> S:
        """A store with the same units, for what may have to be tried again."""
        twin = copy(self)
        twin.knowledge = self.knowledge.copied()
        twin.units, twin.origins, twin.automata = list(self.units), list(self.origins), list(self.automata)
        twin._shared, twin._looped = dict(self._shared), set(self._looped)
        return twin

    @contextmanager
    def loop(self, *, inside: bool = True) -> Iterator[None]:
        """While a loop's own units are made; what reads them from outside is made as all else is."""
        before, self._looping = self._looping, inside
        try:
            yield
        finally:
            self._looping = before

    def is_in_loop(self, form: Affine) -> bool:
        """Whether a form of a loop's own reads, within its step, what the loop's values were one step ago."""
        return self._looping and not self._looped.isdisjoint(form.terms)

    def reads_cells(self, form: Affine) -> bool:
        """Whether it reads, within its step, a cell of a loop."""
        return any(unit in self._looped and not isinstance(self.units[unit], PreviousUnit) for unit in form.terms)

    def _append(self, unit: Unit, fact: Fact) -> UnitId:
        if isinstance(unit, PreviousUnit) or any(self.is_in_loop(form) for form in forms_of(unit)):
            self._looped.add(len(self.units))
        self.units.append(unit)
        self.knowledge.facts.append(fact)
        self.origins.append(self.origin)
        return len(self.units) - 1

    def finished(
        self,
        *,
        name: str,
        input_dim: int,
        outputs: Sequence[Affine],
        values: Mapping[str, tuple[Affine, ...]],
        kept: frozenset[str],
    ) -> Circuit:
        """The circuit of all units made so far, checked."""
        circuit = Circuit(
            name=name,
            input_dim=input_dim,
            units=tuple(self.units),
            origins=tuple(self.origins),
            outputs=tuple(outputs),
            values=values,
            kept=kept,
            knowledge=self.knowledge,
            max_length=self.max_length,
            as_written=self.as_written,
            robust=self.robust,
            automata=tuple(self.automata),
        )
        verify_circuit(circuit)
        return circuit
