"""Models of transformers by their classes, and in what they differ when one runs or reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StockModel:
    """A model of transformers: its classes without and with a head, and the names of their parts.

    `prefix` is where the one is in the other, `embeddings` the name of their tensor, of which some multiply what they
    read by the square root of the width (`multiplies_embeddings`). `first_hidden`: which of `hidden_states` is the
    stream behind the first layer. `states_in_modules`: what it remembers is not in its cache. `owns` tells a
    configuration of this architecture from others of its classes.
    """

    model: str
    causal: str
    prefix: str
    embeddings: str
    multiplies_embeddings: bool = False
    first_hidden: int = 1
    states_in_modules: bool = False
    owns: Callable[[Mapping[str, Any]], bool] = bool
