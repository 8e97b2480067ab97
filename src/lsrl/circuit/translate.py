"""From a program to its circuit: linear maps vanish into forms, only cells become units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, combination, number
from lsrl.circuit.as_written import AsWrittenBuilder
from lsrl.circuit.builder import CircuitBuilder
from lsrl.circuit.comparisons import Comparisons
from lsrl.circuit.facts import BOOLEAN, Fact, is_empty, on_grid, weighted_sum
from lsrl.circuit.loops import loop_forms
from lsrl.circuit.remainders import remainder
from lsrl.circuit.units import Circuit
from lsrl.errors import RangeError, UnsupportedProgram, shortened
from lsrl.lang import (
    Concat,
    Constant,
    GatedState,
    Input,
    Linear,
    LinState,
    Modulo,
    Multi,
    Previous,
    Program,
    Recur,
    ReLU,
    Slice,
    Value,
)
from lsrl.lang.logic import ramp_of
from lsrl.lang.loops import is_state
from lsrl.lang.matrix import Matrix, identity
from lsrl.lang.numbers import exact_vector, whole_number
from lsrl.lang.primitives import Primitive
from lsrl.lang.words import label

Forms: TypeAlias = list[Affine]

LONG_FORM = 8
"""A form with more terms than this that more rows than this read becomes a unit of its own,
so that a circuit never grows with the square of a dimension."""


def circuit_of(
    program: Program,
    *,
    input_range: tuple[Any, Any] | None = None,
    max_length: int | None = None,
    as_written: bool = False,
    robust: bool = False,
    by_cells: bool = False,
    cuts: Collection[str] = (),
) -> Circuit:
    """The circuit that computes a program.

    `input_range` (low, high), each a number or one per component, narrows what the program's
    `Input` declares; `max_length` is the longest sequence. Both only make facts sharper.
    A `as_written` circuit stays as the program writes it (`lsrl.circuit.as_written`); `robust` is what `Circuit` has of
    it. `by_cells`: a loop that is a few
    cells is not made an automaton, for targets that feed cells back. `cuts` names variables that are cut
    (`lsrl.circuit.cuts`).
    Raises `RangeError` for an empty range and for a condition, gate or other boolean that can be something else
    than 0 or 1, as far as is known, and `ShapeError` for no length.

    >>> x = Input(1, range=(0, 9), integer=True)
    >>> (output,) = circuit_of(Program((x > 4) + (x > 4))).outputs
    >>> [str(weight) for weight in output.terms.values()]  # equal comparisons are one unit
    ['2']
    """
    if max_length is not None:
        max_length = whole_number(max_length, "max_length", most=2**62)
    builder = AsWrittenBuilder(max_length) if as_written else CircuitBuilder(max_length, robust=robust)
    comparisons = Comparisons(builder)
    facts = input_facts(program, input_range)
    forms: dict[Value, Forms] = {}
    states: dict[str, tuple[Affine, ...]] = {}
    for group in program.groups:
        builder.origin = label(program, group[0])
        if len(group) > 1:
            forms |= _loop(builder, comparisons, program, group, forms, by_cells=by_cells)
        elif isinstance(group[0], Input):
            forms[group[0]] = [builder.input(i, fact) for i, fact in enumerate(facts)]
        else:
            forms[group[0]] = _translated(builder, comparisons, program, group[0], forms, cuts)
        for value in group:
            if (name := program.names[value]) in cuts:
                builder.origin = name
                if is_state(value):
                    states[name] = tuple(_kept(builder, value, forms))
                forms[value] = builder.cut(name, forms[value])
    circuit = builder.finished(
        name=program.name,
        input_dim=program.input.dim,
        outputs=forms[program.output],
        values={name: tuple(forms[value]) for value, name in program.names.items() if value in forms},
        kept=frozenset(name for value, name in program.names.items() if value.name is not None),
    )
    return replace(
        circuit, undecidable=tuple(comparisons.undecidable), narrowed=tuple(comparisons.narrowed), states=states
    )


def _kept(builder: CircuitBuilder, value: Primitive, forms: Mapping[Value, Forms]) -> Forms:
    """What the next step goes on from: of a linear state that only passes on, too."""
    if not isinstance(value, LinState):
        return forms[value]
    return builder.state_cells(value.A.rows, _applied(builder, value.B, forms[value.x], value.bias), value.init)


def _loop(
    builder: CircuitBuilder,
    comparisons: Comparisons,
    program: Program,
    group: Sequence[Primitive],
    forms: Mapping[Value, Forms],
    *,
    by_cells: bool,
) -> dict[Value, Forms]:
    if builder.as_written:
        raise UnsupportedProgram(
            f"{label(program, group[-1])!r} reads its own past, and style='paper' has linear states only; "
            "use style='default'"
        )
    return loop_forms(builder, comparisons, program, group, forms, _translated, by_cells=by_cells)


def _translated(
    builder: CircuitBuilder,
    comparisons: Comparisons,
    program: Program,
    value: Primitive,
    forms: Mapping[Value, Forms],
    cuts: Collection[str] = (),
) -> Forms:
    """The forms of a value's components, given those of the values before it."""
    ramp = None if builder.as_written else ramp_of(value)
    if ramp is not None and not (cuts and _is_cut_between(program, value, ramp[0], cuts)):
        return [comparisons.ramp(form.times(ramp[1])) for form in forms[ramp[0]]]
    made = _made(builder, value, forms)
    if value.comparison:
        if builder.as_written:
            for form in made:
                builder.assume(form, BOOLEAN)
        else:
            _claim(comparisons, program, value, made)
    return made


def _is_cut_between(program: Program, value: Value, progress: Value, cuts: Collection[str]) -> bool:
    """Whether a comparison is made of a value that is cut, which is not to be seen through."""
    waiting, seen = list(value.arguments), {progress}
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        if program.names[part] in cuts:
            return True
        seen.add(part)
        waiting.extend(part.arguments)
    return False


def _claim(comparisons: Comparisons, program: Program, value: Value, made: Sequence[Affine]) -> None:
    """A value's components are 0 or 1, since it takes an operand for a boolean or is a sum of the library's steps."""
    claimed = value.x if isinstance(value, Linear) and identity(value.dim) == value.A else value
    for component, form in enumerate(made):
        place = f"[{component}]" if value.dim > 1 else ""
        names = (label(program, value), program.name, label(program, claimed), place)
        comparisons.claim(form, names, made_of_steps=claimed is value)


def input_facts(program: Program, input_range: tuple[Any, Any] | None) -> list[Fact]:
    """The declared range and grid of every input component, narrowed by `input_range`."""
    source, dim, name = program.input, program.input.dim, program.names[program.input]
    nothing: list[fmpq | None] = [None] * dim
    low, high, grid = (list(ends or nothing) for ends in (source.low, source.high, source.grid))
    if input_range is not None:
        if not isinstance(input_range, (tuple, list)) or len(input_range) != 2:
            raise RangeError(f"input_range is {shortened(input_range)}; expected a pair (low, high)")
        given = [exact_vector(end, dim, f"input_range of {name}") for end in input_range]
        low = [end if own is None else max(own, end) for own, end in zip(low, given[0], strict=True)]
        high = [end if own is None else min(own, end) for own, end in zip(high, given[1], strict=True)]
        for i, (bottom, top, step) in enumerate(zip(low, high, grid, strict=True)):
            if is_empty(on_grid(bottom, top, step)):
                raise RangeError(
                    f"input_range of {name}[{i}] leaves nothing in {bottom} … {top}; "
                    "expected a part of the declared range, with a point of the grid"
                )
    return [on_grid(bottom, top, spacing) for bottom, top, spacing in zip(low, high, grid, strict=True)]


def _made(  # noqa: C901, a case for each primitive
    builder: CircuitBuilder, value: Primitive, forms: Mapping[Value, Forms]
) -> Forms:
    match value:
        case Input() | Previous():
            return forms[value]
        case Recur():
            return forms[value.after]
        case Constant():
            return [number(constant) for constant in value.numbers]
        case Linear():
            return _linear(builder, value, forms[value.x])
        case LinState():
            return builder.states(value.A.rows, _applied(builder, value.B, forms[value.x], value.bias), value.init)
        case GatedState():
            gates = forms[value.gate] * (value.dim if value.gate.dim == 1 else 1)
            return [builder.gated_state(*cell) for cell in zip(gates, forms[value.x], value.init, strict=True)]
        case ReLU():
            return [builder.relu(form) for form in forms[value.x]]
        case Multi():
            halves = forms[value.x][: value.dim], forms[value.x][value.dim :]
            return [builder.product(left, right, value.via) for left, right in zip(*halves, strict=True)]
        case Modulo():
            return [remainder(builder, form, value.n, value.below) for form in forms[value.x]]
        case Concat():
            return [form for part in value.arguments for form in forms[part]]
        case Slice():
            return forms[value.x][value.start : value.stop]


def _linear(builder: CircuitBuilder, value: Linear, argument: Forms) -> Forms:
    forms = _applied(builder, value.A, argument, value.b)
    if not builder.as_written and any(len(form.terms) > 1 for form in argument):
        _assume_of_arguments(builder, value.A, argument, value.b, forms)
    return [builder.linear(form) for form in forms]


def _assume_of_arguments(
    builder: CircuitBuilder, matrix: Matrix, arguments: Forms, bias: Sequence[fmpq], forms: Forms
) -> None:
    """What is known of a sum from what is claimed of its parts, which the units in them do not tell.

    Of 1 − [x > y] − [x < y] it is known that it is 0 or 1; so a sum of several such parts is not negative.
    """
    facts = [builder.fact(form) for form in arguments]
    for row, constant, form in zip(matrix.rows, bias, forms, strict=True):
        if len(row) > 1:
            builder.assume(form, weighted_sum([(weight, facts[column]) for column, weight in row], constant))


def _applied(builder: CircuitBuilder, matrix: Matrix, forms: Forms, bias: Sequence[fmpq]) -> Forms:
    long = {i for i, form in enumerate(forms) if len(form.terms) > LONG_FORM}
    if long:
        readers = dict.fromkeys(long, 0)
        for row in matrix.rows:
            for column, _ in row:
                if column in long:
                    readers[column] += 1
        forms = [builder.sum(form) if readers.get(i, 0) > LONG_FORM else form for i, form in enumerate(forms)]
    return [
        combination([(weight, forms[column]) for column, weight in row], constant)
        for row, constant in zip(matrix.rows, bias, strict=True)
    ]
