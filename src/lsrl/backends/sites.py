"""Sites: where in a network the variables that are cut can be written, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from lsrl.backends.layout import ReadOut
from lsrl.errors import UnsupportedProgram
from lsrl.notebook import html_table
from lsrl.placement.stack import Part

SiteKind: TypeAlias = Literal["value", "state"]
"""What this step's readers see; what the next step goes on from."""

Address: TypeAlias = tuple[str, ...]
"""Modules of a hooked network whose outputs hold the same numbers: all are written, the last is read."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One number of a module's output, of which a component is Σ scale · number + offset.

    `clipped`: it holds what of that is above 0, and another one, whose scale has the other sign, what is below.
    """

    component: int
    modules: Address
    index: int
    scale: float
    offset: float
    clipped: bool

    def stored(self, value: Any) -> Any:
        """What to write so that the component is `value`: an array or tensor of numbers."""
        number = (value - self.offset) / self.scale
        return number * (number > 0) if self.clipped else number


@dataclass(frozen=True, slots=True)
class Site:
    """A variable in a network: the coordinates of its components.

    `kind` "value" is what every reader of this step reads; "state" is what the next step goes on from, which is written
    together with the value.
    """

    variable: str
    kind: SiteKind
    dim: int
    coordinates: tuple[Coordinate, ...]

    def read(self, outputs: Mapping[str, Any]) -> list[Any]:
        """The components, from the outputs (…, n) of the modules of a hooked network."""
        found: list[Any] = [0.0] * self.dim
        for coordinate in self.coordinates:
            number = outputs[coordinate.modules[-1]][..., coordinate.index]
            found[coordinate.component] = found[coordinate.component] + coordinate.scale * number
        offsets = {coordinate.component: coordinate.offset for coordinate in self.coordinates}
        return [found[i] + offsets[i] for i in range(self.dim)]

    def _repr_html_(self) -> str:
        rows: list[dict[str, Any]] = self.as_dict()["coordinates"]
        return html_table(rows, f"Site of {self.variable!r} ({self.kind})")

    def as_dict(self) -> dict[str, Any]:
        """The site as plain JSON types."""
        rows = [
            {"component": c.component, "modules": list(c.modules), "index": c.index, "scale": c.scale}
            | {"offset": c.offset, "clipped": c.clipped}
            for c in self.coordinates
        ]
        return {"variable": self.variable, "kind": self.kind, "dim": self.dim, "coordinates": rows}


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one variable. `state` raises `UnsupportedProgram` for what has no place of its own."""

    value: Site
    found_state: Site | None
    reason: str = ""

    @property
    def state(self) -> Site:
        """Where it is kept from step to step."""
        if self.found_state is None:
            raise UnsupportedProgram(self.reason)
        return self.found_state

    def _repr_html_(self) -> str:
        found = (self.value, self.found_state)
        return "".join(site._repr_html_() for site in found if site is not None)

    @property
    def has_state(self) -> bool:
        """Whether it is kept from step to step in a place of its own."""
        return self.found_state is not None


def site_of(
    variable: str, kind: SiteKind, read_out: ReadOut, addresses: Mapping[tuple[int, Part], Address]
) -> Site | None:
    """The site of what a layout reads, if every component is one number, or one's two halves.

    `addresses` leads from (layer, part) to the modules.
    """
    rows: dict[int, list[tuple[Address, int, float]]] = {}
    for read in read_out.reads:
        for component, row in enumerate(read.rows):
            found = [(addresses[read.layer, read.part], index, weight) for index, weight in row]
            rows.setdefault(component, []).extend(found)
    coordinates: list[Coordinate] = []
    for component, offset in enumerate(read_out.constants):
        held = rows.get(component, [])
        halves = len(held) == 2 and held[0][2] * held[1][2] < 0
        if len(held) != 1 and not halves:
            return None
        for modules, index, scale in held:
            coordinates.append(Coordinate(component, modules, index, scale, offset, halves))
    return Site(variable, kind, len(read_out.constants), tuple(coordinates))
