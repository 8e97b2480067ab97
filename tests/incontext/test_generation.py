"""Text that transformers generates from a checkpoint: right answers, and no answer where there is none."""

import functools
import json
import subprocess
import sys

import numpy as np
import pytest

import lsrl
from lsrl import (
    FormatError,
    Input,
    LsrlError,
    Program,
    RangeError,
    ShapeError,
    TokenMap,
    UnsupportedProgram,
    Vocabulary,
)
from lsrl.incontext.dictionaries import airports, capitals, codes_tokens
from stock_models import WITHOUT_LSRL
from strategies import HUB, rotated

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

codes = codes_tokens()
few = TokenMap(2, 1, symbols="xyz", max_pairs=3)

PIPELINE = """
import json
from transformers import pipeline

folders, batches, caches = map(json.loads, sys.argv[1:])
found = {}
for folder in folders:
    generate = pipeline("text-generation", model=folder)
    found[folder] = []
    for options, prompts in zip(caches, batches):
        answers = generate(prompts, batch_size=len(prompts), return_full_text=False, **options)
        found[folder].append([answer[0]["generated_text"] for answer in answers])
print(json.dumps(found))
"""


def piped(folders, batches, options):
    """What `pipeline` prints for batches of prompts, by folder, in a process where lsrl cannot be imported."""
    command = [sys.executable, "-c", WITHOUT_LSRL + PIPELINE, *map(json.dumps, (folders, batches, options))]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.splitlines()[-1])


def test_both_dictionaries_are_answered_by_a_pipeline_where_lsrl_cannot_be_imported(checkpoint, pytestconfig):
    thorough = pytestconfig.getoption("--integer-programs") >= 100
    asked = [[(codes.prompt(key, pairs), value) for key, value in pairs.items()] for pairs in (capitals(), airports())]
    asked = asked if thorough else [asked[0][::5], asked[1][::25]]
    # Half of a batch is shorter than the other: it is padded on the left.
    together = [asked[0][0], asked[1][0], asked[0][1], asked[1][-1]]
    batches, options = [*asked, together, together[:2]], [{}, {}, {}, {"use_cache": False}]
    # Seconds each; `lsrl demo` asks all targets.
    folders = [str(checkpoint(codes.program, target, codes.max_length)) for target in ("mamba2", "griffin")]
    found = piped(folders, [[prompt for prompt, _ in batch] for batch in batches], options)
    for folder in folders:
        assert found[folder] == [[value for _, value in batch] for batch in batches], folder


@functools.cache
def stock(folder):
    """The tokenizer and the model, as transformers loads them."""
    return (
        transformers.AutoTokenizer.from_pretrained(folder),
        transformers.AutoModelForCausalLM.from_pretrained(folder),
    )


def generated(folder, texts, **options):
    """The tokens after prompts, up to the end, but no more than asked for."""
    tokenizer, model = stock(folder)
    given = tokenizer(texts, padding=True, return_tensors="pt")
    made = model.generate(**given, **{"max_new_tokens": 5, **options})[:, given.input_ids.shape[1] :]
    return [[token for token in tokenizer.convert_ids_to_tokens(row) if token != "<pad>"] for row in made.tolist()]


@pytest.fixture(params=HUB)
def target(request):
    return request.param


@pytest.fixture
def folder(target, checkpoint):
    return checkpoint(few.program, target, few.max_length)


BAD_PROMPTS = [
    "",
    "=",
    "xy",
    "xy xx z xy y",
    "xx z xy y =",
    "xy xx z xy =",
    "xy xx z y =",
    "x y =",
    "xz xx z xy y =",
    "xy = xx z xy y =",
    "xy xx z xy y = =",
    "é xx z xy y =",
    "xy xx é xy y =",
    "xy xx z xy y é =",
    "xy xx z xy y = é",
    "XY XX Z XY Y =",
    "xy xx z xy y <bos> =",
    "xy xx z <bos> xy y =",
    "<bos> xy xx z xy y =",
    "xy <pad> xx z xy y =",
    "xy <unk> xx z xy y =",
    "xy xx z xy y <eos> =",
    "xy xx z xy y = <eos>",
    "xy xx z <none> xy y =",
    "xy" + "xxz" * 2 + "xyy" * 2 + "=",
    "xy" + "xxz" * 3 + "xyy=",
    ("xy" + "xxz" * 3 + "=z") * 4,
]


def test_bad_prompts_have_no_answer(folder, target):
    assert generated(folder, "xy xx z xy y =") == [["y", "<eos>"]]
    assert generated(folder, BAD_PROMPTS) == [["<none>"]] * len(BAD_PROMPTS)
    for prompt in BAD_PROMPTS[HUB.index(target) % 3 :: 3]:
        assert generated(folder, [prompt]) == [["<none>"]], prompt


def test_random_texts_have_the_right_answer_or_none(folder):
    rng = np.random.default_rng(21)
    texts = [
        "".join(rng.choice(list("xyz"), rng.integers(1, 14))) + "=" * int(rng.integers(0, 4) > 0) for _ in range(80)
    ]
    texts += ["".join(rng.choice(list("xyyz= é<"), rng.integers(1, 50))) for _ in range(30)]
    expected = []
    for text in texts:
        try:
            few.check(text)
        except LsrlError:
            expected.append("<none>")
        else:
            pairs = {text[i : i + 2]: text[i + 2] for i in range(len(text) - 4, 1, -3)}
            expected.append(pairs.get(text[:2], "<none>"))
    assert len(set(expected)) == 4
    assert [first for first, *_ in generated(folder, texts, max_new_tokens=1)] == expected


def test_a_prompt_that_is_as_long_as_it_may_be_is_answered(folder):
    longest = "xy" + "xxz" * 2 + "xyy" + "="
    assert len(longest) + few.value_length == few.max_length
    assert generated(folder, longest) == [["y", "<eos>"]]
    assert generated(folder, longest + "y") == [["<eos>"]]
    assert generated(folder, longest + "yy") == [["<none>"]]


MISTAKES = [
    (
        lambda model: model.complete("xy xé z ="),
        RangeError,
        "'é' at character 5, which is not a token of token_map_2_to_1's",
    ),
    (lambda model: model.complete("xy <bos> z ="), RangeError, "'<' at character 4"),
    (lambda model: model.complete("x" * 14), RangeError, "14 steps; expected at most max_length=13"),
    (lambda model: model.complete("x" * 52), RangeError, "52 steps; expected at most max_length=13"),
    (lambda model: model.complete(3), RangeError, "the prompt is 3; expected text"),
    (lambda model: model.complete("xy =", max_new_tokens=0), ShapeError, "max_new_tokens is 0"),
    (lambda model: few.check("xy xx z xy ="), ShapeError, "has 7 symbols before '='"),
    (lambda model: few.check("xx z xy y ="), ShapeError, "has 6 symbols before '='"),
    (lambda model: few.check("xy xx z"), FormatError, "does not end in '='"),
    (lambda model: few.check("xy" + "xxz" * 4 + "="), RangeError, "has 4 pairs; expected at most 3"),
]


@pytest.mark.parametrize(("wrong", "target"), rotated(MISTAKES, HUB, 3))
def test_helpers_say_in_one_line_what_is_wrong_with_a_prompt(wrong, target, checkpoint):
    mistake, error, message = wrong
    model = lsrl.load(checkpoint(few.program, target, few.max_length))
    with pytest.raises(error, match=message) as caught:
        mistake(model)
    assert "\n" not in str(caught.value)


def test_a_model_completes_prompts(folder):
    model = lsrl.load(folder)
    assert model.complete("xy xx z xy y =") == "y"
    assert model.complete("zz xx z xy y =") == "<none>"
    assert model.complete("xy xx z xy y") == "<none>"
    assert model.complete("") == "<none>"


@pytest.mark.parametrize("other", ["lstm", "linear-rnn"])
def test_other_targets_generate_no_text(other):
    model = lsrl.compile(few.program, other, max_length=few.max_length)
    with pytest.raises(UnsupportedProgram, match="generates no text; expected .* with a vocabulary on target='mamba"):
        model.complete("xy =")


def test_a_program_without_a_vocabulary_generates_no_text(target):
    model = lsrl.compile(Program(Input(1, range=(0, 1), integer=True), name="same"), target)
    with pytest.raises(UnsupportedProgram, match=f"same on {target} generates no text"):
        model.complete("1")


def digits():
    """The next digit from the last two, a latch, and the steps so far: it feeds back what it outputs."""
    x = Input(1, range=(0, 6), integer=True, name="digit")
    held = lsrl.latch(x, x > 4, init=1, name="held")
    mixed = x + 2 * lsrl.delay(x, 1) + held + lsrl.mod_counter(5)
    return Program(
        lsrl.lookup(mixed, [i % 7 for i in range(29)]), name="digits", vocabulary=Vocabulary.of_numbers(0, 6)
    )


def digits_after(prompt, count):
    """The same in plain Python."""
    found = list(prompt)
    for _ in range(count):
        held = next((digit for digit in reversed(found) if digit > 4), 1)
        before = found[-2] if len(found) > 1 else 0
        found.append((found[-1] + 2 * before + held + COUNTER[(len(found) - 1) % 5]) % 7)
    return [str(digit) for digit in found[len(prompt) :]]


COUNTER = lsrl.Program(lsrl.mod_counter(5) + 0 * Input(1)).run(np.zeros((5, 1)))[:, 0].astype(int).tolist()


def test_100_tokens_are_the_same_with_and_without_a_cache(target, checkpoint):
    folder, count = checkpoint(digits(), target, 400), 60 if target == "hawk" else 100  # which has no cache
    expected = digits_after([3, 1, 4], count)
    assert len({*expected}) == 7
    assert generated(folder, "314", max_new_tokens=count) == [expected]
    tokenizer, model = stock(folder)
    full = tokenizer("314" + "".join(expected), return_tensors="pt")
    with torch.inference_mode():
        scores = model(**full, use_cache=False).logits[0]
    assert tokenizer.convert_ids_to_tokens(scores[3:-1].argmax(-1)) == expected
    assert generated(folder, ["5", "314", "06"], max_new_tokens=20) == [
        digits_after([int(digit) for digit in prompt], 20) for prompt in ("5", "314", "06")
    ]


def test_generation_ends_with_no_answer_where_max_length_does(target, checkpoint):
    folder = checkpoint(digits(), target, 20)
    assert generated(folder, "314", max_new_tokens=40) == [[*digits_after([3, 1, 4], 18), "<none>"]]


def test_griffin_goes_on_beyond_the_window_of_its_attention(checkpoint):
    folder = checkpoint(digits(), "griffin", 4000)
    _, model = stock(folder)
    prompt = np.random.default_rng(0).integers(0, 7, model.config.attention_window_size - 10).tolist()
    assert generated(folder, "".join(map(str, prompt)), max_new_tokens=30) == [digits_after(prompt, 30)]
