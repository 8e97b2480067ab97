"""The files of a checkpoint besides its weights: what transformers reads, the card, and cases to check it with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsrl.backends.transformers.tokens import TokenTable, table_of
from lsrl.lang import Program
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.hub.card import card_of

LONGEST = 256
"""Tokens that are generated at most where the program says no length."""

CONFIG, GENERATION, CARD, CASES = "config.json", "generation_config.json", "README.md", "cases.safetensors"


def further_files(model: CompiledNetwork) -> Mapping[str, bytes]:
    """Everything but the weights and the manifest; the configuration comes last, for without it nothing loads them."""
    from lsrl.model.hub.golden_cases import cases_of

    table = table_of(model.program)
    files = {CARD: card_of(model).encode(), CASES: cases_of(model)}
    if table is not None:
        files |= _tokenizer(model, table)
    settings = configurations_of(model.program, model.weights.description, model.max_length)
    return files | {name: _json(content) for name, content in settings.items()}


def configurations_of(program: Program, module: Mapping[str, Any], max_length: int | None) -> dict[str, dict[str, Any]]:
    """The content of the files that tell transformers which model it is, and how it generates.

    `module` is a manifest's: the class and its configuration.
    """
    table, name = table_of(program), module["class"].removeprefix("transformers.")
    config = {"architectures": [name], **module["config"]}
    if table is None:
        return {CONFIG: config}
    return {GENERATION: _generation(table, max_length, module["config"]["use_cache"]), CONFIG: config}


def _generation(table: TokenTable, max_length: int | None, use_cache: bool) -> dict[str, Any]:
    """Greedy; the tokens after which it stops."""
    return {
        "bos_token_id": table.bos,
        "pad_token_id": table.pad,
        "eos_token_id": table.ends,
        "do_sample": False,
        "max_new_tokens": max_length or LONGEST,
        "use_cache": use_cache,
    }


def _tokenizer(model: CompiledNetwork, table: TokenTable) -> dict[str, bytes]:
    from lsrl.model.hub.tokenizer import tokenizer_of

    with tempfile.TemporaryDirectory() as directory:
        tokenizer_of(table, model.max_length).save_pretrained(directory)
        return {path.name: path.read_bytes() for path in sorted(Path(directory).iterdir())}


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=2, sort_keys=True).encode()
