"""The folder of a saved model, which holds the old model or the new one, whenever the process is killed.

A save writes all files into a hidden folder beside the old one, exchanges the two in one step, and removes
the old one; what was in it beside the old model (notes, `.git`) comes along. Where there is no old model,
or folders cannot be exchanged (mount points, the current directory, Windows), the hidden folder is inside, and
the files are moved out of it one by one: the manifest says all the while that the folder is unfinished, so that
nothing loads it. What a killed save leaves is put in order by the next one.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from lsrl.backends.network import WEIGHTS
from lsrl.errors import FormatError
from lsrl.files import PART, exchange, make_durable, replace_file
from lsrl.lang.json_format import read_json

MANIFEST = "manifest.json"

FORMAT, UNFINISHED = "lsrl-model", "lsrl-model-unfinished"
"""What a manifest says that it is, and what it says while its folder is being filled."""

STAGED = ".lsrl-save"
"""How the names of hidden folders end."""

MOST_LEFT = 16
"""Hidden folders of killed saves that one save puts in order."""


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder one with these files (the manifest last), and none of an older model.

    They replace files of their names; the order is that in which they appear where folders cannot be
    exchanged, and in reverse that in which older ones go. Raises `OSError` and `FormatError`.
    """
    folder = Path(os.path.realpath(path))
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_place(folder, files)
    for place in (folder.parent, folder):
        for left in islice(_left_behind(place, folder.name), MOST_LEFT):
            with suppress(OSError, FormatError), _locked(left) as ours:
                if ours:
                    _absorb(left, folder)
    if not (_is_replaceable(folder) and _replace(folder, files)):
        folder.mkdir(exist_ok=True)
        _fill(folder, files)


def _check_place(folder: Path, files: Iterable[str]) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):  # its parent may let it be replaced even so
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    taken = next((name for name in files if (folder / name).is_dir()), None)
    if taken is not None:
        raise FormatError(f"cannot write {folder / taken}: it is a directory; expected another place, or none there")


def _is_replaceable(folder: Path) -> bool:
    """Whether there is no such folder yet, or one with a model, which nobody needs to stay the very same folder."""
    if not folder.exists():
        return True
    return _names(folder) is not None and not os.path.ismount(folder) and not _is_current(folder)


def _is_current(folder: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:  # it was removed
        return False


def _replace(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Put a new folder in the place of the old one; False where that cannot be, and all is as it was."""
    staged = _hidden(folder.parent, folder.name)
    try:
        with _staged(staged, files, folder.stat().st_mode & 0o7777 if folder.exists() else None):
            if folder.exists():
                exchange(staged, folder)
            else:
                staged.rename(folder)
            make_durable(folder.parent)
    except OSError:
        return False
    finally:
        _absorb(staged, folder)  # the old folder, or a new one that did not come to be used
    return True


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Move the files into a folder that stays the same, which has no manifest to load before all are there."""
    staged = _hidden(folder, folder.name)
    try:
        with _staged(staged, files):
            names = tuple(dict.fromkeys((*files, *(_names(folder) or ()))))
            unfinished = staged / f".{MANIFEST}{PART}"
            replace_file(unfinished, _unfinished(names))
            unfinished.replace(folder / MANIFEST)
            make_durable(folder)
            for name in reversed(names):
                if name != MANIFEST and not (folder / name).is_dir():
                    (folder / name).unlink(missing_ok=True)
            for name in files:
                if name == MANIFEST:
                    make_durable(folder)
                (staged / name).replace(folder / name)
            make_durable(folder)
    finally:
        _absorb(staged, folder)


@contextmanager
def _staged(staged: Path, files: Mapping[str, bytes], mode: int | None = None) -> Iterator[None]:
    """A new folder with these files, locked as long as it is used."""
    staged.mkdir()
    if mode is not None:
        staged.chmod(mode)
    with _locked(staged):
        replace_file(staged / MANIFEST, _unfinished(files))  # so that the next save knows them for what they are
        for name, content in files.items():
            replace_file(staged / name, content)
        make_durable(staged)
        yield


def _absorb(left: Path, folder: Path) -> None:
    """Remove what a save has left beside or in a folder; what is not a model's file in there goes into the folder."""
    try:
        entries = list(os.scandir(left))
    except FileNotFoundError:  # it was never made, or another save was quicker
        return
    own, present = set(_names(left) or ()), _names(folder) or ()
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            own.discard(entry.name)
        elif _is_part(entry.name) or (entry.name in present and os.path.lexists(folder / entry.name)):
            own.add(entry.name)
        if entry.name not in own and not os.path.lexists(folder / entry.name):  # else the user has made another since
            _bring_along(left / entry.name, folder)
    with suppress(OSError):  # the next save will try again
        for name in sorted(own, key=MANIFEST.__eq__):
            (left / name).unlink(missing_ok=True)
        left.rmdir()


def _bring_along(path: Path, folder: Path) -> None:
    try:
        path.rename(folder / path.name)
    except FileNotFoundError:
        pass  # another save was quicker
    except OSError as problem:
        raise FormatError(
            f"{path.name}, which was in {folder} beside the older model, cannot be moved ({problem.strerror}); "
            f"it is in {path.parent}; move it yourself"
        ) from None


def _names(folder: Path) -> tuple[str, ...] | None:
    """The files of the model in a folder, as its manifest names them, finished or not; None if there is no model."""
    try:
        manifest = read_json(folder / MANIFEST)
    except FormatError:
        return None
    if not isinstance(manifest, dict) or manifest.get("format") not in (FORMAT, UNFINISHED):
        return None
    named = manifest.get("files")
    if not isinstance(named, (dict, list)):
        named = [WEIGHTS]  # once, only these were written, and not named
    plain = [name for name in named if isinstance(name, str) and os.path.basename(name) == name not in ("", ".", "..")]
    return (*plain, MANIFEST)


def _unfinished(names: Iterable[str]) -> bytes:
    return json.dumps({"format": UNFINISHED, "files": [name for name in names if name != MANIFEST]}).encode()


def _hidden(place: Path, name: str) -> Path:
    return place / f".{name}.{secrets.token_hex(8)}{STAGED}"


def _left_behind(place: Path, name: str) -> Iterator[Path]:
    form = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{16}}{re.escape(STAGED)}")
    with suppress(OSError):
        yield from (place / entry for entry in os.listdir(place) if form.fullmatch(entry))


def _is_part(name: str) -> bool:
    return name.startswith(".") and name.endswith(PART)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Keep other saves off a folder; False where another process has it, or nobody can tell."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield False
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:
            held = False
        yield held
    finally:
        os.close(handle)
