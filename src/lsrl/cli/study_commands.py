"""`lsrl study`: measure how stable compiled networks are."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from lsrl.cli.options import Json, named_path
from lsrl.cli.terminal import Rows, emit, progress_bar

MOST_WORKERS = 1024
"""More processes than this are a slip of the keyboard that would take the machine down."""

ALL = "all"
OF_STABILITY = "noise", "architectures", "anatomy", "tolerance", "formats", "drift", "guarantee"
OF_INTERPRETABILITY = "interchange", "localization", "circuits", "disguises", "realism"
NAMES = (*OF_STABILITY, *OF_INTERPRETABILITY, ALL)
StudyName = Enum("StudyName", {name: name for name in NAMES}, type=str)  # type: ignore[misc]


def study(
    name: Annotated[StudyName, typer.Argument(help="which study, or all of them")],
    quick: Annotated[bool, typer.Option("--quick", help="fewer random targets: a look in about a minute")] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", parser=named_path, help="directory for results, plots and report")
    ] = Path("study-output"),
    workers: Annotated[
        int | None, typer.Option(min=1, max=MOST_WORKERS, help="processes; one for each processor by default")
    ] = None,
    cluster: Annotated[str | None, typer.Option(help="address of a Dask scheduler to run on, tcp://HOST:8786")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Measure stability, guarantees and what methods find. What is finished is kept: run it again to go on."""
    from lsrl.studies import STUDIES, conducted, write_report

    chosen = list(STUDIES) if name.value == ALL else [name.value]
    shown: list[Any] = []
    data: dict[str, Any] = {}
    with progress_bar() as progress:
        for one in chosen:
            task = progress.add_task(one, total=None)
            result = conducted(
                STUDIES[one],
                output,
                quick=quick,
                seed=seed,
                workers=workers,
                cluster=cluster,
                progress=lambda done, total, task=task: progress.update(task, completed=done, total=total),  # type: ignore[misc]
            )
            rows = STUDIES[one].table(result.frame)
            data[one] = rows
            shown.append(Rows(rows, title=STUDIES[one].title))
            if result.taken_over:
                shown += [f"{result.taken_over} of {result.cells} cells were there from an earlier run", ""]
    report = write_report(output, STUDIES.values())
    emit({"studies": data, "report": str(report)}, as_json, lambda: [*shown, f"Report with plots: {report}"])
