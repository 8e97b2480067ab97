"""GGUF files: what is in them, that a wider Mamba computes the same, and what llama.cpp says, where it is there."""

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, UnsupportedProgram, zoo
from lsrl.backends.registry import TARGETS, target_named

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
gguf = pytest.importorskip("gguf")

WRITTEN = [name for name in TARGETS if target_named(name).export_gguf is not None]
ENTRY = zoo.get("capitals_of_words")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model, and the file that was written of it, by target."""
    found = {}
    for target in WRITTEN:
        model = lsrl.compile(ENTRY.program, target, max_length=300)
        path = tmp_path_factory.mktemp("gguf") / f"{target}.gguf"
        model.export_gguf(path)
        found[target] = model, path
    return found


def fields_of(reader):
    return {name: field.contents() for name, field in reader.fields.items()}


@pytest.mark.parametrize("target", WRITTEN)
def test_a_file_says_what_the_model_is(target, exported):
    model, path = exported[target]
    fields, config = fields_of(gguf.GGUFReader(path)), model.weights.config
    assert fields["general.architecture"] == target
    assert fields[f"{target}.block_count"] == config["num_hidden_layers"]
    assert fields[f"{target}.attention.layer_norm_rms_epsilon"] == 2.0**26
    tokens = fields["tokenizer.ggml.tokens"]
    assert tokens[fields["tokenizer.ggml.bos_token_id"]] == "<bos>"
    assert len(tokens) == config["vocab_size"]
    assert fields["tokenizer.ggml.add_bos_token"] is True


@pytest.mark.parametrize("target", WRITTEN)
def test_transformers_computes_the_same_with_the_tensors_of_the_file(target, exported):
    """A Mamba twice as wide inside as its stream, read back into the stock model."""
    model, path = exported[target]
    reader = gguf.GGUFReader(path)
    tensors = {tensor.name: torch.tensor(np.array(tensor.data)) for tensor in reader.tensors}
    width = tensors["token_embd.weight"].shape[1]
    fields, config = fields_of(reader), dict(model.weights.config)
    inner = fields[f"{target}.ssm.inner_size"]
    config |= {"hidden_size": width, "expand": inner // width}
    if target == "mamba":
        assert inner == 2 * width
    stock = getattr(transformers, model.weights.architecture)(transformers.AutoConfig.for_model(**config)).eval()
    state = stock.state_dict()
    for name, value in state.items():
        part = name.removeprefix("backbone.")
        if part.startswith("layers."):
            _, layer, own = part.split(".", 2)
            found = tensors[f"blk.{layer}.{NAMES[own]}"]
            if own.endswith("A_log"):
                found = (-found).log().clamp(min=-200)
        else:
            found = tensors[OUTSIDE[part]]
        state[name] = found.reshape(value.shape)
    stock.load_state_dict(state)
    word = list("a_bc_dd_abcd_") * 20
    ids = torch.tensor([[2, *(4 + "abcd_ABCD".index(letter) for letter in word)]])
    with torch.no_grad():
        said = stock(input_ids=ids).logits.argmax(-1)[0, 1:]
    assert ["abcd_ABCD"[i - 4] for i in said.tolist()] == ENTRY.specification(word)


OUTSIDE = {
    "embeddings.weight": "token_embd.weight",
    "norm_f.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}

NAMES = {
    "norm.weight": "attn_norm.weight",
    "mixer.in_proj.weight": "ssm_in.weight",
    "mixer.conv1d.weight": "ssm_conv1d.weight",
    "mixer.conv1d.bias": "ssm_conv1d.bias",
    "mixer.x_proj.weight": "ssm_x.weight",
    "mixer.dt_proj.weight": "ssm_dt.weight",
    "mixer.dt_proj.bias": "ssm_dt.bias",
    "mixer.dt_bias": "ssm_dt.bias",
    "mixer.A_log": "ssm_a",
    "mixer.D": "ssm_d",
    "mixer.norm.weight": "ssm_norm.weight",
    "mixer.out_proj.weight": "ssm_out.weight",
}


def test_what_llama_cpp_does_not_run_is_refused_in_a_line(tmp_path):
    x = Input(1, range=(0, 9), integer=True, name="x")
    numbers = lsrl.compile(Program(lsrl.cumsum(x), name="numbers"), "mamba", max_length=9)
    with pytest.raises(UnsupportedProgram, match=r"numbers is a program over numbers.*vocabulary="):
        numbers.export_gguf(tmp_path / "numbers.gguf")
    lstm = lsrl.compile(Program(lsrl.cumsum(x)), "lstm", max_length=9)
    with pytest.raises(UnsupportedProgram, match=r"lstm is not written as GGUF; use target='mamba' or 'mamba2'"):
        lstm.export_gguf(tmp_path / "lstm.gguf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", WRITTEN)
def test_llama_cpp_answers_as_the_program_says(target, exported):
    llama_cpp = pytest.importorskip("llama_cpp")
    llama = llama_cpp.Llama(str(exported[target][1]), n_ctx=600, logits_all=True, verbose=False)
    rng = np.random.default_rng(0)
    for length in (1, 40, 290):
        word = rng.choice(list("abcd_"), length).tolist()
        ids = llama.tokenize(" ".join(word).encode() if length == 40 else "".join(word).encode())
        assert len(ids) == length + 1
        llama.reset()
        llama.eval(ids)
        said = np.array(llama.scores[1 : length + 1]).argmax(-1)
        assert ["abcd_ABCD"[i - 4] for i in said.tolist()] == ENTRY.specification(word)


@pytest.mark.parametrize("target", WRITTEN)
def test_llama_cpp_reads_words_between_white_space(target, tmp_path):
    """One word begins like another: white space tells which it is."""
    llama_cpp = pytest.importorskip("llama_cpp")
    words = ["a", "ab", "b", "bab"]
    token = Input(1, range=(0, 3), integer=True, name="token")
    vocabulary = lsrl.Vocabulary({word: number for number, word in enumerate(words)})
    model = lsrl.compile(Program(lsrl.delay(token, init=3), vocabulary=vocabulary), target, max_length=60)
    model.export_gguf(tmp_path / "words.gguf")
    llama = llama_cpp.Llama(str(tmp_path / "words.gguf"), n_ctx=100, logits_all=True, verbose=False)
    sent = np.random.default_rng(0).choice(words, 50).tolist()
    ids = llama.tokenize(" ".join(sent).encode())
    assert [i - 4 for i in ids[1:]] == [words.index(word) for word in sent]
    llama.eval(ids)
    said = np.array(llama.scores[1 : len(ids)]).argmax(-1)
    assert [words[i - 4] for i in said.tolist()] == ["bab", *sent[:-1]]
