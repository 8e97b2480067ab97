"""Saves over folders that are there: the old model or the new one, also when they are killed; nothing stays behind."""

import os
import random

import numpy as np
import pytest

import lsrl
from killed import killed_after, seconds_of
from lsrl import FormatError, Input, Program, Vocabulary
from lsrl.backends.registry import TARGETS
from lsrl.model import checkpoint as saving
from strategies import HUB

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

symbol = Input(1, range=(0, 2), integer=True, name="symbol")
echo = Program(lsrl.delay(symbol, 2), vocabulary=Vocabulary({"a": 0, "b": 1, "c": 2}), name="echo")
x = Input(1, range=(0, 9), integer=True, name="x")
peaks = Program(lsrl.maximum(x, lsrl.delay(x, 2, name="past")), name="peaks")

OF_NUMBERS = {"model.safetensors", "manifest.json"}
OF_TRANSFORMERS = OF_NUMBERS | {"config.json", "maps.safetensors", "cases.safetensors", "README.md"}
OF_TOKENS = OF_TRANSFORMERS | {"generation_config.json", "tokenizer.json", "tokenizer_config.json"}


@pytest.fixture(scope="module")
def models():
    """Models whose folders have different files, and what these are."""
    return {
        "tokens": (lsrl.compile(echo, "mamba", max_length=50), OF_TOKENS),
        "numbers": (lsrl.compile(peaks, "griffin", max_length=50), OF_TRANSFORMERS),
        "torch": (lsrl.compile(echo, "lstm", max_length=50), OF_NUMBERS),
    }


@pytest.fixture
def files_made_once(models, monkeypatch):
    """Saves that only write: what they write is made already."""
    made = {id(model): saving._files_of(model) for model, _ in models.values()}
    monkeypatch.setattr(saving, "_files_of", lambda model: made[id(model)])


@pytest.mark.usefixtures("files_made_once")
def test_nothing_of_an_older_model_stays_behind(models, tmp_path):
    folder = tmp_path / "model"
    for name in ("tokens", "torch", "numbers", "tokens", "numbers", "torch", "tokens"):
        model, files = models[name]
        model.save(folder)
        assert set(os.listdir(folder)) == files
        assert (lsrl.load(folder).target, os.listdir(tmp_path)) == (model.target, ["model"])


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in HUB])
def test_every_target_is_saved_over_any_other(target, models, tmp_path):
    models["torch"][0].save(tmp_path / "model")
    model = lsrl.compile(peaks, target, max_length=50)
    model.save(tmp_path / "model")
    assert set(os.listdir(tmp_path / "model")) == OF_NUMBERS
    assert lsrl.load(tmp_path / "model").run([[1], [2], [0]]).tolist() == model.run([[1], [2], [0]]).tolist()


@pytest.mark.usefixtures("files_made_once")
def test_a_save_that_fails_leaves_the_old_model(models, tmp_path, monkeypatch):
    models["torch"][0].save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FormatError, match="cannot write .*: No space left on device; expected a writable directory"):
        models["tokens"][0].save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


class Answers:
    """What a model answers on some inputs, by `lsrl.load` and, if that reads it, by transformers."""

    def __init__(self, model):
        self.model = model
        symbols = np.random.default_rng(0).integers(0, 3, (4, 9, 1))
        self.inputs = symbols
        self.outputs = model.run(symbols)
        self.ids = torch.tensor(np.concatenate([np.full((4, 1, 1), 2), symbols + 4], axis=1)[..., 0])
        self.logits = model.module(self.ids).logits if model.target.name == "mamba" else None

    def are_those_of(self, folder):
        """Whether the folder has this model: its answers, bit for bit, loaded either way."""
        loaded = lsrl.load(folder)
        if loaded.target != self.model.target:
            return False
        assert (loaded.run(self.inputs) == self.outputs).all()
        if self.logits is not None:
            network = transformers.AutoModelForCausalLM.from_pretrained(folder)
            assert torch.equal(network(self.ids).logits, self.logits)
            assert transformers.AutoTokenizer.from_pretrained(folder)("a b").input_ids == [2, 4, 5]
        else:
            assert set(os.listdir(folder)) == OF_NUMBERS
        return True


@pytest.mark.usefixtures("files_made_once")
def test_a_save_that_is_killed_leaves_the_old_or_the_new_model(models, tmp_path, request):
    folder, seed = tmp_path / "model", 0
    old, new = (Answers(models[name][0]) for name in ("tokens", "torch"))
    old.model.save(folder)
    usual = min(seconds_of(lambda answers=answers: answers.model.save(folder)) for answers in (new, old, new, old))
    chance, wanted, kills = random.Random(seed), request.config.getoption("--kills"), 0
    for _ in range(20 * wanted):
        killed = killed_after(chance.uniform(0, usual), lambda new=new: new.model.save(folder))
        replaced = new.are_those_of(folder)
        assert replaced or (killed and old.are_those_of(folder))
        if replaced:
            old, new = new, old
        kills += killed
        if kills == wanted:
            break
    assert kills == wanted
    new.model.save(folder)
    assert new.are_those_of(folder)
    assert os.listdir(tmp_path) == ["model"]


def test_a_program_is_saved_whole(tmp_path, monkeypatch):
    peaks.save(tmp_path / "program.json")
    before = (tmp_path / "program.json").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FormatError, match="cannot write .*: No space left on device"):
        Program(x, name="other").save(tmp_path / "program.json")
    network = lsrl.compile(peaks, "rnn-relu", max_length=50, dtype="float32")
    (tmp_path / "network.onnx").write_bytes(b"old")
    with pytest.raises(FormatError, match="cannot write .*: No space left on device"):
        network.export_onnx(tmp_path / "network.onnx")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "program.json": before,
        "network.onnx": b"old",
    }
