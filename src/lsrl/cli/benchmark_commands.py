"""`lsrl benchmark`: build networks in which everything is known, and score methods that look into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lsrl.cli.options import Json, named_path
from lsrl.cli.study_commands import MOST_WORKERS
from lsrl.cli.terminal import Rows, emit, progress_bar

benchmark = typer.Typer(
    help="Ground truth: networks whose variables and circuits are known, and methods scored on them."
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", parser=named_path, help="the folder of the benchmark")]
Keys = Annotated[
    Path | None,
    typer.Option(parser=named_path, help="folder for the truth about private cases"),
]
Workers = Annotated[
    int | None, typer.Option(min=1, max=MOST_WORKERS, help="processes; one for each processor if not given")
]
Cluster = Annotated[str | None, typer.Option(help="address of a Dask scheduler, whose workers share DIR")]
Seed = Annotated[int, typer.Option(min=0)]


@benchmark.command()
def build(
    directory: Directory,
    quick: Annotated[bool, typer.Option("--quick", help="12 programs on 4 targets")] = False,
    everything: Annotated[bool, typer.Option("--all", help="the whole zoo, also networks that are large")] = False,
    keys: Keys = None,
    workers: Workers = None,
    cluster: Cluster = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write a folder for every network, plain, beside a decoy and disguised. What is finished is kept.

    The truth about private cases goes to DIR-keys, if no other folder is named.
    """
    from lsrl.benchmark import build as built

    if quick and everything:
        raise typer.BadParameter("--quick and --all together; expected one of them")
    size: Any = "quick" if quick else "all" if everything else "default"
    with _progress("programs") as progress:
        result = built(directory, size=size, keys=keys, seed=seed, workers=workers, cluster=cluster, progress=progress)
    rows = _counts(result.index)
    total = sum(result.index["bytes"].to_list()) / 1e6
    lines = [
        f"{result.index.height} cases of {result.index['program'].n_unique()} programs in {directory}: {total:,.0f} MB",
        f"{result.left_out.height} were left out: {directory / 'left_out.csv'} says why",
    ]
    data = {"cases": result.index.height, "left_out": result.left_out.height, "megabytes": total, "targets": rows}
    emit(data, as_json, lambda: [Rows(rows, title="cases"), *lines])


def _counts(index: Any) -> list[dict[str, Any]]:
    """For each target how many cases there are, and the share of weights that are not 0, before and after disguises."""
    from lsrl.benchmark.selection import FORMS

    rows: dict[str, dict[str, Any]] = {}
    for row in index.to_dicts():
        found = rows.setdefault(row["target"], {"target": row["target"], **dict.fromkeys((*FORMS, "fine-tuned"), 0)})
        found[row["form"]] += 1
        if row["form"] == "disguised":
            for name in ("parameters", "nonzeros_before", "nonzeros", "checked_steps"):
                found[name] = found.get(name, 0) + row[name]
    for found in rows.values():
        parameters, before, after, checked = (
            found.pop(name, 0) for name in ("parameters", "nonzeros_before", "nonzeros", "checked_steps")
        )
        found["weights not 0"] = f"{before / max(parameters, 1):.1%}"
        found["disguised so"] = f"{after / max(parameters, 1):.1%}"
        found["same answers on"] = f"{checked:,} steps"
    return list(rows.values())


@benchmark.command()
def run(
    directory: Directory,
    methods: Annotated[
        list[str] | None,
        typer.Option("--methods", help="a method by name, or FILE.py:CLASS, which runs that file; all if not given"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="one seed, and the first variable of each case")] = False,
    keys: Keys = None,
    workers: Workers = None,
    cluster: Cluster = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Score methods on a benchmark: a table, and a page with all of it. What is finished is kept."""
    from lsrl.benchmark import PUBLISHED, score_methods, standings

    with _progress("scores") as progress:
        result = score_methods(
            directory,
            methods or PUBLISHED,
            quick=quick,
            keys=keys,
            seed=seed,
            workers=workers,
            cluster=cluster,
            progress=progress,
        )
    tables = {kind: standings(result.frame, kind) for kind in ("variable", "circuit")}
    lines: list[Rows | str] = [Rows(rows, title=f"{kind}s") for kind, rows in tables.items() if rows]
    lines.append(f"The leaderboard: {result.page}")
    emit({**tables, "page": str(result.page)}, as_json, lambda: lines)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    with progress_bar() as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
