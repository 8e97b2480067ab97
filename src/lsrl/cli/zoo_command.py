"""`lsrl zoo`: the example programs there are, and what each target makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lsrl.backends.registry import TARGETS
from lsrl.cli.options import Json, named_path
from lsrl.cli.terminal import Rows, emit, print_output, progress_bar
from lsrl.errors import FormatError

Measure = Annotated[
    Path | None,
    typer.Option("--measure", parser=named_path, help="compile and run all, into a CSV file; goes on with one"),
]


def zoo(
    table: Annotated[bool, typer.Option("--table", help="print the table of the documentation, in Markdown")] = False,
    measure: Measure = None,
    as_json: Json = False,
) -> None:
    """The example programs there are, by family; a bar says for each target whether it computes them."""
    from lsrl import zoo as programs
    from lsrl.zoo import table as answers

    if measure is not None:
        _measure(measure)
    elif table:
        print_output(answers.as_markdown(programs.families(), answers.kept_answers()))
    else:
        rows = [_row(programs.get(name)) for name in programs.names()]
        emit(rows, as_json, lambda: _by_family(rows))


def _row(entry: Any) -> dict[str, Any]:
    from lsrl.zoo.table import kept_answers

    return {
        "name": f"zoo:{entry.name}",
        "family": entry.family,
        "computes": entry.summary,
        "difficulty": entry.difficulty,
        "references": list(entry.references),
        "targets": {target: str(found) for target, found in kept_answers().get(entry.name, {}).items()},
    }


def _by_family(rows: list[dict[str, Any]]) -> list[Rows | str]:
    from lsrl.zoo import DIFFICULTIES, families
    from lsrl.zoo.table import bar

    parts: list[Rows | str] = []
    for name, family in families().items():
        shown = [
            {key: row[key] for key in ("name", "computes", "difficulty")}
            | {"targets": bar(row["name"].removeprefix("zoo:"))}
            for row in rows
            if row["family"] == name
        ]
        parts.append(Rows(shown, title=f"{name}: {family.summary}"))
    parts.append(f"targets, ✔ where they compute it: {', '.join(TARGETS)}")
    parts += [f"difficulty {number}: {meaning}" for number, meaning in DIFFICULTIES.items()]
    return parts


def _measure(path: Path) -> None:
    """Find all answers that the file has not yet, and write it anew after each program."""
    from lsrl import zoo as programs
    from lsrl.zoo import table as answers

    try:
        known = dict(answers.read_answers(path.read_text(encoding="utf-8"))) if path.exists() else {}
        path.write_text(answers.written(known), encoding="utf-8")
        missing = [programs.get(name) for name in programs.names() if name not in known]
        with progress_bar() as progress:
            task = progress.add_task("compiling", total=len(missing))
            for name, found in answers.found_answers(missing):
                known[name] = found
                path.write_text(answers.written(known), encoding="utf-8")
                progress.update(task, advance=1, description=name)
    except (OSError, UnicodeDecodeError, KeyError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise FormatError(f"cannot use {path}: {reason}; expected a table that lsrl zoo --measure wrote") from None
