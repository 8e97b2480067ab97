"""Program specifications on the command line: `file.py:name`, `file.json`, `zoo:name`."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.cli.terminal import working
from lsrl.errors import FormatError, LsrlError, ProgramError, listed, shortened
from lsrl.files import check_file
from lsrl.lang import Program

if TYPE_CHECKING:
    from lsrl.backends.target import Style
    from lsrl.model.compiled_model import CompiledModel

EXPECTED = "file.py:name, file.json or zoo:name"


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
    raise FormatError(f"{shortened(spec)} names no program; expected {EXPECTED}")


def _from_python(path: Path, name: str) -> Program:
    check_file(path, EXPECTED)
    try:
        # Standard output is for results; what the file prints is for the person who watches.
        with redirect_stdout(sys.stderr):
            variables = runpy.run_path(str(path))
    except (LsrlError, KeyboardInterrupt):
        raise
    except BaseException as problem:  # it may also end the interpreter
        raise ProgramError(
            f"{path} failed with {_reason(problem, path)}; expected a file that defines {name!r}"
        ) from None
    if isinstance(variables.get(name), Program):
        program: Program = variables[name]
        return program
    programs = [key for key, value in variables.items() if isinstance(value, Program)]
    given = f"{name!r} of type {type(variables[name]).__name__}" if name in variables else f"no Program {name!r}"
    raise ProgramError(f"{path} has {given}; expected a Program, one of: {listed(programs) or 'none there'}")


def _reason(problem: BaseException, path: Path) -> str:
    """The error in one line, with the last line of the file that took part in it."""
    reason = " ".join(f"{type(problem).__name__}: {problem}".split()).rstrip(":")
    lines = [line for frame, line in walk_tb(problem.__traceback__) if frame.f_code.co_filename == str(path)]
    return f"{reason} in line {lines[-1]}" if lines else reason


def compiled_program(
    named: Specified, target: Any, max_length: int | None, dtype: str | None = None, *, robust: bool = False
) -> CompiledModel:
    """The program compiled, up to the length that its source knows unless there is another."""
    from lsrl.model.compiler import compile as compiled

    longest = named.max_length if max_length is None else max_length
    style: Style = "robust" if robust else "default"
    with working(f"compiling {named.program.name}"):
        return compiled(named.program, target.value, max_length=longest, dtype=dtype, style=style)
