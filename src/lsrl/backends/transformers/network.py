"""Runs a Hugging Face transformers model on NumPy arrays."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lsrl.backends.network import WEIGHTS, FileTensors, Sizes
from lsrl.backends.sites import Address
from lsrl.backends.torch_environment import tensor_of, torch_or_error, undisturbed
from lsrl.backends.transformers.transformers_environment import loading, quiet, transformers_or_error
from lsrl.backends.transformers.weights import MAPS, OF_MAPS, HubWeights, unit_groups
from lsrl.backends.unit_groups import Arrays, UnitGroup
from lsrl.errors import FormatError, shortened
from lsrl.placement.stack import Part

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_BATCH = 2**23
"""Numbers of a stream (batch × steps × width) that go through the model at once, unless one sequence has more."""


class Stream(NamedTuple):
    """What a model keeps after some positions."""

    kept: Any
    positions: int


class HubNetwork:
    """Evaluates the stock model through `inputs_embeds`, with the embedding of the start in front.

    Several threads may do so at once: RecurrentGemma keeps its states in its modules, so each thread has its own.
    """

    def __init__(self, weights: HubWeights) -> None:
        self.weights = weights
        self._made: Any = None
        self._of_this_thread = threading.local()

    def __deepcopy__(self, memo: dict[int, Any]) -> HubNetwork:
        return HubNetwork(copy.deepcopy(self.weights, memo))

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return self.weights.dtype

    @property
    def arithmetic(self) -> str:
        """What it computes in: the same."""
        return str(self.dtype)

    @property
    def dims(self) -> tuple[int, int]:
        """Components of one input and of one output."""
        return self.weights.input_dim, self.weights.output_dim

    @property
    def sizes(self) -> Sizes:
        """Layers, the residual stream's width, states of all layers, and numbers."""
        weights, tensors = self.weights, self.weights.tensors.values()
        return Sizes(
            layers=weights.depth,
            widest=weights.width,
            state_dimension=sum(self.state_sizes),
            parameters=sum(tensor.size for tensor in tensors),
            nonzeros=sum(int(np.count_nonzero(tensor)) for tensor in tensors),
            channels=weights.channels,
        )

    @property
    def description(self) -> dict[str, Any]:
        """The class and the configuration of the stock model."""
        return self.weights.description

    def module(self) -> Any:
        """The stock model, made anew. Raises as `check_shapes` does, and `MissingPackage` without transformers."""
        return stock_of(self.weights)

    def hooked(self) -> Any:
        """The stock model on numbers, with hook points for what it remembers."""
        from lsrl.backends.transformers.hooked import HookedModel

        with loading():
            return HookedModel(_without_head(self.module()), self.weights)

    def address(self, layer: int, part: Part) -> Address:
        """The sublayer that writes to the stream, or the hook point of the layer's recurrent state."""
        return (
            (f"states.{layer}",)
            if part == "state"
            else (f"model.{self.weights.stock.layers}.{layer}.{self.weights.stock.mixer}",)
        )

    def tensors(self) -> FileTensors:
        """What is in its files: the stock model's tensors, and the maps into and out of its stream."""
        return {WEIGHTS: dict(self.weights.tensors), MAPS: dict(self.weights.maps)}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The stock model's tensors, and the maps."""
        maps = {f"{OF_MAPS}{name}": array for name, array in self.weights.maps.items()}
        return {**self.weights.tensors, **maps}

    def with_arrays(self, arrays: Arrays) -> HubNetwork:
        """The same model with other weights."""
        found = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
        maps = {name: found[f"{OF_MAPS}{name}"] for name in self.weights.maps}
        tensors = {name: found[name] for name in self.weights.tensors}
        return HubNetwork(replace(self.weights, tensors=tensors, maps=maps))

    @property
    def unit_groups(self) -> Sequence[UnitGroup]:
        """The stream, and the numbers inside every layer."""
        return unit_groups(self.weights)

    @property
    def stock(self) -> Any:
        """This thread's modules of the stock model, without any state, over tensors that all threads share.

        The model is made when it is first used. Raises `MissingPackage` without transformers.
        """
        from lsrl.backends.transformers.stepping import forget

        if not hasattr(self._of_this_thread, "stock"):
            with loading():
                if self._made is None:
                    self._made = self.module()
            self._of_this_thread.stock = _with_the_tensors_of(self._made)
        stock = self._of_this_thread.stock
        if self.weights.stock.states_in_modules:
            forget(_without_head(stock))
        return stock

    @property
    def model(self) -> Any:
        """The model without its head."""
        return _without_head(self.stock)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Outputs (batch, T, out) for inputs (batch, T, in)."""
        result = np.empty((*x.shape[:2], self.weights.output_dim), np.float32)
        sequences = max(1, LARGEST_BATCH // ((x.shape[1] + 1) * self.weights.width))
        with _undisturbed(self.weights.width):
            for first in range(0, len(x), sequences):
                hidden = self._forward(x[first : first + sequences]).last_hidden_state
                result[first : first + sequences] = self._read(hidden[:, 1:])
        return result

    def start(self, batch: int = 1) -> Stream:
        """The state after the embedding of the start."""
        with _undisturbed(self.weights.width):
            return self._stepped(self._begin(batch), Stream(None, 0))[1]

    def step(self, x: np.ndarray, state: Stream) -> tuple[np.ndarray, Stream]:
        """One step: outputs (batch, out) and the next state, for inputs (batch, in)."""
        with _undisturbed(self.weights.width):
            hidden, after = self._stepped(self._embedded(x[:, None, :]), state)
            return self._read(hidden)[:, 0], after

    def activations(self, x: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        """The residual stream after every layer (batch, T, d), as its output."""
        nothing = np.empty((*x.shape[:2], 0), np.float32)
        with _undisturbed(self.weights.width):
            hidden = self._forward(x, output_hidden_states=True).hidden_states
        first = self.weights.stock.first_hidden
        return [(nothing, layer[:, 1:].numpy()) for layer in hidden[first : first + self.weights.depth]]

    @property
    def state_sizes(self) -> Sequence[int]:
        """How many numbers every layer goes on from."""
        return [self.weights.stock.states(layer, self.weights.config) for layer in range(self.weights.depth)]

    @property
    def layer_sizes(self) -> Sequence[tuple[int, int]]:
        """Every layer has the residual stream after it to read."""
        return [(0, self.weights.width)] * self.weights.depth

    def _forward(self, x: np.ndarray, **options: Any) -> Any:
        import torch

        embeddings = torch.cat([self._begin(len(x)), self._embedded(x)], dim=1)
        if set(self.weights.config.get("block_types", ())) == {"recurrent"}:
            # Else a mask of all pairs of positions is made, which no block reads: 10¹⁰ bytes for 10⁵ steps.
            options["attention_mask"] = torch.ones((1, 1, 1, 1), dtype=torch.bool)
        return self.model(inputs_embeds=embeddings, use_cache=False, **options)

    def _stepped(self, embedding: Tensor, state: Stream) -> tuple[Tensor, Stream]:
        from lsrl.backends.transformers.stepping import stepped

        in_modules = self.weights.stock.states_in_modules
        hidden, kept = stepped(self.model, embedding, state.kept, state.positions, in_modules=in_modules)
        return hidden, Stream(kept, state.positions + 1)

    def _begin(self, batch: int) -> Tensor:
        return tensor_of(self.weights.maps["bos"]).expand(batch, 1, -1)

    def _embedded(self, x: np.ndarray) -> Tensor:
        maps = self.weights.maps
        return tensor_of(x.astype(np.float32)) @ tensor_of(maps["input.weight"]).T + tensor_of(maps["input.bias"])

    def _read(self, hidden: Tensor) -> np.ndarray:
        maps = self.weights.maps
        outputs: np.ndarray = (hidden @ tensor_of(maps["readout.weight"]).T + tensor_of(maps["readout.bias"])).numpy()
        return outputs


@contextmanager
def _undisturbed(width: int) -> Iterator[None]:
    with undisturbed(width), quiet():
        yield


def _without_head(network: Any) -> Any:
    return getattr(network, network.base_model_prefix, network)


def _with_the_tensors_of(network: Any) -> Any:
    """The same modules once more, over the same tensors."""
    return copy.deepcopy(network, {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())})


@loading()
def stock_of(weights: HubWeights, dtype: Any = None) -> Any:
    """The stock model, made anew as transformers loads it in a format, float32 by default. Raises as `check_shapes`."""
    config, torch = check_shapes(weights), torch_or_error()
    tensors = {name: torch.tensor(array, device="cpu") for name, array in weights.tensors.items()}
    model = getattr(transformers_or_error(), weights.architecture).from_pretrained(
        None, config=config, state_dict=tensors, dtype=dtype or torch.float32
    )
    return model.eval().requires_grad_(False)


@lru_cache(maxsize=64)
def _shapes(architecture: str, config: str) -> dict[str, tuple[int, ...]]:
    """The shapes of a stock model's tensors, by their names, for a configuration in JSON."""
    transformers, torch = transformers_or_error(), torch_or_error()
    with torch.device("meta"):  # which takes no memory, but as long as a small model takes to run
        model = getattr(transformers, architecture)(transformers.AutoConfig.for_model(**json.loads(config)))
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


@loading()
def check_shapes(weights: HubWeights) -> Any:
    """The configuration as transformers has it, if its model has these tensors; `FormatError` if not."""
    transformers = transformers_or_error()
    try:
        config = transformers.AutoConfig.for_model(**weights.config)
        expected = _shapes(weights.architecture, json.dumps(weights.config, sort_keys=True))
    except Exception as problem:
        raise FormatError(
            f"transformers makes no {weights.architecture} of the configuration ({shortened(str(problem), 120)}); "
            "expected one that LSRL wrote; save the model again"
        ) from None
    given = {name: array.shape for name, array in weights.tensors.items()}
    for name in sorted(expected.keys() | given.keys()):
        if expected.get(name) != given.get(name):
            raise FormatError(
                f"tensor {shortened(name)} has shape {given.get(name)}; expected {expected.get(name)} "
                f"(None: not there), as the configuration of the {weights.architecture} says"
            )
    return config
