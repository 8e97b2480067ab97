"""Programs in transformers models: bit for bit, in the stream, one at a time, or refused."""

import functools
import json
import re
from itertools import pairwise

import numpy as np
import pytest

import lsrl
from lsrl import Input, LinState, Program, RangeError, SequenceMap, TokenMap, UnsupportedProgram, zoo
from lsrl.lang.matrix import cycle
from stock_models import STOCK, embeddings_of, outputs_of
from strategies import HUB, rotated

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

whole = Input(2, range=(-4, 4), integer=True, name="x")
real = Input(2, range=(-3, 5), name="r")
mixed = Program(
    lsrl.ifelse(lsrl.cumsum(whole[0], init=3) > 2, whole[1], -1, name="chosen"),
    lsrl.delay(lsrl.absolute(whole[1]), 5, init=5),
    lsrl.latch(whole[0], whole[1] > 2, init=-3, name="held"),
    lsrl.clip(lsrl.reset_sum(whole[0], whole[1] < 0, init=2), -50, 50),
    whole[0] * whole[1],
    lsrl.mod_counter(5, name="day"),
    name="mixed",
)


@functools.cache
def compiled(target):
    return lsrl.compile(mixed, target, max_length=100)


@functools.cache
def dictionary(target, length):
    words = SequenceMap(length, symbols=10, max_pairs=100)
    return words, lsrl.compile(words.program, target, max_length=words.max_length)


def drawn(*shape, low=-4, high=4, seed=0):
    return np.random.default_rng(seed).integers(low, high + 1, shape).astype(np.float32)


@pytest.mark.parametrize(("name", "target"), rotated(zoo.CLASSICS, HUB, 2))
def test_zoo_programs_are_exact_over_2048_tokens(name, target):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=2048)
    assert model.guarantee.kind == "exact"
    x = entry.sample(np.random.default_rng(4), 2048)
    assert (model.run(x) == entry.expected(x)).all()


@pytest.mark.parametrize(("length_count", "target"), rotated([(3, 25), (10, 100)], HUB, 2))
def test_dictionaries_of_25_and_100_pairs_are_answered(length_count, target):
    length, count = length_count
    words, model = dictionary(target, length)
    assert model.guarantee.kind == "exact"
    rng = np.random.default_rng(count)
    pairs = {tuple(rng.integers(0, 10, length).tolist()): tuple(rng.integers(0, 10, length)) for _ in range(count)}
    known = list(pairs)
    missing = next(key for key in map(tuple, rng.integers(0, 10, (9, length)).tolist()) if key not in pairs)
    answers = words.answers(model, [known[-1], missing], words.prompt(pairs))
    assert answers == [pairs[known[-1]], None]


@pytest.mark.parametrize("target", HUB)
def test_dictionaries_of_length_10_are_small(target):
    tokens = TokenMap(10, 10, max_pairs=100)
    for model in (dictionary(target, 10)[1], lsrl.compile(tokens.program, target, max_length=tokens.max_length)):
        sizes = model.report()
        # The last layer of a jamba attends; an xlstm remembers one step a layer.
        assert sizes.layers <= 24 + (target in ("jamba", "xlstm"))
        assert sizes.widest <= 1026
        assert 4 * sizes.parameters <= 200 * 10**6


@pytest.mark.parametrize("target", HUB)
def test_the_network_is_the_stock_model_and_computes_the_same(target):
    model, x = compiled(target), drawn(3, 40, 2)
    assert type(model.module) is getattr(transformers, STOCK[target].model)
    assert (outputs_of(model, torch.tensor(x)).numpy() == model.run(x)).all()
    assert (model.run(x) == mixed.run(x, exact=True)).all()


@pytest.mark.parametrize("target", HUB)
def test_one_step_at_a_time_is_the_full_pass(target):
    model, x = compiled(target), drawn(2, 100, 2)
    full, state = model.run(x), None
    for t in range(100):
        if t == 50:
            model.step(x[:, 0], state)  # a stream that goes another way does not disturb this one
        output, state = model.step(x[:, t], state)
        assert (output == full[:, t]).all(), t
    with pytest.raises(RangeError, match="has 101 steps; expected at most max_length=100"):
        model.step(x[:, 0], state)


@pytest.mark.parametrize("target", HUB)
def test_layouts_read_what_the_trace_says(target):
    model, x = compiled(target), drawn(60, 2)
    trace = mixed.trace(x)
    assert {"chosen", "held", "day"} <= set(model.layout)
    for name in model.layout:
        assert (model.read(name, x) == trace[name]).all(), name


def stream(model, x):
    """The residual stream before every layer and after the last norm, and what every norm of it takes and gives."""
    module, norms, layers = model.module, [], []
    for part in module.modules():
        if type(part).__name__.endswith("RMSNorm") and list(part.parameters()):  # FalconMamba's inner ones have none
            part.register_forward_hook(lambda _, given, made: norms.append((given[0], made)))
    for layer in getattr(module, "layers", None) or module.blocks:
        layer.register_forward_pre_hook(lambda _, given: layers.append(given[0]))
    with torch.inference_mode():
        last = module(inputs_embeds=embeddings_of(model, torch.tensor(x)), use_cache=False).last_hidden_state
    return torch.stack([*layers, last]).numpy(), norms


@pytest.mark.parametrize("target", HUB)
def test_norms_change_nothing_but_those_of_recurrent_gemma_which_multiply_by_a_power_of_two(target):
    _, norms = stream(compiled(target), drawn(2, 40, 2))
    assert len(norms) > compiled(target).report().layers
    gain = compiled(target).report().widest ** 0.5 if target in ("hawk", "griffin") else 1
    *inner, (last, kept) = norms
    assert all((gain * given == made).all() for given, made in inner)
    assert (last == kept).all()


@pytest.mark.parametrize("target", HUB)
def test_the_stream_holds_a_one_a_mark_of_every_step_and_small_values_that_stay(target):
    hidden, _ = stream(compiled(target), drawn(2, 40, 2))
    assert (hidden[..., 0] == 1).all()
    assert (hidden[:, :, 0, 1:] == 0).all()  # before the first step there is nothing
    marks = np.unique(hidden[:, :, 1:, 1])
    assert marks.size == 1
    assert 0 < marks[0] < 2**-20
    assert np.abs(hidden[..., 1:]).max() < 2**-20
    for before, after in pairwise(hidden):
        assert ((after == before) | (before == 0) | (after == 0)).all()  # a value stays, or is erased


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("period", [1, 2, 7, 40])
def test_cycles_that_nothing_drives_are_counted_off_up_to_max_length(period, target):
    inits = [i * i - 3 for i in range(period)]
    turning = LinState(lsrl.Constant(1), cycle(period), 0, inits, name="turning")
    program = Program(turning[0], lsrl.mod_counter(period) + 0 * whole[0])
    model = lsrl.compile(program, target, max_length=1000)
    assert model.guarantee.kind == "exact"
    x = drawn(1000, 2)
    assert (model.run(x) == program.run(x)).all()


@pytest.mark.parametrize("target", HUB)
def test_permutations_of_several_cycles_are_counted_off_too(target):
    swaps = [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0]]
    program = Program(LinState(lsrl.Constant(1), swaps, 0, [1, -2, 3, 40, 5]) + 0 * whole[0])
    x = drawn(100, 2)
    assert (lsrl.compile(program, target, max_length=100).run(x) == program.run(x, exact=True)).all()


CIRCLE = r"read one another in a circle.*real and diagonal, which cannot rotate \(Merrill et al\."
ITSELF = r"reads itself times {}, and this target's state matrix is real, diagonal and between 0 and 1"
REFUSED = {
    "a rotation": (LinState(real, [["3/5", "-4/5"], ["4/5", "3/5"]], name="turn"), f"value 'turn'.*{CIRCLE}"),
    "a permutation that the input drives": (
        LinState(lsrl.Concat([whole, 0]), cycle(3), name="turned"),
        f"value 'turned'.*{CIRCLE}",
    ),
    "a cycle with other weights": (LinState(whole, [[0, 2], ["-1/2", 0]], 0, [1, 0], name="swap"), CIRCLE),
    "a state that grows": (LinState(whole[0], 2, name="grow"), f"value 'grow'.*{ITSELF.format(2)}"),
    "a state that changes its sign": (LinState(whole[0], "-3/2", name="flip"), ITSELF.format("-3/2")),
}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("case", REFUSED)
def test_what_the_state_matrix_cannot_do_is_refused_with_a_way_out(case, target):
    value, message = REFUSED[case]
    with pytest.raises(UnsupportedProgram, match=message) as caught:
        lsrl.compile(Program(value), target, max_length=9)
    assert "\n" not in str(caught.value)
    alternatives = re.findall(r"'([a-z0-9.-]+)'", str(caught.value).partition("use target=")[2])
    assert alternatives
    for other in alternatives:
        lsrl.compile(Program(value), other, max_length=9)


UNDECLARED = [
    (
        lsrl.mod_counter(17, name="day") + 0 * whole[0],  # of small ones an OLMo-Hybrid needs no length
        r"'day.*' is a cycle of 17 steps.*declare compile\(\.\.\., max_length",
    ),
    (lsrl.cumsum(whole[0], name="sum"), r"the range of value 'sum' is not known.*max_length"),
    (Input(1, name="y") + 1, r"the range of value 'y' is not known.*declare Input\(range="),
    (lsrl.shift_register(whole[0], 1100), r"[12],\d0[23] values for the residual stream; expected at most 1,02"),
]


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize(("value", "message"), UNDECLARED)
def test_what_is_not_declared_or_too_much_is_named(value, message, target):
    with pytest.raises(RangeError, match=message) as caught:
        lsrl.compile(Program(value), target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", HUB)
def test_there_is_float32_only(target):
    with pytest.raises(UnsupportedProgram, match=f"dtype='float64' of {target}; expected one of float32"):
        lsrl.compile(mixed, target, max_length=9, dtype="float64")


@pytest.mark.parametrize("target", HUB)
def test_what_is_said_of_a_stock_model_is_so(target):
    """Its settings are ones that it has, JSON holds the constants, and what adds to the stream is there by name."""
    stock, model = compiled(target).weights.stock, compiled(target).module
    known = type(model.config)().to_dict()
    assert stock.constants.keys() - known.keys() == set()
    assert json.loads(json.dumps(stock.constants, allow_nan=False)) == stock.constants
    assert sum(name.endswith(stock.writers) for name in model.state_dict()) >= model.config.num_hidden_layers
