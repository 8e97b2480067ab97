"""Programs in torch's own recurrent modules: what comes out, what is exact, what is refused."""

import numpy as np
import pytest
from flint import fmpq

import lsrl
from lsrl import Input, Program, RangeError, SequenceMap, UnsupportedProgram, zoo
from lsrl.backends.torch_rnn.scale import FORMATS
from lsrl.model.verification import absolute_errors
from strategies import rotated

torch = pytest.importorskip("torch")

MODULES = {"rnn-relu": torch.nn.RNN, "rnn-tanh": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
SELECTIVE = ["rnn-relu", "lstm", "gru"]
BOUNDED = ["parity", "count_modulo"]
"""Programs that are written for as many steps as their counter is declared for."""
DTYPES = {"float32": torch.float32, "float64": torch.float64}

digit = Input(1, range=(0, 9), integer=True, name="digit")
real = Input(2, range=(-3, 5), name="real")


def dictionary(target, dtype="float64"):
    words = SequenceMap(10, 10, symbols=10, max_pairs=20)
    return lsrl.compile(words.program, target, max_length=words.max_length, dtype=dtype)


@pytest.mark.parametrize("target", MODULES)
def test_the_network_is_one_stock_module_and_one_linear_layer(target):
    module = lsrl.compile(zoo.get("palindrome").program, target, max_length=100).module
    assert type(module.recurrent) is MODULES[target]
    assert module.recurrent.batch_first
    assert type(module.readout) is torch.nn.Linear
    assert dict(module.named_children()).keys() == {"recurrent", "readout"}
    states = {name: tuple(state.shape) for name, state in module.named_buffers()}
    shape = (module.recurrent.num_layers, module.recurrent.hidden_size)
    assert states == ({"h0": shape, "c0": shape} if target == "lstm" else {"h0": shape})


@pytest.mark.parametrize(("target", "factor"), [("lstm", 1.1), ("gru", 2.2), ("rnn-relu", 2.2), ("rnn-tanh", 2.2)])
def test_the_hidden_state_is_as_wide_as_the_circuit(target, factor):
    assert dictionary(target).report().widest <= factor * dictionary("linear-rnn").report().widest


@pytest.mark.parametrize(("name", "target"), rotated(zoo.CLASSICS, MODULES, 2))
def test_zoo_programs_are_exact_over_ten_thousand_steps(name, target):
    entry = zoo.get(name)
    length = entry.max_length if name in BOUNDED else 10_000
    model = lsrl.compile(entry.program, target, max_length=length, dtype="float32")
    assert model.guarantee.kind == "exact"
    x = entry.sample(np.random.default_rng(4), length)
    assert (model.run(x) == entry.expected(x)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", SELECTIVE)
def test_selective_states_are_exact_over_thousands_of_steps(target, dtype):
    x = Input(2, range=(-5, 5), integer=True)
    held = lsrl.latch(x[0], x[1] > 3, init=7, name="held")
    since = lsrl.reset_sum(x[0], lsrl.equal(x[1], 0), name="since")
    model = lsrl.compile(Program(held, since), target, max_length=3000, dtype=dtype)
    assert model.guarantee.kind == "exact"
    drawn = np.random.default_rng(0).integers(-5, 6, (3000, 2))
    expected, last, total = [], 7, 0
    for value, control in drawn.tolist():
        last = value if control > 3 else last
        total = value if control == 0 else total + value
        expected.append([last, total])
    assert (model.run(drawn) == expected).all()
    assert (model.read("held", drawn)[:, 0] == np.array(expected)[:, 0]).all()


@pytest.mark.parametrize("target", ["linear-rnn", "gated-linear-rnn", "rnn-tanh"])
def test_selective_states_are_refused_where_they_cannot_be(target):
    program = Program(lsrl.latch(digit, digit > 4, name="kept"))
    with pytest.raises(
        UnsupportedProgram,
        match="value 'kept' is a GatedState.*use target='rnn-relu', 'lstm', 'gru', 'mamba', .* or 'griffin'",
    ):
        lsrl.compile(program, target, max_length=9)


@pytest.mark.parametrize("target", MODULES)
def test_products_of_two_reals_are_refused(target):
    product = lsrl.Multi(real, name="area")
    with pytest.raises(UnsupportedProgram, match="value 'area' multiplies two values that are not booleans"):
        lsrl.compile(Program(product), target)


@pytest.mark.parametrize("target", ["rnn-tanh", "lstm", "gru"])
def test_a_value_without_a_range_is_refused(target):
    for value, options in ((lsrl.cumsum(digit, name="sum"), {}), (lsrl.Input(1, name="sum") + 1, {"max_length": 5})):
        with pytest.raises(RangeError, match=r"the range of value '(sum|linear)' is not known.*max_length"):
            lsrl.compile(Program(value), target, **options)


@pytest.mark.parametrize("target", ["rnn-tanh", "lstm", "gru"])
def test_a_dynamic_range_beyond_the_format_is_refused_with_its_size(target):
    tiny = Input(1, range=(0, 1), grid=fmpq(1, 2**120))
    program = Program(2 * tiny)
    message = r"needs a dynamic range of 2\^120; float32 has 2\^100; use dtype='float64'"
    with pytest.raises(UnsupportedProgram, match=message):
        lsrl.compile(program, target, dtype="float32")
    assert lsrl.compile(program, target, dtype="float64").guarantee.kind != "none"


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_are_stored_where_tanh_is_the_identity(dtype):
    format = FORMATS[dtype]
    numbers = (torch.rand(100_001, dtype=DTYPES[dtype]) + 1) / 2
    for exponent in range(format.identity, format.identity - 40, -3):
        small = numbers * 2.0**exponent
        assert (torch.tanh(small) == small).all()
        assert torch.tanh(-small[:1]) == -small[:1]
    enough = 2.0**format.saturated * (1 + numbers)
    for function, high, low in ((torch.tanh, 1, -1), (torch.sigmoid, 1, 0)):
        assert (function(enough) == high).all()
        assert (function(-enough) == low).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", MODULES)
def test_real_values_stay_within_a_bound_that_means_something(target, dtype):
    x, y = real[0], real[1]
    chosen = lsrl.ifelse(lsrl.larger(x, 1, width="1/8"), lsrl.maximum(x, y) / 3, lsrl.absolute(y) - x / 7)
    program = Program(lsrl.cumsum(chosen), lsrl.clip(x + y, -1, 2), lsrl.delay(lsrl.minimum(x, y), 3))
    model = lsrl.compile(program, target, max_length=200, dtype=dtype)
    assert model.guarantee.kind == "bounded"
    worst = 0.0
    for seed in range(8):
        # The same token again and again is rounded to the same side again and again.
        drawn = np.random.default_rng(seed).uniform(-3, 5, (200 if seed < 4 else 1, 2)).astype(dtype)
        drawn = np.tile(drawn, (200 // len(drawn), 1))
        drawn[:, 0] = np.where(np.abs(drawn[:, 0] - 1.06) < 0.07, 2, drawn[:, 0])
        drawn[::7, 1] = drawn[::7, 0]  # the kinks of maximum and minimum
        drawn[3::7, 1] = np.nextafter(drawn[3::7, 0], np.array(9, dtype))
        trace = program.trace(drawn, exact=True)
        assert not trace.undecided
        worst = max(worst, absolute_errors(model.run(drawn), trace.output).max())
    assert 0 < worst <= model.guarantee.bound <= 1000 * worst


@pytest.mark.parametrize("target", MODULES)
def test_a_function_in_float32_stays_within_a_bound_that_means_something(target):
    square = lsrl.FunctionApproximator(1, 1, max_cells=1024)
    model = lsrl.compile(square.program, target, max_length=square.max_length, dtype="float32")
    prompt = square.prompt(lambda x: 3.9 + x / 100, 1024)
    prompt[:, 0], prompt[:, 1] = 0, 1025 / 1024  # every cell answers: the most that can be added up
    queries = square.queries(prompt, [[0.25], [0.75]]).astype("float32")
    trace = square.program.trace(queries, exact=True)
    worst = absolute_errors(model.run(queries), trace.output).max()
    assert 0 < worst <= model.guarantee.bound <= 1000 * worst


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_answer_does_not_depend_on_threads_batches_or_kernels(target, threads):
    entry, before = zoo.get("running_maximum"), torch.get_num_threads()
    model = lsrl.compile(entry.program, target, max_length=100, dtype="float32")
    x = np.stack([entry.sample(np.random.default_rng(seed), 100) for seed in range(70)])
    torch.set_num_threads(threads)
    try:
        together = model.run(x)
        assert (together[3] == model.run(x[3])).all()
        network, enabled = model.module, torch.backends.mkldnn.enabled
        assert (network(torch.tensor(x, dtype=torch.float32)).detach().numpy() == together).all()
        torch._C._set_mkldnn_enabled(False)
        try:
            assert (model.run(x) == together).all()
        finally:
            torch._C._set_mkldnn_enabled(enabled)
    finally:
        torch.set_num_threads(before)
    assert (together[5] == entry.expected(x[5])).all()


@pytest.mark.parametrize("target", MODULES)
def test_programs_without_units_have_one_layer(target):
    for value in (digit, 2 * digit + 1, lsrl.constant(3) + 0 * digit):
        model = lsrl.compile(Program(value), target)
        assert model.report().layers == 1
        assert (model.run([[4], [5]]) == Program(value).run([[4], [5]])).all()
