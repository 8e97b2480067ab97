"""`lsrl.compile`: from a program to a running network."""

from __future__ import annotations

import time
from typing import Any

from lsrl.circuit.translate import circuit_of, input_facts
from lsrl.errors import ProgramError, UnsupportedProgram, shortened
from lsrl.lang import Program
from lsrl.targets.model import CompiledModel
from lsrl.targets.registry import target_named
from lsrl.targets.report import report_of


def compile(
    program: Program,
    target: str = "linear-rnn",
    *,
    input_range: tuple[Any, Any] | None = None,
    max_length: int | None = None,
    dtype: str = "float64",
) -> CompiledModel:
    """Compile a program into a network of the target architecture.

    `input_range` (low, high), each a number or one per component, narrows the range that the
    program's `Input` declares; `max_length` is the longest sequence the model will accept.
    Raises `UnsupportedProgram` for what the target cannot express and `RangeError` where it needs
    a range or length that is not declared.

    >>> from lsrl import Input, Program
    >>> model = compile(Program(Input(1, range=(0, 9), integer=True) > 4))
    >>> model.run([[4], [5]]).ravel().tolist(), model.guarantee.kind
    ([0.0, 1.0], 'exact')
    """
    if not isinstance(program, Program):
        raise ProgramError(f"{shortened(program)} is no Program; expected one, made by Program(value)")
    chosen = target_named(target)
    if dtype not in chosen.dtypes:
        raise UnsupportedProgram(f"dtype={dtype!r} of {target}; expected one of {', '.join(chosen.dtypes)}")
    started = time.perf_counter()
    circuit = circuit_of(program, input_range=input_range, max_length=max_length)
    assembly = chosen.assemble(circuit, tuple(program.names.values()), dtype)
    seconds = time.perf_counter() - started
    return CompiledModel(
        program=program,
        target=target,
        dtype=dtype,
        inputs=tuple(input_facts(program, input_range)),
        max_length=circuit.max_length,
        guarantee=assembly.guarantee,
        layout=assembly.layout,
        sizes=report_of(program, chosen, assembly.weights, assembly.guarantee, seconds),
        weights=assembly.weights,
        runtime=assembly.runtime,
        stack=assembly.stack,
    )
