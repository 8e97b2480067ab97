"""`lsrl automaton`: what a finite automaton is made of, and which targets can track it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lsrl.cli.options import Json, named_path
from lsrl.cli.terminal import Rows, emit, working
from lsrl.errors import FormatError

Draw = Annotated[Path | None, typer.Option("--draw", parser=named_path, help="a picture of it: FILE.svg or FILE.png")]


def automaton(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            parser=named_path,
            help='JSON: {"transitions": [[0, 1], [1, 0]] or {"a": {"0": "b"}}, "start": …, "accepting": […]}',
        ),
    ] = None,
    pattern: Annotated[str | None, typer.Option("--pattern", help="a regular expression in place of a file")] = None,
    alphabet: Annotated[str | None, typer.Option("--alphabet", help="the pattern's characters, else 01")] = None,
    draw: Draw = None,
    as_json: Json = False,
) -> None:
    """What a finite automaton is made of, resets and groups, and which targets can track it."""
    from lsrl.analysis import analyse
    from lsrl.automata import pattern_automaton

    if (source is None) == (pattern is None) or (source is not None and alphabet is not None):
        raise typer.BadParameter("a FILE is needed, or a --pattern and its --alphabet, and not both")
    characters = "01" if alphabet is None else alphabet
    machine = _from_file(source) if pattern is None else pattern_automaton(pattern, characters)
    with working("compiling it for every target"):
        found = analyse(machine, what="accepts" if machine.accepting else "states")
    lines: list[Rows | str] = [*str(found).splitlines()[: 2 if found.cascade else 1]]
    lines.append(Rows([{"target": target, "guarantee": answer} for target, answer in found.targets.items()]))
    if draw is not None:
        lines.append(f"wrote {machine.draw().save(draw)}")
    emit(found.as_dict(), as_json, lambda: lines)


def _from_file(source: Path | None) -> Any:
    from lsrl.automata import Automaton
    from lsrl.lang.json_format import read_json

    assert source is not None
    data = read_json(source)
    known = {"transitions", "start", "accepting", "alphabet"}
    if not isinstance(data, dict) or "transitions" not in data or not set(data) <= known:
        raise FormatError(
            f"{source} has no 'transitions', or more than {', '.join(sorted(known))}; expected a JSON object"
        )
    accepting = data.get("accepting", [])
    if not isinstance(accepting, list) or not isinstance(data.get("alphabet", []), list):
        raise FormatError(f"{source}: 'accepting' or 'alphabet' is no list; expected lists")
    return Automaton.of(
        data["transitions"], start=data.get("start"), accepting=accepting, alphabet=data.get("alphabet")
    )
