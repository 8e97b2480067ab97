"""Programs over tokens answer with no token what they were not made for, on every target that is a language model.

That is text that is not a token of the input, text that is too long, and answers that are not tokens.
"""

import functools
from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import Program, Vocabulary
from lsrl.backends.transformers.tokens import table_of
from strategies import HUB, integer_program, rotated
from token_programs import drawn, special, texts_of, token

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LENGTH = 6
NO_TOKEN = "no token"


def over(low, high, function, vocabulary=None):
    """A program over the tokens of the numbers from low to high."""
    source = token(low, high)
    outputs = function(source)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return Program(*outputs, name="over", vocabulary=vocabulary or Vocabulary.of_numbers(low, high))


def thirds(source):
    """Up to six steps of a sum of thirds that is taken back by all of what it was: 0 only nearly, in floats."""
    early = lsrl.counter() <= 3
    return lsrl.GatedState(early * source, early, [Fraction(1, 3)])


AB = Vocabulary({"a": 0, "b": 1})
DIGITS = Vocabulary.of_numbers(0, 9)

AS_BOOLEAN = {
    "a condition": over(0, 1, lambda t: lsrl.ifelse(t, 1, 0), AB),
    "the condition's opposite": over(0, 1, lambda t: lsrl.ifelse(~t, 1, 0), AB),
    "a condition that is made sharp": over(0, 1, lambda t: lsrl.ifelse(t, 1, 0, via="relu-step"), AB),
    "a write": over(0, 1, lambda t: lsrl.latch(lsrl.delay(t), t), AB),
    "a reset": over(0, 1, lambda t: lsrl.reset_sum(t, t), DIGITS),
    "a gate": over(0, 1, lambda t: lsrl.GatedState(1 - t, t), AB),
    "an operand": over(0, 1, lambda t: lsrl.and_(t, lsrl.delay(t) > 0), AB),
    "a delayed condition": over(0, 1, lambda t: lsrl.ifelse(lsrl.delay(t), t, 1), AB),
    "what is taken itself": over(0, 1, lambda t: t, AB),
    "a ramp that ends at the last token": over(0, 4, lambda t: lsrl.step(t - 4, width=2)),
    "a ramp with one token beyond it": over(0, 4, lambda t: lsrl.step(t - 3, width=1)),
    "a table": over(0, 4, lambda t: lsrl.lookup(t, [4, 3, 2, 1, 0])),
    "an order that no other text keeps": over(0, 9, lambda t: 0 - lsrl.bump(t, t, 9, width=1)),
    "a product of booleans": over(0, 1, lambda t: t * lsrl.delay(t), AB),
    "a condition that is true from the second step on": over(0, 1, lambda t: lsrl.ifelse(lsrl.counter() > 0, t, 0), AB),
}

NO_ANSWERS = {
    "a fraction that refuses": over(0, 4, lambda t: (t, t / 8)),
    "a negative fraction that refuses": over(0, 4, lambda t: (t, -t / 8)),
    "a sum that refuses": over(0, 4, lambda t: (t, lsrl.cumsum(t) / 1000)),
    "answers between tokens": over(0, 3, lambda t: 2 * t, Vocabulary({str(n): n for n in (0, 1, 2, 3, 10)})),
    "answers above all tokens": over(0, 3, lambda t: t + 2),
    "answers below all tokens": over(0, 3, lambda t: t - 2),
    "fractions": over(0, 3, lambda t: t / 4, DIGITS),
    "huge numbers that cancel": over(
        0, 9, lambda t: (lsrl.step(t * t < t * t, form="difference"), lsrl.bump(t, 2, 9, width=1))
    ),
    "thirds that refuse, and are nearly 0": over(0, 3, lambda t: (t, thirds(t)), DIGITS),
    "thirds that are nearly a token": over(0, 3, lambda t: 0 - thirds(t), Vocabulary.of_numbers(-2, 4)),
    "a sum that outgrows its tokens": over(0, 2, lambda t: lsrl.cumsum(lsrl.cumsum(t)), DIGITS),
    "tokens on both sides of a gap": over(-1, 1, lambda t: 3 * t, Vocabulary({"-": -1, "0": 0, "+": 1, "three": 3})),
}
PROGRAMS = AS_BOOLEAN | NO_ANSWERS


def answered(program, numbers):
    """What is right: the answer's token where there is one, from the numbers alone."""
    answers = []
    for output in program.run([[number] for number in numbers], exact=True).tolist():
        known = output[0] in program.vocabulary.tokens.values() and not any(output[1:])
        answers.append(program.vocabulary.text_of(int(output[0])) if known else special(program))
    return answers


@functools.cache
def compiled(name, target):
    return lsrl.compile(PROGRAMS[name], target, max_length=LENGTH)


def reader(model):
    """The network alone, as a function: the likeliest token at every step of sequences of texts.

    A text that is not a token of the model becomes its unknown one.
    """
    table, network = table_of(model.program), model.module
    places = {text: place for place, text in enumerate(table.texts)}

    def answers(rows):
        ids = [[table.bos, *(places.get(text, table.unknown) for text in row)] for row in rows]
        with torch.inference_mode():
            best = network(input_ids=torch.tensor(ids), use_cache=False).logits[:, 1:].argmax(-1)
        return [[table.texts[place] for place in row] for row in best.tolist()]

    return answers


@pytest.mark.parametrize(("name", "target"), rotated(PROGRAMS, HUB, 2))
def test_tokens_are_answered_and_all_other_and_longer_text_is_refused_for_good(name, target):
    program, read = PROGRAMS[name], reader(compiled(name, target))
    rows, right, nothing = [], [], special(program)
    for seed in range(3):
        numbers = drawn(program, LENGTH, seed)
        texts, answers = texts_of(program, numbers), answered(program, numbers)
        rows.append(texts)
        right.append(answers)
        for place in (0, 1 + seed, LENGTH - 1):
            rows.append([*texts[:place], NO_TOKEN, *texts[place + 1 :]])
            right.append(answers[:place] + [nothing] * (LENGTH - place))
    assert read(rows) == right
    for found in read([texts_of(program, drawn(program, 10 * LENGTH, seed)) for seed in range(2)]):
        assert set(found[LENGTH:]) == {nothing}


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_of_sums_of_sums_is_refused_however_long_it_grows(sign, target):
    cubic = over(0, 2, lambda t: sign * lsrl.cumsum(lsrl.cumsum(lsrl.cumsum(t))), Vocabulary.of_numbers(-6, 6))
    read = reader(lsrl.compile(cubic, target, max_length=2))
    assert read([["1", "1"]]) == [[str(sign), str(4 * sign)]]
    for found in read([[number] * 200 for number in ("0", "1", "2")]):
        assert set(found[2:]) == {"<none>"}


@pytest.mark.parametrize("target", HUB)
def test_a_condition_that_is_one_only_up_to_max_length_is_refused(target):
    program = over(0, 1, lambda t: lsrl.ifelse(lsrl.counter(), t, 0), AB)
    with pytest.raises(lsrl.RangeError, match=r"'ifelse\(counter\(\), token, 0\)' of .* reads 'counter\(\)'"):
        lsrl.compile(program, target, max_length=2)


@pytest.mark.parametrize("target", HUB)
def test_answers_that_can_be_any_real_are_refused(target):
    message = r"the second output.*can be any real number, as far as is known"
    decaying = over(0, 4, lambda t: (t, lsrl.LinState(t, "1/2")))
    with pytest.raises(lsrl.RangeError, match=message):
        lsrl.compile(decaying, target, max_length=9)


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize(
    "name", ["a condition", "a write", "a reset", "answers between tokens", "what is taken itself"]
)
def test_verify_compares_at_least_half_of_its_cases(name, target):
    result = compiled(name, target).verify(20)
    assert result.passed
    assert result.mismatches == 0
    assert 2 * result.skipped <= result.cases == 20


@pytest.mark.parametrize("target", HUB)
def test_random_programs_over_tokens_are_answered_or_refused_as_they_say(target):
    found = 0
    for seed in range(60):
        made = integer_program(np.random.default_rng(seed), gated_states=True)
        if made.input.dim > 1 or found == 4:
            continue
        program = Program(made.output[0], name="random", vocabulary=Vocabulary.of_numbers(-9, 9))
        try:
            model = lsrl.compile(program, target, max_length=LENGTH)
        except lsrl.RangeError:
            continue  # a condition that is one on tokens only
        found += 1
        numbers = drawn(program, LENGTH)
        texts, right = texts_of(program, numbers), answered(program, numbers)
        rows = [[*texts, "0"], [*texts[:3], NO_TOKEN, *texts[3:]]]
        assert reader(model)(rows) == [[*right, "<none>"], right[:3] + ["<none>"] * (LENGTH - 2)], seed
    assert found == 4


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("end", [None, "9"])
def test_a_pipeline_shows_refusals_with_and_without_an_end(end, target, checkpoint):
    vocabulary = Vocabulary({str(number): number for number in range(10)}, end=end)
    program = Program(lsrl.clip(lsrl.cumsum(token(0, 4)), 0, 8), name="sum", vocabulary=vocabulary)
    folder = checkpoint(program, target, LENGTH)
    model = lsrl.load(folder)
    generate = transformers.pipeline("text-generation", model=str(folder))
    for prompt, answer in (
        ("1 2", "3"),
        ("4 4 4", "8"),
        ("1 x 2", "<none>"),
        ("1 1 1 1 1 1 1", "<none>"),
        ("", "<none>"),
    ):
        (found,) = generate(prompt, max_new_tokens=1, return_full_text=False)
        assert found["generated_text"].strip() == answer
        if answer != "<none>" or prompt == "":
            assert model.complete(prompt, max_new_tokens=1) == answer


@pytest.mark.parametrize("target", HUB)
def test_a_program_whose_highest_number_has_no_token_is_refused_with_what_to_do(target):
    three = token(0, 2)
    program = Program(lsrl.minimum(three, 1), name="few", vocabulary=Vocabulary({"a": 0, "b": 1}))
    with pytest.raises(lsrl.ProgramError, match="no token stands for 2, the highest number of token of few"):
        lsrl.compile(program, target, max_length=6)
