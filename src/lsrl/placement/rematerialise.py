"""Where states that nothing drives are computed: a counter is cheaper to repeat than to carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.units import Circuit, PreviousUnit, StateUnit
from lsrl.placement.carry import Atom, AtomTerms
from lsrl.placement.schedule import Schedule, reads


@dataclass(slots=True)
class Reader:
    """A form that some unit (or output) of a layer reads; its terms are rewritten cut by cut.

    `own_states` says whether it can read the states of its own layer.
    """

    layer: int
    own_states: bool
    terms: AtomTerms
    constant: fmpq

    @property
    def last_copy_layer(self) -> int:
        """The last layer whose states it can read."""
        return self.layer if self.own_states else self.layer - 1


def readers_of(circuit: Circuit, schedule: Schedule) -> tuple[dict[tuple[UnitId, int], Reader], list[Reader]]:
    """The readers of every scheduled unit, by unit and position, and those of the outputs."""
    readers = {
        (unit_id, position): Reader(layer, own, dict(form.terms), form.constant)
        for unit_id, layer in schedule.layers.items()
        for position, (form, own) in enumerate(reads(circuit, unit_id, fused=schedule.fused))
    }
    for unit_id, layer in schedule.layers.items():
        unit = circuit.units[unit_id]
        if isinstance(unit, PreviousUnit):  # what the layer has made, at the next step
            readers[unit_id, 0] = Reader(layer + 1, False, dict(unit.argument.terms), unit.argument.constant)
    outputs = [Reader(schedule.depth, False, dict(form.terms), form.constant) for form in circuit.outputs]
    return readers, outputs


@dataclass
class Copies:
    """Copies of autonomous clusters: which layer has which, and the atom of each copied state."""

    by_layer: dict[int, list[UnitId]]
    atoms: dict[tuple[UnitId, int], Atom]
    units: dict[Atom, UnitId]

    def atom(self, unit: UnitId, layer: int, fresh: Iterator[Atom]) -> Atom:
        """The atom of a state's copy in a layer."""
        key = unit, layer
        if key not in self.atoms:
            self.atoms[key] = made = next(fresh)
            self.units[made] = unit
        return self.atoms[key]


def place_copies(circuit: Circuit, schedule: Schedule, readers: Sequence[Reader], fresh: Iterator[Atom]) -> Copies:
    """Choose the layers that compute each autonomous cluster, and point its readers there.

    Layer by layer: a new copy where its states are fewer than the lines that would have to be
    carried from the copy before. A cluster that only a named value needs goes into layer 0.
    """
    copies = Copies({}, {}, {})
    members: dict[UnitId, list[UnitId]] = {}
    cluster_of: dict[UnitId, UnitId] = {}
    for unit_id in sorted(schedule.autonomous):
        unit = circuit.units[unit_id]
        if isinstance(unit, StateUnit):
            members.setdefault(unit.cluster, []).append(unit_id)
            cluster_of[unit_id] = unit.cluster
    wanting: dict[UnitId, list[Reader]] = {cluster: [] for cluster in members}
    for reader in readers:
        for cluster in {cluster_of[unit] for unit in reader.terms if unit in cluster_of}:
            wanting[cluster].append(reader)
    for cluster, states in members.items():
        _place_cluster(cluster, set(states), wanting[cluster], copies, fresh)
        layers = [layer for layer, clusters in copies.by_layer.items() if cluster in clusters]
        for layer in layers:
            for state in states:
                copies.atom(state, layer, fresh)
    return copies


def _place_cluster(
    cluster: UnitId, states: set[UnitId], wanting: list[Reader], copies: Copies, fresh: Iterator[Atom]
) -> None:
    if not wanting:
        copies.by_layer.setdefault(0, []).append(cluster)
    last: int | None = None
    carried_until: dict[object, int] = {}
    by_layer: dict[int, list[Reader]] = {}
    for reader in wanting:
        by_layer.setdefault(reader.last_copy_layer, []).append(reader)
    for layer, here in sorted(by_layer.items()):
        parts = {_part(reader, states) for reader in here}
        carry = sum(layer - carried_until.get(part, last or 0) for part in parts)
        if last is None or len(states) < carry:
            last, carried_until = layer, {}
            copies.by_layer.setdefault(layer, []).append(cluster)
        carried_until.update(dict.fromkeys(parts, layer))
        for reader in here:
            for unit in states & reader.terms.keys():
                reader.terms[copies.atom(unit, last, fresh)] = reader.terms.pop(unit)


def _part(reader: Reader, states: set[UnitId]) -> object:
    """The part of a form over a cluster, up to a factor."""
    form = Affine({unit: weight for unit, weight in reader.terms.items() if unit in states})
    return form.times(1 / form.content()).key()
