"""A cell: one measurement of a study, its parameters and its own random numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from lsrl.errors import LsrlError, RangeError, listed, shortened
from lsrl.studies.exact_json import Scalar, as_scalar, to_text

KEY_LENGTH = 20
"""Hexadecimal digits of a cell's key: among a million cells, two agree with a chance below 1e-12."""


class SweepError(LsrlError):
    """A sweep cannot start, or one of its cells failed; `details` holds the stack trace of that cell, if any."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True, eq=False)
class SweepCell:
    """One measurement of a study: the study's name and the parameters, which are numbers, texts, booleans or None.

    NumPy's scalars become Python's. The order of the parameters is that of the columns in the results; the key and
    the random numbers do not depend on it. Cells with the same key are equal. Raises `SweepError` for parameters of
    other types.

    >>> cell = SweepCell("noise", {"program": "latch", "sigma": 1e-7, "target": 3})
    >>> cell.key
    '11f7f875f9acdfb5972b'
    >>> print(cell)
    noise(program='latch', sigma=1e-07, target=3)
    """

    study: str
    parameters: Mapping[str, Scalar]

    def __post_init__(self) -> None:
        plain: dict[str, Scalar] = {}
        for name, value in self.parameters.items():
            try:
                plain[name] = as_scalar(value)
            except TypeError as problem:
                raise SweepError(f"parameter {name} of study {self.study} is {shortened(value)}: {problem}") from None
        object.__setattr__(self, "parameters", MappingProxyType(plain))

    def __reduce__(self) -> tuple[type[SweepCell], tuple[str, dict[str, Scalar]]]:
        return SweepCell, (self.study, dict(self.parameters))  # A mapping proxy has no pickle of its own.

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SweepCell) and self.key == other.key  # As NaN is not equal to itself.

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f"{self.study}({', '.join(f'{name}={value!r}' for name, value in self.parameters.items())})"

    @property
    def key(self) -> str:
        """Twenty hexadecimal digits that depend on the study and the parameters only: the name of the cell's file."""
        return self._digest(*self.parameters).hex()[:KEY_LENGTH]

    def seed(self, root: int, *names: str) -> int:
        """A seed in 0 … 2⁶³ − 1 made from the root seed and the named parameters (all, where none is named).

        It does not depend on other cells, on their order or on who computes them. Raises `RangeError` for a root
        below 0, and `SweepError` for names that the cell lacks.

        >>> direct = SweepCell("noise", {"lowering": "direct", "target": 3})
        >>> paper = SweepCell("noise", {"lowering": "paper", "target": 3})
        >>> direct.seed(0, "target") == paper.seed(0, "target"), direct.seed(0) == paper.seed(0)
        (True, False)
        """
        return int(self._sequence(root, names).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def generator(self, root: int, *names: str) -> np.random.Generator:
        """Random numbers for this cell, or those that all cells with the same values of the named parameters share.

        Raises as `seed` does.

        >>> direct = SweepCell("noise", {"lowering": "direct", "target": 3})
        >>> paper = SweepCell("noise", {"lowering": "paper", "target": 3})
        >>> bool(direct.generator(0, "target").random() == paper.generator(0, "target").random())
        True
        """
        return np.random.default_rng(self._sequence(root, names))

    def _sequence(self, root: int, names: tuple[str, ...]) -> np.random.SeedSequence:
        if root < 0:
            raise RangeError(f"the seed is {root}; expected an integer of at least 0")
        missing = [name for name in names if name not in self.parameters]
        if missing:
            known = listed(list(self.parameters))
            raise SweepError(f"study {self.study} has no parameter {listed(missing)} to seed from; it has {known}")
        return np.random.SeedSequence((int(root), int.from_bytes(self._digest(*(names or self.parameters)), "big")))

    def _digest(self, *names: str) -> bytes:
        chosen = {name: self.parameters[name] for name in sorted(set(names))}
        return hashlib.sha256(to_text([self.study, chosen]).encode()).digest()
