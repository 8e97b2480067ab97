"""The one way to write a picture to a file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lsrl.errors import FormatError
from lsrl.files import write_whole


def write_picture(path: str | Path, content: Callable[[str], bytes]) -> Path:
    """Write `content("svg")` or `content("png")`, by the file's ending. Raises `FormatError` for any other."""
    if not isinstance(path, (str, Path)):
        raise FormatError(f"{path!r} is not a path; expected a file name with .svg or .png")
    target = Path(path)
    if target.suffix.lower() not in (".svg", ".png"):
        raise FormatError(f"{target} ends in {target.suffix!r}; expected a file name with .svg or .png")
    picture = content(target.suffix[1:].lower())
    with suppress(OSError, ValueError):  # what keeps the folder from being made keeps the file from being written
        target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, picture)
    return target
