"""What the compiler knows about ranges and grids."""

import pytest
from flint import fmpq

from lsrl import Input, Program, absolute, clip, counter, cumsum, cyclic, delay, equal, ifelse, mod_counter, total
from lsrl.circuit.facts import BOOLEAN, Fact, intersection, on_grid, product_fact, relu_fact, union, weighted_sum
from lsrl.circuit.translate import circuit_of
from lsrl.errors import RangeError, ShapeError
from lsrl.lang.matrix import Matrix
from lsrl.lang.primitives import LinState


def output_fact(value, **declared):
    circuit = circuit_of(Program(value), **declared)
    (form,) = circuit.outputs
    return circuit.knowledge.fact(form)


def digits(dim=1):
    return Input(dim, range=(0, 9), integer=True)


def test_a_weighted_sum_of_integers_stays_on_the_grid_of_its_weights():
    digit = Fact(fmpq(0), fmpq(9), fmpq(1))
    fact = weighted_sum([(fmpq(2), digit), (fmpq(-4), digit)], fmpq(1))
    assert (fact.low, fact.high, fact.grid, fact.offset) == (-35, 19, 2, 1)


def test_an_unbounded_end_stays_unbounded_only_on_its_side():
    fact = weighted_sum([(fmpq(-1), Fact(fmpq(0), None, fmpq(1)))], fmpq(0))
    assert (fact.low, fact.high) == (None, 0)


def test_the_relu_of_a_shifted_grid_can_be_zero_or_on_the_grid():
    fact = relu_fact(Fact(fmpq(-3, 2), fmpq(1, 2), fmpq(1), fmpq(1, 2)))
    assert (fact.low, fact.high, fact.measure) == (0, fmpq(1, 2), fmpq(1, 2))


def test_a_boolean_times_an_unbounded_value_keeps_the_known_end():
    fact = product_fact(BOOLEAN, Fact(fmpq(0), None, fmpq(1)))
    assert (fact.low, fact.high) == (0, None)


def test_two_facts_of_one_value_sharpen_each_other_to_the_coarser_grid():
    fact = intersection(Fact(fmpq(1, 2), fmpq(7), fmpq(1, 2)), Fact(fmpq(0), fmpq(13, 2), fmpq(1)))
    assert (fact.low, fact.high, fact.grid) == (1, 6, 1)


def test_ends_off_the_grid_are_drawn_in():
    assert on_grid(fmpq(-1, 2), fmpq(1, 2), fmpq(1)) == Fact(fmpq(0), fmpq(0), fmpq(1))


def test_a_union_covers_both_grids():
    fact = union([Fact(fmpq(0), fmpq(4), fmpq(2)), Fact(fmpq(3), fmpq(3), fmpq(3))])
    assert (fact.low, fact.high, fact.grid) == (0, 4, 1)


def test_comparisons_are_booleans():
    assert output_fact(digits() > 4).is_boolean
    assert output_fact(equal(digits(), 4)).is_boolean
    assert output_fact(~(digits() > 4)).is_boolean


def test_a_cumulative_sum_is_bounded_by_max_length():
    assert output_fact(cumsum(digits()), max_length=10).high == 90
    assert output_fact(cumsum(digits())).high is None
    assert output_fact(cumsum(digits())).low == 0


def test_a_counter_counts_to_max_length():
    fact = output_fact(counter() + 0 * digits(), max_length=10)
    assert (fact.low, fact.high) == (0, 9)


def test_a_delay_is_what_it_delays_or_its_initial_value():
    fact = output_fact(delay(digits(), 3, init=-2))
    assert (fact.low, fact.high) == (-2, 9)


def test_a_cyclic_state_is_one_hot_so_its_number_has_the_range_of_its_weights():
    fact = output_fact(mod_counter(7) + 0 * digits())
    assert (fact.low, fact.high) == (0, 6)
    assert output_fact(total(cyclic(5)) + 0 * digits()).magnitude == 1


def test_a_contracting_state_is_bounded_without_max_length():
    fact = output_fact(LinState(Input(1, range=(-1, 1)), "1/2"))
    assert (fact.low, fact.high) == (-2, 2)


def test_an_expanding_state_is_bounded_by_max_length_only_while_floats_hold_it():
    growing = LinState(Input(1, range=(-1, 1)), 2)
    assert output_fact(growing, max_length=3).high >= 7
    assert output_fact(growing, max_length=10**6).high is None


def test_a_rotating_state_is_bounded_by_max_length():
    rotation = Matrix.of([[0, -1], [1, 0]], (2, 2))
    fact = output_fact(total(LinState(Input(1, range=(-1, 1)), rotation, [[1], [0]])), max_length=10)
    assert fact.high >= 10
    assert fact.high <= 40


def test_input_range_narrows_the_declaration():
    assert output_fact(digits() + 0, input_range=(2, 5)) == Fact(fmpq(2), fmpq(5), fmpq(1))
    assert output_fact(Input(1) + 0, input_range=(-1, 1)) == Fact(fmpq(-1), fmpq(1))


@pytest.mark.parametrize(("value", "low", "high"), [(absolute, 0, 18), (lambda x: clip(x, -3, 3), -3, 3)])
def test_ranges_pass_through_relus(value, low, high):
    fact = output_fact(value(digits() * 2))
    assert low <= fact.low
    assert fact.high <= high


def test_selection_by_a_comparison_keeps_both_branches_ranges():
    x = digits()
    fact = output_fact(ifelse(x > 4, x, -3))
    assert fact.low >= -3
    assert fact.high <= 9


def test_an_empty_narrowed_range_is_refused():
    with pytest.raises(RangeError, match=r"input_range of input\[0\] leaves nothing in 10 … 9"):
        output_fact(digits() + 0, input_range=(10, 20))


@pytest.mark.parametrize("length", [0, -1, 1.5, True])
def test_a_max_length_that_is_no_length_is_refused(length):
    with pytest.raises(ShapeError, match="max_length"):
        output_fact(digits() + 0, max_length=length)
