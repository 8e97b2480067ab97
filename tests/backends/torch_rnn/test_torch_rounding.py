"""What rounding does to torch networks stays within the guarantee where it is most likely not to."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Input, Linear, Program, ReLU, UnsupportedProgram
from lsrl.model.verification import absolute_errors

torch = pytest.importorskip("torch")

TARGETS = ["rnn-relu", "rnn-tanh", "lstm", "gru"]
EXACTLY = [Fraction("0.12345678901234561"), Fraction("0.65432109876543219")]


def checked(value, x, target, dtype, **options):
    """The model of one value, after comparing it with the exact interpreter."""
    program = Program(value)
    model = lsrl.compile(program, target, dtype=dtype, **options)
    x = np.asarray(x, dtype)
    trace = program.trace(x, exact=True)
    assert not trace.undecided
    errors = absolute_errors(model.run(x), trace.output)
    assert errors.max() <= model.guarantee.bound, (errors.max(), str(model.guarantee))
    return model, errors.max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_relu_of_a_form_that_cancels_lets_nothing_stale_through(target, dtype):
    a, b = EXACTLY
    x = Input(3, range=(-100, 100), integer=True)
    y = ReLU(Linear(x, [["7/10", "1/2", "1/3"], [a, -b, b - a]]))
    rows = [row for q in range(-100, 101) for row in ([100, -100, 100], [q, q, q])]
    _, error = checked(Concat([lsrl.delay(x[0], 2), y]), rows, target, dtype)
    assert error < 1e-4


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")  # big-M of numbers this long rounds them
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("dtype", "bits"), [("float32", 24), ("float64", 53)])
def test_whole_numbers_as_long_as_a_mantissa(target, dtype, bits):
    high = 2**bits
    checked(ReLU(Input(1, range=(-high, high), integer=True)), [[high - 1], [-high], [1]], target, dtype)
    x = Input(2, range=(-high // 2, high // 2), integer=True)
    checked(ReLU(x[0] - x[1]), [[high // 2, -high // 2 + 1], [-high // 2, high // 2]], target, dtype)
    model, _ = checked(
        lsrl.ifelse(x[0] > 0, x[0], 0), [[high // 2 - 1, 0], [1, 0], [0, 0], [-high // 2, 0]], target, dtype
    )
    assert target == "rnn-relu" or model.guarantee.bound < 16  # a gate decides by the sign, however large the number


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_reals_of_every_size(target, dtype):
    tiny = 1e-20 if dtype == "float32" else 1e-122
    checked(ReLU(Input(1, range=(-1, 1))), [[tiny], [-tiny], [0.3], [-0.3]], target, dtype)
    checked(Input(1, range=(-1, 1)), [[3e-39 if dtype == "float32" else 1e-307]], target, dtype)
    x = Input(2, range=([-(2**100), -1], [2**100, 1]))
    checked(Concat([x[0], x[1]]), [[5, 1.2345678e-12]], target, dtype)
    checked(x[1], [[5, 1.2345678e-12]], target, dtype)
    narrow = Input(2, range=([-(2**100), "-1/1048576"], [2**100, "1/1048576"]))
    checked(Linear(narrow, [[1, 0], [0, "1/3"]])[1] + 0 * narrow[0], [[5, 2.0**-21 * 1.2345]], target, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_branches_of_reals(target, dtype):
    x = Input(3, range=([0, -1, "-1/2"], [1, 1, "1/2"]))
    rng = np.random.default_rng(0)
    rows = np.c_[rng.integers(0, 2, 500), rng.uniform(-1, 1, 500), rng.uniform(-0.5, 0.5, 500)]
    checked(lsrl.ifelse(x[0] > "1/4", x[1], x[2]), rows, target, dtype)
    checked(lsrl.ifelse(x[0] > "1/4", x[1], 0), rows, target, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_grids_that_floats_do_not_hold(target, dtype):
    x = Input(1, range=(-7, 7), grid=Fraction(1, 3))
    for value in (x + 0, -x, lsrl.delay(x), ReLU(x), lsrl.cumsum(x)):
        checked(value, (np.arange(-21, 22) / 3)[:, None], target, dtype, max_length=50)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["lstm", "gru", "rnn-tanh"])
def test_gates_that_would_overflow_are_refused(target, dtype):
    high = 2**120 if dtype == "float32" else 2**1015
    x = Input(2, range=(-high, high), grid=1)
    with pytest.raises(UnsupportedProgram, match=r"needs a dynamic range of 2\^\d+; float(32|64) has 2\^\d+; use"):
        lsrl.compile(Program(lsrl.larger(x[0], x[1])), target, dtype=dtype)


def test_a_latch_of_an_lstm_holds_reals_for_ever():
    x = Input(2, range=([-1, 0], [1, 1]))
    rng = np.random.default_rng(0)
    rows = np.c_[rng.uniform(-1, 1, 3000), rng.random(3000) < 0.01]
    model, _ = checked(lsrl.latch(x[0], x[1] > "1/2"), rows, "lstm", "float32")
    assert model.max_length is None
    assert model.guarantee.bound < 1e-5


def test_relu_networks_need_no_range_for_what_needs_no_range():
    for value in (ReLU(Input(1)), Input(1) * 2 + 1, lsrl.cumsum(Input(1, integer=True))):
        model = lsrl.compile(Program(value), "rnn-relu")
        assert (model.run([[3.0], [-5.0]]) == Program(value).run([[3.0], [-5.0]])).all()


@pytest.mark.parametrize("target", TARGETS)
def test_the_caller_s_settings_of_torch_do_not_matter(target):
    program = Program(lsrl.cumsum(Input(1, range=(0, 9), integer=True)))
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
        model = lsrl.compile(program, target, max_length=9, dtype="float32")
        assert model.run([[7], [9], [9]]).ravel().tolist() == [7, 16, 25]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", ["rnn-relu", "lstm", "gru"])
def test_what_a_latch_begins_with_is_rounded_too(target, dtype):
    x = Input(2, range=(0, 5), integer=True)
    program = Program(lsrl.latch(x[0], x[1] > 3, init="1/3"))
    model = lsrl.compile(program, target, max_length=5, dtype=dtype)
    assert model.guarantee.kind == "bounded"
    error = absolute_errors(model.run([[0, 2], [4, 0]]), program.run([[0, 2], [4, 0]], exact=True)).max()
    assert 0 < error <= model.guarantee.bound
