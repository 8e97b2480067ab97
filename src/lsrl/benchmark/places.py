"""Where variables are, in plain JSON: for code that knows nothing of LSRL, whatever a disguise has made of the axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lsrl.backends.sites import Coordinate, Site, Sites
from lsrl.interp import Key

Place = dict[str, Any]
"""A number of a variable: modules, all of which are written and the last is read; channels of their outputs; what these
are multiplied by and added up to read it; and what of it each of them holds."""


def places_of(sites: Sites, key: Key | None) -> dict[str, Any]:
    """The places of a variable's value and, if it has one, of its state; of a disguised network by its key.

    With `number = Σ read · channel`, a component is the sum of `scale · number + offset` over its places (where
    `clipped`, two have what of it is above 0, and what below), and to write another number is to add
    `write · (other − number)` to the channels. `undisguised` are the coordinates in the network before.
    """
    found: dict[str, Any] = {"dim": sites.value.dim, "value": _places(sites.value, key), "state": None}
    if sites.has_state:
        found["state"] = _places(sites.state, key)
    if key is not None:
        found["undisguised"] = sites.value.as_dict()
    return found


def _places(site: Site, key: Key | None) -> list[Place]:
    return [_place(coordinate, key) for coordinate in site.coordinates]


def _place(coordinate: Coordinate, key: Key | None) -> Place:
    index = coordinate.index
    channels, read, write = [index], [1.0], [1.0]
    if key is not None:
        module = coordinate.modules[-1]
        matrix = key.directions(module, range(len(key.columns[module])))
        channels = np.flatnonzero(matrix[:, index]).tolist()
        read, write = np.linalg.inv(matrix)[index, channels].tolist(), matrix[channels, index].tolist()
    return {
        "component": coordinate.component,
        "modules": list(coordinate.modules),
        "channels": channels,
        "read": read,
        "write": write,
        "scale": coordinate.scale,
        "offset": coordinate.offset,
        "clipped": coordinate.clipped,
    }


def undisguised_site(found: Mapping[str, Any]) -> Site:
    """The value site that `places_of` kept of a network before its disguise. Raises `KeyError` and `TypeError`."""
    given = found["undisguised"]
    coordinates = (
        Coordinate(
            int(row["component"]),
            tuple(map(str, row["modules"])),
            int(row["index"]),
            float(row["scale"]),
            float(row["offset"]),
            bool(row["clipped"]),
        )
        for row in given["coordinates"]
    )
    return Site(str(given["variable"]), "value", int(given["dim"]), tuple(coordinates))
