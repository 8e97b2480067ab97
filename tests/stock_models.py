"""How somebody without LSRL runs a compiled network: torch's modules, transformers' models."""

import pytest

from strategies import HUB

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
