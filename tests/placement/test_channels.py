"""Units share the channels of a residual stream: each is there, alone, from its stage on until nothing reads it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lsrl
from lsrl import Concat, Input, Linear, Program
from lsrl.circuit.units import InputUnit, forms_of
from lsrl.placement.residual import VISIBLE, narrowed
from strategies import HUB, examples_for, expressible, programs

pytestmark = pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")

EVERYTHING = range(10**6)
"""All units may be erased."""


def check_that_every_reader_finds_what_it_reads(stack):
    units = stack.circuit.units
    holds = {channel: unit for unit, channel in stack.channels.items() if isinstance(units[unit], InputUnit)}
    made = dict.fromkeys(holds.values(), -1)
    for stage, (units, erased) in enumerate(zip(stack.stages, stack.erased, strict=True)):
        for unit in units:
            for form in forms_of(stack.circuit.units[unit]):
                assert all(holds[stack.channels[read]] == read for read in form.terms)
            assert stack.channels[unit] not in holds
        for gone in erased:
            assert holds.pop(stack.channels[gone]) == gone
            assert stage >= made[gone] + VISIBLE
        holds |= {stack.channels[unit]: unit for unit in units}
        made |= dict.fromkeys(units, stage)
    for form in stack.circuit.outputs:
        assert all(holds[stack.channels[read]] == read for read in form.terms)


@pytest.mark.parametrize("target", HUB)
def test_no_channel_is_taken_while_somebody_reads_it_however_few_there_are(target):
    @examples_for(target)
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        try:
            stack = lsrl.compile(program, target, max_length=12).stack
        except lsrl.LsrlError:
            return
        stays = {unit for form in stack.circuit.outputs for unit in form.terms}
        found = [narrowed(stack, width, EVERYTHING, stays, lambda _: True) for width in range(stack.width + 1)]
        enough = [made is not None for made in found]
        assert enough[-1]
        assert enough == sorted(enough)  # what a narrow stream holds, a wider one does
        for width, made in enumerate(found):
            if made is not None:
                assert made.width <= width
                check_that_every_reader_finds_what_it_reads(made)

    check()


def automaton(cells, rounds):
    """Rule 232 on a ring of cells: a cell becomes what most of it and its neighbours are, or of their opposites."""
    x = Input(cells, range=(0, 1), integer=True, name="cells")
    state, around = x, [[(j - i + 1) % cells < 3 for j in range(cells)] for i in range(cells)]
    flip = [[(-1) ** ((i + j) % 3 == 0) * inside for j, inside in enumerate(row)] for i, row in enumerate(around)]
    for turn in range(rounds):
        state = Linear(state, flip if turn % 2 else around, name=f"sum_{turn}" if turn == 1 else None) > turn % 2
    return Program(state)


@pytest.mark.parametrize("target", HUB)
def test_a_program_whose_values_are_read_at_once_needs_a_narrow_stream(target):
    program = automaton(10, 12)
    model = lsrl.compile(program, target)
    assert model.sizes.widest <= 64
    assert model.guarantee.kind == "exact"
    assert sum(map(len, model.stack.erased)) > 30
    check_that_every_reader_finds_what_it_reads(model.stack)
    x = np.random.default_rng(0).integers(0, 2, (2, 5, 10)).astype(float)
    np.testing.assert_array_equal(model.run(x), program.run(x, exact=True).astype(float))
    values = program.trace(x[0], exact=True)["sum_1"].astype(float)
    np.testing.assert_array_equal(model.read("sum_1", x[0]), values)  # where it was, before it was erased
    outputs, state = [], None
    for step in x[0]:
        output, state = model.step(step, state)
        outputs.append(output)
    np.testing.assert_array_equal(outputs, model.run(x[0]))


def test_three_thousand_units_are_compiled_and_right():
    program = automaton(50, 60)
    model = lsrl.compile(program, "mamba")
    assert sum(map(len, model.stack.stages)) >= 3000
    assert model.sizes.widest < 256
    assert model.guarantee.kind == "exact"
    x = np.random.default_rng(0).integers(0, 2, (2, 50)).astype(float)
    np.testing.assert_array_equal(model.run(x), program.run(x, exact=True).astype(float))


def test_values_that_are_all_needed_at_once_are_refused_in_one_line():
    x = Input(1, range=(0, 1100), integer=True, name="x")
    program = Program(Concat([x > i for i in range(1, 1100)]))
    with pytest.raises(lsrl.RangeError, match=r"expected at most 1,026 that are still read at any stage") as caught:
        lsrl.compile(program, "mamba")
    assert "\n" not in str(caught.value)
