"""Small programs over tokens, and what transformers makes of their checkpoints."""

import functools

import numpy as np

import lsrl
from lsrl import Input, Program, Vocabulary


def token(low, high):
    return Input(1, range=(low, high), integer=True, name="token")


def vowels():
    """How many vowels there were, up to nine, where letters stand for numbers out of order."""
    letter = token(0, 5)
    count = lsrl.clip(lsrl.cumsum(lsrl.equal(letter, 1) | lsrl.equal(letter, 3)), 0, 9)
    letters = {"b": 0, "a": 1, "c": 2, "e": 3, "d": 4, "f": 5, "6": 6, "7": 7, "8": 8, "9": 9}
    return Program(count, name="vowels", vocabulary=Vocabulary(letters))


def depth():
    """How many brackets are open; no answer where there are fewer than none."""
    bracket = token(-1, 1)
    open_now = lsrl.cumsum(bracket, name="depth")
    texts = {")": -1, ".": 0, "(": 1} | {str(number): number for number in range(2, 9)}
    return Program(open_now, lsrl.smaller(open_now, 0), name="depth", vocabulary=Vocabulary(texts, nothing="?"))


def recalled():
    """The last high digit, plus the one before last, modulo 10."""
    digit = token(0, 9)
    return Program(
        lsrl.modulo(lsrl.latch(digit, digit > 6) + lsrl.delay(digit, 2), 10),
        name="recalled",
        vocabulary=Vocabulary.of_numbers(0, 9),
    )


def distant():
    """Tokens that stand for numbers far apart, told apart by a table."""
    kind = token(0, 3)
    return Program(
        lsrl.lookup(kind, [0, 300, -500, 3]),
        name="distant",
        vocabulary=Vocabulary({"a": 0, "b": 1, "c": 2, "d": 3, "far": 300, "away": -500}),
    )


TOKEN_PROGRAMS = {made.__name__: made() for made in (vowels, depth, recalled, distant)}
LENGTH = 12


def special(program):
    """The text that stands for no answer."""
    return program.vocabulary.nothing


def drawn(program, steps, seed=0):
    """Random numbers that the program's input can be."""
    low, high = int(program.input.low[0]), int(program.input.high[0])
    return np.random.default_rng(seed).integers(low, high + 1, steps).tolist()


def expected(program, numbers):
    """The texts that the program answers at each step, by the exact interpreter; nothing where it has no token."""
    outputs = program.run([[number] for number in numbers], exact=True)
    refused = outputs[:, 1] if outputs.shape[1] > 1 else [0] * len(outputs)
    texts = {number: text for text, number in program.vocabulary.tokens.items()}
    return [
        special(program) if no else texts.get(number, special(program))
        for number, no in zip(outputs[:, 0], refused, strict=True)
    ]


@functools.cache
def stock(folder, dtype="float32"):
    """The tokenizer and the model, as transformers loads them in a format."""
    import torch
    import transformers

    return (
        transformers.AutoTokenizer.from_pretrained(folder),
        transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval(),
    )


def ids_of(folder, texts):
    """The tokens with the start in front, as the model takes them; text that is not a token becomes the unknown one."""
    import torch

    tokenizer, _ = stock(folder)
    return torch.tensor([[tokenizer.bos_token_id, *tokenizer.convert_tokens_to_ids(texts)]])


def scores_of(folder, texts, dtype="float32"):
    """The logits (steps, tokens) at every token after the start."""
    import torch

    with torch.inference_mode():
        return stock(folder, dtype)[1](input_ids=ids_of(folder, texts), use_cache=False).logits[0, 1:]


def likeliest(folder, scores):
    return stock(folder)[0].convert_ids_to_tokens(scores.argmax(-1))


def texts_of(program, numbers):
    return [program.vocabulary.text_of(number) for number in numbers]
