"""Programs over tokens: what the model, and its checkpoint in plain transformers, answer to prompts."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import lsrl

from .cases import Case, Tokens
from .oracle import outputs_of
from .running import Run, Steps
from .verdicts import FoundError, Verdict, guarded, warned

LONGEST = 4
"""So many tokens are generated."""

ANYTHING = "anything"
"""The answer where the program says nothing about it."""


def check_tokens(case: Case, program: lsrl.Program) -> Verdict:
    """Every answer is right; `nothing` it is to whatever the program was not made for."""
    with guarded("compiling"), warned("compiling") as categories:
        model = case.compiled(program)
    if lsrl.UselessGuaranteeWarning in categories:
        return Verdict("none")
    tokens = case.tokens
    assert tokens is not None
    decided = 0
    for prompt in tokens.prompts:
        expected = completed(case, tokens, prompt)
        decided += expected[0] != ANYTHING
        check_complete(model, prompt, expected, tokens.nothing)
    with tempfile.TemporaryDirectory() as folder:
        with guarded("saving"), warned("saving"):
            model.save(folder)
        check_checkpoint(case, tokens, folder)
    return Verdict(model.guarantee.kind, decided=decided)


def answers_of(case: Case, tokens: Tokens, prompt: Sequence[str]) -> list[str]:
    """The answer after each prefix of the prompt, by the oracle."""
    numbers = [number_of(case, tokens, text) for text in prompt]
    valid = next((i for i, number in enumerate(numbers) if number is None), len(prompt))
    answers = []
    for length in range(1, len(prompt) + 1):
        too_long = case.max_length is not None and length > case.max_length
        if length > valid or too_long:
            answers.append(tokens.nothing)
            continue
        run = Run([(number,) for number in numbers[:length] if number is not None])
        answers.append(answer_of(run, outputs_of(run, case.outputs), tokens))
    return answers


def number_of(case: Case, tokens: Tokens, text: str) -> int | None:
    """The input number that a text stands for; the highest, if it has no token, for any text that is not a token."""
    known = dict(tokens.numbers)
    low, high = (int(end) for end in case.input.params["range"])
    if text in known and low <= known[text] <= high:
        return known[text]
    return None if high in known.values() else high


def completed(case: Case, tokens: Tokens, prompt: Sequence[str]) -> list[str]:
    """The next tokens: each answer is read before the next, until there is none, or nothing is known of it."""
    said: list[str] = []
    while len(said) < LONGEST and (not said or said[-1] not in {ANYTHING, tokens.nothing}):
        said.append(answers_of(case, tokens, [*prompt, *said])[-1])
    return said


def answer_of(run: Run, steps: Steps, tokens: Tokens) -> str:
    """The text for the last step: the answer's token, `nothing` where it is refused or has none."""
    if not run.decided:
        return ANYTHING
    answer, *refused = steps[-1]
    texts = {Fraction(value): text for text, value in tokens.numbers}
    return tokens.nothing if any(refused) else texts.get(Fraction(answer), tokens.nothing)


def check_complete(model: Any, prompt: tuple[str, ...], expected: Sequence[str], nothing: str) -> None:
    """`model.complete` says the answers; it may refuse, with an error, what the program was not made for."""
    with guarded("model.complete"), warned("model.complete"):
        try:
            given = model.complete(" ".join(prompt), max_new_tokens=LONGEST).replace(" ", "")
        except lsrl.RangeError as error:
            if expected[0] not in {nothing, ANYTHING}:
                raise FoundError("model.complete refuses a prompt", expected, error) from error
            return
    right = "".join(itertools.takewhile(lambda text: text != ANYTHING, expected))
    stopped_early = right.startswith(given) and given.startswith(expected[0])  # at max_length
    if expected[0] != ANYTHING and not given.startswith(right) and not stopped_early:
        raise FoundError("model.complete: a wrong answer", f"{right!r} to {' '.join(prompt)}", repr(given))


def check_checkpoint(case: Case, tokens: Tokens, folder: str) -> None:
    """Transformers alone give the same answers, at every position of every prompt."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with guarded("transformers"), warned("transformers"):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForCausalLM.from_pretrained(folder)
    for prompt in tokens.prompts:
        with guarded("transformers"), warned("transformers"), torch.no_grad():
            ids = tokenizer(" ".join(prompt), return_tensors="pt")
            likeliest = network(**ids).logits[0].argmax(-1)
            given = tokenizer.convert_ids_to_tokens(likeliest.tolist())
        expected = answers_of(case, tokens, prompt)
        if len(given) != len(expected) + 1:
            raise FoundError("tokenizing a prompt", f"{len(expected)} tokens and the start: {' '.join(prompt)}", given)
        for i, (right, found) in enumerate(zip(expected, given[1:], strict=True)):
            if right not in {found, ANYTHING}:
                asked = " ".join(prompt[: i + 1])
                raise FoundError("transformers: a wrong answer", f"{right!r} to {asked}", repr(found))
    check_side_by_side(case, tokens, tokenizer, network)


def check_side_by_side(case: Case, tokens: Tokens, tokenizer: Any, network: Any) -> None:
    """All prompts in one batch, padded as the tokenizer pads, are answered as they are alone."""
    import torch

    with guarded("transformers"), warned("transformers"), torch.no_grad():
        ids = tokenizer([" ".join(prompt) for prompt in tokens.prompts], return_tensors="pt", padding=True)
        given = tokenizer.convert_ids_to_tokens(network(**ids).logits[:, -1].argmax(-1).tolist())
    for prompt, found in zip(tokens.prompts, given, strict=True):
        right = answers_of(case, tokens, prompt)[-1]
        if right not in {found, ANYTHING}:
            raise FoundError("transformers, a batch: a wrong answer", f"{right!r} to {' '.join(prompt)}", repr(found))
