"""Checkpoints loaded in a format other than float32 answer rightly or not at all."""

import pytest

from stock_models import STOCK
from strategies import HUB, rotated
from token_programs import (
    LENGTH,
    TOKEN_PROGRAMS,
    drawn,
    expected,
    ids_of,
    likeliest,
    scores_of,
    special,
    stock,
    texts_of,
)

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

FORMATS = ["bfloat16", "float16", "float64"]


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize(("name", "target"), rotated(TOKEN_PROGRAMS, HUB, 2))
def test_no_format_answers_wrongly(name, target, dtype, checkpoint):
    program = TOKEN_PROGRAMS[name]
    folder = checkpoint(program, target, LENGTH)
    for seed in range(2):
        numbers = drawn(program, LENGTH, seed)
        found = likeliest(folder, scores_of(folder, texts_of(program, numbers), dtype))
        for answer, right in zip(found, expected(program, numbers), strict=True):
            assert answer in (right, special(program))


@pytest.mark.parametrize(
    ("target", "dtype"),
    [(target, dtype) for target in HUB for dtype in FORMATS if dtype not in STOCK[target].right],
)
@pytest.mark.parametrize("name", TOKEN_PROGRAMS)
def test_a_format_in_which_the_network_is_not_right_is_refused_whatever_is_asked(name, target, dtype, checkpoint):
    program = TOKEN_PROGRAMS[name]
    folder = checkpoint(program, target, LENGTH)
    texts = texts_of(program, drawn(program, LENGTH))
    assert set(likeliest(folder, scores_of(folder, texts, dtype))) == {special(program)}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("target", HUB)
def test_what_is_refused_stays_refused_in_every_format(target, dtype, checkpoint):
    program = TOKEN_PROGRAMS["vowels"]
    folder = checkpoint(program, target, LENGTH)
    texts = texts_of(program, drawn(program, LENGTH + 5))
    texts[3] = "no token"
    if target == "xlstm" and dtype in ("bfloat16", "float16"):  # whose chunks mix formats in transformers
        with pytest.raises(RuntimeError, match="expected scalar type"):
            scores_of(folder, texts, dtype)
        return
    assert set(likeliest(folder, scores_of(folder, texts, dtype))[3:]) == {special(program)}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("target", HUB)
def test_generation_stops_where_the_format_is_not_right(target, dtype, checkpoint):
    program = TOKEN_PROGRAMS["recalled"]
    folder = checkpoint(program, target, LENGTH)
    given = ids_of(folder, ["7", "3", "1"])
    options = {"max_new_tokens": 5, "do_sample": False, "attention_mask": torch.ones_like(given)}
    tokenizer, right = stock(folder)
    expected_tokens = right.generate(given, **options)[0].tolist()
    found = stock(folder, dtype)[1].generate(given, **options)[0].tolist()
    refused = [*given[0].tolist(), tokenizer.convert_tokens_to_ids(special(program))]
    assert found in (expected_tokens, refused)


@pytest.mark.parametrize("name", TOKEN_PROGRAMS)
def test_mamba_is_right_in_float64_too(name, checkpoint):
    program = TOKEN_PROGRAMS[name]
    folder = checkpoint(program, "mamba", LENGTH)
    numbers = drawn(program, LENGTH)
    assert likeliest(folder, scores_of(folder, texts_of(program, numbers), "float64")) == expected(program, numbers)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("target", HUB)
def test_a_model_that_is_converted_after_loading_is_no_other(target, dtype, checkpoint):
    import transformers

    program = TOKEN_PROGRAMS["vowels"]
    folder = checkpoint(program, target, LENGTH)
    numbers = drawn(program, LENGTH)
    converted = transformers.AutoModelForCausalLM.from_pretrained(folder).to(getattr(torch, dtype))
    with torch.inference_mode():
        scores = converted(input_ids=ids_of(folder, texts_of(program, numbers)), use_cache=False).logits[0, 1:]
    for answer, right in zip(likeliest(folder, scores), expected(program, numbers), strict=True):
        assert answer in (right, special(program))


@pytest.mark.parametrize("target", HUB)
def test_the_card_says_which_format_is_right(target, checkpoint):
    card = (checkpoint(TOKEN_PROGRAMS["vowels"], target, LENGTH) / "README.md").read_text()
    assert "float32" in card
    assert "bfloat16" in card
