"""Stacks: which layer computes what, and what is carried."""

import random
from fractions import Fraction

import pytest
from flint import fmpq

from exact_stack import run_exactly
from lsrl import (
    Concat,
    Input,
    LinState,
    Program,
    ReLU,
    counter,
    cumsum,
    cyclic,
    delay,
    ifelse,
    maximum,
    mod_counter,
    shift_register,
    total,
)
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.verify import CompilerError
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rules import BY_GATES, WITHOUT_PRODUCTS
from lsrl.placement.carry import carried_combinations
from lsrl.placement.layering import stacked
from lsrl.placement.stack import verify_stack

ONE = fmpq(1)


def digits(dim=1):
    return Input(dim, range=(0, 9), integer=True)


def stack_of(*outputs, rule=WITHOUT_PRODUCTS, max_length=100):
    return stacked(legalised(circuit_of(Program(*outputs), max_length=max_length), rule))


def outputs_of(stack, rows):
    return run_exactly(stack, [[fmpq(number) for number in row] for row in rows])


def test_a_linear_program_needs_no_layer():
    stack = stack_of(2 * digits() + 1)
    assert stack.depth == 0
    assert outputs_of(stack, [[3]]) == [[7]]


def test_a_state_and_the_relu_that_reads_it_share_a_layer():
    assert stack_of(ReLU(cumsum(digits()) - 5)).depth == 1


def test_depth_is_the_longest_chain():
    x = digits()
    assert stack_of(maximum(maximum(x, 3), 5)).depth == 2
    assert stack_of(cumsum(ReLU(cumsum(x) - 3))).depth == 2


def test_a_delay_chain_is_one_layer():
    stack = stack_of(delay(digits(), 30))
    assert stack.depth == 1
    assert outputs_of(stack, [[n % 10] for n in range(40)])[35] == [5]


def test_a_nonnegative_value_is_carried_by_one_line():
    x = digits(2)
    stack = stack_of(Concat([x[0], maximum(maximum(x[1], 2), 4)]))
    assert [sum(cell.carried and cell.label == "input" for cell in layer.outputs) for layer in stack.layers][-1] <= 2
    assert stack.widest <= 4


def test_a_signed_integer_is_carried_by_one_lifted_line_and_a_signed_real_by_two():
    def lines_beside(x):
        # The second output keeps the stack deep; the first only needs to be carried.
        deep = maximum(maximum(ReLU(x[1]) * 2 - 3, 1) * 2 - 5, 2)
        stack = stack_of(Concat([x[0], deep]))
        return sum(cell.carried and cell.label.startswith("input") for cell in stack.layers[-1].outputs)

    assert lines_beside(Input(2, range=(-9, 9), integer=True)) == 1
    assert lines_beside(Input(2, range=(-9, 9))) == 2


def test_a_sum_of_many_travels_as_one_line():
    x = digits(12)
    late = maximum(maximum(x[0], 2), 4)
    stack = stack_of(ReLU(total(cumsum(x)) - late))
    assert all(len(layer.outputs) <= 4 for layer in stack.layers[1:])


def test_a_counter_is_computed_where_it_is_read_instead_of_carried():
    x = digits()
    late = maximum(maximum(x, 2), 4)
    stack = stack_of(ReLU(counter() - late), max_length=1000)
    assert [cell.label for cell in stack.layers[-1].states if not cell.carried] == ["counter"]
    assert not any(cell.label == "counter" for layer in stack.layers[:-1] for cell in layer.states)


def test_units_wait_where_that_saves_lines():
    """Twelve selections of one scalar are computed just before they are read, not carried."""
    x = digits()
    n = 12
    spread = ifelse(cyclic(n), x, 0)  # twelve numbers, from one
    late = maximum(maximum(maximum(x, 2), 4), 6)
    stack = stack_of(ReLU(spread - late))
    assert max(len(layer.outputs) for layer in stack.layers[:-2]) <= 3


def test_places_read_every_unit():
    x = digits()
    program = Program(ifelse(cumsum(x, name="sum") > 4, mod_counter(3), 0))
    legal = legalised(circuit_of(program, max_length=100), WITHOUT_PRODUCTS)
    stack = stacked(legal)
    assert stack.places.keys() == set(range(len(legal.units)))


@pytest.mark.parametrize("rule", [WITHOUT_PRODUCTS, BY_GATES])
@pytest.mark.parametrize("seed", range(3))
def test_a_stack_computes_its_program(rule, seed):
    draw = random.Random(seed)
    x = digits(2)
    history = shift_register(x[0], 3)
    chosen = ifelse(history[2] > x[1], total(history), -cumsum(x)[1])
    rows = [[draw.randrange(10), draw.randrange(10)] for _ in range(20)]
    expected = []
    seen = [0, 0, 0]
    running = 0
    for a, b in rows:
        seen, running = [a, *seen[:2]], running + b
        expected.append([Fraction(sum(seen) if seen[2] > b else -running)])
    assert outputs_of(stack_of(chosen, rule=rule), rows) == expected


def test_general_state_matrices_are_kept_as_they_are():
    fibonacci = LinState(digits(), [[1, 1], [1, 0]], [[1], [0]])
    rows = [[1], [0], [0], [0], [0], [0]]
    assert [row[0] for row in outputs_of(stack_of(fibonacci, max_length=10), rows)] == [1, 1, 2, 3, 5, 8]


def test_atoms_that_every_form_weighs_alike_travel_together():
    alike = {0: ONE, 1: 2 * ONE}
    pending = [{**alike, 2: ONE}, {0: -ONE, 1: -2 * ONE, 2: 3 * ONE}, {2: ONE}, {0: 3 * ONE, 1: 6 * ONE}]
    combinations, parts = carried_combinations(pending, [0, 1, 2])
    assert sorted(combinations) == [((0, 1), (1, 2)), ((2, 1),)]
    for form, found in zip(pending, parts, strict=True):
        rebuilt = {}
        for index, factor in found:
            for atom, weight in combinations[index]:
                rebuilt[atom] = rebuilt.get(atom, fmpq(0)) + factor * weight
        assert rebuilt == form


def test_few_forms_over_many_atoms_travel_as_forms():
    pending = [dict.fromkeys(range(9), ONE), {i: fmpq(i + 1) for i in range(9)}]
    combinations, _ = carried_combinations(pending, range(9))
    assert len(combinations) == 2


def test_only_candidates_are_carried():
    combinations, parts = carried_combinations([{0: ONE, 7: ONE}], [0])
    assert combinations == [((0, 1),)]
    assert parts == [[(0, 1)]]


def test_a_malformed_stack_is_found():
    stack = stack_of(ReLU(digits() - 3))
    layer = stack.layers[0]
    broken = type(stack)(stack.name, stack.inputs, (layer, layer), stack.R, (*stack.r, ONE), stack.places)
    with pytest.raises(CompilerError):
        verify_stack(broken)
