"""Guarantees hold where it is hardest: at initial values, tiny and huge numbers, ends of the floats."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Constant, Input, LinState, Program
from lsrl.lang.matrix import cycle
from lsrl.targets.verification import absolute_errors

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


def test_weights_beyond_the_floats_are_refused():
    with pytest.raises(lsrl.RangeError, match=r"a weight is .*, beyond float32; expected smaller numbers, or dtype="):
        lsrl.compile(Program(small * 2**140), dtype="float32")
    with pytest.raises(lsrl.RangeError, match="beyond float64"):
        lsrl.compile(Program(small * 10**400))


def test_sums_in_pieces_have_room():
    offset = Program(lsrl.ReLU(lsrl.cumsum(Input(1, range=(0, 2**20), integer=True), init=-(2**24 - 2**20))))
    assert lsrl.compile(offset, dtype="float32", max_length=30).guarantee.kind == "bounded"
