"""Units that find out whether the network runs in float32: weights are loaded in whatever format the caller names.

A format with fewer digits makes 2²³ of 2²³ − 1, already where it stores the weight. One with more digits tells 2²⁴ + 1
from 2²⁴, which float32 rounds it to; both stand side by side in one block, since norms compute in float32 in any case.
"""

from __future__ import annotations

from flint import fmpq

from lsrl.circuit.affine import Affine, UnitId, variable
from lsrl.circuit.facts import BOOLEAN, Fact, constant_fact
from lsrl.circuit.units import Circuit, ReLUUnit, StepUnit, SumUnit, Unit
from lsrl.lang.numbers import HALF, ONE

HALFWAY = fmpq(2) ** 23
"""From twice this on, float32 holds even numbers only."""


def probed(circuit: Circuit, *, float64: bool) -> tuple[Circuit, Affine, UnitId | None]:
    """The circuit with probes after its units, and a form of them: 0 in float32, 1 in a format that is not right.

    `float64` says whether that is right, too; where not, the last probe is the unit that is 0 in float32 and 1 in exact
    numbers, as it is in float64. No output reads the probes, and only a head should.
    """
    first = len(circuit.units)
    almost, fine, finer = (variable(first + i) for i in range(3))
    units: list[tuple[Unit, Fact]] = [
        (SumUnit(Affine({}, HALFWAY - 1)), constant_fact(HALFWAY - 1)),
        (ReLUUnit(almost.times(-ONE).shifted(HALFWAY)), BOOLEAN),
    ]
    flag = fine.times(-ONE).shifted(ONE)
    if float64:
        return circuit.extended("precision probe", units), flag, None
    # As a difference of two ReLUs: of 2²⁴ + 1 and 2²⁴.
    units.append((StepUnit(almost.shifted(HALFWAY + ONE + HALF), ONE), BOOLEAN))
    return circuit.extended("precision probe", units), flag.plus(finer), first + 2
