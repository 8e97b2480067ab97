"""The tokenizer of a vocabulary."""

from __future__ import annotations

import re
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from lsrl.backends.transformers.tokens import TokenTable


def tokenizer_of(table: TokenTable, max_length: int | None) -> Any:
    """The `PreTrainedTokenizerFast`: white space separates and is dropped, the longest token counts.

    Special tokens are not read from text: "<bos>" in a prompt is five characters that are not tokens.
    """
    pad, bos, unknown = (table.texts[place] for place in (table.pad, table.bos, table.unknown))
    tokenizer = Tokenizer(models.WordLevel({text: i for i, text in enumerate(table.texts)}, unk_token=unknown))
    spelled = sorted({*table.texts} - {pad, bos, unknown}, key=lambda text: (-len(text), text))
    pieces = "|".join([*map(re.escape, spelled), "."])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(pieces), "isolated")]
    )
    if table.is_spelled:
        tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, table.bos)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token=bos,
        pad_token=pad,
        unk_token=unknown,
        # Without an end, nothing ends but the answer `nothing`, not a special token: pipelines would not show it.
        eos_token=table.vocabulary.end,
        padding_side="left",
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
        **({} if max_length is None else {"model_max_length": max_length + 1}),
    )
