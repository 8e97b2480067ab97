"""`lsrl study`: measure how stable compiled networks are."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from lsrl.command_options import Json
from lsrl.terminal import emit, progress_bar, table

ALL = "all"
StudyName = Enum(  # type: ignore[misc]
    "StudyName", {name: name for name in ("noise", "architectures", "formats", "drift", "guarantee", ALL)}, type=str
)


def study(
    name: Annotated[StudyName, typer.Argument(help="which study, or all of them")],
    quick: Annotated[bool, typer.Option("--quick", help="fewer random targets: a look in about a minute")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="directory for results, plots and report")] = Path(
        "study-output"
    ),
    workers: Annotated[int | None, typer.Option(min=1, help="processes; one for each processor by default")] = None,
    cluster: Annotated[str | None, typer.Option(help="address of a Dask scheduler to run on, tcp://HOST:8786")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Measure noise, number formats, drift or guarantees. What is finished is kept: run again to go on."""
    from lsrl.studies import STUDIES, conducted, write_report

    chosen = list(STUDIES) if name.value == ALL else [name.value]
    shown: list[Any] = []
    data: dict[str, Any] = {}
    with progress_bar(as_json) as progress:
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
            shown.append(table(rows, title=STUDIES[one].title))
            if result.taken_over:
                shown.append(f"{result.taken_over} of {result.cells} cells were there from a run before\n")
    report = write_report(output, STUDIES.values())
    emit({"studies": data, "report": str(report)}, as_json, lambda: Group(*shown, f"Report with plots: {report}"))
