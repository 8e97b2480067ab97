"""The same module as a compiled network, trained from scratch on the same task: what to compare it with."""

from __future__ import annotations

from typing import Any

import numpy as np

from lsrl.backends.torch_environment import torch_defaults
from lsrl.backends.torch_rnn.weights import RecurrentWeights
from lsrl.errors import UnsupportedProgram
from lsrl.interp.changed_weights import with_weights
from lsrl.interp.task import agree
from lsrl.model.compiled_model import CompiledModel
from lsrl.zoo.streams import Sampler

STEPS, RATE, BATCH, LENGTH, SAMPLED = 1500, 0.01, 64, 16, 256
"""Of the training by Adam: sequences of a batch, and their length; and sequences by which answers are counted."""


def trained_from_scratch(
    model: CompiledModel, sample: Sampler, *, seed: int = 0, steps: int = STEPS
) -> tuple[CompiledModel, float]:
    """The network with weights as torch draws them and training finds them, and its share of right sequences.

    It is trained on the squared distance to what the program answers. Raises `UnsupportedProgram` for a network that is
    none of torch's RNN, LSTM and GRU.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("two_thirds")
    >>> model = lsrl.compile(entry.program, "gru", max_length=64)
    >>> trained, accuracy = trained_from_scratch(model, entry.sample, steps=2)
    >>> trained.guarantee.kind, 0 <= accuracy <= 1
    ('none', True)
    """
    import torch

    if not isinstance(model.weights, RecurrentWeights):
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} is not trained from scratch: that is for torch's RNN, LSTM and "
            "GRU; use target='lstm'"
        )
    rng = np.random.default_rng(seed)
    x, expected = _drawn(model, sample, rng, SAMPLED)
    spread = torch.tensor(expected).flatten(0, 1).std(dim=0).clamp(min=1e-3)
    with torch_defaults(), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: Any = model.module
        for part in (module.recurrent, module.readout):
            part.reset_parameters()
        begin = {name: torch.zeros_like(state) for name, state in module.named_buffers()}
        parameters = {name: one.requires_grad_() for name, one in module.named_parameters()}
        optimiser = torch.optim.Adam(list(parameters.values()), lr=RATE)
        for _ in range(steps):
            given, answers = map(torch.tensor, _drawn(model, sample, rng, BATCH))
            found = torch.func.functional_call(module, begin, (given,))
            loss = ((found - answers) / spread).square().mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
            optimiser.step()
    zeros = {name: np.zeros_like(array) for name, array in model.network.arrays.items() if name[:2] in ("h0", "c0")}
    trained = with_weights(model, {**zeros, **parameters})
    return trained, float(agree(trained.run(x), expected).mean())


def _drawn(model: CompiledModel, sample: Sampler, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
    x = np.stack([sample(rng, LENGTH) for _ in range(count)])
    return x.astype(model.dtype), model.program.run(x).astype(model.dtype)
