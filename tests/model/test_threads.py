"""One model in several threads at once: the same bits as in one, and nothing of the process is left changed."""

import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsrl
from lsrl import Input, Program, Vocabulary
from lsrl.backends.registry import TARGETS
from lsrl.backends.torch_environment import undisturbed
from lsrl.backends.transformers.transformers_environment import loading, quiet
from lsrl.circuit.translate import input_facts
from lsrl.errors import LsrlError
from lsrl.model.sampling import sampled_inputs
from strategies import HUB, expressible, programs, thorough

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

THREADS, STEPS, PATIENCE = 4, 8, 120
"""Threads at once, steps that each of them runs, and seconds after which one that waits is a failure."""

THREADS_OF_TORCH = 3
"""What torch is set to in tests of that setting: neither one, which is what networks set, nor what a machine has."""


@pytest.fixture
def interleaved():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*works):
    """What these functions return, each run in a thread of its own, all started at the same moment."""
    started = threading.Barrier(len(works), timeout=PATIENCE)

    def begun(work):
        started.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(begun, work) for work in works]]


def everything(model, x):
    """The bits of a batch (batch, T, dim) from `run`, `step` and `read`."""
    state, stepped = None, []
    for t in range(x.shape[1]):
        outputs, state = model.step(x[:, t], state)
        stepped.append(outputs)
    return [model.run(x), np.stack(stepped, axis=1), *(model.read(name, x) for name in list(model.layout)[:3])]


def same(found, expected):
    return all(one.tobytes() == other.tobytes() for one, other in zip(found, expected, strict=True))


letter = Input(1, range=(0, 3), integer=True, name="letter")
mixing = Program(
    lsrl.ifelse(lsrl.equal(lsrl.delay(letter, 4), 0), lsrl.latch(letter, letter > 1), lsrl.delay(letter, 1)),
    vocabulary=Vocabulary({"a": 0, "b": 1, "c": 2, "d": 3}),
)
"""Answers that hang on what came before."""


@functools.cache
def speaker(target):
    return lsrl.compile(mixing, target, max_length=20)


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")  # programs of reals can have such a bound
@pytest.mark.filterwarnings("ignore::lsrl.UndecidedComparisonWarning")  # and be undecided
@pytest.mark.usefixtures("interleaved")
@pytest.mark.parametrize("target", TARGETS)
def test_random_programs_give_every_thread_the_bits_that_one_thread_gets(target):
    @settings(parent=thorough, max_examples=2 if target in HUB else 5)
    @given(st.data())
    def check(data):
        program = data.draw(programs(**expressible(target)))
        try:
            alone, shared = (lsrl.compile(program, target, max_length=STEPS) for _ in range(2))
        except LsrlError:
            return
        facts, seed = input_facts(program, None), data.draw(st.integers(0, 2**32))
        # Batches of several sizes: what one thread leaves behind does not even fit another.
        given = [
            sampled_inputs(facts, np.random.default_rng(seed + i), 1 + i % 3, STEPS, alone.dtype)
            for i in range(THREADS)
        ]
        expected = [everything(alone, x) for x in given]
        found = together(*(functools.partial(everything, shared, x) for x in given))
        assert all(map(same, found, expected))

    check()


@pytest.mark.usefixtures("interleaved")
@pytest.mark.parametrize("target", HUB)
def test_texts_are_completed_side_by_side(target):
    prompts = ["dab", "", "cca", "a", "badc", "d"]
    expected = [speaker(target).complete(prompt, max_new_tokens=4) for prompt in prompts]
    fresh = lsrl.compile(mixing, target, max_length=20)
    works = [functools.partial(fresh.complete, prompt, max_new_tokens=4) for prompt in prompts]
    assert together(*works) == expected


@pytest.mark.parametrize("target", HUB)
def test_no_answer_hangs_on_what_was_asked_before(target):
    echo = Program(lsrl.delay(letter, 2), vocabulary=mixing.vocabulary)
    model = lsrl.compile(echo, target, max_length=20)
    answers = [model.complete("", max_new_tokens=4)]
    for before in ("dddd", "abc", ""):
        model.complete(before, max_new_tokens=4)
        answers.append(model.complete("", max_new_tokens=4))
    assert answers == ["<none>"] * 4


@pytest.mark.parametrize("target", TARGETS)
def test_a_stream_goes_on_in_another_thread_and_may_part_there(target):
    x = Input(1, range=(0, 9), integer=True)
    model = lsrl.compile(Program(lsrl.cumsum(x), lsrl.delay(x, 5)), target, max_length=20)
    given = np.random.default_rng(0).integers(0, 10, (20, 1))
    expected, state = model.run(given), None
    for t in range(10):
        outputs, state = together(functools.partial(model.step, given[t], state))[0]
        assert (outputs == expected[t]).all()
    parted = together(*(functools.partial(model.step, [digit], state) for digit in range(THREADS)))
    assert [outputs[0] for outputs, _ in parted] == [expected[9][0] + digit for digit in range(THREADS)]


@pytest.mark.parametrize("target", HUB)
def test_threads_share_the_weights_and_no_module(target):
    network = speaker(target).network
    here, there = network.stock, together(lambda: network.stock)[0]
    assert not set(map(id, here.modules())) & set(map(id, there.modules()))
    pairs = zip(here.state_dict().values(), there.state_dict().values(), strict=True)
    assert all(one.data_ptr() == other.data_ptr() for one, other in pairs)
    assert network.stock is here


def threads_of_torch():
    return torch.get_num_threads()


def in_a_new_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(PATIENCE)


@pytest.fixture
def three_threads():
    """Torch computes with three threads in this thread and in new ones."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS_OF_TORCH)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_torch_has_one_thread_only_where_a_small_network_runs():
    with undisturbed(256):
        assert threads_of_torch() == 1
        assert in_a_new_thread(threads_of_torch) == THREADS_OF_TORCH
    with undisturbed(257):
        assert threads_of_torch() == THREADS_OF_TORCH
    assert threads_of_torch() == in_a_new_thread(threads_of_torch) == THREADS_OF_TORCH


@pytest.mark.usefixtures("three_threads")
def test_overlapping_threads_keep_their_number_of_threads_of_torch():
    """One that comes while another computes must not take its setting for its own, nor leave it behind."""
    inside, done = threading.Event(), threading.Event()

    def first():
        with undisturbed(1):
            inside.set()
            assert done.wait(PATIENCE)
        return threads_of_torch()

    def second():
        try:
            assert inside.wait(PATIENCE)
            with undisturbed(1):
                within = threads_of_torch()
            return within, threads_of_torch(), in_a_new_thread(threads_of_torch)
        finally:
            done.set()

    assert together(first, second) == [THREADS_OF_TORCH, (1, THREADS_OF_TORCH, THREADS_OF_TORCH)]
    assert threads_of_torch() == in_a_new_thread(threads_of_torch) == THREADS_OF_TORCH


@pytest.mark.usefixtures("interleaved", "three_threads")
@pytest.mark.parametrize("target", ["lstm", *HUB])
def test_many_threads_leave_every_setting_as_it_was(target):
    x = Input(1, range=(0, 9), integer=True)
    model = lsrl.compile(Program(lsrl.cumsum(x)), target, max_length=20)
    before = settings_of_the_process()

    def work():
        first = threads_of_torch()
        for _ in range(5):
            model.run([[1], [2]])
            model.step([1])
        return first, threads_of_torch()

    assert together(*[work] * 8) == [(THREADS_OF_TORCH, THREADS_OF_TORCH)] * 8
    assert settings_of_the_process() == before
    assert in_a_new_thread(settings_of_the_process) == before


def settings_of_the_process():
    logging = transformers.utils.logging
    return {
        "threads": torch.get_num_threads(),
        "verbosity": logging.get_verbosity(),
        "bars": logging.is_progress_bar_enabled(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "ties": transformers.PreTrainedModel.tie_weights,
        "uniform": torch.nn.init.uniform_,
    }


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("context", [quiet, loading, functools.partial(undisturbed, 4)])
def test_an_error_inside_leaves_every_setting_as_it_was(context):
    before = settings_of_the_process()
    with pytest.raises(ZeroDivisionError), context(), context():
        1 / 0  # noqa: B018
    assert settings_of_the_process() == before


def test_transformers_is_loud_again_when_the_last_one_has_gone():
    before = settings_of_the_process()
    first, second = ExitStack(), ExitStack()
    first.enter_context(quiet())
    second.enter_context(quiet())
    assert settings_of_the_process()["verbosity"] == transformers.utils.logging.ERROR
    first.close()
    assert settings_of_the_process()["verbosity"] == transformers.utils.logging.ERROR
    second.close()
    assert settings_of_the_process() == before


def test_a_verbosity_that_somebody_sets_meanwhile_stays():
    logging = transformers.utils.logging
    before = logging.get_verbosity()
    try:
        with quiet():
            logging.set_verbosity_info()
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(before)


@pytest.mark.usefixtures("interleaved")
@pytest.mark.parametrize("target", HUB)
def test_models_are_made_side_by_side(target):
    """Transformers changes what the whole process shares while it loads."""
    before = settings_of_the_process()
    model = lsrl.compile(Program(lsrl.cumsum(Input(1, range=(0, 9), integer=True))), target, max_length=20)
    expected = model.module.state_dict()
    for module in together(*[lambda: model.module] * THREADS):
        found = module.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert settings_of_the_process() == before
