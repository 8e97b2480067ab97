"""The folder of a case: what everybody may see, and the truth, which can be elsewhere.

    NAME/checkpoint/      the network, as `model.save` writes it
    NAME/interp.json      what it is, the variables to find, and the digest of every file
    NAME/pairs/           counterfactuals, a Parquet file for each variable, split and kind
    NAME/README.md        the card: how to run it, how to score an intervention
    NAME/sites.json       the truth: where variables are;
    NAME/circuit.json     which channels compute the answer (MIB's JSON);
    NAME/key.json         what became of everything, in a disguised network

Of a private case the last three are in another folder, and `interp.json` has no digest of them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from lsrl.errors import FormatError, shortened
from lsrl.files import PART, read_file
from lsrl.model.checkpoint import LARGEST_FILE

FORMAT, VERSION = "lsrl-case", 1

TASK, SITES, CIRCUIT, KEY, CARD = "interp.json", "sites.json", "circuit.json", "key.json", "README.md"
CHECKPOINT, PAIRS = "checkpoint", "pairs"

TRUTH = (SITES, CIRCUIT, KEY)


def pairs_file(variable: str, split: str, kind: str) -> str:
    """The place of pairs in the folder of a case.

    >>> pairs_file("depth", "test", "value")
    'pairs/depth-test.parquet'
    """
    safe = "".join(letter if letter.isalnum() or letter in "._" else f"%{ord(letter):x}" for letter in variable)
    return f"{PAIRS}/{safe}-{split}{'' if kind == 'value' else f'-{kind}'}.parquet"


def seal_case(staged: Path, task: Mapping[str, Any], withheld: Iterable[str]) -> dict[str, Any]:
    """Write `interp.json` into a folder that has all other files: with their digests, but those that are withheld."""
    names = sorted(str(path.relative_to(staged).as_posix()) for path in staged.rglob("*") if path.is_file())
    digests = {name: _digest((staged / name).read_bytes()) for name in names if name not in set(withheld)}
    content = {"format": FORMAT, "version": VERSION, **task, "files": digests}
    (staged / TASK).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return content


def read_task(folder: Path) -> dict[str, Any]:
    """The content of `interp.json`. Raises `FormatError` for anything that is not a case's."""
    path = folder / TASK
    content = read_file(path, "a case of a benchmark")
    try:
        task: dict[str, Any] = json.loads(content)
        if task["format"] != FORMAT or task["version"] != VERSION:
            raise ValueError(f"format {task['format']}, version {task['version']}")
        texts = (task[name] for name in ("name", "program", "family", "target", "form", "split"))
        if not all(isinstance(text, str) for text in texts) or not isinstance(task["variables"], dict):
            raise ValueError("a text or the variables are something else")
        if not all(
            isinstance(each["dim"], int) and isinstance(each["pairs"], dict) for each in task["variables"].values()
        ):
            raise ValueError("a variable without its components or pairs")
        digests = task["files"].items()
        if not all(isinstance(digest, str) and _is_inside(name) for name, digest in digests):
            raise ValueError("a file outside of its folder")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        reason = shortened(f"{type(problem).__name__}: {problem}", 80)
        raise FormatError(f"{path} is no case of a benchmark ({reason}); expected what lsrl benchmark wrote") from None
    return task


def changed_file(folder: Path, digests: Mapping[str, str]) -> str | None:
    """The first file that is not the one that was written, in a line; None if all are."""
    for name, digest in digests.items():
        try:
            content = read_file(folder / name, "a file of a case", LARGEST_FILE)
        except FormatError as problem:
            return str(problem)
        if _digest(content) != digest:
            return f"{folder / name} is not the file that was written (its SHA-256 differs); build the benchmark again"
    return None


def digest_of(folder: Path) -> str:
    """A digest of a case, by that of its `interp.json`."""
    return _digest(read_file(folder / TASK, "a case of a benchmark"))


def move_truth(staged: Path, keys: Path) -> None:
    """Put the truth of a staged case into the folder of keys."""
    keys.mkdir(parents=True, exist_ok=True)
    for name in TRUTH:
        if (staged / name).exists():
            os.replace(staged / name, keys / name)


def replace_case(staged: Path, folder: Path) -> None:
    """Put a staged folder in the place of what was there."""
    if folder.exists():
        shutil.rmtree(folder)
    staged.rename(folder)


def staging_folder(folder: Path) -> Path:
    """A new, empty folder beside one that is to be written; what an earlier try left is removed."""
    staged = folder.with_name(f".{folder.name}{PART}")
    shutil.rmtree(staged, ignore_errors=True)
    (staged / PAIRS).mkdir(parents=True)
    return staged


def _is_inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
