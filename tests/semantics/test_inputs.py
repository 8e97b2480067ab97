"""What a run accepts: every bad array is refused in one line, every good one is taken as it is."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

import lsrl
from lsrl import Input, NumberError, Program, RangeError, ShapeError

free = Program(Input(2, name="x") + 0)
digit = Program(Input(1, range=(0, 9), integer=True, name="digit") + 0)
tenths = Program(Input(1, range=(0, "1/2"), grid="1/10", name="tenth") + 0)

BAD = [
    (free, [[1, 2], [3]], ShapeError, "x is not an array: expected numbers in rows of equal length"),
    (free, [1, 2], ShapeError, r"x is an array of shape \(2,\); expected \(T, 2\) or \(batch, T, 2\)"),
    (free, [[1, 2, 3]], ShapeError, r"shape \(1, 3\)"),
    (free, 5, ShapeError, r"shape \(\)"),
    (free, np.zeros((1, 1, 1, 2)), ShapeError, r"shape \(1, 1, 1, 2\)"),
    (free, [], ShapeError, r"shape \(0,\)"),
    (free, np.zeros((0, 2)), ShapeError, r"x is empty \(shape \(0, 2\)\); expected at least one time step"),
    (free, np.zeros((0, 5, 2)), ShapeError, "x is empty"),
    (free, [[1.0, np.nan]], NumberError, r"x\[1\] at batch 0, step 0 is nan; expected finite numbers"),
    (free, [[1, 2], [-np.inf, 0]], NumberError, r"x\[0\] at batch 0, step 1 is -inf"),
    (free, [["a", 1]], NumberError, r"x\[0\] at batch 0, step 0 is 'a'; expected a number"),
    (free, [[None, 1]], NumberError, "None"),
    (free, [[1 + 2j, 1]], NumberError, "complex"),
    (
        digit,
        [[10]],
        RangeError,
        r"digit\[0\] at batch 0, step 0 is 10.*; expected a whole multiple of 1 in the",
    ),
    (digit, [[1], [-1]], RangeError, r"range 0 … 9"),
    (digit, [[0.5]], RangeError, r"digit\[0\] at batch 0, step 0 is 0\.5; expected a whole multiple of 1"),
    (tenths, [[0.15]], RangeError, r"expected a whole multiple of 1/10"),
    (tenths, [["2/15"]], RangeError, r"is .*; expected a whole multiple of 1/10"),
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("program", "x", "error", "message"), BAD)
def test_bad_arrays_are_refused_by_place(program, x, error, message, exact):
    with pytest.raises(error, match=message if not exact else ".") as caught:
        program.run(x, exact=exact)
    assert "\n" not in str(caught.value)
    model = lsrl.compile(program)
    with pytest.raises(error, match=message) as caught:
        model.run(x)


def test_whole_numbers_that_floats_cannot_hold_are_refused_not_rounded():
    assert free.run([[2**53, 0]], exact=True).tolist() == [[2**53, 0]]
    assert free.run([[2**63 + 1, 0.5]], exact=True).tolist() == [[2**63 + 1, Fraction(1, 2)]]
    with pytest.raises(NumberError, match="9007199254740993; expected a number that float64 can hold"):
        free.run(np.array([[2**53 + 1, 0]]))
    with pytest.raises(NumberError, match="16777217; .* float32"):
        lsrl.compile(free, dtype="float32").run(np.array([[2**24 + 1, 0]]))


def test_numbers_of_every_kind_are_read_exactly():
    x = [["1/3", Fraction(1, 7)], [fmpq(2, 3), 5]]
    expected = [[Fraction(1, 3), Fraction(1, 7)], [Fraction(2, 3), 5]]
    assert free.run(x, exact=True).tolist() == expected
    assert free.run(x).tolist() == [[float(number) for number in row] for row in expected]
    assert free.run(np.array([[True, False]]), exact=True).tolist() == [[1, 0]]


def test_floats_given_at_run_time_are_taken_bit_for_bit():
    assert free.run([[0.1, 0]], exact=True).tolist() == [[Fraction(0.1), 0]]


def test_a_float_stands_for_the_declared_point_that_it_is_nearest_to():
    assert tenths.run([[0.1], [0.3], [0.5]], exact=True).ravel().tolist() == [Fraction(n, 10) for n in (1, 3, 5)]
    assert tenths.run(np.float32([[0.1]]), exact=True).tolist() == [[Fraction(1, 10)]]
    open_end = Program(Input(1, range=(0, 0.1)) + 0)
    assert open_end.run([[0.1]], exact=True).tolist() == [[Fraction(1, 10)]]


def test_a_network_with_inputs_that_floats_cannot_hold_is_not_called_exact():
    summed = Program(lsrl.cumsum(tenths.input))
    assert lsrl.compile(summed, max_length=10).guarantee.kind == "bounded"
    assert lsrl.compile(summed, max_length=10).verify(50).passed


def test_every_way_to_write_a_whole_number_that_is_not_held_is_refused():
    for x in ([[2**64 + 1, 0]], [[2**53 + 1, 0.5]], [[Fraction(2**53 + 1), 0]]):
        with pytest.raises(NumberError, match="expected a number that float64 can hold"):
            free.run(x)
    whole = lsrl.compile(Program(Input(1, integer=True) + 0), dtype="float32")
    for x in ([[2**24 + 1]], [[2.0**24 + 1]], [[Fraction(2**24 + 1)]]):
        with pytest.raises(NumberError, match="float32"):
            whole.run(x)
    assert whole.run([[2.0**24 + 2]]).tolist() == [[2**24 + 2]]


def test_a_float32_stands_for_the_same_point_in_a_float64_network():
    tenth = np.float32([[0.1]])
    ends = Program(Input(1, range=(0.1, 0.9)) + 0)
    for program in (tenths, ends):
        assert lsrl.compile(program).run(tenth).tolist() == [[0.1]]
        assert program.run(tenth).tolist() == [[0.1]]
        assert program.run(tenth, exact=True).tolist() == [[Fraction(1, 10)]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("narrowed", "declared"), [((0, 0.3), (0, 1)), (None, (0, 0.3))])
def test_a_narrowed_range_takes_what_a_declared_one_takes(dtype, narrowed, declared):
    program = Program(lsrl.larger(Input(1, range=declared, name="u"), "3/10", width=1e-18))
    model = lsrl.compile(program, dtype=dtype, input_range=narrowed)
    nearest = np.full(3, 0.3, dtype)
    below, end, above = np.nextafter(nearest, np.array([-1, nearest[0], 1], dtype))[:, None, None]
    assert model.run(below) == program.run(below, exact=True)
    assert model.run(end) == program.run([["3/10"]], exact=True) == 0  # the float nearest to an end stands for it
    with pytest.raises(RangeError, match="expected a number in the declared range 0 … 3/10"):
        model.run(above)


def test_outputs_beyond_the_floats_are_refused():
    x = Input(1)
    for program in (Program(x * 10**400), Program(lsrl.LinState(x, 10, 1), name="growing")):
        with pytest.raises(
            RangeError, match=r"the output of .* at batch 0, step .* is beyond float64; expected smaller"
        ):
            program.run([[1]] * 400)
        assert program.run([[1]] * 400, exact=True)[-1, 0] > 10**399
    with pytest.raises(RangeError, match="the output of growing.* is beyond float64"):
        lsrl.compile(program).run([[1]] * 400)


def test_arrays_that_are_not_what_they_seem_are_refused():
    with pytest.raises(ShapeError, match="x is a masked array"):
        free.run(np.ma.masked_array([[1.0, 2.0]], [[True, False]]))
    with pytest.raises(NumberError, match="expected float64 or smaller"):
        free.run(np.array([[1, 2]], dtype=np.longdouble))
    torch = pytest.importorskip("torch")
    with pytest.raises(ShapeError, match="x is not an array"):
        free.run(torch.ones(1, 2, requires_grad=True))
    assert free.run(torch.ones(1, 2)).tolist() == [[1, 1]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ends_beyond_the_floats_are_no_limit(dtype):
    program = Program(Input(1, range=(-(10**400), 10**400), name="u") + 0)
    x = np.array([[3.0]], dtype)
    assert program.run(x) == program.run(x, exact=True) == lsrl.compile(program, dtype=dtype).run(x) == 3
    assert lsrl.compile(program, dtype=dtype, input_range=(-(10**399), 10**399)).run(x) == 3


def test_whole_floats_are_not_rounded_to_float32():
    with pytest.raises(NumberError, match="16777217.*float32"):
        lsrl.compile(free, dtype="float32").run(np.array([[16777217.0, 0]]))
    assert lsrl.compile(free, dtype="float32").run(np.array([[16777216.5, 0.1]])).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ends", [("3/10", "7/10"), (0.3, 0.7), ("1/4", "3/4"), ("1/3", 1)])
def test_grid_points_inside_a_narrowed_range_are_all_accepted(dtype, ends):
    program = Program(Input(1, range=(0, 1), grid="1/10") * 2)
    model = lsrl.compile(program, input_range=ends, dtype=dtype)
    low, high = (Fraction(str(end)) for end in ends)
    for n in range(11):
        x = np.array([[n / 10]], dtype)
        if low <= Fraction(n, 10) <= high:
            assert model.run(x).shape == (1, 1)
        else:
            with pytest.raises(RangeError):
                model.run(x)
    assert model.verify(20).passed
    assert lsrl.compile(Program(Input(1, range=(0, 1)) * 2), input_range=ends, dtype=dtype).verify(20).passed


def test_grids_that_floats_cannot_count_are_refused():
    for grid in ("1e-30", 10**23):
        with pytest.raises(NumberError, match="expected numerator and denominator that floats hold"):
            Input(1, grid=grid)
    assert Input(1, grid=Fraction(1, 2**300)).dim == 1


def test_batches_keep_their_shape():
    x = np.arange(12.0).reshape(2, 3, 2)
    for run in (free.run, lambda x: free.run(x, exact=True), lsrl.compile(free).run):
        assert run(x).shape == (2, 3, 2)
        assert run(x[0]).shape == (3, 2)
