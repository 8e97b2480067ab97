"""Files: regular ones of a size that memory holds are read, and what is written appears whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

from lsrl.errors import FormatError

LARGEST = 2**28
"""Files with more bytes than this are refused unread."""

PART = ".lsrl-part"
"""The ending of the names of files that are being written."""


def check_file(path: Path, expected: str, most: int = LARGEST) -> None:
    """Raise `FormatError` unless `path` is a regular file that is not too large; `expected` names what it should be."""
    try:
        _check(path.stat(), path, expected, most)
    except (OSError, ValueError) as problem:
        raise _unreadable(path, problem, expected) from None


def read_file(path: Path, expected: str, most: int = LARGEST) -> bytes:
    """The content of a regular file that is not too large. Raises `FormatError` for any other, and never waits for one.

    `expected` names in messages what the file should be, `most` is the largest number of bytes.
    """
    check_file(path, expected, most)  # before it is opened: a device may act on that
    try:
        # By now it may be another file, and a pipe would be waited for until somebody writes into it.
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            _check(status, path, expected, most)
            return file.read(status.st_size)
    except (OSError, ValueError) as problem:
        raise _unreadable(path, problem, expected) from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, also when the process is killed or the disk is full.

    A link is followed, and the permissions of a file that is replaced are kept. Raises `FormatError` when
    it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        replace_file(target, content)
        make_durable(target.parent)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "a name that files cannot hold"
        raise FormatError(f"cannot write {path}: {reason}; expected a writable file") from None


def replace_file(path: Path, content: bytes) -> None:
    """Put a file with this content in the place of what was there, in one step. Raises `OSError`."""
    old = path.stat() if path.exists() else None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if old is not None and not os.access(path, os.W_OK):  # a folder lets its files be replaced even so
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    part = path.with_name(f".{secrets.token_hex(8)}{PART}")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            part.chmod(stat.S_IMODE(old.st_mode))
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def make_durable(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, on systems that can tell."""
    with suppress(OSError):  # Windows opens no folders, and some file systems write them when they like
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def exchange(one: Path, other: Path) -> None:
    """Exchange what two names stand for, in one step. Raises `OSError` where system or file system cannot.

    Python has no call for it: Linux names it renameat2 with RENAME_EXCHANGE, macOS renamex_np with RENAME_SWAP.
    """
    paths = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "linux":
            here, exchanged = -100, 2  # AT_FDCWD, RENAME_EXCHANGE in <linux/fs.h>
            failed = ctypes.CDLL(None, use_errno=True).renameat2(here, paths[0], here, paths[1], exchanged)
        elif sys.platform == "darwin":
            swapped = 2  # RENAME_SWAP in <sys/stdio.h>
            failed = ctypes.CDLL(None, use_errno=True).renamex_np(*paths, swapped)
        else:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    except AttributeError:  # an older C library
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _check(status: os.stat_result, path: Path, expected: str, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FormatError(f"cannot read {path}: it is not a regular file; expected {expected}")
    if status.st_size > most:
        size = f"{status.st_size:,} bytes"
        raise FormatError(f"cannot read {path}: it has {size}; expected {expected} of at most {most:,}")


def _unreadable(path: Path, problem: Exception, expected: str) -> FormatError:
    if isinstance(problem, FormatError):
        return problem
    reason = getattr(problem, "strerror", None) or "not a file name"
    return FormatError(f"cannot read {path}: {reason}; expected {expected}")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
