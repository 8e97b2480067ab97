"""Model cards: what a checkpoint is, how to run it, what it promises, and where everything is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsrl.targets.hugging_face.runtime import first_behind
from lsrl.targets.hugging_face.tokens import table_of

if TYPE_CHECKING:
    from lsrl.targets.layout import ReadOut
    from lsrl.targets.model import CompiledModel

_TOKENS = """```python
from transformers import pipeline

generate = pipeline("text-generation", model="PATH OF THIS FOLDER")
print(generate(PROMPT)[0]["generated_text"])
```

A sequence begins with `{bos}`, which the tokenizer puts there. White space only separates tokens. The next token is
the arg-max of the logits{end}. `{nothing}` is the answer to what the program was not made for: text that is no token,
{length}and whatever the program itself refuses. Special tokens are not read from text.
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
output from the last hidden state.
"""


def card_of(model: CompiledModel) -> str:
    """The text of the card, in Markdown with the header that the Hugging Face Hub reads."""
    table, sizes = table_of(model.program), model.sizes
    first = first_behind(model.weights.architecture)
    if table is None:
        use = _VECTORS.format(dim=model.program.input.dim, out=model.program.output.dim)
    else:
        end = f", up to `{table.vocabulary.end}`" if table.vocabulary.end else ""
        length = "" if model.max_length is None else f"more than {model.max_length:,} of them, "
        use = _TOKENS.format(bos=table.texts[table.bos], end=end, nothing=table.vocabulary.nothing, length=length)
    header = ["---", "library_name: transformers", "tags:", "- lsrl", "- compiled"]
    header += ([] if table is None else ["pipeline_tag: text-generation"]) + ["---", ""]
    return "\n".join(
        [
            *header,
            f"# {model.program.name}",
            "",
            f"This {model.weights.architecture} was not trained: LSRL compiled it from the program below, which it "
            "computes. It runs with transformers alone, in float32, on the CPU.",
            "",
            use,
            "## What it promises",
            "",
            f"{model.guarantee}, for inputs in the declared range. It has {sizes.layers} layers, hidden size "
            f"{sizes.widest} and {sizes.parameters:,} parameters, of which {sizes.nonzeros:,} are not zero. "
            "`lsrl.verify_checkpoint` compares it with the stored cases, bit for bit.",
            "",
            "## Program",
            "",
            "```",
            str(model.program).rstrip(),
            "```",
            "",
            "## Layout",
            "",
            "Where each value of the program is, at every step: which of `hidden_states` (of "
            "`output_hidden_states=True`) to read, and Σ weight · channel + constant. It stays in all that follow.",
            "",
            "| value | hidden state | read-out |",
            "|---|---|---|",
            *(
                f"| `{name}` | {_layers(read_out, first)} | {_rows(read_out)} |"
                for name, read_out in model.layout.items()
            ),
            "",
        ]
    )


def _layers(read_out: ReadOut, first: int) -> str:
    return ", ".join("input" if layer < 0 else str(layer + first) for layer in read_out.layers) or "none"


def _rows(read_out: ReadOut) -> str:
    components = []
    for component, constant in enumerate(read_out.constants):
        parts = [
            f"{weight:g}·{'x' if read.part == 'input' else 'h'}[{index}]"
            for read in read_out.reads
            for index, weight in read.rows[component]
        ]
        components.append(" + ".join([*parts, *([f"{constant:g}"] if constant or not parts else [])]))
    return "; ".join(components)
