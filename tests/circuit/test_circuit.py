"""What becomes a unit, what is shared, what folds away."""

import pytest
from flint import fmpq

from lsrl import (
    Concat,
    GatedState,
    Input,
    LinState,
    Program,
    ReLU,
    and_,
    at_least,
    at_most,
    counter,
    cumsum,
    cyclic,
    delay,
    equal,
    ifelse,
    larger,
    latch,
    lookup,
    mod_counter,
    or_,
    shift_register,
    smaller,
    step,
    total,
)
from lsrl.circuit.affine import Affine
from lsrl.circuit.translate import circuit_of
from lsrl.circuit.units import GatedStateUnit, GateUnit, InputUnit, ProductUnit, ReLUUnit, StateUnit, SumUnit
from lsrl.circuit.verify import CompilerError, verify_circuit
from lsrl.errors import RangeError, UnsupportedProgram
from lsrl.lowering.legalise import legalised
from lsrl.lowering.rules import BY_GATES, WITHOUT_PRODUCTS


def digits(dim=1, **more):
    return Input(dim, range=(0, 9), integer=True, **more)


def relus(value):
    return needed(value).count(ReLUUnit)


def needed(value):
    """The circuit of a value without dead units."""
    return legalised(circuit_of(Program(value)), WITHOUT_PRODUCTS)


def test_linear_maps_make_no_units():
    x = digits(3)
    circuit = circuit_of(Program(total(2 * x[1:] - 1) + Concat([x, x])[4]))
    assert all(isinstance(unit, InputUnit) for unit in circuit.units)


def test_equal_comparisons_are_computed_once():
    x = digits()
    assert relus((x > 4) + (x > 4)) == relus(x > 4) == 2


def test_relus_that_differ_by_a_positive_factor_are_one_unit():
    x = Input(1)
    assert relus(ReLU(x - 1) + ReLU(3 * x - 3)) == 1


def test_equal_states_are_one_unit():
    x = digits()
    circuit = circuit_of(Program(cumsum(x) + cumsum(x) + delay(x, 2) + delay(x, 2)))
    assert circuit.count(StateUnit) == 1 + 3


def test_units_that_no_output_needs_disappear():
    x = digits()
    unused = cumsum(x)
    program = Program(x + 0 * unused)
    assert legalised(circuit_of(program), WITHOUT_PRODUCTS).count(StateUnit) == 0


def test_values_that_the_user_named_stay():
    x = digits()
    program = Program(x + 0 * cumsum(x, name="running"))
    legal = legalised(circuit_of(program), WITHOUT_PRODUCTS)
    assert legal.count(StateUnit) == 1
    assert "running" in legal.values


def test_a_relu_of_a_nonnegative_form_is_the_form():
    assert relus(ReLU(digits() + 1)) == 0


def test_a_relu_of_a_nonpositive_form_is_zero():
    (form,) = circuit_of(Program(ReLU(digits() - 9))).outputs
    assert form.is_constant
    assert form.constant == 0


def test_a_comparison_of_a_boolean_is_an_affine_form():
    bit = Input(1, range=(0, 1), integer=True)
    assert relus(equal(bit, 1)) == 0
    assert relus(step(bit - "1/2", width="1/2")) == 0


def test_comparing_a_mod_counter_costs_nothing():
    assert relus(equal(mod_counter(7), 3) + 0 * digits()) == 0
    assert relus(lookup(mod_counter(3), [5, 1, 2]) + 0 * digits()) == 0


def test_a_comparison_at_the_edge_of_the_range_needs_one_relu():
    assert relus(digits() > 0) == 1
    assert relus(digits() > 8) == 1
    assert relus(digits() > 7) == 2


def test_a_comparison_outside_the_range_is_a_constant():
    circuit = circuit_of(Program(digits() > 9))
    assert circuit.outputs[0].is_constant
    assert circuit.outputs[0].constant == 0


def test_ramps_are_widened_into_the_gap_and_centred():
    circuit = needed(digits() > 4)
    inner = next(unit for unit in circuit.units if isinstance(unit, ReLUUnit))
    assert inner.argument.terms == {0: -1}
    assert inner.argument.constant == fmpq(37, 8)  # 1 at x ≥ 4⅝, 0 at x ≤ 4⅜: the middle quarter of (4, 5)


def test_ramps_that_a_value_can_fall_into_are_narrowed():
    circuit = needed(Input(1, range=(0, 9)) > 4)
    inner, outer = (unit.argument for unit in circuit.units if isinstance(unit, ReLUUnit))
    width = fmpq(1, 4 * 1024)  # the middle quarter of (4, 4 + 1/1024)
    assert (inner.terms, inner.constant) == ({0: -1}, 4 + fmpq(5, 2) * width)
    assert (outer.terms, outer.constant) == ({1: -1 / width}, 1)
    assert circuit.knowledge.gaps == {1: (fmpq(3, 2) * width, fmpq(5, 2) * width)}


def test_states_are_split_into_independent_ones():
    x = digits(2)
    identity = circuit_of(Program(cumsum(x)))
    assert {unit.cluster for unit in identity.units if isinstance(unit, StateUnit)} == {2, 3}


def test_a_state_that_remembers_nothing_is_its_drive():
    x = digits()
    assert circuit_of(Program(LinState(x, 0, 2, bias=1))).count(StateUnit) == 0


def test_a_state_that_never_changes_is_its_initial_value():
    circuit = circuit_of(Program(LinState(digits(), 1, 0, init=5)))
    assert circuit.outputs[0].is_constant
    assert circuit.outputs[0].constant == 5


def test_a_long_sum_that_many_rows_read_is_a_unit_of_its_own():
    n = 40
    x = digits(n)
    spread = total(x) - shift_register(x[0], n)
    circuit = circuit_of(Program(ReLU(spread - 50)))
    assert circuit.count(SumUnit) == 1
    terms = sum(len(unit.argument.terms) for unit in circuit.units if isinstance(unit, ReLUUnit))
    assert terms <= 3 * n


def test_selecting_costs_one_relu_without_products_and_one_gate_with():
    x = digits()
    circuit = circuit_of(Program(ifelse(x > 8, x, 0)))
    assert legalised(circuit, WITHOUT_PRODUCTS).count(ReLUUnit) == 2
    gated = legalised(circuit, BY_GATES)
    assert (gated.count(ReLUUnit), gated.count(GateUnit)) == (1, 1)


def test_a_signed_value_on_a_grid_is_selected_by_one_relu():
    x = Input(1, range=(-9, 9), integer=True)
    legal = legalised(circuit_of(Program(ifelse(x > 8, x - 3, 0))), WITHOUT_PRODUCTS)
    assert legal.count(ReLUUnit) == 2


def test_a_signed_real_is_selected_by_two_relus():
    x = Input(2, range=(-1, 1))
    legal = legalised(circuit_of(Program(ifelse(x[0] > 0, x[1], 0))), WITHOUT_PRODUCTS)
    assert legal.count(ReLUUnit) == 2 + 2


def test_booleans_multiply_by_one_relu():
    x = Input(2, range=(0, 1), integer=True)
    legal = legalised(circuit_of(Program(x[0] * x[1])), WITHOUT_PRODUCTS)
    assert legal.count(ReLUUnit) == 1


def test_gates_split_a_product_of_two_signed_values():
    x = Input(2, range=(-1, 1))
    assert legalised(circuit_of(Program(x[0] * x[1])), BY_GATES).count(GateUnit) == 2


def test_via_relu_uses_big_m_even_where_there_are_products():
    x = digits()
    legal = legalised(circuit_of(Program(ifelse(x > 4, x, 0, via="relu"))), BY_GATES)
    assert legal.count(GateUnit) == legal.count(ProductUnit) == 0


def test_a_product_of_two_reals_is_refused_without_products():
    x = Input(2, range=(0, 1))
    program = Program(x[0] * x[1] + 0, name="area")
    with pytest.raises(UnsupportedProgram, match=r"'input\[0\] \* input\[1\]'.*not booleans") as refusal:
        legalised(circuit_of(program), WITHOUT_PRODUCTS)
    assert refusal.value.ability == "products"


def test_via_multi_is_refused_without_products():
    x = digits()
    with pytest.raises(UnsupportedProgram, match="via='multi'"):
        legalised(circuit_of(Program(ifelse(x > 4, x, 0, via="multi"))), WITHOUT_PRODUCTS)


def test_big_m_needs_a_range():
    x = Input(2)
    with pytest.raises(RangeError, match=r"declare Input\(range"):
        legalised(circuit_of(Program(ifelse(x[0] > 0, x[1], 0, name="chosen"))), WITHOUT_PRODUCTS)


def test_and_or_are_one_relu_each():
    x = Input(3, range=(0, 1), integer=True)
    assert relus(and_(*x)) == 1
    assert relus(or_(*x)) == 1


def test_autonomous_states_are_units_but_constants_are_not():
    circuit = circuit_of(Program(total(cyclic(4)) + counter() + 0 * digits()))
    assert circuit.count(StateUnit) == 5


def test_a_malformed_circuit_is_found():
    circuit = circuit_of(Program(digits() > 4))
    broken = type(circuit)(**{**vars(circuit), "outputs": (Affine({99: fmpq(1)}),)})
    with pytest.raises(CompilerError, match="'output' reads an unknown unit"):
        verify_circuit(broken)


@pytest.mark.parametrize("low", [-1, 0])
@pytest.mark.parametrize("bound", [-1, 0, 1])
@pytest.mark.parametrize("compare", [larger, smaller, at_least, at_most, equal])
def test_a_comparison_at_the_end_of_a_real_range_still_selects_by_big_m(compare, bound, low):
    x = Input(1, range=(low, 1))
    program = Program(ifelse(compare(x, bound), x, 1, via="relu"))
    legalised(circuit_of(program), WITHOUT_PRODUCTS)


def test_a_selective_state_of_nothing_is_a_number():
    x = Input(1, range=(0, 1), integer=True)
    (form,) = circuit_of(Program(latch(0 * x, x > 0, init=0) + x)).outputs
    assert len(form.terms) == 1


def test_a_latch_stays_in_the_range_of_what_it_takes():
    x = Input(2, range=(-3, 5), integer=True)
    circuit = circuit_of(Program(latch(x[0], x[1] > 0)))
    (fact,) = (circuit.knowledge.facts[i] for i, unit in enumerate(circuit.units) if isinstance(unit, GatedStateUnit))
    assert (fact.low, fact.high) == (-3, 5)


def test_a_gate_that_is_always_one_sums_and_one_that_is_always_zero_passes():
    x = Input(1, range=(0, 1), integer=True)
    for gate, kind in ((x >= 0, StateUnit), (x < 0, InputUnit)):
        circuit = circuit_of(Program(GatedState(x, gate)), max_length=9)
        assert [type(circuit.units[unit]) for form in circuit.outputs for unit in form.terms] == [kind]
