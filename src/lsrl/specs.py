"""Program specifications on the command line: `file.py:name`, `file.json`, `zoo:name`."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsrl.errors import FormatError, LsrlError, ProgramError, listed
from lsrl.lang import Program

EXPECTED = "expected file.py:name, file.json or zoo:name"


@dataclass(frozen=True, slots=True)
class Specified:
    """A program, and what its source knows beyond it."""

    program: Program
    max_length: int | None
    sample: Callable[[np.random.Generator, int], np.ndarray] | None


def specified(spec: str) -> Specified:
    """The program that a SPEC names.

    `file.py:name` runs that Python file, so only name files you trust; JSON and zoo run nothing.
    Raises `FormatError` or `ProgramError` that names the spec.

    >>> specified("zoo:majority").program.name
    'majority'
    """
    if spec.startswith("zoo:"):
        from lsrl import zoo

        entry = zoo.get(spec.removeprefix("zoo:"))
        return Specified(entry.program, entry.max_length, entry.sample)
    if spec.endswith(".json"):
        return Specified(Program.load(spec), None, None)
    path, colon, name = spec.rpartition(":")
    if colon and path.endswith(".py"):
        return Specified(_from_python(Path(path), name), None, None)
    raise FormatError(f"{spec!r} names no program; {EXPECTED}")


def _from_python(path: Path, name: str) -> Program:
    if not path.is_file():
        raise FormatError(f"{path} is not a file; {EXPECTED}")
    try:
        variables = runpy.run_path(str(path))
    except LsrlError:
        raise
    except (Exception, SystemExit) as problem:
        reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
        raise ProgramError(f"{path} failed with {reason}; expected a file that defines {name!r}") from problem
    programs = [key for key, value in variables.items() if isinstance(value, Program)]
    if name not in programs:
        raise ProgramError(f"{path} has no Program {name!r}; expected one of: {listed(programs) or 'none there'}")
    program: Program = variables[name]
    return program
