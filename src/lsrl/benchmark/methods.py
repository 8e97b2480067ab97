"""The methods that a leaderboard compares: published ones by name, and those of a user's file."""

from __future__ import annotations

import runpy
import sys
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from lsrl.benchmark.case import Case
from lsrl.errors import LsrlError, ProgramError, listed, shortened
from lsrl.files import read_file
from lsrl.interp import methods
from lsrl.studies import circuits, localization

Kind: TypeAlias = Literal["variable", "circuit"]
"""What a method finds."""

OF_CIRCUITS = "circuit: "
"""In front of the names of methods that find circuits, as some find variables, too."""

PUBLISHED = (*localization.METHODS, *(f"{OF_CIRCUITS}{name}" for name in circuits.METHODS))


class Named(NamedTuple):
    """A method by its name, or as FILE.py:CLASS with the digest of the file; and what it finds."""

    spec: str
    digest: str
    kind: Kind


def named_method(spec: str) -> Named:
    """What a name or FILE.py:CLASS stands for, which is run to see what it is.

    Raises `ProgramError` for another name and for a class that is no method, `FormatError` for a file that cannot be
    read.

    >>> named_method("single unit").kind, named_method("circuit: random").kind
    ('variable', 'circuit')
    """
    if spec in PUBLISHED:
        return Named(spec, "", "circuit" if spec.startswith(OF_CIRCUITS) else "variable")
    path, colon, name = spec.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise ProgramError(
            f"no method is named {shortened(spec)}; expected FILE.py:CLASS, or {listed(list(PUBLISHED))}"
        )
    digest = sha256(read_file(Path(path), "a Python file with a method")).hexdigest()
    made = _of_file(Path(path), name)
    return Named(str(Path(path).resolve()) + ":" + name, digest, "circuit" if hasattr(made, "scores") else "variable")


def made_method(spec: str, case: Case, variable: str, seed: int) -> Any:
    """The method, for a variable of a case."""
    if spec == "oracle":
        return methods.Oracle(case.site(variable), case.key)
    if spec in localization.METHODS:
        return localization.METHODS[spec](case.model.program[variable].dim, seed)
    if spec in PUBLISHED:
        return circuits.METHODS[spec.removeprefix(OF_CIRCUITS)](seed)
    path, _, name = spec.rpartition(":")
    return _of_file(Path(path), name)


def _of_file(path: Path, name: str) -> Any:
    try:
        with redirect_stdout(sys.stderr):  # standard output is for results
            made = runpy.run_path(str(path)).get(name)
            made = made() if isinstance(made, type) else made
    except (LsrlError, KeyboardInterrupt):
        raise
    except BaseException as problem:  # it may also end the interpreter
        reason = shortened(f"{type(problem).__name__}: {problem}", 80)
        raise ProgramError(f"{path} failed with {reason}; expected a file that defines the class {name}") from None
    if not isinstance(getattr(made, "name", None), str) or not (hasattr(made, "fit") or hasattr(made, "scores")):
        raise ProgramError(
            f"{name} of {path} is {shortened(made)}; expected a class with a name and fit(task, module) or scores(task)"
        )
    return made
