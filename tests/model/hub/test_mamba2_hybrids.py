"""The models that have Mamba-2's mixer: a checkpoint of each, run by transformers, and its numbers step by step."""

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, Vocabulary
from lsrl.backends.registry import RELATED, target_named
from passes_and_steps import check_pass_and_steps

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CLASSES = {
    "bamba": "Bamba",
    "granite-moe-hybrid": "GraniteMoeHybrid",
    "falcon-h1": "FalconH1",
    "nemotron-h": "NemotronH",
    "zamba2": "Zamba2",
}
WORDS = {word: number for number, word in enumerate(["(", ")", "x", "yes", "no"])}


def brackets():
    """A language model that says after every token whether brackets are closed."""
    token = Input(1, range=(0, 2), integer=True, name="token")
    depth = lsrl.cumsum((token < 1) - ((token > 0) & (token < 2)), name="depth")
    failed = lsrl.latch(1, depth < 0, name="failed")
    return Program(lsrl.ifelse((depth > 0) | failed, 4, 3), vocabulary=Vocabulary(WORDS), name="brackets")


def closed(tokens):
    """Plain Python: whether all that was opened is closed, after every token."""
    depth, failed, found = 0, False, []
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        failed = failed or depth < 0
        found.append("no" if failed or depth > 0 else "yes")
    return found


@pytest.mark.parametrize("target", RELATED)
def test_a_checkpoint_answers_by_transformers_alone(target, tmp_path):
    model = lsrl.compile(brackets(), target, max_length=400)
    assert model.guarantee.kind == "exact"
    model.save(tmp_path / target)
    assert lsrl.verify_checkpoint(tmp_path / target).passed
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / target)
    assert type(loaded).__name__ == f"{CLASSES[target]}ForCausalLM"
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / target)
    words = [
        np.random.default_rng(seed).choice(["(", ")", "x"], length).tolist() for seed, length in [(0, 300), (1, 90)]
    ]
    given = tokenizer([" ".join(word) for word in words], return_tensors="pt", padding=True)
    with torch.no_grad():
        said = loaded(**given).logits.argmax(-1)
    for word, row in zip(words, said.tolist(), strict=True):
        assert tokenizer.convert_ids_to_tokens(row[-len(word) :]) == closed(word)
    prompt = tokenizer([" ".join(word[:40]) for word in words], return_tensors="pt", padding=True)
    with torch.no_grad():
        generated = loaded.generate(**prompt, max_new_tokens=1, do_sample=False)[:, -1]
    assert tokenizer.convert_ids_to_tokens(generated.tolist()) == [closed(word)[39] for word in words]


@pytest.mark.parametrize("target", RELATED)
def test_numbers_are_exact_in_a_pass_and_step_by_step(target):
    x = Input(1, range=(-9, 9), integer=True, name="x")
    latest = lsrl.latch(x, x > 3, name="latest")
    program = Program(lsrl.Concat([lsrl.cumsum(x), lsrl.delay(x, 2), latest, lsrl.ifelse(x > 0, x, lsrl.delay(x, 1))]))
    model = lsrl.compile(program, target, max_length=500)
    assert model.guarantee.kind == "exact"
    sent = np.random.default_rng(0).integers(-9, 10, (2, 500, 1)).astype(float)
    check_pass_and_steps(model, sent, program.run(sent), steps=100)


def test_they_are_targets_as_mamba2_is():
    mamba2 = target_named("mamba2")
    for name in RELATED:
        target = target_named(name)
        assert (target.abilities, target.dtypes) == (mamba2.abilities, mamba2.dtypes)
        assert target is target_named(name)
