"""Language models can be sampled from: at temperature 1 the right token is all but certain; losses are finite."""

import pytest

import lsrl
from strategies import HUB
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

CERTAIN = 1 - 1e-9


def probabilities(folder, texts, wanted):
    """The probability of each wanted token at temperature 1."""
    places = stock(folder)[0].convert_tokens_to_ids(wanted)
    chances = scores_of(folder, texts).double().softmax(-1)
    return chances[torch.arange(len(wanted)), torch.tensor(places)]


@pytest.fixture(params=[(name, target) for target in HUB for name in TOKEN_PROGRAMS], ids="-".join)
def model(request, checkpoint):
    name, target = request.param
    return TOKEN_PROGRAMS[name], checkpoint(TOKEN_PROGRAMS[name], target, LENGTH)


def test_the_right_token_is_all_but_certain(model):
    program, folder = model
    for seed in range(3):
        numbers = drawn(program, LENGTH, seed)
        texts, answers = texts_of(program, numbers), expected(program, numbers)
        assert likeliest(folder, scores_of(folder, texts)) == answers
        assert probabilities(folder, texts, answers).min() >= CERTAIN


def test_so_is_no_answer(model):
    program, folder = model
    nothing = special(program)
    spoiled = texts_of(program, drawn(program, LENGTH))
    spoiled[4] = "no token"
    assert probabilities(folder, spoiled, [nothing] * LENGTH)[4:].min() >= CERTAIN
    long = texts_of(program, drawn(program, LENGTH + 20))
    assert probabilities(folder, long, [nothing] * len(long))[LENGTH:].min() >= CERTAIN
    tokenizer, network = stock(folder)
    with torch.inference_mode():
        start = network(input_ids=torch.tensor([[tokenizer.bos_token_id]]), use_cache=False).logits[0, 0]
    assert start.double().softmax(-1)[tokenizer.convert_tokens_to_ids(nothing)] >= CERTAIN


def test_losses_are_finite_whatever_the_labels_and_nothing_for_the_right_ones(model):
    program, folder = model
    tokenizer, network = stock(folder)
    numbers = drawn(program, LENGTH)
    given = ids_of(folder, [*texts_of(program, numbers[:-1]), "no token"])
    right = torch.tensor([tokenizer.convert_tokens_to_ids(expected(program, numbers))])[:, :-1]
    with torch.inference_mode():
        scores = network(input_ids=given, use_cache=False).logits
        assert torch.nn.functional.cross_entropy(scores[0, 1:-1], right[0]) < 1e-9
        for label in range(len(tokenizer)):
            labels = torch.full_like(given, label)
            loss = network(input_ids=given, labels=labels, use_cache=False).loss
            assert torch.isfinite(loss)
            assert loss >= 0


@pytest.mark.parametrize("target", HUB)
def test_two_hundred_samples_are_right(target, checkpoint):
    program = TOKEN_PROGRAMS["vowels"]
    folder = checkpoint(program, target, LENGTH)
    torch.manual_seed(0)
    for seed in range(4):
        numbers = drawn(program, LENGTH, seed)
        chances = scores_of(folder, texts_of(program, numbers)).softmax(-1)
        sampled = torch.multinomial(chances, 50, replacement=True)
        answers = torch.tensor(stock(folder)[0].convert_tokens_to_ids(expected(program, numbers)))
        assert (sampled == answers[:, None]).all()


@pytest.mark.parametrize("target", HUB)
def test_generation_by_sampling_is_generation_by_taking_the_likeliest(target, checkpoint):
    program = TOKEN_PROGRAMS["recalled"]
    folder = checkpoint(program, target, LENGTH)
    _, network = stock(folder)
    given = ids_of(folder, ["7", "3", "1"])
    torch.manual_seed(0)
    options = {"max_new_tokens": 6, "attention_mask": torch.ones_like(given)}
    together = {**options, "attention_mask": torch.ones(4, given.shape[1], dtype=torch.long)}
    sampled = network.generate(given.expand(4, -1), do_sample=True, temperature=1.0, top_k=0, **together)
    greedy = network.generate(given, do_sample=False, **options)
    assert (sampled == greedy).all()


@pytest.mark.parametrize("target", HUB)
def test_numbers_that_float32_could_not_tell_apart_are_refused(target):
    far = lsrl.Vocabulary({"a": 0, "b": 1, "c": 2**20})
    bit = lsrl.Input(1, range=(0, 1), integer=True)
    with pytest.raises(lsrl.RangeError, match="use smaller numbers"):
        lsrl.compile(lsrl.Program(bit * 2**20, vocabulary=far), target, max_length=9)
