"""`lsrl incontext …`: prompting a compiled network with a dictionary or a function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lsrl.backends.registry import target_named, targets_with
from lsrl.cli.options import DEFAULT, Json, Target, named_path
from lsrl.cli.terminal import Rows, emit, working
from lsrl.errors import FormatError, UnsupportedProgram

incontext = typer.Typer(help="Prompt a compiled network with a dictionary or a function.")


@incontext.command()
def dictionary(
    pairs: Annotated[Path, typer.Argument(parser=named_path, help="CSV of two columns: key,value")],
    ask: Annotated[list[str] | None, typer.Option("--ask", help="a key to ask for; all keys if none is given")] = None,
    target: Target = DEFAULT,
    as_json: Json = False,
) -> None:
    """Answer keys from a dictionary that appears in the prompt."""
    from lsrl.incontext import SequenceMap, read_pairs
    from lsrl.model.compiler import compile as compiled

    mapping = read_pairs(pairs)
    first_key, first_value = next(iter(mapping.items()))
    vocabulary = "".join(sorted(set("".join([*mapping, *mapping.values(), *(ask or [])]))))
    sequence_map = SequenceMap(len(first_key), len(first_value), symbols=vocabulary, max_pairs=len(mapping))
    keys = ask or list(mapping)
    with working("compiling and asking"):
        model = compiled(sequence_map.program, target.value, max_length=sequence_map.max_length)
        answers = sequence_map.answers(model, keys, sequence_map.prompt(mapping))
    rows = [{"key": key, "answer": answer} for key, answer in zip(keys, answers, strict=True)]
    shown = [{"key": row["key"], "answer": row["answer"] or "not in the prompt"} for row in rows]
    emit(rows, as_json, lambda: [Rows(shown), str(model.report())])


@incontext.command()
def function(
    samples: Annotated[
        Path, typer.Argument(parser=named_path, help="CSV grid of numbers: the function on a regular grid")
    ],
    cells: Annotated[int, typer.Option(min=1, help="prompt tokens: cells of the function")] = 256,
    order: Annotated[
        int,
        typer.Option(min=0, max=1, help="0: a value per cell; 1: a value and a gradient, on a target with products"),
    ] = 0,
    uneven: Annotated[bool, typer.Option("--uneven", help="small cells where the function bends most")] = False,
    at: Annotated[str | None, typer.Option(help="points to ask for, as 'x,y;x,y', each in [0, 1]")] = None,
    target: Target = DEFAULT,
    as_json: Json = False,
) -> None:
    """Approximate a sampled function of two variables from a prompt of cells, at points of [0, 1]²."""
    from lsrl.incontext.sampled import approximated_points, read_samples

    if order and "products" not in target_named(target.value).abilities:
        able = ", ".join(targets_with(lambda target: "products" in target.abilities))
        raise UnsupportedProgram(f"--order 1 multiplies, which {target.value} cannot; use --target {able}")
    with working("compiling and asking"):
        rows = approximated_points(
            read_samples(samples), _points(at), cells=cells, order=order, uneven=uneven, target=target.value
        )
    emit(rows, as_json, lambda: [Rows(rows)])


def _points(text: str | None) -> np.ndarray:
    if text is None:
        axis = np.linspace(0, 1, 4)
        return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    try:
        points = np.array([[float(number) for number in point.split(",")] for point in text.split(";")])
    except ValueError:
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2:
        raise FormatError(f"--at {text!r}; expected points like '0.1,0.2;0.5,0.5'")
    return points
