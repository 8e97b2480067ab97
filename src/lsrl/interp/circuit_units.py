"""Units of a circuit as nodes of a graph: of what kind each is, what it reads, and what it computes, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId
from lsrl.circuit.units import (
    AutomatonUnit,
    BitUnit,
    ChoiceUnit,
    Circuit,
    DelayUnit,
    GatedStateUnit,
    GateUnit,
    InputUnit,
    LatchUnit,
    PreviousUnit,
    ProductUnit,
    RampUnit,
    ReLUUnit,
    StateUnit,
    StepUnit,
    SumUnit,
    SwapUnit,
    Unit,
    dependencies,
)

Kind: TypeAlias = Literal[
    "input",
    "output",
    "state",
    "delay",
    "ReLU",
    "comparison",
    "selection",
    "product",
    "sum",
    "carried",
    "erased",
    "idle",
    "several",
]
"""What a node does. "carried" passes on what others computed, "erased" takes what nothing reads any more out of a
residual stream, "idle" is there and computes nothing, and "several" is a whole layer."""

_KINDS: dict[type[Unit], Kind] = {
    InputUnit: "input",
    ReLUUnit: "ReLU",
    RampUnit: "comparison",
    StepUnit: "comparison",
    BitUnit: "comparison",
    ChoiceUnit: "selection",
    ProductUnit: "product",
    GateUnit: "product",
    SumUnit: "sum",
    DelayUnit: "delay",
    StateUnit: "state",
    GatedStateUnit: "state",
    LatchUnit: "state",
    PreviousUnit: "state",
    AutomatonUnit: "state",
    SwapUnit: "state",
}

MOST_TERMS = 6
"""Of a longer sum only so many terms are written out."""


@dataclass(frozen=True, slots=True)
class Part:
    """A node before it is known whether the answer needs it: its name, what it is, and the names of what it reads."""

    name: str
    value: str
    kind: Kind
    meaning: str
    reads: tuple[str, ...]


class UnitWords:
    """What the units of a circuit are called, and what they compute, over source-level names.

    >>> from lsrl.circuit.translate import circuit_of
    >>> from lsrl.lang import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True, name="x")
    >>> words = UnitWords(circuit_of(Program(2 * (x > 4) - x)))
    >>> words.value(2), words.kind(2), words.meaning(2)
    ('x > 4', 'comparison', 'whether x - 4 is 1 or more rather than 0 or less')
    >>> words.form(words.circuit.outputs[0])
    '-x + 2 larger'
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self._names = _names(circuit)

    def value(self, unit_id: UnitId) -> str:
        """The source-level name of the value that a unit was made for."""
        return self.circuit.origins[unit_id]

    def kind(self, unit_id: UnitId) -> Kind:
        """What a unit does."""
        return _KINDS[type(self.circuit.units[unit_id])]

    def form(self, form: Affine) -> str:
        """A sum, in words."""
        shown = dict(sorted(form.terms.items())[:MOST_TERMS])
        text = str(Affine(shown, form.constant if len(shown) == len(form.terms) else fmpq(0)))
        for unit_id in sorted(shown, reverse=True):  # %12 before %1
            text = text.replace(f"%{unit_id}", self._names[unit_id])
        left = len(form.terms) - len(shown)
        return f"{text} + … ({left} more)" if left else text

    def meaning(self, unit_id: UnitId) -> str:
        """What a unit computes, in a line."""
        form = self.form
        match self.circuit.units[unit_id]:
            case InputUnit(component):
                return f"component {component} of the input"
            case ReLUUnit(argument):
                return f"what of {form(argument)} is above 0"
            case SumUnit(argument):
                return form(argument)
            case ProductUnit(left, right, _):
                return f"({form(left)}) times ({form(right)})"
            case GateUnit(gate, argument):
                return f"({form(gate)}) times what of {form(argument)} is above 0"
            case unit:
                return (
                    self._decision(unit) if self.kind(unit_id) in ("comparison", "selection") else self._past(unit_id)
                )

    def _decision(self, unit: Unit) -> str:
        form = self.form
        match unit:
            case RampUnit(argument):
                return f"whether {form(argument)} is 1 or more rather than 0 or less"
            case StepUnit(argument, _):
                return f"whether {form(argument)} is above 0"
            case BitUnit(argument):
                return f"whether {form(argument)} is not 0"
            case ChoiceUnit(decision, argument):
                return f"{form(argument)} where {form(decision)} is 1, else 0"
            case _:
                raise TypeError(f"{type(unit).__name__} decides nothing")

    def _past(self, unit_id: UnitId) -> str:
        form, itself = self.form, self._names[unit_id]
        match self.circuit.units[unit_id]:
            case DelayUnit(argument, steps, constant):
                more = f", plus {constant}" if constant else ""
                return f"what {form(argument)} was {steps} step{'s' * (steps > 1)} ago{more}"
            case StateUnit(previous, drive, init, _):
                before = form(Affine(dict(previous)))
                return f"({before}) one step ago + {form(drive)}; {init} before the first"
            case GatedStateUnit(gate, drive, init, _):
                return f"({form(gate)}) times {itself} one step ago + {form(drive)}; {init} before the first"
            case LatchUnit(keep, argument):
                return f"{form(argument)} where {form(keep)} is 0, else what it was; 0 before the first"
            case PreviousUnit(argument, init):
                return f"what {form(argument)} was one step ago; {init} before the first"
            case AutomatonUnit(table=table, cluster=first):
                return f"whether the automaton is in state {unit_id - first} of {len(table)}"
            case SwapUnit(start=start, place=place):
                return f"whether the token of place {start} is in place {place}"
            case unit:
                raise TypeError(f"{type(unit).__name__} remembers nothing")


def read_by(unit_id: UnitId, unit: Unit) -> list[UnitId]:
    """The units that a unit reads, in this step or an earlier one; what it remembers of itself is among them."""
    itself = [unit_id] if isinstance(unit, (GatedStateUnit, LatchUnit, SwapUnit)) else []
    return list(dict.fromkeys([*dependencies(unit), *itself]))


def inputs_and_outputs(words: UnitWords, reads: Sequence[tuple[str, ...]]) -> list[Part]:
    """The nodes of the program's input, and those of its outputs, which read these nodes."""
    circuit = words.circuit
    label = next((words.value(i) for i, unit in enumerate(circuit.units) if isinstance(unit, InputUnit)), "input")
    parts = [Part(f"input[{i}]", label, "input", f"component {i} of the input", ()) for i in range(circuit.input_dim)]
    for i, (form, read) in enumerate(zip(circuit.outputs, reads, strict=True)):
        parts.append(Part(f"output[{i}]", "output", "output", words.form(form), read))
    return parts


def unit_parts(circuit: Circuit) -> list[Part]:
    """A node for every unit: `%3`, as in the circuit's listing, or `input[0]`."""
    words = UnitWords(circuit)
    names = [
        f"input[{unit.component}]" if isinstance(unit, InputUnit) else f"%{unit_id}"
        for unit_id, unit in enumerate(circuit.units)
    ]
    parts = inputs_and_outputs(words, [tuple(names[unit] for unit in form.terms) for form in circuit.outputs])
    for unit_id, unit in enumerate(circuit.units):
        if not isinstance(unit, InputUnit):
            reads = tuple(names[other] for other in read_by(unit_id, unit))
            parts.append(Part(names[unit_id], words.value(unit_id), words.kind(unit_id), words.meaning(unit_id), reads))
    return parts


def _names(circuit: Circuit) -> list[str]:
    """Of every unit the value that it is, or a component of, or the one that it was made for, with a number."""
    found: dict[UnitId, str] = {}
    for name, forms in circuit.values.items():
        for i, form in enumerate(forms):
            if len(form.terms) == 1 and not form.constant:
                ((unit_id, weight),) = form.terms.items()
                own = name == circuit.origins[unit_id]
                if weight == 1 and (own or unit_id not in found):
                    found[unit_id] = f"{name}[{i}]" if len(forms) > 1 else name
    count, seen = Counter(circuit.origins), Counter[str]()
    for unit_id, origin in enumerate(circuit.origins):
        if unit_id not in found:
            seen[origin] += 1
            found[unit_id] = f"{origin}#{seen[origin]}" if count[origin] > 1 else origin
    return [found[unit_id] for unit_id in range(len(circuit.units))]
