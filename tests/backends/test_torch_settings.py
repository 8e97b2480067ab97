"""Whatever torch is set to by the caller: models are made, run, saved and checked alike, and give the same bits."""

import functools
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, Vocabulary
from stock_models import embeddings_of
from strategies import HUB, expressible, rotated

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

PATIENCE = 120
"""Seconds after which a process that waits is a failure."""


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)
        try:
            torch.get_default_device()
        except AttributeError:  # torch 2.8 cannot say which device it is after None was set
            torch.set_default_device("cpu")


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def deterministic_algorithms():
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


SETTINGS = {
    "default device meta": functools.partial(default_device, "meta"),
    "default device cpu": functools.partial(default_device, "cpu"),
    "device meta": functools.partial(torch.device, "meta"),
    "device cpu": functools.partial(torch.device, "cpu"),
    "default dtype float64": functools.partial(default_dtype, torch.float64),
    "default dtype bfloat16": functools.partial(default_dtype, torch.bfloat16),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "gradients": torch.enable_grad,
    "autocast": functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16),
    "deterministic algorithms": deterministic_algorithms,
}

RUNTIMES = ["gated-linear-rnn", "lstm", "mamba", "hawk"]
"""Targets that are run in all the ways that there are; griffin is run as hawk is."""

UNDER = [(target, setting) for setting in SETTINGS for target in RUNTIMES if target not in HUB]
UNDER += [(("mamba", "hawk")[i % 2], setting) for i, setting in enumerate(SETTINGS)]
"""Every setting for every library: transformers makes all its models in one way."""

x = Input(2, range=(-4, 4), integer=True, name="x")
letter = Input(1, range=(0, 3), integer=True, name="letter")
text = Program(lsrl.delay(letter, 2), vocabulary=Vocabulary({"a": 0, "b": 1, "c": 2, "d": 3}), name="text")
GIVEN = np.random.default_rng(0).integers(-4, 5, (3, 12, 2))


def program_for(target):
    """Sums, delays, comparisons, a cycle and thirds; what else the target has."""
    values = [lsrl.cumsum(x[0] / 3, name="thirds"), lsrl.delay(x[1], 5), lsrl.maximum(x[0], x[1]), lsrl.mod_counter(3)]
    if expressible(target)["gated_states"]:
        values.append(lsrl.latch(x[0], x[1] > 2, init=-3, name="held"))
    if expressible(target)["products"]:
        values.append(x[0] * x[1])
    return Program(*values, name="mixed")


def compiled(target):
    return lsrl.compile(program_for(target), target, max_length=12)


def everything(model):
    """The bits of `run`, `step` and `read`, and what is completed."""
    state, found = None, [model.run(GIVEN), model.read("thirds", GIVEN)]
    for t in range(GIVEN.shape[1]):
        outputs, state = model.step(GIVEN[:, t], state)
        found.append(outputs)
    return [array.tobytes() for array in found]


def module_outputs(module, given):
    """What a stock module makes of prepared inputs."""
    if hasattr(module, "base_model_prefix"):
        return module(inputs_embeds=given, use_cache=False).last_hidden_state
    return module(given)


@functools.cache
def expected(target):
    """The bits without any setting: everything, the module's outputs, and the inputs that it got."""
    model = compiled(target)
    given = torch.tensor(GIVEN, dtype=getattr(torch, model.dtype))
    given = embeddings_of(model, given) if target in HUB else given
    with torch.no_grad():
        return everything(model), given, module_outputs(model.module, given)


@pytest.mark.parametrize(("target", "setting"), UNDER)
def test_bits_do_not_depend_on_the_settings_of_torch(target, setting, tmp_path):
    bits, given, outputs = expected(target)
    made_before = compiled(target)
    with SETTINGS[setting]():
        model = compiled(target)
        assert everything(model) == bits
        assert everything(made_before) == bits
        assert model.verify(2).passed
        model.save(tmp_path / "model")
        assert everything(lsrl.load(tmp_path / "model")) == bits
        if target in HUB:
            assert lsrl.verify_checkpoint(tmp_path / "model").problems == ()
        module = model.module
        if setting != "autocast":  # which asks for another precision of whatever runs
            assert torch.equal(module_outputs(module, given), outputs)
    assert everything(model) == bits
    assert torch.equal(module_outputs(module, given), outputs)
    for parameter in module.parameters():
        parameter.requires_grad_()
    module_outputs(module, given).sum().backward()
    assert sum(parameter.grad is not None for parameter in module.parameters()) > 1


@pytest.mark.parametrize(("setting", "target"), rotated(SETTINGS, HUB, 2))
def test_texts_do_not_depend_on_the_settings_of_torch(target, setting):
    with SETTINGS[setting]():
        model = lsrl.compile(text, target, max_length=12)
        assert model.complete("dcb", max_new_tokens=4) == "dcbd"
    assert model.complete("dcb", max_new_tokens=4) == "dcbd"


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("target", RUNTIMES)
def test_a_stream_goes_on_under_other_settings(target, setting):
    model, state, switched = compiled(target), None, False
    for t in range(GIVEN.shape[1]):
        switched = not switched
        with SETTINGS[setting if switched else "no gradients"]():
            outputs, state = model.step(GIVEN[:, t], state)
        assert outputs.tobytes() == expected(target)[0][2 + t]


@functools.cache
def stock():
    """A model in the format that ONNX has, and its file."""
    model = lsrl.compile(program_for("lstm"), "lstm", max_length=12, dtype="float32")
    return model, exported(model)


def exported(model):
    with tempfile.TemporaryDirectory() as folder:
        model.export_onnx(Path(folder) / "model.onnx")
        return (Path(folder) / "model.onnx").read_bytes()


@pytest.mark.parametrize("setting", SETTINGS)
def test_onnx_files_do_not_depend_on_the_settings_of_torch(setting):
    pytest.importorskip("onnx")
    model, expected = stock()
    with SETTINGS[setting]():
        assert exported(model) == expected


FORKED = """
import multiprocessing, sys
import numpy as np, torch
import lsrl

class Answers(torch.utils.data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return torch.tensor(model.run(np.full((8, 2), i - 3)))

def run(i, found):
    found.put((i, Answers()[i].tolist()))

x = lsrl.Input(2, range=(-4, 4), integer=True, name="x")
for target in ("lstm", "hawk"):
    model = lsrl.compile(lsrl.Program(lsrl.cumsum(x), lsrl.delay(x, 2)), target, max_length=12)
    expected = [Answers()[i].tolist() for i in range(6)]
    torch.ones(800, 800) @ torch.ones(800, 800)  # with threads that a forked process lacks
    forked = {"num_workers": 2, "multiprocessing_context": "fork", "timeout": 60}
    loader = torch.utils.data.DataLoader(Answers(), batch_size=None, **forked)
    assert [answer.tolist() for answer in loader] == expected, target
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=run, args=(5, queue))
    process.start()
    assert queue.get(timeout=60) == (5, expected[5]), target
    process.join(60)
    assert torch.get_num_threads() == 2
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_forked_processes_compute_the_same():
    threads = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORKED], env=os.environ | threads, check=True, timeout=PATIENCE)
