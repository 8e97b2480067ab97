"""Greedy answers of a language model, with its prompt checked first."""

from __future__ import annotations

from lsrl.backends.registry import alternatives
from lsrl.backends.torch_environment import torch_or_error, undisturbed
from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.tokens import TokenTable, table_of
from lsrl.backends.transformers.transformers_environment import quiet
from lsrl.errors import RangeError, UnsupportedProgram, shortened
from lsrl.lang.numbers import whole_number
from lsrl.model.compiled_network import CompiledNetwork


def completed(model: CompiledNetwork, prompt: str, max_new_tokens: int | None) -> str:
    """The text that the model generates after a prompt, as `CompiledModel.complete` says."""
    table = table_of(model.program)
    if table is None or not isinstance(model.network, HubNetwork):
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} generates no text; expected a program with a vocabulary on "
            f"target={alternatives(lambda target: target.tokens)}"
        )
    ids = checked_ids(model, table, prompt)
    if max_new_tokens is None:
        room = 1 if model.max_length is None else model.max_length - len(ids) + 1
    else:
        room = whole_number(max_new_tokens, "max_new_tokens")
    torch = torch_or_error()
    with undisturbed(model.weights.width), quiet():
        found = model.network.stock.generate(
            torch.tensor([[table.bos, *ids]]),
            max_new_tokens=max(room, 1),
            do_sample=False,
            pad_token_id=table.pad,
            eos_token_id=table.ends,
        )
    texts = [table.texts[place] for place in found[0, 1 + len(ids) :].tolist()]
    return table.joined([text for text in texts if text != table.vocabulary.end])


def checked_ids(model: CompiledNetwork, table: TokenTable, prompt: str) -> list[int]:
    """The places of a prompt's tokens. Raises `RangeError` for text that is not a token, or too much of it."""
    from lsrl.model.hub.tokenizer import tokenizer_of

    if not isinstance(prompt, str):
        raise RangeError(f"the prompt is {shortened(prompt)}; expected text")
    encoded = tokenizer_of(table, None).backend_tokenizer.encode(prompt, add_special_tokens=False)
    numbers = table.input_numbers
    for place, (start, end) in zip(encoded.ids, encoded.offsets, strict=True):
        if numbers[place] == table.invalid:
            raise RangeError(
                f"the prompt has {shortened(prompt[start:end])} at character {start + 1}, which is not a token of "
                f"{model.program.name}'s input; expected those of {shortened(table.input_texts, 120)}"
            )
    model.check_length(len(encoded.ids))
    return list(encoded.ids)
