"""Building a benchmark: a folder for every program, target and form, and an index of them all.

A cell of the sweep is a program: all of its networks are written by one worker, into DIR/cases, so that on a cluster
DIR has to be on a disk that the workers share.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl import zoo
from lsrl.benchmark.case import CASES
from lsrl.benchmark.case_folder import CIRCUIT, KEY, SITES, changed_file, digest_of, read_task
from lsrl.benchmark.case_writer import write_case
from lsrl.benchmark.index import write_index
from lsrl.benchmark.networks import made_network
from lsrl.benchmark.selection import (
    FORMS,
    MOST_PARAMETERS,
    PRIVATE,
    TUNED,
    Size,
    chosen_programs,
    chosen_targets,
    pairs_of,
    variables_of,
)
from lsrl.errors import FormatError, LsrlError
from lsrl.files import read_file, write_whole
from lsrl.machine import __version__
from lsrl.notebook import html_table
from lsrl.studies.cell_files import Shelf
from lsrl.studies.cells import SweepCell
from lsrl.studies.exact_json import from_text, to_text
from lsrl.studies.sweep import Progress, Swept, swept

if TYPE_CHECKING:
    import polars

REVISION = "1"
SECRET = "secret.json"


@dataclass(frozen=True)
class Built:
    """A benchmark that was built: its index, a row a case, what was left out and why, and how it came about."""

    index: polars.DataFrame
    left_out: polars.DataFrame
    sweep: Swept

    def _repr_html_(self) -> str:
        tables = [("Cases", self.index), ("Left out", self.left_out)]
        return "".join(html_table(frame.to_dicts(), title) for title, frame in tables if frame.height)


def build(
    directory: Path,
    *,
    size: Size = "default",
    keys: Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Built:
    """Write a benchmark into a folder, or what is missing of one that was begun with the same seed.

    `keys` is the folder for the truth about private cases, by default `directory`-keys, beside it; what these are
    disguised by is drawn at random once, and kept there. Raises as `swept` does.
    """
    directory = Path(directory)
    whole = directory.resolve()
    keys = whole.with_name(f"{whole.name}-keys") if keys is None else Path(keys)
    secret = _secret_in(keys)
    cells = [_cell(name, size, place) for place, name in enumerate(chosen_programs(size))]
    version = f"lsrl {__version__}, benchmark {REVISION}"
    _forget_what_changed(Shelf(directory / "cells", seed, version), cells, directory, keys)
    result = swept(
        cells,
        partial(write_cases, directory=directory, keys=keys, secret=secret),
        directory=directory,
        seed=seed,
        version=version,
        workers=workers,
        cluster=cluster,
        progress=progress,
    )
    index, left_out = write_index(directory, result, size)
    return Built(index, left_out, result)


def _cell(name: str, size: Size, place: int) -> SweepCell:
    """A program: the networks that are wanted of it, and whether it has a private one."""
    return SweepCell(
        "benchmark",
        {
            "program": name,
            "targets": " ".join(chosen_targets(size, name)),
            "private": place % PRIVATE == PRIVATE - 1,
            "tuned": place % TUNED[size] == 0,
            "circuits_alone": size == "all",
            "largest": MOST_PARAMETERS if size == "default" else None,
        },
    )


def _secret_in(keys: Path) -> int:
    """What private disguises are drawn from: random, and the same whenever the folder of keys is."""
    path = keys / SECRET
    if not path.exists():
        keys.mkdir(parents=True, exist_ok=True)
        write_whole(path, to_text({"seed": secrets.randbits(63)}).encode())
    try:
        return int(from_text(read_file(path, "the secret of a benchmark").decode())["seed"])
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"{path} is no secret of a benchmark; expected what lsrl benchmark build wrote") from None


def _forget_what_changed(shelf: Shelf, cells: Sequence[SweepCell], directory: Path, keys: Path) -> None:
    """Let programs be done again of which a case is not there any more as it was written."""
    for cell in cells:
        stored = shelf.stored(cell) if shelf.path(cell).exists() else None
        if stored is not None and not all(_is_whole(row, directory, keys) for row in stored.rows):
            shelf.path(cell).unlink()


def _is_whole(row: Mapping[str, Any], directory: Path, keys: Path) -> bool:
    if row["left_out"]:
        return True
    folder = directory / CASES / row["case"]
    try:
        task = read_task(folder)
        known = digest_of(folder) == row["sha256"] and changed_file(folder, task["files"]) is None
    except FormatError:
        return False
    return known and (
        row["split"] == "public" or all((keys / row["case"] / name).exists() for name in (SITES, CIRCUIT, KEY))
    )


def write_cases(cell: SweepCell, seed: int, *, directory: Path, keys: Path, secret: int) -> list[dict[str, Any]]:
    """Write all cases of a program; a row of the index for each, or why it was left out."""
    given: Mapping[str, Any] = cell.parameters
    entry = zoo.get(given["program"])
    pairs, rows = {}, []
    for variable in variables_of(entry):
        found = pairs_of(entry, variable, cell.seed(seed, "program"))
        if isinstance(found, str):
            rows.append(_left_out(f"{entry.name}: {variable}", found))
        else:
            pairs[variable] = found
    if not pairs and not given["circuits_alone"]:
        return [*rows, _left_out(entry.name, "no variable that is cut changes an answer")]
    for target in given["targets"].split():
        for form in (*FORMS, "fine-tuned") if given["tuned"] else FORMS:
            name = f"{entry.name}.{target}.{form}"
            split = "private" if given["private"] and form == "disguised" else "public"
            drawn = SweepCell("case", {"case": name}).seed(secret if split == "private" else seed)
            try:
                made = made_network(entry, target, form, list(pairs), drawn, given["largest"])
            except LsrlError as refusal:
                rows.append(_left_out(name, str(refusal)))
                continue
            rows.append(write_case(directory / CASES / name, keys / name, entry, form, split, made, pairs))
    return rows


def _left_out(name: str, reason: str) -> dict[str, Any]:
    return {"case": name, "left_out": reason}
