"""`lsrl bench` and `lsrl demo`: what networks cost, and what they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsrl.backends.registry import TARGETS
from lsrl.cli.options import Json, TargetName, named_path
from lsrl.cli.terminal import Rows, as_cell, emit, live_rows, progress_bar


def bench(
    quick: Annotated[bool, typer.Option(help="leave out the slowest sizes")] = False, as_json: Json = False
) -> None:
    """Measure sizes, compile times and speeds; prints each beside its goal."""
    from lsrl import bench as measuring
    from lsrl.machine import machine

    measured = []
    with progress_bar() as progress:
        task = progress.add_task("measuring", total=None)
        for figure in measuring.figures(quick=quick):
            measured.append(figure)
            progress.update(task, advance=1, description=figure.what)
    data = {"machine": machine(), "figures": [figure.as_dict() for figure in measured]}

    def render() -> list[Rows]:
        title = ", ".join(f"{key} {value}" for key, value in data["machine"].items())  # type: ignore[attr-defined]
        rows = [
            {
                "figure": figure.what,
                "measured": f"{as_cell(figure.value)} {figure.unit}",
                "goal": "" if figure.goal is None else f"{figure.sense} {as_cell(figure.goal)}",
                "reached": figure.reached,
                "authors' implementation": figure.authors,
            }
            for figure in measured
        ]
        return [Rows(rows, title=title)]

    emit(data, as_json, render)


def demo(
    target: Annotated[
        TargetName | None, typer.Option("--target", "-t", help="one architecture; all by default")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", parser=named_path, help="directory for the report")] = Path(
        "demo-output"
    ),
    as_json: Json = False,
) -> None:
    """The main job: two dictionaries and an elevation map, answered from prompts; writes a report."""
    names = list(TARGETS) if target is None else [target.value]
    with live_rows() as show:  # before the imports, which take a second
        from lsrl.demo.results import Demo
        from lsrl.demo.tasks import run_demo

        def note(found: Demo, doing: str) -> None:
            rows = found.summary
            waiting = [dict.fromkeys(rows[0], "") | {"target": name} for name in names[len(rows) :]] if rows else []
            show([*rows, *waiting], doing, len(found.rows), found.jobs)

        result = run_demo(names, output, note)
    title = "in-context answers of compiled networks"
    rows, legend = result.shown
    report = f"Report with pictures: {result.report}"
    emit(result.as_dict(), as_json, lambda: [Rows(rows, title=title), *legend, "", report])
    if not result.passed:
        raise typer.Exit(1)
