"""What the user names can be read from every network: constants, sums and parts that need no unit of their own too."""

import numpy as np
import pytest

import lsrl
from lsrl import Constant, Input, Linear, Program, ReLU
from lsrl.backends.registry import TARGETS
from lsrl.lang.json_format import from_json, to_json

X = [[3, 1], [0, 9], [7, 7]]
x = Input(2, range=(0, 9), integer=True, name="x")

five = Constant(5, name="five")
pair = lsrl.constant([1, "1/2"], name="pair")
always = lsrl.larger(x[0], -1, name="always")
never = lsrl.larger(x[0], 10, name="never")
zero = Linear(x, [[0, 0]], name="zero")
opposite = Linear(x[0], -1, name="opposite")
kept = ReLU(x, name="kept")
twin = Linear(x[0], 1, name="twin")
chosen = lsrl.ifelse(never, five, x[1], name="chosen")
clipped = lsrl.clip(five, 0, 3, name="clipped")
later = lsrl.delay(five, 2, name="later")
program = Program(
    lsrl.Concat([x + five, pair + zero, always + opposite, kept, twin, chosen, clipped, later]), name="names"
)
NAMED = ["five", "pair", "always", "never", "zero", "opposite", "kept", "twin", "chosen", "clipped", "later"]


@pytest.mark.parametrize("target", TARGETS)
def test_every_named_value_is_read_as_the_program_traces_it(target, tmp_path):
    model = lsrl.compile(program, target, max_length=9)
    trace = program.trace(X)
    model.save(tmp_path)
    loaded = lsrl.load(tmp_path)
    for name in NAMED:
        assert name in model.layout
        for each in (model, loaded):
            assert (each.read(name, X) == trace[name]).all(), name
            assert (each.read(name, [X, X])[1] == trace[name]).all(), name


def test_a_program_knows_its_constants_by_name():
    plus = Program(Input(1) + (k := Constant(5, name="k")))
    assert plus["k"] is k
    assert "k" in plus.names.values()
    assert plus.trace([[1], [2]])["k"].ravel().tolist() == [5, 5]
    for back in (Program.parse(str(plus)), from_json(to_json(plus))):
        assert back == plus
        assert back["k"].numbers == (5,)


@pytest.mark.parametrize(
    "made",
    [
        lambda k: Input(1) + k,
        lambda k: Input(1) - k,
        lambda k: k - Input(1),
        lambda k: Input(1) > k,
        lambda k: lsrl.maximum(Input(1), k),
        lambda k: lsrl.ifelse(Input(1) > 0, k, 0),
        lambda k: lsrl.ifelse(Input(1) > 0, 1, k),
        lambda k: lsrl.Concat([k, Input(1)]),
        lambda k: lsrl.latch(k, Input(1) > 0),
    ],
)
@pytest.mark.parametrize("number", [0, 1, "1/3"])
def test_no_function_loses_the_name_of_a_constant(made, number):
    k = Constant(number, name="k")
    assert Program(made(k))["k"] is k


ENDS = [(0, 0.1), (-0.7, 0.3), ("1/3", "2/3")]


def held(low, high, dtype):
    """The floats nearest to both ends, and one between."""
    numbers = [float(number.p) / float(number.q) for end in (low, high) for number in lsrl.Constant(end).numbers]
    return np.array([[number] for number in (*numbers, sum(numbers) / 2)]).astype(dtype)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ends", ENDS, ids=str)
def test_a_narrowed_range_takes_what_a_declared_range_takes(ends, target):
    narrowed = lsrl.compile(Program(Input(1, name="y") + 1), target, input_range=ends)
    declared = lsrl.compile(Program(Input(1, range=ends, name="y") + 1), target)
    for dtype in {"float64", narrowed.dtype}:
        given = held(*ends, dtype)
        assert (narrowed.run(given) == declared.run(given)).all()
        assert narrowed.step(given[0])[0] == declared.step(given[0])[0]
    beyond = [np.nextafter(held(*ends, "float64")[1], np.inf) + 1e-9]
    for model in (narrowed, declared):
        with pytest.raises(lsrl.RangeError, match="y.*expected a number in the declared range"):
            model.run(beyond)


def test_a_narrowed_range_is_for_each_component(tmp_path):
    both = Program(Input(2, range=(-1, 1), name="y") + 1)
    model = lsrl.compile(both, input_range=([0, -0.1], [0.1, 0.3]))
    model.save(tmp_path)
    for each in (model, lsrl.load(tmp_path)):
        assert each.run([[0.1, -0.1], [0.0, 0.3]]).shape == (2, 2)
        with pytest.raises(lsrl.RangeError, match=r"y\[0\]"):
            each.run([[0.3, 0.3]])
