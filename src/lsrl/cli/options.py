"""The options that several commands have."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from lsrl.backends.registry import RELATED, TARGETS
from lsrl.errors import shortened

TargetName = Enum("TargetName", {name: name for name in (*TARGETS, *RELATED)}, type=str)  # type: ignore[misc]
Spec = Annotated[str, typer.Argument(help="file.py:name, file.json or zoo:name")]
Target = Annotated[TargetName, typer.Option("--target", "-t", help="architecture")]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]
Robust = Annotated[bool, typer.Option("--robust", help="forms that noise on weights does not reach")]
MaxLength = Annotated[int | None, typer.Option(help="longest sequence; the zoo knows its own")]
Dtype = Annotated[str | None, typer.Option(help="float64, float32 or bfloat16; the target's first, if not given")]
DEFAULT = next(iter(TargetName))

INPUT_ROWS = "a row per step, a column per input component"


def named_path(text: str | Path) -> Path:
    """The path that an argument names. Raises `typer.BadParameter` for an empty one: it would be the current folder.

    >>> named_path("model").name
    'model'
    """
    if not str(text) or "\0" in str(text):
        raise typer.BadParameter(f"{shortened(text)}; expected a path")
    return Path(text)
