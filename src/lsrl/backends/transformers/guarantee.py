"""What the errors of all units say of a network's outputs."""

from __future__ import annotations

from lsrl.backends.transformers.passing import PRECISION
from lsrl.backends.transformers.rounding import Analysis
from lsrl.circuit.affine import Affine
from lsrl.circuit.facts import Fact
from lsrl.lang.numbers import as_float
from lsrl.rounding.guarantee import Guarantee, guarantee_from
from lsrl.rounding.trail import Rounded, Trail, rounded

UNKNOWN = Fact()


def guarantee_of(analysis: Analysis) -> Guarantee:
    """The guarantee of the network's outputs."""
    circuit = analysis.stack.circuit
    numbers: list[Rounded] = []
    for unit, number in analysis.numbers.items():
        reads = analysis.reads(unit) if number.error else ()
        numbers.append(rounded(circuit.origins[unit], number.fact, number.error, reads, numbers))

    def read(label: str, form: Affine, fact: Fact = UNKNOWN) -> Rounded:
        """A form over the circuit's units, as it is read from their channels."""
        error = analysis.sum(form).error(PRECISION)
        return rounded(label, fact, error, ((unit, abs(as_float(w))) for unit, w in form.terms.items()), numbers)

    known = enumerate(zip(circuit.outputs, circuit.output_facts, strict=True))
    outputs = [read(f"output[{i}]", form, fact) for i, (form, fact) in known]
    return guarantee_from(Trail(tuple(numbers), outputs, circuit.values, read), analysis.max_length)
