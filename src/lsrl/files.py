"""Files: regular ones of a size that memory holds are read, and writing says what went wrong."""

from __future__ import annotations

from pathlib import Path

from lsrl.errors import FormatError

LARGEST = 2**28
"""Files with more bytes than this are refused unread."""


def check_file(path: Path, expected: str) -> None:
    """Raise `FormatError` unless `path` is a regular file that is not too large; `expected` names what it should be."""
    try:
        size = path.stat().st_size
        regular = path.is_file()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not a file name"
        raise FormatError(f"cannot read {path}: {reason}; expected {expected}") from None
    if not regular:
        raise FormatError(f"cannot read {path}: it is no regular file; expected {expected}")
    if size > LARGEST:
        raise FormatError(f"cannot read {path}: it has {size:,} bytes; expected {expected} of at most {LARGEST:,}")


def read_file(path: Path, expected: str) -> bytes:
    """The content of a regular file that is not too large. Raises `FormatError` for any other, as `check_file` does."""
    check_file(path, expected)
    try:
        return path.read_bytes()
    except OSError as problem:
        raise FormatError(f"cannot read {path}: {problem.strerror}; expected {expected}") from None


def write_file(path: Path, content: bytes) -> None:
    """Write a file. Raises `FormatError` when it cannot be written."""
    try:
        path.write_bytes(content)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "a name that files cannot hold"
        raise FormatError(f"cannot write {path}: {reason}; expected a writable file") from None
