"""One case: is everything that the compiler and its model say of it true?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import lsrl

from .cases import Case, Rows
from .check_tokens import check_tokens
from .compare import compare, expected_of, floats, largest
from .inputs import outside
from .running import Run
from .slow_checks import SLOW
from .verdicts import FoundError, Verdict, guarded, warned

NOTICED = Fraction(1, 2**24)
"""Comparisons that are off by less may or may not be reported by runs in floats."""

RUN_ERROR = {True: 1e-9, False: 1e-6}
"""How far a run in floats may be off, as a part of its largest number, with numbers that floats hold, and with others.

What is rounded at an end of a comparison's ramp comes out as 1,024 times as much, and so again of the next comparison.
"""

READ_ERROR = {"float64": 1e-6, "float32": 1e-3, "bfloat16": 1e-1}
"""How far a named value may be off where nothing is promised of it, likewise."""


def check(case: Case) -> Verdict:
    """Build, compile and run the case, and compare everything with the oracle."""
    try:
        with guarded("building"):
            program = case.build()
        runs = [case.run(rows) for rows in case.sequences]
        check_interpreters(case, program, runs)
        if case.tokens:
            return check_tokens(case, program)
        return check_target(case, program, runs)
    except lsrl.LsrlError as error:
        return Verdict("refused", f"{type(error).__name__}: {error}")
    except FoundError as found:
        return Verdict("failed", failure=found.failure)


def check_interpreters(case: Case, program: lsrl.Program, runs: Sequence[Run]) -> None:
    """The program's own runs, exact and in floats, and what they say is undecided."""
    for rows, run in zip(case.sequences, runs, strict=True):
        x = np.array(rows, dtype=object)
        with guarded("program.run"):
            with warned("program.run(exact=True)"):
                exact = program.run(x, exact=True)
            with warned("program.run") as categories:
                rounded = program.run(floats(rows))
            reported = program.undecided(x)
        check_reports("program.undecided", run, bool(reported), case.dyadic, sharp=True)
        check_reports("program.run", run, lsrl.UndecidedComparisonWarning in categories, case.dyadic)
        if run.decided:
            expected = [tuple(row) for row in expected_of(case, run)]
            compare("program.run(exact=True)", expected, exact, [0.0] * exact.shape[-1])
            error = RUN_ERROR[case.dyadic] * (1 + largest(run))
            compare("program.run", expected, rounded, [error] * exact.shape[-1])


def check_reports(who: str, run: Run, reported: bool, dyadic: bool, sharp: bool = False) -> None:
    """A run is reported as undecided when it is, and only then; runs in floats may be off where these round."""
    if run.undefined or run.unclear:
        return
    if reported and run.undecided == 0 and (sharp or dyadic):
        raise FoundError(f"{who} reports a decided run as undecided", "no report", "a report")
    if not reported and run.undecided > (0 if sharp else NOTICED):
        raise FoundError(f"{who} does not report an undecided run", f"a report ({float(run.undecided):g})", "none")


def check_target(case: Case, program: lsrl.Program, runs: Sequence[Run]) -> Verdict:
    """The compiled model: outputs, stream, named values, files."""
    with guarded("compiling"), warned("compiling"):
        model = case.compiled(program)
    kind, decided = model.guarantee.kind, 0
    try:
        for rows, run in zip(case.sequences, runs, strict=True):
            with guarded("model.run"), warned("model.run") as categories:
                given = model.run(floats(rows))
            check_reports("model.run", run, lsrl.UndecidedComparisonWarning in categories, case.dyadic)
            if run.decided:
                decided += 1
                compare("model.run", expected_of(case, run), given, model.guarantee.bounds)
                if decided == 1:
                    check_stream(case, model, rows, run)
                    check_named(case, model, rows, run)
        check_batch(case, model, runs)
        if case.also in SLOW:
            SLOW[case.also](case, model, runs)
        check_refusals(case, model)
    except lsrl.LsrlError as error:
        raise FoundError(f"a model refuses what was declared: {type(error).__name__}", "a run", error) from error
    return Verdict(kind, decided=decided)


def check_stream(case: Case, model: Any, rows: Rows, run: Run) -> None:
    """Step by step it keeps the same guarantee."""
    state, outputs = None, []
    with guarded("model.step"), warned("model.step"):
        for row in floats(rows):
            output, state = model.step(row, state)
            outputs.append(output)
    compare("model.step", expected_of(case, run), outputs, model.guarantee.bounds)


def check_named(case: Case, model: Any, rows: Rows, run: Run) -> None:
    """Every value that has a name can be read, as right as outputs are, and bit for bit if its numbers are whole."""
    if model.guarantee.kind == "none":
        return
    rounded = READ_ERROR[case.dtype] * (1 + largest(run)) + model.guarantee.bound
    error = 0.0 if model.guarantee.kind == "exact" and case.whole else rounded
    for name, node in case.names.items():
        with guarded("model.read"), warned("model.read"):
            given = model.read(name, floats(rows))
        compare("model.read", run.values[node], given, [error] * node.dim)


def check_batch(case: Case, model: Any, runs: Sequence[Run]) -> None:
    """Sequences side by side give what they give alone."""
    together = [
        (rows, run) for rows, run in zip(case.sequences, runs, strict=True) if len(rows) == len(case.sequences[0])
    ]
    with guarded("model.run of a batch"), warned("model.run of a batch"):
        given = model.run(np.stack([floats(rows) for rows, _ in together]))
    for (_, run), part in zip(together, given, strict=True):
        if run.decided:
            compare("model.run of a batch", expected_of(case, run), part, model.guarantee.bounds)


def check_refusals(case: Case, model: Any) -> None:
    """What was not declared is refused, with one line."""
    rows = case.sequences[0]
    wrong = outside(case.input, rows, case.input_range)
    if case.max_length is not None:
        wrong.append((rows * (case.max_length + 1))[: case.max_length + 1])
    for refused in wrong:
        with guarded("a refusal"), warned("a refusal"):
            try:
                given = model.run(floats(refused))
            except (lsrl.RangeError, lsrl.NumberError):
                continue
        raise FoundError("an input outside the declaration is not refused", "a RangeError", given.tolist())
