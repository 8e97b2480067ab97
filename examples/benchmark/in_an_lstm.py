"""Score an intervention in an LSTM of a benchmark, without LSRL: python in_an_lstm.py DIR/cases/NAME."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

case = Path(sys.argv[1])
variable, places = next(iter(json.loads((case / "sites.json").read_text()).items()))
pairs = pd.read_parquet(case / "pairs" / f"{variable}-test.parquet")
x = torch.tensor(np.stack([np.stack(rows) for side in ("base", "source") for rows in pairs[side]]))
label = torch.tensor(np.stack([np.stack(rows) for rows in pairs["label"]]))
half, step = len(pairs), torch.tensor(pairs["step"].to_numpy())
weights = load_file(case / "checkpoint" / "model.safetensors")
layers = len(weights["h0"])
of_layer = [
    [weights[f"recurrent.{kind}_l{i}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    for i in range(layers)
]

state = [(weights["h0"][i].expand(len(x), -1), weights["c0"][i].expand(len(x), -1)) for i in range(layers)]
answers = []
for t in range(x.shape[1]):
    below = x[:, t]
    for i in range(layers):  # as torch.nn.LSTM does, but so that h can be changed between layers and steps
        hidden, cell = torch.lstm_cell(below, state[i], *of_layer[i])
        for place in places["value"]:
            if place["modules"] == [f"layers.{i}.hidden"]:
                numbers = hidden[:, place["channels"]]
                moved = (numbers[half:] - numbers[:half]) @ torch.tensor(place["read"]).double()
                moved = moved[:, None] * torch.tensor(place["write"]).double() * (step == t)[:, None]
                hidden[:half, place["channels"]] += moved  # bases are the first half of the batch, sources the second
        state[i], below = (hidden, cell), hidden
    answers.append(below[:half] @ weights["readout.weight"].T + weights["readout.bias"])
right = ((torch.stack(answers, 1) - label).abs() < 0.5).all(dim=(1, 2)).sum()
print(f"{right} of {half} pairs answer as {case.name} should with {variable!r} of the source")
