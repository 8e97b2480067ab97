"""How somebody without LSRL runs a compiled network: torch's modules, transformers' models."""

from typing import NamedTuple

import pytest

from strategies import HUB


class Stock(NamedTuple):
    """What transformers and arithmetic say of a target: its model's class and type, what a running sum's network has.

    `width` is that of its stream, `states` what its layers remember.

    `right` are the formats beside float32 in which the network is right, too.
    """

    model: str
    model_type: str
    layers: int
    width: int
    states: int
    right: tuple[str, ...] = ()


STOCK = {
    "mamba": Stock("MambaModel", "mamba", layers=1, width=18, states=18, right=("float64",)),
    "falcon-mamba": Stock("FalconMambaModel", "falcon_mamba", layers=1, width=18, states=18, right=("float64",)),
    "jamba": Stock("JambaModel", "jamba", layers=2, width=18, states=18, right=("float64",)),  # the last layer attends
    "mamba2": Stock("Mamba2Model", "mamba2", layers=1, width=18, states=18, right=("float64",)),
    "qwen3.5": Stock("Qwen3_5TextModel", "qwen3_5_text", layers=2, width=18, states=2),
    "olmo-hybrid": Stock("OlmoHybridModel", "olmo_hybrid", layers=2, width=18, states=4),
    "xlstm": Stock("xLSTMModel", "xlstm", layers=1, width=18, states=128),
    "hawk": Stock("RecurrentGemmaModel", "recurrent_gemma", layers=1, width=4, states=4),
    "griffin": Stock(
        "RecurrentGemmaModel", "recurrent_gemma", layers=3, width=4, states=8
    ),  # every third layer attends
}

WITHOUT_LSRL = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "lsrl":
            raise ImportError("no lsrl here")

sys.meta_path.insert(0, Refused())
try:
    import lsrl
except ImportError:
    pass
else:
    raise SystemExit("lsrl could be imported")
"""


def outputs_of(model, x):
    """What the stock module makes of a tensor (batch, T, dim); transformers models by their cards' recipe."""
    torch = pytest.importorskip("torch")
    module = model.module
    if model.target.name not in HUB:
        return module(x)
    body = getattr(module, module.base_model_prefix, module)
    hidden = body(inputs_embeds=embeddings_of(model, x), use_cache=False).last_hidden_state[:, 1:]
    maps = model.weights.maps
    return hidden @ torch.tensor(maps["readout.weight"]).T + torch.tensor(maps["readout.bias"])


def embeddings_of(model, x):
    """The embeddings of a tensor (batch, T, dim), the one of the start in front."""
    import torch

    maps = {name: torch.tensor(array) for name, array in model.weights.maps.items()}
    steps = x.float() @ maps["input.weight"].T + maps["input.bias"]
    return torch.cat([maps["bos"].expand(len(x), 1, -1), steps], dim=1)
