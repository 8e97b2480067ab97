"""Compiled models: what compiling, running, streaming, reading and verifying promise, and refuse."""

import copy
import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest

import lsrl
from lsrl import Input, LsrlError, Program, ProgramError, RangeError, ShapeError, UnsupportedProgram
from lsrl.backends.registry import TARGETS
from lsrl.rounding.guarantee import Guarantee
from stock_models import STOCK, outputs_of
from strategies import HUB

digit = Input(1, range=(0, 9), integer=True, name="digit")
running = Program(lsrl.cumsum(digit, name="sum"), name="running total")


def sizes_of_a_running_sum(name):
    if name in STOCK:
        stock = STOCK[name]
        return {"layers": stock.layers, "widest": stock.width, "state_dimension": stock.states, "channels": 4}
    return {"layers": 1, "widest": 1, "state_dimension": 2 if name == "lstm" else 1, "channels": None}  # h and c


@pytest.fixture(params=list(TARGETS))
def model(request):
    return lsrl.compile(running, request.param, max_length=50)


def test_the_report_has_every_size(model):
    report = model.report()
    assert report.as_dict() == {
        "program": "running total",
        "target": model.target.name,
        "dtype": model.dtype,
        **sizes_of_a_running_sum(model.target.name),
        "parameters": report.parameters,
        "nonzeros": report.nonzeros,
        "compile_seconds": report.compile_seconds,
        "guarantee": "exact: bit for bit, up to 50 steps",
        "stability": str(dataclasses.replace(model.explain(), noise=None)),
        "automata": (),
        "cost": "",
    }
    assert "outputs change by at most" in report.stability
    assert 3 <= report.nonzeros <= report.parameters
    assert "running total on" in str(report)
    assert str(report) in repr(model)


def test_streams_go_on_where_they_were(model):
    first, state = model.step([3])
    second, state = model.step([4], state)
    assert (first.tolist(), second.tolist(), state.steps) == ([3], [7], 2)
    batch, _ = model.step([[1], [2]])
    assert batch.tolist() == [[1], [2]]


def test_a_deep_copy_computes_the_same_on_its_own(model):
    x = np.arange(8).reshape(2, 4, 1)
    unused = copy.deepcopy(model)
    model.run(x)
    for copied in (unused, copy.deepcopy(model)):
        assert (copied.run(x) == model.run(x)).all()
        assert (copied.read("sum", x) == model.read("sum", x)).all()
        _, state = copied.step([3])
        assert copied.step([4], state)[0].tolist() == [7]
        changeable(copied)[0][0] += 1
        assert (model.run(x) == running.run(x)).all()


def test_pickling_is_refused_with_what_to_do_instead(model):
    with pytest.raises(
        ProgramError, match=r"value '.*' cannot be pickled; expected .* a model by model\.save"
    ) as caught:
        pickle.dumps(model)
    assert "\n" not in str(caught.value)


def test_verify_compares_with_the_exact_interpreter(model):
    result = model.verify(30, length=20, seed=5)
    assert result.as_dict() == {
        "cases": 30,
        "skipped": 0,
        "steps": 20,
        "mismatches": 0,
        "worst_error": 0.0,
        "guarantee": "exact: bit for bit, up to 50 steps",
        "passed": True,
    }


def test_verify_needs_something_to_compare(model):
    for options in ({"cases": 0}, {"length": -1}, {"length": 2.5}):
        with pytest.raises(ShapeError, match="of verify is .*; expected a whole number from 1"):
            model.verify(**options)


def changeable(model):
    """A bias of the network, and how little of it its floats notice."""
    weights = model.weights
    if model.target.name in HUB:
        return weights.maps["readout.bias"], 1e-3
    return (weights.tensors["readout.bias"] if hasattr(weights, "tensors") else weights.layers[0].b), 1e-9


def test_verify_finds_a_network_that_is_wrong(model):
    bias, least = changeable(model)
    bias[0] += least
    result = model.verify(10)
    assert not result.passed
    assert result.mismatches > 0
    assert result.worst_error > 0


def test_the_module_is_the_same_network(model):
    torch = pytest.importorskip("torch")
    x = torch.tensor([[[3.0], [4.0]]], dtype=torch.float64, requires_grad=True)
    output = outputs_of(model, x)
    assert output.tolist() == [[[3], [7]]]
    output[0, 1, 0].backward()
    assert x.grad.ravel().tolist() == [1, 1]


@pytest.mark.parametrize("call", ["run", "step", "read"])
def test_wrong_inputs_are_refused_by_every_way_in(model, call):
    ways = {"run": model.run, "step": model.step, "read": lambda x: model.read("sum", x)}
    bad = {
        "run": ([[1, 2]], [[10]], [[np.nan]]),
        "step": ([1, 2], [10], [np.nan]),
        "read": ([[1, 2]], [[10]], [[np.nan]]),
    }
    for x in bad[call]:
        with pytest.raises(LsrlError, match="digit") as caught:
            ways[call](x)
        assert "\n" not in str(caught.value)


def test_sequences_longer_than_declared_are_refused(model):
    message = "running total has 51 steps; expected at most max_length=50; compile with a larger max_length"
    with pytest.raises(RangeError, match=message):
        model.run(np.ones((51, 1)))
    _, state = model.step([1])
    for _ in range(49):
        _, state = model.step([1], state)
    with pytest.raises(RangeError, match=message):
        model.step([1], state)


def test_a_step_takes_one_token_a_stream(model):
    with pytest.raises(ShapeError, match=r"step got an array of shape \(1, 1, 1\); expected \(dim,\)"):
        model.step([[[1]]])
    _, state = model.step([[1], [2]])
    with pytest.raises(ShapeError, match="x is not an array|digit is not an array"):
        model.step([[1], [2, 3]])
    with pytest.raises(ShapeError, match="step got a state that is not this model's; expected None"):
        model.step([1], 5)
    with pytest.raises(ShapeError, match="step got a state that is not this model's"):
        lsrl.compile(running, max_length=50).step([[1], [2]], state)
    with pytest.raises(ShapeError, match="step got 1 tokens for 2 streams; expected one for each"):
        model.step([1], state)


def test_unknown_values_are_named(model):
    with pytest.raises(lsrl.ProgramError, match="no value is named 'product'; expected one of digit, sum"):
        model.read("product", [[1]])


def test_values_that_vanished_say_how_to_keep_them():
    shifted = Program(lsrl.step(digit - 4, width=1))
    model = lsrl.compile(shifted)
    assert model.layout.absent
    with pytest.raises(lsrl.ProgramError, match="was optimised away; give it a name with name="):
        model.read(model.layout.absent[0], [[1]])


COMPILER_MISTAKES = [
    (
        lambda: lsrl.compile(running, "transformer"),
        "no target is named 'transformer'; expected one of linear-rnn",
    ),
    (lambda: lsrl.compile(running, dtype="float16"), "dtype='float16' of linear-rnn; expected one of float64, float32"),
    (lambda: lsrl.compile(running, max_length=0), "max_length is 0; expected a whole number from 1"),
    (lambda: lsrl.compile(running, max_length=2.5), r"max_length is 2\.5"),
    (lambda: lsrl.compile(running, input_range=(10, 20)), r"input_range of digit\[0\] leaves nothing in 10 … 9"),
    (lambda: lsrl.compile(running, input_range=5), "input_range is 5; expected a pair"),
    (lambda: lsrl.compile("running"), "'running' is not a Program"),
]


@pytest.mark.parametrize(("mistake", "message"), COMPILER_MISTAKES)
def test_compiler_mistakes(mistake, message):
    with pytest.raises(LsrlError, match=message) as caught:
        mistake()
    assert "\n" not in str(caught.value)


def test_a_product_of_two_numbers_needs_a_target_with_products():
    pair = Input(2, range=(0, 9), integer=True)
    program = Program(lsrl.Multi(pair, name="area"))
    message = "value 'area' multiplies two values that are not booleans.*use target='gated-linear-rnn'"
    with pytest.raises(UnsupportedProgram, match=message):
        lsrl.compile(program, "linear-rnn")
    assert lsrl.compile(program, "gated-linear-rnn").run([[3, 5]]).tolist() == [[15]]


def test_big_m_needs_a_range_and_says_what_to_declare():
    pair = Input(2)
    program = Program(lsrl.ifelse(pair[0] > 0, pair[1], 0, name="chosen"))
    with pytest.raises(RangeError, match=r"value 'chosen' selects a value whose range is not known.*Input\(range="):
        lsrl.compile(program, "linear-rnn")
    assert lsrl.compile(program, "gated-linear-rnn").run([[1, 1e30]]).tolist() == [[1e30]]
    assert lsrl.compile(program, "linear-rnn", input_range=(-5, 5)).run([[1, 3]]).tolist() == [[3]]


def test_a_narrower_input_range_is_enforced():
    model = lsrl.compile(running, input_range=(0, 3), max_length=5)
    with pytest.raises(RangeError, match="range 0 … 3"):
        model.run([[4]])


@pytest.mark.parametrize(
    ("guarantee", "text"),
    [
        (Guarantee((0.0, 0.0), None), "exact: bit for bit, any length"),
        (Guarantee((1e-9,), 7), "bounded: |error| ≤ 1e-09, up to 7 steps"),
        (Guarantee((0.0, 1e-9, 2.0), 7), "bounded: |error| ≤ 2 in output 1, 2, the other exact, up to 7 steps"),
        (Guarantee((0.0, float("inf")), None, "why"), "none: why"),
    ],
)
def test_a_guarantee_is_as_good_as_its_worst_output(guarantee, text):
    assert str(guarantee) == text
    assert text.startswith(guarantee.kind)


def test_every_output_has_a_bound_of_its_own():
    x = Input(1, range=(0, 1), integer=True)
    outputs = lsrl.cumsum(x) / 3, x > 0, lsrl.delay(x)
    for target in TARGETS:
        guarantee = lsrl.compile(Program(*outputs), target, max_length=1000, dtype="float32").guarantee
        assert guarantee.bounds[0] > 0
        assert guarantee.bounds[1:] == (0.0, 0.0), target


def test_without_ranges_nothing_is_promised_and_the_reason_says_what_to_declare():
    model = lsrl.compile(Program(lsrl.cumsum(Input(1, name="x") * "1/3")))
    assert model.guarantee.kind == "none"
    assert "declare Input(range=...) and max_length" in str(model.guarantee)


def test_importing_lsrl_imports_no_torch():
    use = "import sys, lsrl; lsrl.compile(lsrl.Program(lsrl.cumsum(lsrl.Input(1)))).run([[1]])"
    code = f"{use}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
