"""The leaderboard: means with intervals of what methods scored, as tables and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsrl.files import write_whole
from lsrl.studies.results import polars_or_error
from lsrl.studies.summaries import Summary, summaries
from lsrl.view.pages import rendered

if TYPE_CHECKING:
    import polars

PAGE = "leaderboard.html"

VARIABLES = {
    "accuracy": ("IIA", "right answers after exchanges where the method finds the variable, on pairs it has not seen"),
    "at_site": ("at the site", "the same, in the module where the variable is"),
    "isolation": ("isolation", "exchanges that leave every other variable what it should be"),
    "angle": ("angle", "degrees between what is exchanged at the site and what is there"),
    "rank": ("rank", "of the true module among all, by what the method has seen"),
}
CIRCUITS = {
    "auroc": ("AUROC", "the chance that a channel of the circuit is scored above one that is not"),
    "cpr": ("CPR", "the area under the faithfulness of the best channels, the higher the better"),
    "cmd": ("CMD", "the area between faithfulness and 1, the lower the better"),
    "silent": ("silent", "channels of the circuit that are scored 0"),
}
"""Columns of results, with the heads of their columns here, and what they are."""

GROUPS = {"target": "architecture", "family": "family of programs"}


class Grid(NamedTuple):
    """Means by method and group, `cells[method][group]`, and how many measurements each group has."""

    title: str
    groups: tuple[str, ...]
    cells: dict[str, dict[str, Summary]]


def standings(frame: polars.DataFrame, kind: str) -> list[dict[str, Any]]:
    """A row for each method and form: the mean of every measure, with its 95 % interval where that is not a point."""
    package = polars_or_error()
    own = frame.filter((package.col("kind") == kind) & (package.col("failed") == ""))
    if own.is_empty():
        return []
    measures = VARIABLES if kind == "variable" else CIRCUITS
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for column, (head, _) in measures.items():
        there = own.filter(package.col(column).is_not_null())
        for key, found in summaries(there, ["name", "form"], column).items():
            row = rows.setdefault(key, {"method": key[0], "form": key[1]})
            row[head] = as_text(found, column)
    heads = [head for head, _ in measures.values() if any(head in row for row in rows.values())]
    return [{head: row.get(head, "") for head in ("method", "form", *heads)} for row in rows.values()]


def as_text(found: Summary, column: str) -> str:
    """A mean and its interval.

    >>> as_text(Summary(0.5, 0.25, 0.75, 0.5), "accuracy"), as_text(Summary(1.0, 1.0, 1.0, 1.0), "accuracy")
    ('0.50 (0.25–0.75)', '1.00')
    """
    digits = {"angle": 0, "rank": 1}.get(column, 2)
    mean, low, high = (f"{number:.{digits}f}" for number in found[:3])
    return mean if low == high else f"{mean} ({low}–{high})"


def grids(frame: polars.DataFrame, kind: str) -> list[Grid]:
    """Method by architecture and method by family, for every form, of the measures that say how much is found."""
    package = polars_or_error()
    columns = ("accuracy", "at_site") if kind == "variable" else ("auroc",)
    heads = VARIABLES if kind == "variable" else CIRCUITS
    own = frame.filter((package.col("kind") == kind) & (package.col("failed") == ""))
    found = []
    for form, (group, title), column in product(own["form"].unique(maintain_order=True), GROUPS.items(), columns):
        here = own.filter((package.col("form") == form) & package.col(column).is_not_null())
        cells: dict[str, dict[str, Summary]] = {}
        for (name, member), each in summaries(here, ["name", group], column).items():
            cells.setdefault(str(name), {})[str(member)] = each
        members = tuple(here[group].unique(maintain_order=True).to_list())
        found.append(Grid(f"{form}, by {title}: {heads[column][0]}", members, cells))
    return found


def write_page(directory: Path, frame: polars.DataFrame, about: Mapping[str, Any]) -> Path:
    """Write the page. Raises `FormatError`, `MissingPackage`."""
    package = polars_or_error()
    sections = []
    for kind, title, measures in (("variable", "Variables", VARIABLES), ("circuit", "Circuits", CIRCUITS)):
        rows = standings(frame, kind)
        if rows:
            shown = {"title": title, "rows": rows, "grids": grids(frame, kind), "measures": measures.values()}
            sections.append(shown)
    failed = frame.filter(package.col("failed") != "").select("case", "name", "failed").unique(maintain_order=True)
    networks = frame["case"].n_unique()
    page = rendered(f"benchmark/{PAGE}", sections=sections, about=about, failed=failed.to_dicts(), networks=networks)
    path = directory / PAGE
    write_whole(path, page.encode())
    return path
