"""A few inputs, with the outputs and hidden states that a checkpoint must give for them, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lsrl.backends.torch_environment import torch_or_error, undisturbed
from lsrl.backends.transformers.tokens import table_of
from lsrl.backends.transformers.transformers_environment import quiet
from lsrl.errors import FormatError, shortened
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.sampling import sampled_inputs

CASES, STEPS = 4, 24


def cases_of(model: CompiledNetwork) -> bytes:
    """The cases as safetensors: `input_ids` or `inputs_embeds`, `logits` or `last_hidden_state`, `hidden_states`."""
    from safetensors.numpy import save

    steps = min(model.max_length or STEPS, STEPS)
    x = sampled_inputs(model.inputs, np.random.default_rng(0), CASES, steps, str(model.network.dtype))
    table = table_of(model.program)
    if table is None:
        maps = model.weights.maps
        embedded = x @ maps["input.weight"].T + maps["input.bias"]
        start = np.broadcast_to(maps["bos"], (CASES, 1, len(maps["bos"])))
        inputs = {"inputs_embeds": np.concatenate([start, embedded], axis=1)}
    else:
        places = {number: table.place_of(number) for number in range(table.first, table.last + 1)}
        ids = [[table.bos, *(places.get(int(number), table.unknown) for number in case[:, 0])] for case in x]
        inputs = {"input_ids": np.array(ids)}
    return save(inputs | answers(model.module, inputs), metadata={"format": "pt"})


def checked_cases(
    cases: dict[str, np.ndarray], name: str, config: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The inputs and the stored answers of a model's cases, given its class and configuration.

    Raises `FormatError` unless they are as `cases_of` makes them: what a model is given, and not too much of it.
    """
    of_tokens, width, most = name.endswith("ForCausalLM"), config["hidden_size"], (CASES, STEPS + 1)
    given, answered = ("input_ids", "logits") if of_tokens else ("inputs_embeds", "last_hidden_state")
    tensor = cases.get(given, np.empty((0, 0)))
    shape = tensor.shape[:2] if tensor.ndim > 1 else (0, 0)
    outputs = config["vocab_size"] if of_tokens else width
    wanted = {
        given: shape if of_tokens else (*shape, width),
        answered: (*shape, outputs),
        "hidden_states": (config["num_hidden_layers"] + 1, *shape, width),
    }
    shapes = {name: array.shape for name, array in cases.items()}
    if shapes != wanted or not all(1 <= size <= limit for size, limit in zip(shape, most, strict=True)):
        raise FormatError(
            f"the golden cases have the shapes {shortened(shapes, 200)}; expected {wanted}, "
            f"of 1 to {most[0]} cases and {most[1]} steps; save the model again"
        )
    if of_tokens and not (tensor.dtype == np.int64 and tensor.min() >= 0 and tensor.max() < outputs):
        raise FormatError(f"the golden cases have tokens beyond 0 to {outputs - 1}; save the model again")
    if any(array.dtype != np.float32 for name, array in cases.items() if name != "input_ids"):
        raise FormatError("the golden cases are not float32 numbers; save the model again")
    return {given: tensor}, {name: array for name, array in cases.items() if name != given}


def answers(network: Any, inputs: dict[str, np.ndarray], device: str = "cpu") -> dict[str, np.ndarray]:
    """What a stock model makes of the inputs of a set of cases."""
    torch = torch_or_error()
    tensors = {name: torch.tensor(array, device=device) for name, array in inputs.items()}
    with undisturbed(int(network.config.hidden_size)), quiet():
        outputs = network(**tensors, use_cache=False, output_hidden_states=True)
    found = outputs.logits if "logits" in outputs else outputs.last_hidden_state
    name = "logits" if "logits" in outputs else "last_hidden_state"
    hidden = torch.stack(tuple(outputs.hidden_states))
    return {name: found.cpu().numpy(), "hidden_states": hidden.cpu().numpy()}
