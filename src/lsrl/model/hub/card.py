"""Model cards: what a checkpoint is, how to run it, what it promises, and where everything is in it."""

from __future__ import annotations

import re

from lsrl.backends.layout import ReadOut, exact_text
from lsrl.backends.transformers.tokens import table_of
from lsrl.lang.words import seen_words
from lsrl.model.compiled_network import CompiledNetwork

_TOKENS = """```python
from transformers import pipeline

generate = pipeline("text-generation", model="PATH OF THIS FOLDER")
print(generate(PROMPT)[0]["generated_text"])
```

A sequence begins with {bos}, which the tokenizer puts there. White space only separates tokens. The next token is
the arg-max of the logits{end}. {nothing} is the answer to what the program was not made for: text that is not a token,
{length}and whatever the program itself refuses. Special tokens are not read from text.

The arithmetic has to be float32's, as it is unless you name another `dtype`: loaded as bfloat16 or float16, the model
answers {nothing} to everything.
"""

_VECTORS = """```python
import torch
from safetensors.torch import load_file
from transformers import AutoModel

folder = "PATH OF THIS FOLDER"
model, maps = AutoModel.from_pretrained(folder), load_file(folder + "/maps.safetensors")
x = torch.zeros(1, 5, {dim})  # (batch, steps, {dim}), float32
steps = x @ maps["input.weight"].T + maps["input.bias"]
start = maps["bos"].expand(len(x), 1, -1)
hidden = model(inputs_embeds=torch.cat([start, steps], 1), use_cache=False).last_hidden_state[:, 1:]
y = hidden @ maps["readout.weight"].T + maps["readout.bias"]  # (batch, steps, {out})
```

Every sequence begins with the embedding `bos`; `input` makes an embedding of a step's input, `readout` reads an
output from the last hidden state. The arithmetic has to be float32's, as it is unless you name another `dtype`: loaded
as bfloat16 or float16, the outputs are wrong.
"""


def card_of(model: CompiledNetwork) -> str:
    """The text of the card, in Markdown with the header that the Hugging Face Hub reads."""
    table, sizes = table_of(model.program), model.sizes
    first = model.weights.stock.first_hidden
    if table is None:
        use = _VECTORS.format(dim=model.program.input.dim, out=model.program.output.dim)
    else:
        end = f", up to {as_code(table.vocabulary.end)}" if table.vocabulary.end else ""
        length = "" if model.max_length is None else f"more than {model.max_length:,} of them, "
        bos, nothing = as_code(table.texts[table.bos]), as_code(table.vocabulary.nothing)
        use = _TOKENS.format(bos=bos, end=end, nothing=nothing, length=length)
    header = ["---", "library_name: transformers", "tags:", "- lsrl", "- compiled"]
    header += ([] if table is None else ["pipeline_tag: text-generation"]) + ["---", ""]
    listing, words = str(model.program).rstrip(), seen_words(model.program)
    fence = _ticks(listing, least=3)
    return "\n".join(
        [
            *header,
            f"# {as_code(model.program.name)}",
            "",
            f"This {model.weights.architecture} was not trained: LSRL compiled it from the program below, which it "
            "computes. It runs with transformers alone, in float32, on the CPU.",
            "",
            use,
            "## What it promises",
            "",
            f"{as_code(str(model.guarantee))}, for inputs in the declared range. "
            f"It has {sizes.layers} layers, hidden size {sizes.widest} and {sizes.parameters:,} parameters, "
            f"of which {sizes.nonzeros:,} are not zero. "
            "`lsrl.verify_checkpoint` compares it with the golden cases, bit for bit.",
            "",
            "## Program",
            "",
            fence,
            listing,
            fence,
            "",
            "## Layout",
            "",
            "Where each value of the program is, at every step: which of `hidden_states` (of "
            "`output_hidden_states=True`) to read, and Σ weight · channel + constant. It stays in those that follow "
            "for as long as another value reads it. Values without a name are called as the program writes them.",
            "",
            "| value | hidden state | read-out |",
            "|---|---|---|",
            *(
                f"| {_cell(words[name])} | {_layers(read_out, first)} | {_rows(read_out)} |"
                for name, read_out in model.layout.items()
                if name in words
            ),
            "",
        ]
    )


def _cell(text: str) -> str:
    """The text as code in a cell of a table, whose sides `|` would be."""
    return as_code(text).replace("|", "\\|")


def _layers(read_out: ReadOut, first: int) -> str:
    return ", ".join("input" if layer < 0 else str(layer + first) for layer in read_out.layers) or "none"


def _rows(read_out: ReadOut) -> str:
    components = []
    for component, constant in enumerate(read_out.constants):
        parts = [
            f"{exact_text(weight)}·{'x' if read.part == 'input' else 'h'}[{index}]"
            for read in read_out.reads
            for index, weight in read.rows[component]
        ]
        components.append(" + ".join([*parts, *([exact_text(constant)] if constant or not parts else [])]))
    return "; ".join(components)


def as_code(text: str) -> str:
    """The text as code in a line of Markdown, in which nothing is markup.

    >>> as_code("a"), as_code("`<b>`")
    ('`a`', '`` `<b>` ``')
    """
    ticks, blank = _ticks(text, least=1), " " if "`" in (text[:1], text[-1:]) else ""
    return f"{ticks}{blank}{text}{blank}{ticks}"


def _ticks(text: str, least: int) -> str:
    """More backticks than appear in a row in the text."""
    return "`" * max([least, *(len(ticks) + 1 for ticks in re.findall("`+", text))])
