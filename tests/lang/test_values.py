"""Shapes, numbers, operators and names of values; one-line errors for everything else."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Constant, ForEach, GatedState, Input, Linear, LinState, Multi, Program, ReLU
from lsrl.errors import LsrlError, NumberError, ProgramError, ShapeError


def at(value, *points):
    return Program(value).run(np.array(points, dtype=float), exact=True).tolist()


def test_floats_mean_their_shortest_decimal():
    x = Input(1)
    assert at(x + 0.1, [0]) == [[Fraction(1, 10)]]
    assert at(x * "1/3" + Fraction(1, 3), [1]) == [[Fraction(2, 3)]]
    assert at(x + np.float32(0.1), [0]) == [[Fraction(1, 10)]]


def test_arithmetic_with_numbers_and_values():
    pair = Input(2)
    a, b = pair
    assert at(a + b, [3, 4]) == [[7]]
    assert at(a - b, [3, 4]) == [[-1]]
    assert at(10 - a, [3, 4]) == [[7]]
    assert at(a * 3 - 1, [3, 4]) == [[8]]
    assert at(3 * a / 2, [3, 4]) == [[Fraction(9, 2)]]
    assert at(a * b, [3, 4]) == [[12]]
    assert at(-pair, [3, 4]) == [[-3, -4]]
    assert at(pair * [2, 10], [3, 4]) == [[6, 40]]
    assert at(a + a, [3, 4]) == [[6]]
    assert at(a - a, [3, 4]) == [[0]]


def test_dimension_one_fits_any_dimension():
    x = Input(3)
    assert at(x + x[0], [1, 2, 3]) == [[2, 3, 4]]
    assert at(x[0] + [10, 20], [1, 2, 3]) == [[11, 21]]
    assert at(x * x[2], [1, 2, 3]) == [[3, 6, 9]]


def test_numpy_numbers_and_arrays_may_stand_on_the_left():
    x = Input(2)
    assert at(np.array([1, 2]) + x, [3, 4]) == [[4, 6]]
    assert at(np.float64(2) * x, [3, 4]) == [[6, 8]]
    assert at(np.float64(2) < x, [1, 4]) == [[0, 1]]
    assert at(x[np.int64(1)], [3, 4]) == [[4]]


def test_abs_and_booleans_on_the_right_work_too():
    x = Input(1)
    assert at(abs(x), [-3]) == [[3]]
    assert at(lsrl.constant(1) & (x > 0), [1]) == [[1]]


def test_a_program_copies_as_itself():
    program = Program(lsrl.cumsum(Input(1)))
    assert copy.deepcopy(program) == program
    assert copy.deepcopy(program).run([[1], [2]]).tolist() == [[1], [3]]
    assert copy.copy(program.output) is copy.deepcopy(program.output) is program.output


def test_pickling_is_refused_with_what_to_do_instead():
    for kept in (lsrl.cumsum(Input(1)), Program(lsrl.cumsum(Input(1)))):
        with pytest.raises(lsrl.ProgramError, match=r"cannot be pickled; expected a program kept by program\.save"):
            pickle.dumps(kept)


def test_float32_arrays_and_numbers_mean_the_same():
    x = Input(1)
    for matrix in (np.float32([[0.1]]), [[np.float32(0.1)]]):
        assert at(Linear(x, matrix, np.float32([0.1])), [1]) == [[Fraction(1, 5)]]


def test_a_condition_that_is_neither_0_nor_1_is_reported():
    x = Input(1, range=(0, 9), integer=True)
    program = Program(lsrl.ifelse(x, x, 0))
    (undecided,) = program.undecided([[0], [1], [3]])
    assert (undecided.value, undecided.step, undecided.amount) == ("ifelse.condition", 2, 3)


def test_a_gated_state_reads_its_two_arguments_as_they_are():
    x = Input(3)
    gate = x[0] > 1
    state = GatedState(x, gate)
    assert (state.x, state.gate) == state.arguments == (x, gate)
    closed = ~gate
    assert GatedState(x, closed).arguments == (x, closed)


def test_a_gate_that_is_no_comparison_is_claimed_to_be_one():
    x = Input(3)
    gate = GatedState(x, x[0] + 1, name="s").gate
    assert (gate.comparison, gate.dim, gate.hint) == (True, 1, "s.gate")


def test_slices_follow_python():
    x = Input(4)
    assert at(x[-1], [1, 2, 3, 4]) == [[4]]
    assert at(x[1:-1], [1, 2, 3, 4]) == [[2, 3]]
    assert at(x[:2], [1, 2, 3, 4]) == [[1, 2]]
    assert [value.dim for value in x] == [1, 1, 1, 1]


def test_matrices_may_be_numbers_lists_or_arrays():
    x = Input(2)
    assert at(Linear(x, 2, 1), [3, 4]) == [[7, 9]]
    assert at(Linear(x, [[1, 1]]), [3, 4]) == [[7]]
    assert at(Linear(x, np.eye(2)), [3, 4]) == [[3, 4]]
    assert at(LinState(x, 0, [[1, -1]], bias="1/2"), [3, 4]) == [[Fraction(-1, 2)]]


def test_values_are_immutable_and_have_no_truth():
    x = Input(1)
    with pytest.raises(AttributeError, match="immutable"):
        x.name = "y"
    with pytest.raises(ProgramError, match="no truth value"):
        bool(x > 1)


def test_a_program_knows_its_values_by_name():
    x = Input(1, name="x")
    program = ForEach(lsrl.cumsum(x > 2, name="hits"), name="counting")
    assert (program["hits"].dim, program.names[program.output]) == (1, "hits")
    assert "larger" in program.names.values()
    with pytest.raises(ProgramError, match="no value is named 'misses'; expected one of"):
        program["misses"]


x, wide = Input(1, name="x"), Input(3, name="wide")

MISTAKES = [
    (lambda: Input(0), ShapeError, r"dimension of input is 0; expected a whole number from 1"),
    (lambda: Input(2.5), ShapeError, r"dimension of input is 2\.5"),
    (lambda: Input(1, range=(3, 1)), ProgramError, r"range \(3, 1\) of input is empty"),
    (lambda: Input(2, range=([1, 2, 3], 5)), ShapeError, r"range has 3 numbers; expected 2"),
    (lambda: Input(1, range=(0, math.inf)), NumberError, r"range is inf; expected a finite number"),
    (lambda: Input(1, grid=0), NumberError, r"grid of input is 0; expected a positive number"),
    (lambda: Input(1, name="a b"), ProgramError, r"name 'a b' is not usable"),
    (lambda: x + math.nan, NumberError, r"is nan; expected a finite number"),
    (lambda: x + "many", NumberError, r"'many'; expected a number like 2, 0\.1 or '1/3'"),
    (lambda: x + None, NumberError, r"None of type NoneType"),
    (lambda: x / 0, NumberError, r"x is divided by zero"),
    (lambda: x / wide, ProgramError, r"x / wide: division by a value.*from 1 to n, write lsrl\.quotient\(x, wide, n\)"),
    (lambda: wide // x, ShapeError, r"n of modulo is <Input 'x' of dimension 1>; expected a whole number from 1"),
    (lambda: x // 0, ShapeError, r"n of modulo is 0"),
    (lambda: wide + Input(2, name="two"), ShapeError, r"wide has 3, two has 2; expected equal ones, or 1"),
    (lambda: wide + [1, 2], ShapeError, r"number has 2 numbers; expected 3"),
    (lambda: wide[3], ShapeError, r"wide\[3:4\] is outside dimension 3"),
    (lambda: wide[2:1], ShapeError, r"wide\[2:1\]"),
    (lambda: wide[::2], ShapeError, r"slice without a step"),
    (lambda: Linear(wide, [[1, 2]]), ShapeError, r"A of Linear\(wide\) is 1×2; expected 1×3"),
    (lambda: Linear(wide, [[1, 2, 3], [1]]), ShapeError, r"rows of equal length"),
    (lambda: Linear(wide, [[1, 2, 3]], [1, 2]), ShapeError, r"b of Linear\(wide\) has 2 numbers; expected 1"),
    (lambda: LinState(wide, [[1, 2], [3, 4]], 1, name="s"), ShapeError, r"B of s is the single number 1"),
    (lambda: LinState(x, [[1, 2]], 1, name="s"), ShapeError, r"A of s"),
    (
        lambda: GatedState(wide, Input(2, name="two"), name="s"),
        ShapeError,
        r"dimensions differ in s: wide has 3, its gate two has 2; expected equal ones, or a gate of 1",
    ),
    (lambda: GatedState(x, wide), ShapeError, r"differ in GatedState\(x\): x has 1, its gate wide has 3"),
    (lambda: GatedState(wide, x, init=[1, 2], name="s"), ShapeError, r"init of s has 2 numbers; expected 3"),
    (lambda: GatedState(x, True), ProgramError, r"GatedState\(x\) with a gate of True, a truth value"),
    (lambda: GatedState(x, "open"), NumberError, r"gate of GatedState\(x\) is 'open'; expected a number"),
    (lambda: GatedState(wide, [1, 0], name="s"), ShapeError, r"gate of s has 2 numbers; expected 3"),
    (lambda: GatedState(x, x == 3), ProgramError, r"x == …: compares no numbers"),
    (lambda: GatedState(3, x), ProgramError, r"GatedState of 3; expected a value"),
    (lambda: GatedState(x, x, math.nan), NumberError, r"init of GatedState\(x\) is nan"),
    (lambda: lsrl.latch(x, True), ProgramError, r"latch\(x\) with a write of True, a truth value"),
    (
        lambda: lsrl.latch(None, x),
        NumberError,
        r"latch of None; expected a value, or finite numbers like 2, 0\.1 or '1/3'",
    ),
    (lambda: lsrl.latch(x, x, init="a"), NumberError, r"init of latch is 'a'"),
    (lambda: lsrl.reset_sum(x, 2), ProgramError, r"reset_sum\.reset is the number 2; expected a boolean, 0 or 1"),
    (lambda: lsrl.reset_sum(x, "a"), NumberError, r"reset_sum\(x\) with a reset of 'a'; expected a value, or finite"),
    (lambda: lsrl.reset_sum(wide, wide[:2]), ShapeError, r"wide has 3, slice has 2; expected equal ones, or 1"),
    (lambda: Multi(wide), ShapeError, r"Multi\(wide\) has dimension 3; expected an even one"),
    (lambda: Multi(Concat([x, x]), via="magic"), ProgramError, r"via='magic'"),
    (lambda: Concat([]), ShapeError, r"Concat of no values"),
    (lambda: Constant([1, "x"]), NumberError, r"constant\[1\] is 'x'"),
    (lambda: lsrl.step(x, width=0), NumberError, r"width of step is 0; expected a positive number"),
    (lambda: lsrl.step(x, form="square"), ProgramError, r"form='square'"),
    (lambda: lsrl.ifelse(x > 0, x, 1, via="goto"), ProgramError, r"via='goto' of ifelse"),
    (lambda: lsrl.clip(x, 3, 1), ProgramError, r"clip of x has low 3 above high 1"),
    (lambda: lsrl.modulo(x, 0, below=3), ShapeError, r"n of modulo is 0; expected a whole number from 1"),
    (lambda: lsrl.modulo(x, 2.5, below=7), ShapeError, r"n of modulo is 2\.5"),
    (lambda: lsrl.modulo(x, "3", below=7), ShapeError, r"n of modulo is '3'"),
    (lambda: lsrl.lookup(x, []), ShapeError, r"empty table"),
    (lambda: lsrl.delay(x, 0), ShapeError, r"steps of delay is 0; expected a whole number from 1"),
    (lambda: lsrl.cyclic(1.5), ShapeError, r"length of cyclic is 1\.5"),
    (lambda: lsrl.cyclic(3, 2.5), ShapeError, r"start of cyclic is 2\.5"),
    (lambda: lsrl.shift_register(x, "a"), ShapeError, r"length of shift_register is 'a'"),
    (lambda: lsrl.one_hot(x, 0), ShapeError, r"n of one_hot is 0"),
    (lambda: lsrl.broadcast(x, -1), ShapeError, r"dimension of broadcast is -1"),
    (lambda: lsrl.constant(1, dim=0), ShapeError, r"dimension of broadcast is 0"),
    (lambda: Constant([]), ShapeError, r"constant has dimension 0; expected 1 to"),
    (
        lambda: lsrl.lookup(x, [[]]),
        ShapeError,
        r"lookup of x with an entry of \[\]; expected a value, or finite numbers",
    ),
    (
        lambda: lsrl.lookup(x, {0: 5, 1: 7}),
        ShapeError,
        r"lookup of x in dict; expected a list: lsrl\.switch takes a dict",
    ),
    (lambda: lsrl.lookup(x, [[1, 2], [3], wide]), ShapeError, r"lookup of x with an entry of sizes \[1, 2, 3\]"),
    (lambda: lsrl.lookup(x, [1, "a"]), NumberError, r"lookup of x with an entry of 'a'; expected a value, or finite"),
    (lambda: lsrl.lookup(x, [1], grid=0), NumberError, r"grid of a table is 0; expected a positive number"),
    (
        lambda: lsrl.select(wide, x, 2),
        ShapeError,
        r"select of wide, of dimension 3, in 2 parts; expected a divisor of 3",
    ),
    (lambda: lsrl.select(wide, x, 0), ShapeError, r"parts of select is 0"),
    (lambda: wide[x:2], ShapeError, r"wide\[<Input 'x' of dimension 1>\]: expected whole numbers"),
    (lambda: lsrl.switch(wide, {1: x}), ShapeError, r"switch on wide, which has dimension 3; expected 1"),
    (lambda: lsrl.switch(x, {}), ProgramError, r"cases of switch are {}; expected a dict of results"),
    (lambda: lsrl.switch(x, [x, x]), ProgramError, r"cases of switch are \[.*\]; expected a dict of results"),
    (lambda: lsrl.switch(x, {"a": 1}), NumberError, r"a case of switch is 'a'; expected a number"),
    (lambda: lsrl.switch(x, {1: None}), NumberError, r"switch with a result of None; expected a value"),
    (lambda: lsrl.switch(x, {1: 1}, default=x == 3), ProgramError, r"x == …: compares no numbers"),
    (
        lambda: lsrl.switch(x, {0.5: 1, "1/2": 2}),
        ProgramError,
        r"cases 1/2 and 1/2 of switch are nearer than its width",
    ),
    (lambda: lsrl.switch(x, {1: 1, 2: 2}, width=2, name="s"), ProgramError, r"cases 1 and 2 of s are nearer.* width 2"),
    (lambda: lsrl.quotient(x, x, 0), ShapeError, r"most of quotient is 0; expected a whole number from 1"),
    (lambda: lsrl.quotient(x, x, 3, via="relu"), ProgramError, r"via='relu' of quotient; expected 'select' or 'multi'"),
    (lambda: lsrl.quotient(wide, Input(2, name="two"), 3), ShapeError, r"wide has 3, two has 2; expected equal ones"),
    (lambda: lsrl.register_file(x, wide, 3), ShapeError, r"address of register_file is wide, which has dimension 3"),
    (lambda: lsrl.register_file(x, x, 3, write=wide), ShapeError, r"write of register_file is wide, which has dimens"),
    (
        lambda: lsrl.total([x, x]),
        NumberError,
        r"total of \[.*\]; expected a value, or .* \(lsrl\.Concat joins values\)",
    ),
    (lambda: lsrl.register_file(x, x, "3"), ShapeError, r"slots of register_file is '3'"),
    (
        lambda: lsrl.register_file(x, x, 3, write=2, name="r"),
        ProgramError,
        r"r\.write is the number 2; expected a bool",
    ),
    (lambda: lsrl.register_file(x, x, 3, init=[1, 2]), ShapeError, r"init of register_file has 2 numbers; expected 3"),
    (lambda: lsrl.ifelse(x == 3, 1, 0), ProgramError, r"x == …: compares no numbers; use lsrl\.equal\(x, y\)"),
    (lambda: (x != 3) * x, ProgramError, r"x != …: compares no numbers; use lsrl\.not_equal\(x, y\)"),
    (lambda: lsrl.ifelse(True, x, 0), ProgramError, r"ifelse of True, a truth value.*lsrl\.equal\(x, y\)"),
    (lambda: lsrl.ifelse(2, x, 0), ProgramError, r"ifelse\.condition is the number 2; expected a boolean"),
    (lambda: (x > 1) | False, ProgramError, r"or_ of False, a truth value"),
    (lambda: lsrl.not_(True), ProgramError, r"not_ of True, a truth value"),
    (lambda: ReLU(3), ProgramError, r"ReLU of 3; expected a value \(numbers become values by lsrl.constant\)"),
    (lambda: Concat([x, None]), NumberError, r"Concat of None; expected a value, or finite numbers"),
    (lambda: Concat(x), ProgramError, r"expected a list of values"),
    (lambda: lsrl.total(math.nan), NumberError, r"total of nan; expected a value, or finite numbers"),
    (
        lambda: lsrl.cumsum("x"),
        NumberError,
        r"cumsum of 'x'; expected a value, or finite numbers like 2, 0\.1 or '1/3'",
    ),
    (lambda: lsrl.delay({1: 2}), ShapeError, r"delay of {1: 2}; expected a value"),
    (lambda: Input(1, range=5), ProgramError, r"range of input is 5; expected a pair"),
    (lambda: Input(1, range=(0, 1, 2)), ProgramError, r"range of input is \(0, 1, 2\)"),
    (lambda: Input(1, range=("1/5", "4/5"), integer=True), ProgramError, r"has no multiple of its grid 1"),
    (lambda: Input(1, grid=Fraction(1, 10**400)), NumberError, r"grid of input is beyond what floats hold"),
    (lambda: Input(1, grid=Fraction(10**400, 10**400 + 1)), NumberError, "numerator and denominator that floats hold"),
    (lambda: Input(1, name=3), ProgramError, r"name 3 is not usable"),
    (lambda: wide[None], ShapeError, r"wide\[None\]: expected whole numbers"),
    (lambda: wide[::"1\n2"], ShapeError, r"slice without a step"),
    (lambda: Input(1, range={5, 1}), ProgramError, r"expected a pair"),
    (lambda: Input(1, integer="no"), ProgramError, r"integer of input is 'no'; expected True or False"),
    (lambda: Input(10**9), ShapeError, r"dimension of input is 1000000000; expected at most 16,777,216"),
    (lambda: lsrl.cyclic(10**30), ShapeError, r"expected at most"),
    (lambda: Constant("1e30000000"), NumberError, r"is '1e30000000'; expected an exponent of up to 4 digits"),
    (lambda: x * ("9" * 5000), NumberError, r"factor is '9+…9+'; expected a number"),
    (lambda: Input(1, name="a" * 1000), ProgramError, r"name 'a+…a+' is not usable"),
    (lambda: lsrl.bump(x, 5, 2), ProgramError, r"bump has low 5 above high 2; expected low ≤ high"),
    (lambda: x**2, ProgramError, r"x \*\* …: powers are products; write x \* x"),
    (lambda: 1 / x, ProgramError, r"1 / x: division by a value.*write lsrl\.quotient\(1, x, n\)"),
    (lambda: x % x, ShapeError, r"n of modulo is <Input 'x' of dimension \d>; expected a whole number from 1"),
    (lambda: x["a"], ShapeError, r"x\['a'\]: expected whole numbers"),
    (lambda: wide[1.0], ShapeError, r"wide\[1\.0\]"),
    (lambda: Program(x, name=3), ProgramError, r"program is named 3"),
    (lambda: Program.parse(None), LsrlError, r"a listing is text, not NoneType"),
    (lambda: lsrl.load(3), LsrlError, r"3 is not a path"),
    (lambda: lsrl.broadcast(wide, 2), ShapeError, r"wide has dimension 3; expected 1 or 2"),
    (lambda: lsrl.and_(), ProgramError, r"and_ of no booleans"),
    (lambda: Program(), ProgramError, r"expected one or more values"),
    (lambda: Program(3), ProgramError, r"Program\(3\)"),
    (lambda: Program(Constant(1)), ProgramError, r"depends on no Input"),
    (lambda: Program(x + Input(1, name="y")), ProgramError, r"has 2 inputs: x \(1\), y \(1\); expected one"),
    (lambda: Program(ReLU(x, name="a") + ReLU(-x, name="a")), ProgramError, r"two values are named 'a'"),
    (lambda: Program(x, name="two\nlines"), ProgramError, r"program is named 'two\\nlines'"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named_in_one_line(mistake, error, message):
    with pytest.raises(error, match=message) as caught:
        mistake()
    assert isinstance(caught.value, LsrlError)
    assert "\n" not in str(caught.value)
