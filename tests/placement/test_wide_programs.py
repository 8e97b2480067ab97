"""Programs just wider than every threshold of the compiler: all targets have a home for what those make of them."""

from dataclasses import replace

import numpy as np
import pytest

import lsrl
from lsrl import Input, Linear, LinState, Program, ReLU, UnsupportedProgram
from lsrl.backends.registry import TARGETS
from lsrl.circuit.cases import PARTNERS
from lsrl.circuit.comparisons import MOST_RAMPS
from lsrl.circuit.possible_values import MOST_CASES
from lsrl.circuit.translate import LONG_FORM, circuit_of, input_facts
from lsrl.circuit.units import BitUnit, DelayUnit, LatchUnit, ProductUnit, ReLUUnit, StateUnit, SumUnit
from lsrl.circuit.verify import CompilerError
from lsrl.lowering.delays import LONGEST
from lsrl.lowering.diagonal_states import LARGEST_CIRCLE, WIDEST_STAIRCASE
from lsrl.lowering.rings import MOST_SELECTIONS, SHORTEST
from lsrl.lowering.rules import LARGE_M
from lsrl.model.sampling import sampled_inputs
from lsrl.placement.layering import stacked
from lsrl.placement.neuron_layering import neuron_stacks
from lsrl.placement.residual import residual_stack
from strategies import HUB, rotated

STEPS = 14
COUNTED = 2 * WIDEST_STAIRCASE**2
"""Steps for which a staircase needs more than one stage."""


def bits(dim):
    return Input(dim, range=(0, 1), integer=True, name="bits")


def digits(dim):
    return Input(dim, range=(-4, 5), integer=True, name="digits")


def squares(n):
    return [i * i for i in range(n)]


def dense(rows, columns):
    """Whole weights without a zero."""
    return [[(3 * row + 5 * column) % 7 - 10 for column in range(columns)] for row in range(rows)]


def nested(x):
    """Maxima of maxima, more than are looked at together."""
    return lsrl.total(lsrl.Concat([lsrl.maximum(lsrl.maximum(x[i], x[i + 1]), 1) for i in range(PARTNERS + 2)]))


LONG = LONG_FORM + 1
RAMPS = MOST_RAMPS + 1
CHOICES = MOST_CASES.bit_length()
"""So many booleans have more cases than are tried."""

WIDE = {
    "a table of a count of delays": (
        bits(1),
        lambda x: lsrl.lookup(lsrl.total(lsrl.shift_register(x, LONG)), squares(10)),
    ),
    "a table of a count of inputs": (bits(12), lambda x: lsrl.lookup(lsrl.total(x), squares(13))),
    "a table of a sum that many rows read": (digits(LONG), lambda x: lsrl.lookup(lsrl.total(x), squares(3 * LONG))),
    "long sums that many sums read": (
        digits(LONG),
        lambda x: lsrl.absolute(Linear(Linear(x, dense(LONG, LONG)), dense(LONG, LONG))),
    ),
    "a long sum that drives many states": (digits(LONG), lambda x: lsrl.cumsum(lsrl.broadcast(lsrl.total(x), LONG))),
    "a long sum that many delays are of": (digits(LONG), lambda x: lsrl.shift_register(lsrl.total(x), LONG)),
    "a long sum that many branches choose": (digits(LONG), lambda x: lsrl.ifelse(x > 0, lsrl.total(x), -1)),
    "a state of many that read many others": (
        digits(2),
        lambda x: LinState(x, [[int(i > j) for j in range(LONG)] for i in range(LONG)], dense(LONG, 2)),
    ),
    "all of many": (digits(RAMPS), lambda x: lsrl.and_(*(x > -3))),
    "any of many": (digits(RAMPS), lambda x: lsrl.ifelse(lsrl.or_(*(x > 3)), 7, x[0])),
    "none of many": (digits(RAMPS), lambda x: ~lsrl.or_(*(~(x[i] > i - 8) for i in range(RAMPS)))),
    "one of many places": (digits(1), lambda x: lsrl.one_hot(3 * x + 12, 3 * RAMPS)),
    "as many as": (bits(CHOICES), lambda x: lsrl.ifelse(lsrl.equal(lsrl.total(x), CHOICES // 2), lsrl.total(x), 0)),
    "a choice of something large": (digits(2), lambda x: lsrl.ifelse(x[0] > 0, 3 * LARGE_M * x[1], -LARGE_M)),
    "maxima of maxima": (digits(PARTNERS + 3), lambda x: nested(x)),
    "delays of delays": (digits(1), lambda x: lsrl.delay(lsrl.delay(x, LONGEST + 1, init=2), LONGEST + 1)),
    "a delay as long as a ring": (digits(1), lambda x: lsrl.delay(x, SHORTEST + 1, init=3)),
    "sums of what rings hold": (bits(1), lambda x: lsrl.total(lsrl.shift_register(x, SHORTEST + 4)[2:])),
    "more readers of a ring than it has": (bits(1), lambda x: lsrl.shift_register(x, int(MOST_SELECTIONS**0.5) + 2)),
}


def drawn(program, steps, seed=0):
    return sampled_inputs(input_facts(program, None), np.random.default_rng(seed), 2, steps)


@pytest.mark.parametrize(("name", "target"), rotated(WIDE, TARGETS, 2))
def test_wide_programs_compile_and_are_exact(name, target):
    source, function = WIDE[name]
    program = Program(function(source))
    model = lsrl.compile(program, target, max_length=STEPS)
    x = drawn(program, STEPS)
    assert model.guarantee.kind == "exact"
    assert (model.run(x) == program.run(x, exact=True)).all()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("period", [WIDEST_STAIRCASE, WIDEST_STAIRCASE + 1])
def test_cycles_are_right_when_a_staircase_has_several_stages(period, target):
    program = Program(lsrl.mod_counter(period) + 0 * bits(1))
    model = lsrl.compile(program, target, max_length=COUNTED)
    assert model.guarantee.kind == "exact"
    assert model.run(np.zeros((COUNTED, 1))).ravel().tolist() == [t % period for t in range(COUNTED)]


@pytest.mark.parametrize("target", HUB)
def test_a_circle_of_more_states_than_eigenvectors_are_looked_for_is_refused(target):
    averages = [[1 / 128] * (LARGEST_CIRCLE + 1)] * (LARGEST_CIRCLE + 1)
    state = LinState(bits(1), averages, [[1]] * (LARGEST_CIRCLE + 1), name="crowd")
    with pytest.raises(UnsupportedProgram, match="value 'crowd' has states that read one another"):
        lsrl.compile(Program(lsrl.total(state)), target, max_length=9)


def circuit_with(unit_of):
    """A circuit of a ReLU and of a unit that reads it."""
    circuit = circuit_of(Program(ReLU(ReLU(digits(1) - 1) - 2)))
    *before, last = circuit.units
    assert isinstance(last, ReLUUnit)
    return replace(circuit, units=(*before, unit_of(last.argument)))


HOMELESS = {
    "a sum": lambda form: SumUnit(form),
    "a bit": lambda form: BitUnit(form),
    "a delay": lambda form: DelayUnit(form, 2),
    "a latch": lambda form: LatchUnit(form, form),
    "a product": lambda form: ProductUnit(form, form, "auto"),
}

PLACEMENTS = {
    "linear stacks": (stacked, ["a bit", "a delay", "a latch", "a product"]),
    "neurons": (neuron_stacks, ["a delay", "a latch"]),
    "residual stages": (lambda circuit: residual_stack(circuit, [(StateUnit,), (ReLUUnit,), ()]), list(HOMELESS)),
}


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_every_placement_refuses_a_unit_that_it_has_no_home_for(placement):
    place, homeless = PLACEMENTS[placement]
    for kind in homeless:
        circuit = circuit_with(HOMELESS[kind])
        with pytest.raises(
            CompilerError, match=f"unit 2 for 'ReLU.*', is a {type(circuit.units[2]).__name__}; expected"
        ):
            place(circuit)


def test_a_unit_waits_for_its_stage_however_rare_that_is():
    circuit = circuit_with(HOMELESS["a sum"])
    stack = residual_stack(circuit, [(ReLUUnit,), *[()] * 8, (SumUnit,)])
    assert [stage for stage, units in enumerate(stack.stages) if units] == [0, 9]
    assert residual_stack(circuit, [(SumUnit,), *[()] * 8, (ReLUUnit,)]).stages[9:] == ((1,), (2,))
