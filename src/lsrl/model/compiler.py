"""`lsrl.compile`: from a program to a running network."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, get_args

from lsrl.backends.abilities import with_alternatives
from lsrl.backends.guarded import GUARD_STEPS, guarded
from lsrl.backends.registry import alternatives, target_named
from lsrl.backends.target import Assembly, Style, Target, assembled
from lsrl.circuit.cuts import Variables, cut_values
from lsrl.circuit.paper_style import in_paper_style
from lsrl.circuit.translate import circuit_of, input_facts
from lsrl.circuit.units import Circuit
from lsrl.errors import ProgramError, RangeError, UnsupportedProgram, UselessGuaranteeWarning, listed, shortened
from lsrl.lang import Program
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiled_network import answers_tokens
from lsrl.model.report import report_of
from lsrl.rounding.guarantee import Guarantee

STYLES: tuple[Style, ...] = get_args(Style)


def compile(
    program: Program,
    target: str = "linear-rnn",
    *,
    input_range: tuple[Any, Any] | None = None,
    max_length: int | None = None,
    dtype: str | None = None,
    style: Style = "default",
    variables: Variables = (),
) -> CompiledModel:
    """Compile a program into a network of the target architecture.

    `input_range` (low, high), each a number or one per component, narrows the range that the
    program's `Input` declares; `max_length` is the longest sequence the model will accept; `dtype` is float64
    where the target has it, else float32; "bfloat16", on torch's own modules, takes programs that are exact in it. A
    program over tokens becomes, on the targets that are models of language, one that answers with no token whatever it
    was not made for (`lsrl.backends.guarded`).
    `style="paper"` writes steps, branches and cyclic counters as Petrov et al. 2024 do, and joins nothing but linear
    maps in a row, for studies of their fragile forms, on the two linear targets; such a model guarantees nothing.
    `style="robust"` chooses forms that noise on weights does not reach, where that costs layers or units
    (docs/stability.md; `report` says how many). `variables` names values that become units of their own, which can be
    written (`CompiledModel.sites`); "named" are all that are named and can be.
    Raises `UnsupportedProgram` for what the target cannot express and `RangeError` where it needs
    a range or length that is not declared, or for a condition that can be something other than 0 or 1. Warns with
    `UselessGuaranteeWarning` where the error can be as large as the output, or has no bound, all ranges being declared.

    >>> from lsrl import Input, Program
    >>> model = compile(Program(Input(1, range=(0, 9), integer=True) > 4))
    >>> model.run([[4], [5]]).ravel().tolist(), model.guarantee.kind
    ([0.0, 1.0], 'exact')
    """
    if not isinstance(program, Program):
        raise ProgramError(f"{shortened(program)} is not a Program; expected one, made by Program(value)")
    chosen = target_named(target)
    dtypes = *chosen.dtypes, *chosen.exact_dtypes
    dtype = dtypes[0] if dtype is None else dtype
    if dtype not in dtypes:
        raise UnsupportedProgram(f"dtype={dtype!r} of {target}; expected one of {', '.join(dtypes)}")
    if style not in STYLES:
        raise UnsupportedProgram(f"style={shortened(style)} of {target}; expected one of {', '.join(STYLES)}")
    if style == "paper" and not chosen.paper_style:
        others = alternatives(lambda target: target.paper_style)
        raise UnsupportedProgram(f"style='paper' on {target}; the paper's forms are for target={others}")
    started = time.perf_counter()
    cuts = frozenset(cut_values(program, variables).values())
    if style == "paper":
        if cuts:
            raise UnsupportedProgram(
                "style='paper' keeps what the program writes, and cuts no variables; expected none"
            )
        program = in_paper_style(program, input_range=input_range, max_length=max_length)
    longest = max_length
    if answers_tokens(chosen, program):
        program, longest = _for_tokens(program, input_range, max_length)
    with _cutting(cuts):
        circuit = circuit_of(
            program,
            input_range=input_range,
            max_length=longest,
            as_written=style == "paper",
            robust=style == "robust",
            by_cells="feedback" in chosen.abilities,
            cuts=cuts,
        )
    assembly = _assembled(chosen, circuit, program, dtype)
    seconds = time.perf_counter() - started
    guarantee = replace(assembly.guarantee, max_length=max_length)
    if style == "paper":
        unknown = (math.inf,) * program.output.dim
        guarantee = Guarantee(unknown, max_length, "style='paper' keeps forms that lose their precision")
    inputs = tuple(input_facts(program, input_range))
    declared = max_length is not None and all(fact.magnitude is not None for fact in inputs)
    if guarantee.reason and style != "paper" and (guarantee.kind == "bounded" or declared):
        warnings.warn(f"{program.name} on {target}: {guarantee}", UselessGuaranteeWarning, stacklevel=2)
    return CompiledModel(
        program=program,
        target=chosen,
        style=style,
        inputs=inputs,
        max_length=max_length,
        guarantee=guarantee,
        layout=assembly.layout,
        sizes=report_of(program, chosen, assembly.network, guarantee, seconds),
        network=assembly.network,
        stack=assembly.stack,
        circuit=assembly.circuit,
        undecidable=circuit.undecidable,
        states=assembly.states,
        variables=tuple(name for name in program.names.values() if name in cuts),
    )


@contextmanager
def _cutting(cuts: Collection[str]) -> Iterator[None]:
    """While a circuit with cuts is made: a refusal of what could be says that they are a reason."""
    try:
        yield
    except RangeError as problem:
        if not cuts:
            raise
        named = listed(sorted(cuts))
        raise RangeError(f"{problem}; or cut fewer of {named}: each is taken for any of its own numbers") from None


def _assembled(target: Target, circuit: Circuit, program: Program, dtype: str) -> Assembly:
    """What the target makes of a circuit; a refusal says which targets can do what this one cannot."""
    try:
        return assembled(target, circuit, program, dtype)
    except UnsupportedProgram as problem:
        if problem.ability is None:
            raise
        raise with_alternatives(problem, circuit, target) from None


def _for_tokens(program: Program, input_range: Any, max_length: int | None) -> tuple[Program, int | None]:
    """The program that refuses what it was not made for, and the length up to which it must know that."""
    if input_range is not None:
        raise UnsupportedProgram(
            f"input_range={shortened(input_range)} of {program.name}, whose input is tokens; expected none: "
            "its range is in its vocabulary"
        )
    return guarded(program, max_length), None if max_length is None else max_length + GUARD_STEPS
