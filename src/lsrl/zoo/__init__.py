"""Example programs, each with a plain-Python specification and an input generator."""

from __future__ import annotations

from functools import cache

from lsrl.errors import ProgramError, listed
from lsrl.zoo.classics import CLASSICS
from lsrl.zoo.entry import ZooProgram

__all__ = ["ZooProgram", "get", "names"]


def names() -> list[str]:
    """The zoo's programs.

    >>> names()[:3]
    ['majority', 'parity', 'running_maximum']
    """
    return [classic.__name__ for classic in CLASSICS]


@cache
def get(name: str) -> ZooProgram:
    """The zoo program with this name; raises `ProgramError` if there is none.

    >>> get("parity").specification([1, 0, 1])
    [1, 1, 0]
    """
    for classic in CLASSICS:
        if classic.__name__ == name:
            return classic()
    raise ProgramError(f"no zoo program is named {name!r}; expected one of {listed(names(), limit=20)}")
