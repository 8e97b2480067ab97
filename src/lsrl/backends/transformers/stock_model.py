"""Transformers models by their classes, and in what they differ when one configures, runs or reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsrl.backends.unit_groups import UnitGroup

SIZE = {"type": "integer", "minimum": 1, "maximum": 2**16}
"""The JSON schema of a setting that depends on the program."""

_TOKEN = {"type": "integer", "minimum": 0, "maximum": 2**26}
_TOKENS = {"type": "array", "minItems": 1, "maxItems": 16, "items": _TOKEN}

COMMON: Mapping[str, Any] = {
    "hidden_size": SIZE,
    "num_hidden_layers": {**SIZE, "maximum": 2**12},
    "tie_word_embeddings": {"const": False},
    "dtype": {"const": "float32"},
    "vocab_size": {**_TOKEN, "minimum": 1},
    "pad_token_id": _TOKEN,
    "bos_token_id": _TOKEN,
    "eos_token_id": {"if": {"type": "array"}, "then": _TOKENS, "else": _TOKEN},
}
"""The settings that every model has."""


@dataclass(frozen=True, slots=True)
class StockModel:
    """A transformers model: its classes without and with a head, and the names of their parts.

    `prefix` is where the one is in the other, `embeddings` the name of their tensor, of which some multiply what they
    read by the square root of the width (`multiplies_embeddings`). `settings` has the JSON schemas of all its settings
    but those in `COMMON`, most of them constants: numbers that float16 holds, or no model could be loaded in that
    format. `first_hidden`: which of `hidden_states` is the stream after the first layer. `states_in_modules`: what it
    remembers is not in its cache. `layers` is the list of layers, `mixer` the sublayer of each that goes on in time.
    `mixes` says of its tensors whether channels of the stream may be mixed.
    `writers` are how the names of those weights end whose rows add to the stream, `readers` of those whose columns read
    it. `inner` gives the groups of numbers inside a layer, by its index and the configuration, `states` how many its
    recurrent state has.
    """

    model: str
    causal: str
    prefix: str
    embeddings: str
    settings: Mapping[str, Any]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    multiplies_embeddings: bool = False
    first_hidden: int = 1
    states_in_modules: bool = False
    mixes: Callable[[Mapping[str, np.ndarray]], bool] = lambda _: True
    layers: str = "layers"
    mixer: str = "mixer"
    inner: Callable[[int, Mapping[str, Any]], tuple[UnitGroup, ...]] = lambda *_: ()
    states: Callable[[int, Mapping[str, Any]], int] = lambda _, config: int(config["hidden_size"] * config["expand"])

    @property
    def constants(self) -> dict[str, Any]:
        """The settings that are the same for all programs."""
        schemas = {**COMMON, **self.settings}
        return {name: schema["const"] for name, schema in schemas.items() if "const" in schema}

    @property
    def module_schema(self) -> dict[str, Any]:
        """The JSON schema of class and configuration.

        It allows all that LSRL writes and nothing else, so that nothing in it makes transformers fetch or run anything.
        """
        config = {**COMMON, **self.settings}
        classes = {"enum": [f"transformers.{name}" for name in (self.model, self.causal)]}
        return _object({"class": classes, "config": _object(config)})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
