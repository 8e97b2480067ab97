"""The command line: `lsrl --help`. Thin: every command calls the library and prints what it returns."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from flint import fmpq

from lsrl.backends.registry import RELATED, TARGETS, target_named
from lsrl.cli.automaton_command import automaton
from lsrl.cli.benchmark_commands import benchmark
from lsrl.cli.failures import exit_code
from lsrl.cli.incontext_commands import incontext
from lsrl.cli.measuring_commands import bench, demo
from lsrl.cli.options import DEFAULT, INPUT_ROWS, Dtype, Json, MaxLength, Robust, Spec, Target, TargetName, named_path
from lsrl.cli.showing_commands import draw, explore, show
from lsrl.cli.specs import compiled_program, specified
from lsrl.cli.study_commands import study
from lsrl.cli.terminal import Rows, emit, print_json, print_output, print_problem, progress_bar, working
from lsrl.cli.zoo_command import zoo
from lsrl.errors import UnsupportedProgram

if TYPE_CHECKING:
    from lsrl.stability.noise_tolerance import NoiseLimit
    from lsrl.stability.sensitivity import Limit

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Compile small recurrent programs to the weights of real recurrent networks. "
    "SPEC is file.py:name (runs that file), file.json, or zoo:name.",
)
app.add_typer(incontext, name="incontext")
app.add_typer(benchmark, name="benchmark")
app.command()(zoo)
app.command()(automaton)
app.command()(show)
app.command()(draw)
app.command()(explore)


def main() -> None:
    """The entry point: mistakes of the user end in one line, not in a stack trace."""
    warnings.showwarning = lambda message, kind, *_: print_problem(kind.__name__, " ".join(str(message).split()))
    sys.exit(exit_code(app, sys.argv[1:]))


@app.command()
def targets(as_json: Json = False) -> None:
    """The architectures there are, and what each can express."""
    from lsrl.expressiveness import expressiveness

    summaries = [{"target": name, "what it is": target_named(name).summary} for name in (*TARGETS, *RELATED)]
    with working("compiling what each may express"):
        abilities = expressiveness()
    shown = [{"": row[""].replace("`", ""), "guarantee": _grouped(row)} for row in abilities]
    found = {"targets": summaries, "expressiveness": abilities}
    emit(found, as_json, lambda: [Rows(summaries), Rows(shown, title="what each can express")])


def _grouped(row: dict[str, str]) -> str:
    answers = dict.fromkeys(row[name].replace("`", "") for name in TARGETS)
    names = {answer: [name for name in TARGETS if row[name].replace("`", "") == answer] for answer in answers}
    return "; ".join(f"{answer}: {', '.join(found) if len(names) > 1 else 'all'}" for answer, found in names.items())


@app.command()
def run(
    spec: Spec,
    source: Annotated[
        Path, typer.Option("--input", "-i", parser=named_path, help="CSV: a row per step, a column per component")
    ],
    target: Annotated[TargetName | None, typer.Option("--target", "-t", help="run compiled, not interpreted")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="rationals instead of float64")] = False,
    max_length: MaxLength = None,
    as_json: Json = False,
) -> None:
    """Run a program on a CSV file; prints CSV."""
    from lsrl.csv_files import read_numbers

    named = specified(spec)
    rows = read_numbers(source, named.program.input.dim, INPUT_ROWS)
    if target is None and max_length is not None:
        raise UnsupportedProgram("--max-length without --target; expected both: interpreters run any length")
    if target is not None and exact:
        raise UnsupportedProgram("--exact and --target together; expected one: compiled networks compute in floats")
    if target is None:
        with working("running"):
            outputs = named.program.run(rows, exact=exact)
    else:
        model = compiled_program(named, target, max_length)
        with working("running"):
            outputs = model.run(rows)
    if as_json:
        print_json({"outputs": [[_digits(number) if exact else float(number) for number in row] for row in outputs]})
    else:
        print_output("".join(",".join(map(_digits, row)) + "\n" for row in outputs))


def _digits(number: Any) -> str:
    # Python writes no integers of more than 4,300 digits; flint writes all.
    return str(fmpq(number.numerator, number.denominator)) if isinstance(number, Fraction) else f"{number:.17g}"


@app.command("compile")
def compile_(
    spec: Spec,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", parser=named_path, help="directory for weights and manifest, FILE.onnx or FILE.gguf"
        ),
    ],
    target: Target = DEFAULT,
    max_length: MaxLength = None,
    dtype: Dtype = None,
    robust: Robust = False,
    as_json: Json = False,
) -> None:
    """Compile a program and save the network; for a transformers model, as a checkpoint that it loads."""
    model = compiled_program(specified(spec), target, max_length, dtype, robust=robust)
    report = {**model.report().as_dict(), "written": str(output)}
    ending = output.name.lower()[-5:]
    with working(f"writing {output}"):
        {".onnx": model.export_onnx, ".gguf": model.export_gguf}.get(ending, model.save)(output)
    if ending == ".onnx" and model.target.onnx != "exact":
        report["guarantee"] = f"of torch, not of ONNX, whose runtimes approximate tanh: {report['guarantee']}"
    emit(report, as_json, lambda: [Rows([report])])


@app.command()
def verify(
    spec: Spec,
    target: Target = DEFAULT,
    cases: Annotated[int, typer.Option(min=1, help="random sequences to compare")] = 100,
    length: Annotated[
        int | None,
        typer.Option(min=1, help="steps per sequence; as many as the model allows, up to 1,024, if not given"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    max_length: MaxLength = None,
    dtype: Dtype = None,
    robust: Robust = False,
    as_json: Json = False,
) -> None:
    """Compare a compiled program with the exact interpreter on random inputs. Exit code 1 on a mismatch."""
    from lsrl.model.verification import verified

    named = specified(spec)
    model = compiled_program(named, target, max_length, dtype, robust=robust)
    with progress_bar() as progress:
        task = progress.add_task(f"verifying {named.program.name} on {target.value}", total=cases)
        result = verified(
            model,
            cases=cases,
            length=length,
            seed=seed,
            sample=named.sample,
            progress=lambda done: progress.advance(task, done),
        )
    row = {"program": named.program.name, "target": target.value, **result.as_dict()}
    emit(row, as_json, lambda: [Rows([row])])
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def check(
    checkpoint: Annotated[
        Path, typer.Argument(parser=named_path, help="the folder of a transformers model, saved by lsrl compile")
    ],
    device: Annotated[str, typer.Option(help="where to run it, as torch names it")] = "cpu",
    as_json: Json = False,
) -> None:
    """Whether a checkpoint is what was written, and still computes it bit for bit. Exit code 1 if not."""
    from lsrl.model.checkpoint_verification import verify_checkpoint

    with working(f"checking {checkpoint}"):
        result = verify_checkpoint(checkpoint, device=device)
    found = list(result.problems) or [f"every file is as it was written, and {result.cases} cases came out bit for bit"]
    emit(result.as_dict(), as_json, lambda: [*found, *result.notices])
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def explain(
    spec: Spec,
    target: Target = DEFAULT,
    max_length: MaxLength = None,
    dtype: Dtype = None,
    robust: Robust = False,
    top: Annotated[int, typer.Option(min=1, help="how many values the table has; JSON has all")] = 20,
    as_json: Json = False,
) -> None:
    """What limits a compiled program's precision and the weight noise that it tolerates; what rounds; worst first."""
    from lsrl.lang.words import words_of
    from lsrl.model.tolerated_noise import random_sequences

    named = specified(spec)
    model = compiled_program(named, target, max_length, dtype, robust=robust)
    with working("explaining"):
        found = model.explain(random_sequences(model, named.sample))

    def render() -> list[Rows | str]:
        title = f"{spec} on {target.value}"
        shown: list[Rows | str] = []
        if found.noise is not None:
            shown.append(Rows(_worst(found.noise.limits, top), title=f"{title}: noise that is tolerated, estimated"))
        shown.append(Rows(_worst(found.limits, top), title=f"{title}: the most that changed weights can do"))
        if found.makers:
            makers = [{**maker.as_dict(), "name": words_of(maker.name)} for maker in found.makers[:top]]
            shown.append(Rows(makers, title="what makes the largest bound by rounding"))
        return [*shown, str(found)]

    emit(found.as_dict(), as_json, render)


def _worst(ranked: Sequence[Limit | NoiseLimit], top: int) -> list[dict[str, Any]]:
    """The first rows of a table; the parts of a call have one row, that of the worst."""
    from lsrl.lang.words import words_of

    rows: dict[str, dict[str, Any]] = {}
    for one in ranked:
        rows.setdefault(words_of(one.name), {**one.as_dict(), "name": words_of(one.name)})
    return list(rows.values())[:top]


for command in (study, bench, demo):
    app.command()(command)
