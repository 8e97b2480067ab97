"""`lsrl show`, `lsrl draw` and `lsrl explore`: what people look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsrl.cli.options import DEFAULT, INPUT_ROWS, Json, MaxLength, Spec, Target, named_path
from lsrl.cli.specs import compiled_program, specified
from lsrl.cli.terminal import emit, print_json, print_output, working
from lsrl.errors import UnsupportedProgram


def show(
    spec: Spec,
    primitives: Annotated[bool, typer.Option("--primitives", help="what the library's functions stand for")] = False,
    as_json: Json = False,
) -> None:
    """A program as a listing: the library's functions as they were called, or --primitives, one line a value."""
    from lsrl.lang.json_format import to_json

    program = specified(spec).program
    if as_json:
        print_json(to_json(program))
    else:
        listing = program.listing("primitives" if primitives else "library")
        print_output(f"{listing}\n")  # no screen's width may break a listing that is read back


def draw(
    spec: Spec,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", parser=named_path, help="FILE.svg or FILE.png; the stack goes to FILE-stack"),
    ],
    target: Target = DEFAULT,
    max_length: MaxLength = None,
    as_json: Json = False,
) -> None:
    """Pictures of a program and of the stack it compiles to."""
    named = specified(spec)
    model = compiled_program(named, target, max_length)
    beside = output.with_name(f"{output.stem}-stack{output.suffix}")
    with working("drawing"):
        written = [str(named.program.draw().save(output)), str(model.draw().save(beside))]
    emit({"written": written}, as_json, lambda: [f"wrote {path}" for path in written])


def explore(
    spec: Spec,
    output: Annotated[Path, typer.Option("--output", "-o", parser=named_path, help="FILE.html")],
    target: Target = DEFAULT,
    source: Annotated[
        Path | None,
        typer.Option("--input", "-i", parser=named_path, help="CSV: a row per step; random numbers, if not given"),
    ] = None,
    text: Annotated[str | None, typer.Option(help="the input of a program over tokens")] = None,
    max_length: MaxLength = None,
    as_json: Json = False,
) -> None:
    """One HTML file in which a compiled program is stepped, edited and looked into; it needs no server."""
    from lsrl.csv_files import read_numbers

    named = specified(spec)
    if source is not None and text is not None:
        raise UnsupportedProgram("--input and --text together; expected one of them")
    rows = None if source is None else read_numbers(source, named.program.input.dim, INPUT_ROWS)
    model = compiled_program(named, target, max_length)
    with working("writing the page"):
        page = model.explore(text if rows is None else rows)
        page.save(output)
    found = {"written": str(output), "bytes": len(page.html.encode())}
    emit(found, as_json, lambda: [f"wrote {output}"])
