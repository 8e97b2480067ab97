"""Every error LSRL raises on purpose, in one small hierarchy.

Catch `LsrlError` to catch them all. Each message is one line that names the value, what was
expected, what was given, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias


class LsrlError(Exception):
    """The root of every error that LSRL raises on purpose."""


class ShapeError(LsrlError, ValueError):
    """Dimensions, slices or array shapes do not fit together."""


class NumberError(LsrlError, ValueError):
    """Something that should be a finite number is not one (NaN, infinity, text)."""


class ProgramError(LsrlError, ValueError):
    """The program itself is malformed: two inputs, a cycle, a bad name."""


Ability: TypeAlias = Literal["products", "selective_states", "any_matrix"]
"""What some targets can do and others cannot: multiply reals, keep or drop a state as an input says, and linear
states with whatever matrix."""


class UnsupportedProgram(LsrlError):
    """The program is well-formed, but the chosen target cannot express it.

    `ability` is what it lacks for that: whoever knows the targets says which ones have it.
    """

    def __init__(self, message: str, ability: Ability | None = None) -> None:
        super().__init__(message)
        self.ability = ability


class FormatError(LsrlError, ValueError):
    """A file or text does not have the form that LSRL reads."""


class RangeError(LsrlError, ValueError):
    """A number is outside what was declared, or a declaration that is needed is missing."""


class MissingPackage(LsrlError, ImportError):
    """A package that only some of LSRL needs is not installed."""

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is missing; install LSRL with its extra {extra!r}, "
            f"by pip install '.[{extra}]' in its folder"
        )


class UndecidedComparisonWarning(UserWarning):
    """A comparison came out strictly between its two outcomes during a run."""


class UselessGuaranteeWarning(UserWarning):
    """The error bound of a compiled model is as large as the range of its output."""


def shortened(item: object, limit: int = 60) -> str:
    """The item as one short line for a message.

    >>> shortened("a" * 100, limit=10)
    "'aaaaa…aa'"
    """
    text = " ".join(repr(item).split())
    if len(text) <= limit:
        return text
    return f"{text[: limit - limit // 3 - 1]}…{text[len(text) - limit // 3 :]}"


def listed(names: Sequence[str], limit: int = 8) -> str:
    """The names as a short comma-separated list for a message.

    >>> listed(["a", "b", "c"], limit=2)
    'a, b, … (3 in all)'
    """
    if len(names) <= limit:
        return ", ".join(names)
    return ", ".join(names[:limit]) + f", … ({len(names)} in all)"
