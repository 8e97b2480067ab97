"""Pictures of traces: what the values of a program are at every step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsrl.errors import ProgramError, ShapeError, shortened
from lsrl.lang import Concat, Program, Value
from lsrl.lang.numbers import as_float, exact, is_sequence, whole_number
from lsrl.semantics import Trace
from lsrl.view.drawing import TITLE_NAME, Drawing
from lsrl.view.heat_map import Group, Row, heat_map
from lsrl.view.svg import cut
from lsrl.view.value_rows import meanings_of, number_rows, token_row


def draw_trace(trace: Trace, names: Sequence[str] | None, sequence: int, first: int) -> Drawing:
    """A picture of a trace; see `Trace.draw`."""
    program = trace.program
    batch = trace.output.shape[0] if trace.output.ndim == 3 else 1
    steps = trace.output.shape[-2]
    if not steps:
        raise ShapeError(f"a trace of {program.name} has no steps; expected at least one to draw")
    whole_number(sequence, "sequence of draw", least=0, most=batch - 1)
    whole_number(first, "first of draw", least=0, most=steps - 1)
    if names is not None and (not is_sequence(names) or len(names) == 0):
        raise ProgramError(f"names={shortened(names)} of draw; expected a list of values' names")
    values = seen_values(program) if names is None else [program[name] for name in names]
    undecided = {(case.value, case.step) for case in trace.undecided if case.batch == sequence}
    groups = []
    for value in values:
        name = program.names[value]
        numbers = floats(trace[name] if trace.output.ndim == 2 else trace[name][sequence])[first:]
        marks = np.array([(name, first + step) in undecided for step in range(len(numbers))])
        rows = value_rows(program, value, numbers, np.repeat(marks[:, None], value.dim, axis=1))
        groups.append(Group(name, rows))
    meant = meanings_of(groups) | ({"mark": "undecided"} if undecided else {})
    return heat_map(groups, title=cut(program.name, TITLE_NAME), first=first, steps=steps, meanings=meant)


def seen_values(program: Program) -> list[Value]:
    """What a person wants to see of a program: its input, what has a name, its output."""
    named: dict[Value, None] = {program.input: None}
    named |= {value: None for value in program.values if value.name is not None}
    output = program.output
    parts = output.arguments if isinstance(output, Concat) and program.vocabulary is None else (output,)
    return list(named) if named.keys() >= set(parts) else list(named | {output: None})


def value_rows(
    program: Program, value: Value, numbers: np.ndarray, marked: np.ndarray | None = None, remark: str | None = None
) -> list[Row]:
    """The rows of a value of a program; of what is a token, its text."""
    is_output = value is program.output
    name = "output" if is_output and value.name is None else program.words[program.names[value]]
    said = remark if remark is not None else "output" if is_output and value.name is not None else ""
    if program.vocabulary is not None and value is program.input:
        return [token_row([_token(program, number) for number in numbers[:, 0]], name, said)]
    if program.vocabulary is not None and value is program.output:
        refused = numbers[:, 1] != 0 if value.dim == 2 else np.zeros(len(numbers), dtype=bool)
        nothing = program.vocabulary.nothing
        texts = [
            nothing if none else _token(program, number) for number, none in zip(numbers[:, 0], refused, strict=True)
        ]
        return [token_row(texts, name, said)]
    return number_rows(numbers, name, said, is_boolean=value.comparison, marked=marked)


def floats(numbers: np.ndarray) -> np.ndarray:
    """Numbers of any kind as floats, to be looked at."""
    if numbers.dtype != object:
        return numbers.astype(np.float64)
    near = [as_float(exact(number)) for number in numbers.ravel()]
    return np.array(near, dtype=np.float64).reshape(numbers.shape)


def _token(program: Program, number: float) -> str:
    """The text that a number stands for; the number, where none does."""
    assert program.vocabulary is not None
    texts = {known: said for said, known in program.vocabulary.pairs}
    return texts.get(int(number), f"{number:g}") if float(number).is_integer() else f"{number:.3g}"
