"""Keys of disguises: where the numbers of a network went."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from lsrl.backends.sites import Site
from lsrl.backends.unit_groups import Change
from lsrl.errors import FormatError, ProgramError, UnsupportedProgram, listed, shortened
from lsrl.files import read_file, write_whole
from lsrl.interp.circuit_graph import CircuitGraph, Edge

FORMAT = "lsrl-disguise-key"

Column: TypeAlias = tuple[tuple[int, float], ...]
"""The numbers that hold what one number was, and how many times."""


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """Where every number went that comes out of a module: `columns[module][old index]`.

    `nonzeros` are the weights that are not 0, before and after, of `parameters`; `checked` the steps on which answers
    were the same.
    """

    seed: int
    changes: tuple[Change, ...]
    columns: Mapping[str, tuple[Column, ...]]
    nonzeros: tuple[int, int]
    parameters: int
    checked: int

    def __str__(self) -> str:
        before, after = self.nonzeros
        return (
            f"{', '.join(self.changes)}: {before:,} of {self.parameters:,} weights not 0 became {after:,}; "
            f"the same answers on {self.checked:,} steps"
        )

    def directions(self, module: str, indices: Sequence[int]) -> np.ndarray:
        """What numbers of a module became (n, len(indices)): a column for each, over the numbers that there are now."""
        columns = self._of(module)
        if any(not 0 <= index < len(columns) for index in indices):
            raise ProgramError(
                f"indices {shortened(list(indices))} of {module}; expected some from 0 to {len(columns) - 1}"
            )
        found = np.zeros((len(columns), len(indices)))
        for i, index in enumerate(indices):
            for place, weight in columns[index]:
                found[place, i] = weight
        return found

    def site(self, site: Site) -> Site:
        """Where a variable is now. Raises `UnsupportedProgram` if its channels are mixed: see `directions`."""
        coordinates = []
        for coordinate in site.coordinates:
            column = self._of(coordinate.modules[-1])[coordinate.index]
            if len(column) > 1:
                raise UnsupportedProgram(
                    f"{site.variable!r} is mixed with other channels, and at no single place; expected key.directions"
                )
            ((index, factor),) = column
            if coordinate.clipped and factor < 0:
                raise UnsupportedProgram(
                    f"{site.variable!r} is in two halves, and one has another sign; expected a key without signs"
                )
            coordinates.append(replace(coordinate, index=index, scale=coordinate.scale / factor))
        return replace(site, coordinates=tuple(coordinates))

    def graph(self, graph: CircuitGraph) -> CircuitGraph:
        """The circuit that a model had (`circuit_graph`), by the names that its channels have now.

        Raises `UnsupportedProgram` if channels are mixed, and `ProgramError` for the graph of another model.
        """
        if graph.granularity != "channel":
            return graph
        names = {node.name: self._renamed(node.name) for node in graph.nodes}
        modules = list(dict.fromkeys(_place(node.name)[0] for node in graph.nodes))
        renamed = (replace(node, name=names[node.name]) for node in graph.nodes)
        nodes = tuple(sorted(renamed, key=lambda node: (modules.index(_place(node.name)[0]), _place(node.name)[1])))
        edges = tuple(Edge(names[edge.start], names[edge.end], edge.in_graph) for edge in graph.edges)
        return replace(graph, nodes=nodes, edges=edges)

    def _renamed(self, channel: str) -> str:
        module, index = _place(channel)
        if module in ("input", "output"):
            return channel
        columns = self._of(module)
        if index >= len(columns):
            raise ProgramError(f"{channel!r} is in no key; expected a graph of the model that was disguised")
        column = columns[index]
        if len(column) > 1:
            raise UnsupportedProgram(
                f"{channel!r} is mixed with other channels, and no node any more; expected a graph of layers"
            )
        return f"{module}[{column[0][0]}]"

    def _of(self, module: str) -> tuple[Column, ...]:
        if module not in self.columns:
            raise ProgramError(f"{module!r} is in no key; expected one of {listed(list(self.columns))}")
        return self.columns[module]

    def save(self, path: str | Path) -> None:
        """Write the key as JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "columns"}
        text = json.dumps({"format": FORMAT, **fields, "columns": dict(self.columns)})
        write_whole(Path(path), f"{text}\n".encode())

    @staticmethod
    def load(path: str | Path) -> Key:
        """What `save` wrote. Raises `FormatError` for anything else."""
        try:
            data: dict[str, Any] = json.loads(read_file(Path(path), "the key of a disguise"))
            if data.pop("format") != FORMAT:
                raise ValueError("another format")
            columns = {
                module: tuple(tuple((int(i), float(w)) for i, w in column) for column in rows)
                for module, rows in data.pop("columns").items()
            }
            if any(not 0 <= i < len(rows) for rows in columns.values() for column in rows for i, _ in column):
                raise ValueError("a place that its module does not have")
            if not all(isinstance(data[name], int) for name in ("seed", "parameters", "checked")):
                raise ValueError("a number that is none")
            before, after = data.pop("nonzeros")
            changes = cast(tuple[Change, ...], tuple(map(str, data.pop("changes"))))
            return Key(changes=changes, columns=columns, nonzeros=(int(before), int(after)), **data)
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise FormatError(f"{path} is no key ({shortened(str(problem), 60)}); expected what save wrote") from None


def _place(channel: str) -> tuple[str, int]:
    """The module of a channel, and its place there."""
    module, _, index = channel.rstrip("]").rpartition("[")
    return module, int(index)
