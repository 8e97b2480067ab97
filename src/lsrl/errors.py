"""Every error LSRL raises on purpose, in one small hierarchy.

Catch `LsrlError` to catch them all. Each message is one line that names the value, what was
expected, what was given, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

LONGEST_MESSAGE = 1000
"""Characters that a message has at most; longer ones lose their middle."""


class LsrlError(Exception):
    r"""The root of every error that LSRL raises on purpose.

    Its message is one printable line of at most `LONGEST_MESSAGE` characters, whatever paths, names and cells it
    quotes.

    >>> print(FormatError("cannot read a\x1b[31m\n.json"))
    cannot read a\x1b[31m\n.json
    """

    def __init__(self, message: object) -> None:
        super().__init__(one_line(str(message)))


class ShapeError(LsrlError, ValueError):
    """Dimensions, slices or array shapes do not fit together."""


class NumberError(LsrlError, ValueError):
    """Something that should be a finite number is not one (NaN, infinity, text)."""


class ProgramError(LsrlError, ValueError):
    """The program itself is malformed: two inputs, a cycle, a bad name."""


Ability: TypeAlias = Literal[
    "products", "selection", "selective_states", "any_matrix", "automata", "feedback", "reflections"
]
"""What some targets can do and others cannot: multiply reals; multiply by a boolean where the program insists; keep or
drop a state as an input says; linear states with whatever matrix; finite automata of any kind; states of any number
that read their own past through a cell; and automata whose symbols exchange two places each."""


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


def printable(text: str) -> str:
    r"""The text with escapes for what a terminal would obey or hide: line breaks, control codes, marks of direction.

    >>> print(printable("a\nb \x1b[31m\u202e →"))
    a\nb \x1b[31m\u202e →
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def one_line(text: str) -> str:
    """The text as a message shows it: printable, and without its middle where it is longer than `LONGEST_MESSAGE`.

    >>> len(one_line("a" * 5000))
    1000
    """
    return _cut(printable(text), LONGEST_MESSAGE)


def shortened(item: object, limit: int = 60) -> str:
    """The item as one short line for a message.

    >>> shortened("a" * 100, limit=10)
    "'aaaaa…aa'"
    """
    try:
        text = repr(item)
    except Exception:  # Python refuses to write out integers of more than 4,300 digits; anything's repr may fail
        text = f"<{type(item).__name__}>"
    return _cut(printable(" ".join(text.split())), limit)


def _cut(text: str, limit: int) -> str:
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
