"""Answers of a checkpoint folder through transformers alone, as its users get them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lsrl.backends.torch_environment import LARGEST_OF_ONE_THREAD, undisturbed
from lsrl.backends.transformers.transformers_environment import loading, quiet, transformers_or_error

BATCH = 64


def generated(folder: Path, prompts: Sequence[str], most: int) -> tuple[list[str], float]:
    """What `pipeline("text-generation")` writes after each prompt, up to `most` tokens, and tokens read per second."""
    transformers = transformers_or_error()
    with loading():
        generate = transformers.pipeline("text-generation", model=str(folder))
    with undisturbed(LARGEST_OF_ONE_THREAD), quiet():
        started = time.perf_counter()
        found = generate(list(prompts), return_full_text=False, max_new_tokens=most, batch_size=BATCH)
        seconds = time.perf_counter() - started
    read = sum(len(ids) for ids in generate.tokenizer(list(prompts))["input_ids"])
    return [answer[0]["generated_text"] for answer in found], read / seconds
