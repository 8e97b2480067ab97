"""Folders that transformers loads: what is in them, and what `verify_checkpoint` says of those that were changed."""

import json
import re
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import lsrl
from lsrl import FormatError, Input, Program, TokenMap
from lsrl.lang.words import seen_words
from stock_models import STOCK
from strategies import HUB

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

words = TokenMap(2, 1, symbols="xyz", max_pairs=3)
x = Input(2, range=(-4, 4), integer=True, name="x")
vectors = Program(lsrl.ifelse(lsrl.cumsum(x[0]) > 2, x[1], -1, name="chosen"), lsrl.delay(x[1], 3), name="vectors")

SHARED = {"config.json", "model.safetensors", "maps.safetensors", "cases.safetensors", "manifest.json", "README.md"}
OF_TOKENS = {"generation_config.json", "tokenizer.json", "tokenizer_config.json"}
PROGRAMS = {"tokens": (words.program, words.max_length), "vectors": (vectors, 40)}


@pytest.fixture(params=HUB)
def target(request):
    return request.param


@pytest.fixture(params=PROGRAMS)
def folder(request, target, checkpoint):
    program, max_length = PROGRAMS[request.param]
    return checkpoint(program, target, max_length)


def is_of_tokens(folder):
    return (folder / "tokenizer.json").exists()


def test_a_folder_has_what_transformers_reads_and_what_lsrl_checks(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == (SHARED | OF_TOKENS if is_of_tokens(folder) else SHARED)


def test_transformers_finds_every_weight_where_it_looks(folder, target):
    config = transformers.AutoConfig.from_pretrained(folder)
    assert config.model_type == STOCK[target].model_type
    assert config.use_cache == (target != "hawk")
    made = transformers.AutoModelForCausalLM if is_of_tokens(folder) else transformers.AutoModel
    model, notes = made.from_pretrained(folder, output_loading_info=True)
    assert [type(model).__name__] == config.architectures
    assert not any(notes[what] for what in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_the_tokenizer_gives_back_what_it_read(target, checkpoint):
    folder = checkpoint(words.program, target, words.max_length)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert (tokenizer.padding_side, tokenizer.bos_token, tokenizer.eos_token) == ("left", "<bos>", "<eos>")
    ids = tokenizer("xy xyz =").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["<bos>", "x", "y", "x", "y", "z", "="]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "xyxyz="
    assert tokenizer("é<bos>").input_ids[1:] == [tokenizer.unk_token_id] * 6


def test_the_card_says_what_the_model_is(folder):
    model, card = lsrl.load(folder), (folder / "README.md").read_text(encoding="utf-8")
    assert str(model.program).rstrip() in card
    assert str(model.guarantee) in card
    assert f"{model.report().layers} layers, hidden size {model.report().widest}" in card
    words = [said for name, said in seen_words(model.program).items() if name in model.layout]
    assert all("| `{}` |".format(said.replace("|", "\\|")) in card for said in words)
    assert ("pipeline(" in card) == is_of_tokens(folder)


@pytest.mark.parametrize("target", HUB)
def test_the_lines_of_a_card_for_vectors_run(target, checkpoint):
    folder = checkpoint(vectors, target, 40)
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    given = np.random.default_rng(0).integers(-4, 5, (2, 40, 2)).astype(np.float32)
    code = code.replace("PATH OF THIS FOLDER", str(folder)).replace(
        "torch.zeros(1, 5, 2)", f"torch.tensor({given.tolist()})"
    )
    exec(code, namespace := {})
    assert (namespace["y"].detach().numpy() == vectors.run(given, exact=True)).all()


def test_a_loaded_model_is_the_one_that_was_saved(folder, target):
    program, max_length = next(pair for name, pair in PROGRAMS.items() if (name == "tokens") == is_of_tokens(folder))
    model, loaded = lsrl.compile(program, target, max_length=max_length), lsrl.load(folder)
    given = np.random.default_rng(1).integers(0, 4, (3, max_length, program.input.dim))
    assert (loaded.run(given) == model.run(given)).all()
    assert (loaded.guarantee, loaded.layout) == (model.guarantee, model.layout)
    if is_of_tokens(folder):
        assert loaded.complete("xy xyz =") == model.complete("xy xyz =") == "z"


def test_a_fresh_folder_passes(folder):
    found = lsrl.verify_checkpoint(folder)
    assert found.as_dict() == {
        "checkpoint": str(folder),
        "device": "cpu",
        "cases": found.cases,
        "problems": [],
        "notices": [],
        "passed": True,
    }
    assert found.cases >= 3


@pytest.fixture(params=[(target, list(PROGRAMS)[i % 2]) for i, target in enumerate(HUB)], ids="-".join)
def changed(request, checkpoint, tmp_path):
    """A folder that a test may change, of every target, with and without tokens in turn."""
    target, name = request.param
    return shutil.copytree(checkpoint(PROGRAMS[name][0], target, PROGRAMS[name][1]), tmp_path / "changed")


def problems_of(folder):
    found = lsrl.verify_checkpoint(folder)
    assert not found.passed
    assert found.as_dict()["problems"]
    assert not any("\n" in problem for problem in found.problems)
    return "\n".join(found.problems)


@pytest.mark.parametrize("part", [0, 0.5, 0.99])
def test_truncated_weights_are_named(part, changed):
    weights = changed / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: int(part * len(content))])
    found = problems_of(changed)
    assert re.search(r"model\.safetensors is not the file that was saved", found)
    assert "not a readable safetensors file" in found


WRITTEN = dict.fromkeys(("mamba", "falcon-mamba", "mamba2"), "mixer.out_proj.weight")
WRITTEN |= {"jamba": "mamba.out_proj.weight"}
WRITTEN |= dict.fromkeys(("qwen3.5", "olmo-hybrid"), "mlp.down_proj.weight")
WRITTEN |= {"xlstm": "ffn.proj_down.weight"}
WRITTEN |= dict.fromkeys(("hawk", "griffin"), "mlp_block.down_proj.weight")


def written_by(layer, target):
    """The last tensor of a layer: what it writes into the stream."""
    inner = WRITTEN[target]
    return re.compile(rf"(?:layers|blocks)\.{layer}\.{re.escape(inner)}$")


def test_an_edited_weight_is_found_by_the_first_layer_that_differs(changed):
    target = json.loads((changed / "manifest.json").read_text())["target"]
    tensors = load_file(changed / "model.safetensors")
    for layer in (0, 1):
        name = next(name for name in tensors if written_by(layer, target).search(name))
        save_file(tensors | {name: 3 * tensors[name]}, changed / "model.safetensors", metadata={"format": "pt"})
        found = problems_of(changed)
        assert "model.safetensors is not the file that was saved" in found
        assert re.search(rf"layer {layer + 1} on cpu differ from the stored ones by up to \S+ of", found), found


def test_a_weight_that_is_missing_is_named(changed):
    tensors = load_file(changed / "model.safetensors")
    name = next(name for name in tensors if "conv" in name or "igate" in name)
    save_file({key: tensor for key, tensor in tensors.items() if key != name}, changed / "model.safetensors")
    assert "save the model again" in problems_of(changed)


@pytest.mark.parametrize("changes", [{"num_hidden_layers": 1}, {"hidden_size": 8}, {"model_type": "nonsense"}])
def test_an_edited_configuration_is_named(changes, changed):
    config = json.loads((changed / "config.json").read_text())
    (changed / "config.json").write_text(json.dumps(config | changes))
    assert re.search(r"config\.json is not the file that was saved", problems_of(changed))


def test_a_configuration_that_is_no_json_is_named(changed):
    (changed / "config.json").write_text("{")
    found = problems_of(changed)
    assert "config.json is not the file that was saved" in found
    assert re.search(r"config\.json is not JSON", found)


def test_every_missing_file_is_named_and_refused(changed):
    contents = {path: path.read_bytes() for path in changed.iterdir() if path.name != "manifest.json"}
    for path in contents:
        path.unlink()
    found = problems_of(changed)
    assert all(f"cannot read {path}: No such file or directory" in found for path in contents)
    for path, content in contents.items():
        with pytest.raises(FormatError, match="cannot read .*: No such file or directory"):
            lsrl.load(changed)
        path.write_bytes(content)
    assert lsrl.verify_checkpoint(changed).passed


def test_what_is_no_checkpoint_of_these_is_refused(tmp_path):
    with pytest.raises(FormatError, match="is not a directory; expected one with manifest"):
        lsrl.verify_checkpoint(tmp_path / "nowhere")
    with pytest.raises(FormatError, match=r"cannot read .*manifest\.json"):
        lsrl.verify_checkpoint(tmp_path)
    lsrl.compile(vectors, "gru", max_length=40).save(tmp_path)
    with pytest.raises(FormatError, match="is a model for 'gru'; expected one for 'mamba', .* or 'griffin'"):
        lsrl.verify_checkpoint(tmp_path)
    lsrl.compile(vectors, "linear-rnn", max_length=40).save(tmp_path / "other")
    with pytest.raises(FormatError, match="is a model for 'linear-rnn'"):
        lsrl.verify_checkpoint(tmp_path / "other")


@pytest.mark.parametrize("bad", [None, 5, "a\0b", "x" * 5000])
def test_paths_that_are_none_are_refused_in_one_line(bad):
    with pytest.raises(FormatError) as caught:
        lsrl.verify_checkpoint(bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("other", ["lstm", "mamba", "hawk", "griffin"])
def test_a_manifest_for_another_target_is_noticed(other, target, checkpoint, tmp_path):
    if other == target:
        return
    folder = shutil.copytree(checkpoint(vectors, target, 40), tmp_path / "changed")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"target": other}))
    with pytest.raises(FormatError) as caught:
        lsrl.load(folder)
    assert "\n" not in str(caught.value)
    try:
        said = problems_of(folder)
    except FormatError as problem:
        said = str(problem)
    assert other in said


def test_every_changed_file_is_found_and_refused(changed):
    contents = {path: path.read_bytes() for path in changed.iterdir() if path.name != "manifest.json"}
    for path, content in contents.items():
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    found = problems_of(changed)
    assert all(f"{path} is not the file that was saved" in found for path in contents)
    for path, content in contents.items():
        with pytest.raises(FormatError, match="is not the file that was saved"):
            lsrl.load(changed)
        path.write_bytes(content)
    assert lsrl.load(changed).report()
