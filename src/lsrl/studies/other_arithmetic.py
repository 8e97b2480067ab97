"""Compiled networks that compute in another format than they were made for, as people run them.

Of torch's own modules and the linear RNNs, the module is cast, or its layers are quantised; a transformers model is
loaded in the format. Inputs are cast, too. What transformers models over numbers answer is read out in float32.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from lsrl.backends.transformers.network import HubNetwork, stock_of
from lsrl.backends.transformers.tokens import TokenTable, table_of
from lsrl.backends.transformers.transformers_environment import quiet
from lsrl.backends.transformers.weights import HubWeights
from lsrl.model.compiled_model import CompiledModel

Run: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From inputs (batch, T, in) to outputs (batch, T, out)."""

DTYPES = {"float32": "float32", "bfloat16": "bfloat16", "float16": "float16", "int8": "float32"}
"""What a module is cast to for each arithmetic; int8 is dynamic: of weights, and of activations as they come."""

CANNOT = (AttributeError, RuntimeError, TypeError)
"""What torch and transformers raise where they mix formats, or ask a quantised layer for its weights."""


class NoSuchNetwork(Exception):  # noqa: N818
    """A network that is not there in a format; the message is a word or two for a table."""


def running_in(arithmetic: str, model: CompiledModel) -> Run:
    """The model's stock module as it computes in a format, a key of `DTYPES`.

    A language model answers with NaN where it answers with no token that stands for a number.
    Raises `NoSuchNetwork` where a weight is beyond the format and the model has no word for that, or where it has no
    layer that can be quantised; making or running it raises `CANNOT` where torch or transformers cannot do that.

    >>> import lsrl
    >>> model = lsrl.compile(lsrl.Program(lsrl.Input(1, range=(0, 300), integer=True) + 1), "rnn-relu", dtype="float32")
    >>> running_in("bfloat16", model)(np.array([[[1.0], [256.0]]])).ravel().tolist()
    [2.0, 256.0]
    """
    import torch

    dtype, network = getattr(torch, DTYPES[arithmetic]), model.network
    module: Any = stock_of(network.weights, dtype) if isinstance(network, HubNetwork) else network.module().to(dtype)
    if not model.refuses and not all(bool(tensor.isfinite().all()) for tensor in module.state_dict().values()):
        raise NoSuchNetwork("overflow")
    if arithmetic == "int8":
        module = _quantised(module)
    run: Callable[[Any], Any]
    if not isinstance(network, HubNetwork):
        run = module
    elif model.refuses:
        run = _by_tokens(module, table_of(model.program))
    else:
        run = _by_embeddings(module, network.weights)

    def ran(x: np.ndarray) -> np.ndarray:
        with torch.no_grad(), quiet():
            outputs: np.ndarray = run(torch.from_numpy(x).to(dtype)).double().numpy()
        return outputs

    return ran


def _quantised(module: Any) -> Any:
    """Its linear layers, LSTMs and GRUs in int8, as torch does it by itself: other layers stay as they are."""
    from torch import nn, qint8
    from torch.ao import quantization

    kinds = nn.Linear, nn.LSTM, nn.GRU
    if not any(isinstance(part, kinds) for part in module.modules()):
        raise NoSuchNetwork("no layer")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all of it is said to be removed some day
        return quantization.quantize_dynamic(module, set(kinds), qint8)  # type: ignore[no-untyped-call]


def _by_embeddings(module: Any, weights: HubWeights) -> Callable[[Any], Any]:
    """A model over numbers, as its card says."""
    import torch

    maps = {name: torch.from_numpy(array) for name, array in weights.maps.items()}
    body = getattr(module, module.base_model_prefix, module)

    def run(x: Any) -> Any:
        steps = x @ maps["input.weight"].to(x).T + maps["input.bias"].to(x)
        given = torch.cat([maps["bos"].to(x).expand(len(x), 1, -1), steps], dim=1)
        hidden = body(inputs_embeds=given, use_cache=False).last_hidden_state[:, 1:]
        return hidden.float() @ maps["readout.weight"].T + maps["readout.bias"]

    return run


def _by_tokens(module: Any, table: TokenTable | None) -> Callable[[Any], Any]:
    """A language model, and the number that its likeliest token stands for."""
    import torch

    assert table is not None
    numbers = torch.full((len(table.texts),), torch.nan)
    for number in table.vocabulary.tokens.values():
        numbers[table.place_of(number)] = number

    def run(x: Any) -> Any:
        places = torch.tensor([[table.bos, *(table.place_of(int(number)) for number in row)] for row in x[:, :, 0]])
        return numbers[module(input_ids=places, use_cache=False).logits[:, 1:].argmax(-1)][:, :, None]

    return run
