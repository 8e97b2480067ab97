"""Checkpoints in other hands: nothing in them is run, fetched, waited for, or given memory; each is one line."""

import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import lsrl
from lsrl import FormatError, Input, Program, Vocabulary
from saved_folders import edited, reconfigured, signed

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

symbol = Input(1, range=(0, 2), integer=True, name="symbol")
tokens = Program(lsrl.delay(symbol, 2), vocabulary=Vocabulary({"a": 0, "b": 1, "c": 2}), name="tokens")
vectors = Program(lsrl.delay(Input(2, range=(-4, 4), integer=True, name="x"), 2), name="vectors")

KINDS = [("mamba", "tokens"), ("griffin", "tokens"), ("hawk", "vectors")]


@pytest.fixture(params=KINDS, ids="-".join)
def folder(request, checkpoint, tmp_path):
    """A folder that a test may change."""
    target, kind = request.param
    return shutil.copytree(checkpoint(tokens if kind == "tokens" else vectors, target, 40), tmp_path / "model")


of_each_kind = pytest.mark.parametrize("folder", [KINDS[0], KINDS[2]], indirect=True, ids="-".join)
"""One folder with tokens and one without: what is in it does not matter."""


@pytest.fixture
def untouched(monkeypatch):
    """Transformers is not given the folder."""
    given = []
    for name in ("AutoModel", "AutoModelForCausalLM"):
        monkeypatch.setattr(getattr(transformers, name), "from_pretrained", lambda *_, **__: given.append(1))
    yield
    assert not given


def one_line(text, limit=1500):
    assert "\n" not in text
    assert len(text) < limit
    return text


def refused(folder, message):
    """Neither loaded nor verified."""
    for act in (lsrl.load, lsrl.verify_checkpoint):
        with pytest.raises(FormatError, match=message) as caught:
            act(folder)
        one_line(str(caught.value))


def problems_of(folder, **options):
    found = lsrl.verify_checkpoint(folder, **options)
    assert not found.passed
    return "\n".join(map(one_line, found.problems))


OF_BOTH = [
    ({"num_hidden_layers": 10**7}, "num_hidden_layers"),
    ({"num_hidden_layers": 0}, "num_hidden_layers"),
    ({"num_hidden_layers": "2"}, "num_hidden_layers"),
    ({"num_hidden_layers": 2.0}, "num_hidden_layers"),
    ({"num_hidden_layers": True}, "num_hidden_layers"),
    ({"hidden_size": 10**12}, "hidden_size"),
    ({"hidden_size": -4}, "hidden_size"),
    ({"vocab_size": 10**15}, "vocab_size"),
    ({"model_type": None}, "'model_type' is a required property"),
    ({"model_type": "llama"}, "model_type"),
    ({"model_type": ["mamba"]}, "model_type"),
    ({"attn_implementation": "kernels-community/flash-attn"}, "attn_implementation"),
    ({"_attn_implementation": "kernels-community/flash-attn"}, "_attn_implementation"),
    ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantization_config"),
    ({"auto_map": {"AutoModel": "elsewhere/model--code.Model"}}, "auto_map"),
    ({"_name_or_path": "elsewhere/model"}, "_name_or_path"),
    ({"architectures": ["LlamaForCausalLM"]}, "architectures"),
    ({"torch_dtype": "float16"}, "torch_dtype"),
    ({"dtype": "float16"}, "dtype"),
    ({"tie_word_embeddings": True}, "tie_word_embeddings"),
    ({"use_mambapy": True}, "use_mambapy"),
    ({"eos_token_id": list(range(1000))}, "eos_token_id"),
    ({"eos_token_id": -1}, "eos_token_id"),
    ({"a key of the user's": 1}, "a key of the user's"),
]


@pytest.mark.parametrize(("changes", "message"), OF_BOTH, ids=lambda item: str(item)[:50])
@pytest.mark.usefixtures("untouched")
def test_a_configuration_has_only_what_lsrl_writes(changes, message, folder):
    reconfigured(folder, **changes)
    refused(folder, message)


@pytest.mark.usefixtures("untouched")
def test_every_key_of_a_configuration_is_needed_and_checked(folder):
    config = json.loads((folder / "manifest.json").read_text())["module"]["config"]
    for turn, (key, value) in enumerate(config.items()):
        for wrong in (None, {"a": 1}, "nonsense", [[1]], 10**40, -1)[turn % 2 :: 2]:
            reconfigured(folder, **{key: wrong})
            refused(folder, key)
        reconfigured(folder, **{key: value})
    assert lsrl.load(folder).report()


@pytest.mark.usefixtures("untouched")
def test_sizes_are_compared_with_the_tensors_before_memory_is_taken(folder):
    config = json.loads((folder / "manifest.json").read_text())["module"]["config"]
    depth = config["num_hidden_layers"]
    blocks = {"block_types": (config["block_types"] * 4096)[:4096]} if "block_types" in config else {}
    reconfigured(folder, num_hidden_layers=4096, **blocks)
    assert f"those of {depth} layers; expected 4096, as the configuration says" in problems_of(folder)
    with pytest.raises(FormatError, match="expected 4096, as the configuration says"):
        lsrl.load(folder)
    reconfigured(folder, num_hidden_layers=depth, **({"block_types": config["block_types"]} if blocks else {}))
    largest = {"expand": 65536} if "expand" in config else {"intermediate_size": 67108864}
    reconfigured(folder, **largest)
    assert "as the configuration of the" in problems_of(folder)
    with pytest.raises(FormatError, match="as the configuration of the"):
        lsrl.load(folder).module  # noqa: B018


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
@pytest.mark.parametrize(
    "changes",
    [
        {"auto_map": {"AutoConfig": "code.Config", "AutoModelForCausalLM": "elsewhere/model--code.Model"}},
        {"quantization_config": {"quant_method": "gptq"}},
        {"attn_implementation": "kernels-community/flash-attn"},
        {"custom_generate": "elsewhere/model"},
        {"num_hidden_layers": 10**7},
        {"use_cache": 1.5},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.usefixtures("untouched")
def test_what_transformers_reads_says_what_the_manifest_says(name, changes, folder):
    path = folder / name
    if not path.exists():
        return
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    signed(folder)
    assert f"{name} is not what the manifest says" in problems_of(folder)


HARMFUL = [
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "model-00001-of-00002.safetensors",
    "adapter_config.json",
    "adapter_model.safetensors",
    "modeling_mine.py",
    "chat_template.jinja",
    "chat_template.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    "tf_model.h5",
    "flax_model.msgpack",
    "model.gguf",
    "Modeling_Mine.PY",
]


@of_each_kind
@pytest.mark.usefixtures("untouched")
def test_other_files_that_transformers_would_read_are_a_problem(folder):
    for name in HARMFUL:
        (folder / name).write_bytes(b"{}")
    for name in ("custom_generate", "additional_chat_templates"):
        (folder / name).mkdir()
    assert "(20 in all) in" in problems_of(folder)
    for name in ("custom_generate", "additional_chat_templates"):
        (folder / name).rmdir()
    for name in HARMFUL:
        (folder / name).unlink()
    for name in HARMFUL:
        (folder / name).write_bytes(b"{}")
        assert f"'{name}' in {folder}, which transformers would read" in problems_of(folder)
        (folder / name).unlink()


def test_other_files_are_noticed(folder):
    for name in ("notes.txt", ".gitattributes", "results.csv", "a\nb"):
        (folder / name).write_bytes(b"")
    (folder / ".git").mkdir()
    found = lsrl.verify_checkpoint(folder)
    assert found.passed
    (notice,) = found.notices
    assert one_line(notice).startswith(r"'.git', '.gitattributes', 'a\nb', 'notes.txt', 'results.csv' in ")
    assert found.as_dict()["notices"] == [notice]


UNAVAILABLE = ["foo", "meta", "cuda:99", "", "cpu:x", None, 5, "a\nb", "x" * 5000]
UNAVAILABLE += [name for name in ("cuda", "mps", "xpu") if not getattr(torch, name).is_available()]


@pytest.mark.parametrize("device", UNAVAILABLE, ids=lambda device: str(device)[:10])
def test_devices_that_are_not_there_are_one_line(device, checkpoint):
    with pytest.raises(FormatError, match="torch cannot compute on the device .* here") as caught:
        lsrl.verify_checkpoint(checkpoint(vectors, "mamba", 40), device=device)
    one_line(str(caught.value), 500)


def resaved(path, change):
    """Change the tensors of a file, and have the manifest say that they were so."""
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    signed(path.parent)


@pytest.mark.parametrize("name", ["model.safetensors", "maps.safetensors", "cases.safetensors"])
@pytest.mark.usefixtures("untouched")
def test_every_tensor_is_needed_and_no_other(name, folder):
    path = folder / name
    tensors = load_file(path)
    for turn, key in enumerate([*tensors][:12]):
        wrongs = None, np.zeros((), "f4"), np.zeros((1, 2, 3, 4, 5), "f4"), np.zeros(tensors[key].shape, "i1")
        for wrong in wrongs[turn % 2 :: 2]:
            others = {other: array for other, array in tensors.items() if other != key}
            save_file(others | ({} if wrong is None else {key: wrong}), path, metadata={"format": "pt"})
            signed(folder)
            problems_of(folder)
    for odd in (
        "odd",
        "a\nb\x1b[31m",
        "x" * 5000,
        "layers.99.norm.weight",
        "layers.4294967296.norm.weight",
        "../up",
        "",
    ):
        save_file(tensors | {odd: np.zeros(1, np.float32)}, path, metadata={"format": "pt"})
        signed(folder)
        problems_of(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda cases: cases.clear(),
        lambda cases: cases.update(hidden_states=cases["hidden_states"][1:]),
        lambda cases: cases.update({name: array[:0] for name, array in cases.items()}),
        lambda cases: cases.update({name: array[:0] for name, array in cases.items() if name != "hidden_states"}),
        lambda cases: [cases.update({k: np.repeat(cases[k], 1000, axis=1)}) for k in list(cases) if "input" in k],
        lambda cases: [cases.update({k: cases[k] + 10**6}) for k in list(cases) if "input" in k],
        lambda cases: [cases.update({k: -1 - abs(cases[k])}) for k in list(cases) if "input" in k],
        lambda cases: cases.update(hidden_states=np.full_like(cases["hidden_states"], np.nan)),
    ],
)
def test_stored_cases_that_are_none_are_one_line(change, folder):
    resaved(folder / "cases.safetensors", change)
    problems_of(folder)


@of_each_kind
def test_what_is_no_file_is_not_waited_for(folder):
    signal.alarm(300)  # it would be for ever
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for put in (
            os.mkfifo,
            os.mkdir,
            lambda path: os.symlink(path, path),
            lambda path: os.symlink("/dev/zero", path),
        ):
            path.unlink()
            put(path)
            with pytest.raises(FormatError, match=rf"cannot read .*{re.escape(path.name)}") as caught:
                lsrl.load(folder)
            one_line(str(caught.value))
            if path.name != "manifest.json":
                assert path.name in problems_of(folder)
            path.rmdir() if path.is_dir() else path.unlink()
            path.write_bytes(content)
        with open(path, "r+b") as file:
            file.truncate(10**12)
        with pytest.raises(FormatError, match="1,000,000,000,000 bytes; expected"):
            lsrl.load(folder)
        path.write_bytes(content)
    signal.alarm(0)


@pytest.mark.parametrize("name", ["../other", "..", "", "/etc/passwd", "a\0b", "a/b", ".hidden", "x" * 101, "a b"])
@pytest.mark.usefixtures("untouched")
def test_a_manifest_that_names_files_elsewhere_is_not_followed(name, folder):
    edited(folder, lambda manifest: manifest["files"].update({name: "0" * 64}))
    refused(folder, "at files: .* does not match|at files: .* is too long")


def test_a_manifest_names_no_more_files_than_a_model_has(folder):
    edited(folder, lambda manifest: manifest["files"].update({f"file{i}": "0" * 64 for i in range(100)}))
    refused(folder, "at files: ")
