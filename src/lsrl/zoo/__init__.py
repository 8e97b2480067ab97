"""Example programs by family, each with a specification in plain Python and inputs that show what it does."""

from __future__ import annotations

from lsrl.errors import ProgramError, listed
from lsrl.zoo import (
    arithmetic,
    chomsky,
    counters,
    digits,
    dyck,
    dynamics,
    filters,
    groups,
    incontext,
    machines,
    recall,
    regular,
    rewriting,
    sequences,
    signals,
    tokens,
    tomita,
    windows,
)
from lsrl.zoo.entry import DIFFICULTIES, Family, ZooProgram

__all__ = ["CLASSICS", "DIFFICULTIES", "Family", "ZooProgram", "families", "get", "names"]

_FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY
    for module in (
        tomita,
        regular,
        machines,
        dyck,
        counters,
        groups,
        chomsky,
        rewriting,
        windows,
        sequences,
        recall,
        digits,
        arithmetic,
        filters,
        signals,
        dynamics,
        tokens,
        incontext,
    )
}

CLASSICS = (
    "majority",
    "parity",
    "running_maximum",
    "dyck_depth",
    "bracket_balance",
    "delayed_copy",
    "count_modulo",
    "moving_sum",
    "last_k_equal",
    "palindrome",
)
"""Ten that stand for what there is: what benchmarks and studies run that have not the time for all."""


def families() -> dict[str, Family]:
    """The families, by name.

    >>> families()["tomita"].members["tomita_1"].summary
    '1*: no 0 so far'
    """
    return dict(_FAMILIES)


def names() -> list[str]:
    """The zoo's programs, family by family.

    >>> names()[:3]
    ['tomita_1', 'tomita_2', 'tomita_3']
    """
    return [name for family in _FAMILIES.values() for name in family.members]


def get(name: str) -> ZooProgram:
    """The zoo program with this name; raises `ProgramError` if there is none.

    >>> get("parity").specification([1, 0, 1])
    [1, 1, 0]
    """
    for family in _FAMILIES.values():
        if name in family.members:
            return family.members[name]
    raise ProgramError(f"no zoo program is named {name!r}; expected one of {listed(names(), limit=20)}")
