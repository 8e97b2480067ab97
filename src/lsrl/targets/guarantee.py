"""What a compiled model promises about its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["exact", "bounded", "none"]


@dataclass(frozen=True, slots=True)
class Guarantee:
    """How far a model's output can be from the program's exact value.

    It holds for inputs inside the declared range and grid, for sequences up to `max_length`
    (None: any length), wherever no comparison is undecided. `exact`: equal bit for bit.
    `bounded`: |error| ≤ `bound` in every output component. `none`: `reason` says what to declare.

    >>> str(Guarantee("exact", 0.0, 100))
    'exact: bit for bit, up to 100 steps'
    """

    kind: Kind
    bound: float
    max_length: int | None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.kind == "exact") != (self.bound == 0.0) or (self.kind == "none") != math.isinf(self.bound):
            raise ValueError(f"a guarantee of kind {self.kind!r} cannot have the bound {self.bound}")

    def __str__(self) -> str:
        length = "any length" if self.max_length is None else f"up to {self.max_length:,} steps"
        if self.kind == "exact":
            return f"exact: bit for bit, {length}"
        if self.kind == "bounded":
            return f"bounded: |error| ≤ {self.bound:.2g}, {length}"
        return f"none: {self.reason}"
