"""Guarantees hold where it is hardest: at initial values, tiny and huge numbers, ends of the floats."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Constant, Input, LinState, Program
from lsrl.lang.matrix import cycle
from lsrl.model.verification import absolute_errors

x = Input(1, range=(0, 9), integer=True)
tiny = Input(1, range=(0, Fraction(1, 2**80)))
small = Input(1, range=(0, Fraction(1, 2**60)))

DELAYED = [[1], [2], [3]]

CASES = {
    "an initial value beyond whole floats": (lsrl.delay(x, 1, init=2**24 + 1), DELAYED),
    "an initial value that is tripled": (LinState(x, [[0, 0], [3, 0]], [[1], [0]], init=[2**23 + 1, 0])[1], DELAYED),
    "an initial value that no float holds": (lsrl.delay(x, 1, init=0.1), DELAYED),
    "such a value doubled": (LinState(x, [[0, 0], [2, 0]], [[1], [0]], init=[0.1, 0])[1], DELAYED),
    "such values in a cycle": (LinState(Constant(1), cycle(2), 0, [0.1, "1/3"]) + 0 * x, DELAYED),
    "such a value in a sum": (lsrl.cumsum(x, init=0.1), DELAYED),
    "a growing state": (LinState(x, 3, 1, init=0.1), DELAYED),
    "a product that underflows": (tiny * tiny, np.float32([[2.0**-80]])),
    "a weight that underflows": ((x > 3) * 1e-50, [[5]]),
    "a large value by a tiny weight": (Input(1, range=(0, 2**60)) * Fraction(1, 2**160), np.float32([[2.0**60]])),
}


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_the_bound_holds(case, dtype):
    value, inputs = CASES[case]
    program = Program(value)
    model = lsrl.compile(program, "gated-linear-rnn", dtype=dtype, max_length=5)
    exact = program.run(inputs, exact=True)
    assert model.guarantee.kind != "none"
    assert absolute_errors(model.run(inputs), exact).max() <= model.guarantee.bound
    rows, state = [], None
    for row in inputs:
        output, state = model.step(row, state)
        rows.append(output)
    assert absolute_errors(np.array(rows), exact).max() <= model.guarantee.bound


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize("ends", [{"range": (0, "1e-44")}, {"range": (0, "1e-43"), "grid": "1e-22"}])
def test_inputs_below_the_normal_floats_are_covered(ends):
    program = Program(Input(1, **ends) * 10**38)
    model = lsrl.compile(program, dtype="float32")
    x = np.array([[0.0 if "grid" in ends else 1e-44]])
    assert absolute_errors(model.run(x), program.run(x, exact=True)).max() <= model.guarantee.bound


def test_no_way_in_answers_infinity():
    y = Input(1, range=(-(2**126), 2**126), grid=2**103)
    x = np.array([[2.0**126]])
    model = lsrl.compile(Program(y * 4, name="p"), dtype="float32")
    scaled = lsrl.compile(Program(lsrl.Linear(y, 4, name="big") * "1/1024"), dtype="float32")
    for call in (lambda: model.run(x), lambda: model.step(x[0]), lambda: scaled.read("big", x)):
        with pytest.raises(lsrl.RangeError, match="is beyond float32"):
            call()


def test_layouts_hold_only_numbers_that_files_hold(tmp_path):
    flag = Input(1, range=(0, 1), integer=True)
    huge = lsrl.Linear(flag, [["1e400"]])
    model = lsrl.compile(Program(lsrl.ReLU(huge * "1e-400" + flag - 1)))
    model.save(tmp_path)
    assert lsrl.load(tmp_path).layout == model.layout


def test_weights_beyond_the_floats_are_refused():
    with pytest.raises(
        lsrl.RangeError, match=r"value 'output' takes a weight of 1\.39e\+42, beyond float32; .* float64"
    ):
        lsrl.compile(Program(small * 2**140), dtype="float32")
    with pytest.raises(lsrl.RangeError, match="beyond float64"):
        lsrl.compile(Program(small * 10**400))


def test_sums_in_pieces_have_room():
    offset = Program(lsrl.ReLU(lsrl.cumsum(Input(1, range=(0, 2**20), integer=True), init=-(2**24 - 2**20))))
    assert lsrl.compile(offset, dtype="float32", max_length=30).guarantee.kind == "bounded"
