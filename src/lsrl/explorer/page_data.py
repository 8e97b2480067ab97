"""What a page knows of a compiled model, as plain JSON types: its values, cells, input and tokens, in exact numbers."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeAlias

from flint import fmpq

from lsrl.backends.target import Placement
from lsrl.backends.transformers.target import Staged
from lsrl.circuit.affine import Affine, substituted
from lsrl.explorer.cells import NetworkCell, NetworkCells, network_cells
from lsrl.explorer.first_input import first_input, token_numbers
from lsrl.explorer.values import ShownValue, shown_values
from lsrl.lang import Previous, Recur
from lsrl.model.assembled_from import placement_of
from lsrl.model.compiled_network import CompiledNetwork

Number: TypeAlias = "int | float | str"
"""A whole number that JavaScript's numbers hold, a float64, or text such as 1/3; each exact."""

LARGEST_WHOLE = 2**53


def page_data(model: CompiledNetwork, x: Any = None) -> dict[str, Any]:
    """All that the page shows of a model, which opens with the input `x` (`first_input`).

    Forms are lists [constant, cell, weight, cell, weight, …]. Raises `FormatError` for a model whose weights are not
    what its program compiles to, and as `first_input` does.
    """
    placement = placement_of(model)
    cells = network_cells(placement)
    values = shown_values(model.program)
    return {
        "program": model.program.name,
        "sizes": str(model.sizes).removeprefix(f"{model.program.name} on "),
        "guarantee": model.guarantee.kind,
        "undecidable": [model.program.words[name] for name in dict.fromkeys(model.undecidable)],
        "maxLength": model.max_length,
        "input": _input(model),
        "output": model.program.names[model.program.output],
        "values": [_value(model, placement, cells, value) for value in values],
        "cells": [_cell(cell) for cell in cells.cells],
        "rows": [{"layer": row.layer, "part": row.part, "cells": list(row.cells)} for row in cells.rows],
        "outputs": _forms(cells.outputs),
        "tokens": _tokens(model, placement),
        "first": [[number_in_page(number) for number in row] for row in first_input(model, x)],
    }


def number_in_page(number: fmpq | Fraction) -> Number:
    """A number so that JavaScript reads just this number.

    >>> number_in_page(fmpq(3)), number_in_page(fmpq(1, 4)), number_in_page(fmpq(1, 3))
    (3, 0.25, '1/3')
    """
    over, under = (int(number.p), int(number.q)) if isinstance(number, fmpq) else number.as_integer_ratio()
    if under == 1:
        return over if abs(over) <= LARGEST_WHOLE else str(over)
    try:
        nearest = over / under
    except OverflowError:
        return f"{over}/{under}"
    return nearest if nearest.as_integer_ratio() == (over, under) else f"{over}/{under}"


def _form(form: Affine) -> list[Number]:
    terms = [part for cell, weight in form.terms.items() for part in (cell, number_in_page(weight))]
    return [number_in_page(form.constant), *terms]


def _forms(forms: Iterable[Affine]) -> list[list[Number]]:
    return [_form(form) for form in forms]


def _input(model: CompiledNetwork) -> dict[str, Any]:
    ends = [
        {
            key: None if end is None else number_in_page(end)
            for key, end in zip(("low", "high", "grid"), part, strict=True)
        }
        for part in ((fact.low, fact.high, fact.grid) for fact in model.inputs)
    ]
    return {"name": model.program.names[model.program.input], "components": ends, "tokens": token_numbers(model)}


def _value(model: CompiledNetwork, placement: Placement, cells: NetworkCells, shown: ShownValue) -> dict[str, Any]:
    forms, was = placement.circuit.values.get(shown.name), None
    if forms is None and isinstance(shown.value, Previous):
        forms, was = placement.circuit.values.get(_looped(model, shown.value)), shown.value.init
    there = None if forms is None else [_form(substituted(form, cells.meanings)) for form in forms]
    return {
        "name": shown.name,
        "named": shown.value.name is not None,
        "dim": shown.value.dim,
        "line": shown.line,
        "memory": shown.memory,
        "fedBy": list(shown.fed_by),
        "boolean": forms is not None and all(placement.circuit.knowledge.fact(form).is_boolean for form in forms),
        "forms": there,
        "before": None if was is None else [number_in_page(number) for number in was],
        "place": str(model.layout[shown.name]) if shown.name in model.layout else None,
    }


def _looped(model: CompiledNetwork, previous: Previous) -> str:
    """The name of the value that a value was one step ago."""
    names = model.program.names
    return next(names[value] for value in names if isinstance(value, Recur) and value.previous is previous)


def _cell(cell: NetworkCell) -> dict[str, Any]:
    """Without what is 0, false or not there, as it mostly is: most of a page is cells."""
    more = {
        "boolean": cell.boolean,
        "carried": cell.carried,
        "component": cell.component,
        "steps": cell.steps,
        "init": number_in_page(cell.init),
        "constant": number_in_page(cell.constant),
        "exchanges": cell.exchanges and cell.exchanges._asdict(),
    }
    readings = [
        [_form(reading.now), *([_form(reading.before)] if reading.before.terms else [])] for reading in cell.readings
    ]
    return {"kind": cell.kind, "label": cell.label, "readings": readings, **{k: v for k, v in more.items() if v}}


def _tokens(model: CompiledNetwork, placement: Placement) -> dict[str, Any] | None:
    """What the outputs of a program over tokens stand for, and the logits of a language model."""
    vocabulary = model.program.vocabulary
    if vocabulary is None:
        return None
    logits = placement.logits(model.program) if isinstance(placement, Staged) else {}
    return {
        "texts": [[number, text] for text, number in vocabulary.pairs],
        "end": vocabulary.end,
        "nothing": vocabulary.nothing,
        "logits": [[text, _form(form)] for text, form in logits.items()],
    }
