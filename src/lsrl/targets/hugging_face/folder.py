"""The files of a checkpoint beside its weights: what transformers reads, the card, and cases to check it with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.targets.hugging_face.card import card_of
from lsrl.targets.hugging_face.tokens import TokenTable, table_of

if TYPE_CHECKING:
    from lsrl.targets.model import CompiledModel

LONGEST = 256
"""Tokens that are generated at most where the program says no length."""

CONFIG, GENERATION, CARD, CASES = "config.json", "generation_config.json", "README.md", "cases.safetensors"


def further_files(model: CompiledModel) -> Mapping[str, bytes]:
    """Everything but the weights and the manifest."""
    from lsrl.targets.hugging_face.cases import cases_of

    table = table_of(model.program)
    files = {CONFIG: _json(config_of(model)), CARD: card_of(model).encode(), CASES: cases_of(model)}
    if table is not None:
        files |= {GENERATION: _json(_generation(model, table)), **_tokenizer(model, table)}
    return files


def config_of(model: CompiledModel) -> dict[str, Any]:
    """What `config.json` says."""
    return {"architectures": [model.weights.architecture], **model.weights.config}


def _generation(model: CompiledModel, table: TokenTable) -> dict[str, Any]:
    """Greedy; the tokens after which it stops."""
    return {
        "bos_token_id": table.bos,
        "pad_token_id": table.pad,
        "eos_token_id": table.ends,
        "do_sample": False,
        "max_new_tokens": model.max_length or LONGEST,
        "use_cache": bool(model.weights.config["use_cache"]),
    }


def _tokenizer(model: CompiledModel, table: TokenTable) -> dict[str, bytes]:
    from lsrl.targets.hugging_face.tokenizer import tokenizer_of

    with tempfile.TemporaryDirectory() as directory:
        tokenizer_of(table, model.max_length).save_pretrained(directory)
        return {path.name: path.read_bytes() for path in sorted(Path(directory).iterdir())}


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=2, sort_keys=True).encode()
