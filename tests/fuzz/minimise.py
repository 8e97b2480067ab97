"""Makes a failing case small: everything that can go while the same kind of failure stays, goes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .cases import Case, Tokens
from .inputs import UNDECLARED
from .running import Vector
from .syntax import MalformedError, Node, make, number, ordered
from .verdicts import Failure, Verdict

SECONDS = 90
"""How long a case is made smaller."""

Stage = Callable[[Case], Iterator[Case]]

VARIADIC = {"concat", "and", "or"}
"""Operations that take any number of values."""


def minimised(case: Case, failure: Failure, check: Callable[[Case], Verdict], seconds: float = SECONDS) -> Case:
    """The smallest case found with that kind of failure."""
    end, before = time.monotonic() + seconds, case.size + 1
    while case.size < before and time.monotonic() < end:
        before = case.size
        for stage in STAGES:
            case = _by_stage(case, stage, lambda smaller: fails(smaller, failure, check), end)
    return case


def _by_stage(case: Case, stage: Stage, still_fails: Callable[[Case], bool], end: float) -> Case:
    """Smaller by one kind of change. After one that helps, those that were tried before are not tried again."""
    tried, found = 0, True
    while found:
        found = False
        for smaller in itertools.islice(stage(case), tried, None):
            if time.monotonic() > end:
                return case
            if smaller.size < case.size and still_fails(smaller):
                case, found = smaller, True
                break
            tried += 1
    return case


def fails(case: Case, failure: Failure, check: Callable[[Case], Verdict]) -> bool:
    """Whether the case fails in the same way."""
    try:
        again = check(case).failure
    except (ArithmeticError, IndexError, KeyError, MalformedError, TypeError, ValueError):
        return False  # a program that the oracle does not take either
    return again is not None and again.kind == failure.kind


def _fewer_outputs(case: Case) -> Iterator[Case]:
    if case.tokens is None:
        for node in reversed(ordered(case.outputs)):
            if node.op not in {"input", "number"} and (node,) != case.outputs and _reads_input((node,)):
                yield replace(case, outputs=(node,))
    for i in range(len(case.outputs) if len(case.outputs) > 1 else 0):
        kept = case.outputs[:i] + case.outputs[i + 1 :]
        if _reads_input(kept):
            yield replace(case, outputs=kept)


def _reads_input(outputs: Sequence[Node]) -> bool:
    return any(node.op == "input" for node in ordered(outputs))


def _fewer_sequences(case: Case) -> Iterator[Case]:
    if case.tokens:
        for shorter in _shorter(case.tokens.prompts):
            yield replace(case, tokens=replace(case.tokens, prompts=shorter))
        for i, prompt in enumerate(case.tokens.prompts):
            for rest in _shorter(prompt):
                yield replace(case, tokens=_with_prompt(case.tokens, i, rest))
        for pair in case.tokens.numbers:
            kept = tuple(other for other in case.tokens.numbers if other != pair)
            yield replace(case, tokens=replace(case.tokens, numbers=kept))
    for shorter in _shorter(case.sequences):
        yield replace(case, sequences=shorter)
    for i, rows in enumerate(case.sequences):
        for rest in _shorter(rows):
            yield replace(case, sequences=(*case.sequences[:i], rest, *case.sequences[i + 1 :]))


def _with_prompt(tokens: Tokens, index: int, prompt: tuple[str, ...]) -> Tokens:
    return replace(tokens, prompts=(*tokens.prompts[:index], prompt, *tokens.prompts[index + 1 :]))


def _shorter(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """One half, or all but one; never none."""
    half = len(items) // 2
    if half > 1:
        yield items[:half]
        yield items[half:]
    if len(items) > 1:
        for i in reversed(range(len(items))):
            yield items[:i] + items[i + 1 :]


def _smaller_values(case: Case) -> Iterator[Case]:
    """Every value replaced by what it reads, by a number, or by itself with smaller parameters."""
    for node in reversed(ordered(case.outputs)):
        for other in _instead(node, case.input):
            try:
                outputs = tuple(rebuilt(case.outputs, node, other))
            except (MalformedError, IndexError):
                continue
            if _reads_input(outputs) and all(output.op != "number" for output in outputs):
                yield replace(case, outputs=outputs)


def rebuilt(outputs: Sequence[Node], old: Node, new: Node) -> list[Node]:
    """The outputs, with one node in another's place; raises `MalformedError` where it does not fit."""
    made: dict[Node, Node] = {old: new}
    for node in ordered(outputs):
        if node not in made:
            args = [made[arg] for arg in node.args]
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            made[node] = node if same else make(node.op, *args, name=node.name, **node.params)
    return [made[output] for output in outputs]


def _instead(node: Node, x: Node) -> Iterator[Node]:
    """What the node reads, the input, numbers, the node without its name, or with fewer or smaller parts."""
    if node.op != "input":
        yield from node.args
        if node.args and x not in node.args:
            yield x
        if node.op != "number" and x.dim > 1:
            yield make("item", x, index=0)
        if node.op not in {"number", "constant"}:
            yield from (number(0), number(1), make("constant", numbers=(0,) * node.dim))
        if node.name:
            yield make(node.op, *node.args, **node.params)
    yield from _with_fewer_parts(node)


def _with_fewer_parts(node: Node) -> Iterator[Node]:
    if node.op in VARIADIC and len(node.args) > 1:
        for i in range(len(node.args)):
            yield from _try(node, node.args[:i] + node.args[i + 1 :])
    for key, value in node.params.items():
        for smaller in smaller_parameters(value):
            yield from _try(node, node.args, **{key: smaller})
    if isinstance(node.params.get("A"), tuple):
        yield from _try(node, node.args, A=1, B=1, b=0, init=0, bias=0)
        columns = range(len(node.params["A"][0]))
        for column in columns if len(columns) > 1 else ():
            yield from _try(node, node.args, A=tuple(row[:column] + row[column + 1 :] for row in node.params["A"]))


def _try(node: Node, args: tuple[Node, ...], **changed: Any) -> Iterator[Node]:
    """The node with other arguments or parameters, if these fit."""
    params = {**node.params, **{key: value for key, value in changed.items() if key in node.params}}
    try:
        yield make(node.op, *args, name=node.name, **params)
    except (MalformedError, IndexError, KeyError, TypeError):
        return


def smaller_parameters(value: Any) -> Iterator[Any]:
    """Simpler numbers, shorter and simpler vectors and matrices."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, str):
        if value in {"multi", "relu", "relu-step"}:
            yield "auto"
    elif isinstance(value, tuple):
        yield from _shorter(value)
        if all(not isinstance(entry, tuple) for entry in value) and any(value):
            yield (0,) * len(value)
        for i, entry in enumerate(value):
            for smaller in smaller_parameters(entry):
                yield (*value[:i], smaller, *value[i + 1 :])
    elif value not in {0, 1}:
        yield from (simpler for simpler in (0, 1, value // 2, value - 1, Fraction(1, 2)) if simpler != value)


def _smaller_inputs(case: Case) -> Iterator[Case]:
    """Inputs nearer to their lowest, components left out."""
    low = (case.input.params["range"] or UNDECLARED)[0]
    for i, rows in enumerate(case.sequences):
        for t, row in enumerate(rows):
            for smaller in _plainer(row, low):
                changed = (*rows[:t], smaller, *rows[t + 1 :])
                yield replace(case, sequences=(*case.sequences[:i], changed, *case.sequences[i + 1 :]))
    for component in range(case.input.dim if case.input.dim > 1 and not isinstance(low, tuple) else 0):
        narrower = make("input", **{**case.input.params, "dim": case.input.dim - 1}, name=case.input.name)
        try:
            outputs = tuple(rebuilt(case.outputs, case.input, narrower))
        except (MalformedError, IndexError):
            continue
        sequences = tuple(tuple(row[:component] + row[component + 1 :] for row in rows) for rows in case.sequences)
        yield replace(case, outputs=outputs, sequences=sequences)


def _plainer(row: Vector, low: Any) -> Iterator[Vector]:
    for i, value in enumerate(row):
        least = low[i] if isinstance(low, tuple) else low
        for plain in (0, 1, least):
            if value != plain and (value not in {0, 1} or plain == 0) and least <= plain:
                yield (*row[:i], plain, *row[i + 1 :])


def _simpler_options(case: Case) -> Iterator[Case]:
    if case.style is not None:
        yield replace(case, style=None)
    if case.input_range is not None:
        yield replace(case, input_range=None)
    if case.max_length is not None:
        yield replace(case, max_length=None)
        lengths = [*map(len, case.sequences), *(map(len, case.tokens.prompts) if case.tokens else [])]
        for length in {max(lengths), case.max_length // 2}:
            if 0 < length < case.max_length:
                yield replace(case, max_length=length)


STAGES: tuple[Stage, ...] = (_fewer_sequences, _fewer_outputs, _smaller_values, _smaller_inputs, _simpler_options)
"""All kinds of changes, in the order in which they are tried."""


def report(case: Case, failure: Failure) -> str:
    """The case as code that anybody can run, and what is wrong with it."""
    lines = ["from fractions import Fraction", "", "import lsrl", "", case.program_code, case.compile_code]
    if case.tokens:
        lines += [f"print(model.complete({' '.join(prompt)!r}, max_new_tokens=1))" for prompt in case.tokens.prompts]
    else:
        floats = (tuple(tuple(float(value) for value in row) for row in rows) for rows in case.sequences)
        lines += [f"print(model.run({[list(row) for row in rows]}))" for rows in floats]
    return "\n".join([*lines, f"# {failure.kind}", f"#   expected {failure.expected}", f"#   given {failure.given}"])
