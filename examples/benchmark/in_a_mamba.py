"""Score an intervention in a Mamba or Hawk of a benchmark, without LSRL: python in_a_mamba.py DIR/cases/NAME."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import AutoModel

case = Path(sys.argv[1])
variable, places = next(iter(json.loads((case / "sites.json").read_text()).items()))
pairs = pd.read_parquet(case / "pairs" / f"{variable}-test.parquet")
x = torch.tensor(np.stack([np.stack(rows) for side in ("base", "source") for rows in pairs[side]])).float()
label = torch.tensor(np.stack([np.stack(rows) for rows in pairs["label"]]))
rows, steps = torch.arange(len(pairs)), torch.tensor(pairs["step"].to_numpy()) + 1  # position 0 is the start
model, maps = AutoModel.from_pretrained(case / "checkpoint"), load_file(case / "checkpoint" / "maps.safetensors")


def exchange(place, output):
    """Bases are the first half of the batch, sources the second: what the place holds of these goes into those."""
    numbers = output[0] if isinstance(output, tuple) else output
    of_base, of_source = (numbers[half, steps][:, place["channels"]] for half in (rows, rows + len(rows)))
    moved = ((of_source - of_base) @ torch.tensor(place["read"]))[:, None] * torch.tensor(place["write"])
    numbers[rows[:, None], steps[:, None], place["channels"]] += moved


for place in places["value"]:
    module = model.get_submodule(place["modules"][-1].removeprefix("model."))
    module.register_forward_hook(lambda _, __, output, place=place: exchange(place, output))
inputs = torch.cat([maps["bos"].expand(len(x), 1, -1), x @ maps["input.weight"].T + maps["input.bias"]], 1)
with torch.no_grad():
    hidden = model(inputs_embeds=inputs, use_cache=False).last_hidden_state[rows, 1:]
answers = hidden @ maps["readout.weight"].T + maps["readout.bias"]
right = ((answers - label).abs() < 0.5).all(dim=(1, 2)).sum()
print(f"{right} of {len(rows)} pairs answer as {case.name} should with {variable!r} of the source")
