"""The same module as a compiled network, trained from scratch on the same task: what to compare it with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.backends.torch_environment import undisturbed
from lsrl.backends.torch_rnn.weights import RecurrentWeights
from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.weights import OF_MAPS, HubWeights
from lsrl.errors import ProgramError, UnsupportedProgram, shortened
from lsrl.interp.changed_weights import without_promise
from lsrl.interp.task import agree
from lsrl.interp.trainable import Trainable
from lsrl.lang.numbers import whole_number
from lsrl.model.compiled_model import CompiledModel
from lsrl.zoo.streams import Sampler

if TYPE_CHECKING:
    import torch

    from lsrl.interp.trainable import Tensors

    Run = Callable[[Tensors, torch.Tensor], torch.Tensor]

NORM_SETTINGS = ("layer_norm_epsilon", "rms_norm_eps")

BEGIN = 0.02
"""How large at most the numbers of vectors are that transformers would draw, too: biases, and the first embedding."""

STEPS, RATE, BATCH, LENGTH, SAMPLED = 1000, 0.01, 64, 16, 256
"""Of the training by Adam: sequences of a batch, and their length; and sequences by which answers are counted."""


def trained_from_scratch(
    model: CompiledModel, sample: Sampler, *, seed: int = 0, steps: int = STEPS
) -> tuple[CompiledModel, float]:
    """The network with weights as its package draws them and training finds them, and its share of right sequences.

    It is trained on the squared distance to what the program answers, and has neither layout nor sites. Raises
    `UnsupportedProgram` for a network of LSRL's own, which no package draws weights for, and `ShapeError` for a seed or
    steps that are no whole numbers.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("two_thirds")
    >>> model = lsrl.compile(entry.program, "gru", max_length=64)
    >>> trained, accuracy = trained_from_scratch(model, entry.sample, steps=2)
    >>> trained.guarantee.kind, 0 <= accuracy <= 1
    ('none', True)
    """
    import torch

    _check(model, sample)
    model = _with_own_norms(model)
    whole_number(seed, "seed of trained_from_scratch", least=0, most=2**63 - 1)
    whole_number(steps, "steps of trained_from_scratch")
    rng = np.random.default_rng(seed)
    x, expected = _drawn(model, sample, rng, SAMPLED)
    spread = float(expected.std()) or 1.0
    with undisturbed(model.sizes.widest), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tensors, run = _begun(model)
        optimiser = torch.optim.Adam(list(tensors.values()), lr=RATE)
        slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            given, answers = map(torch.tensor, _drawn(model, sample, rng, BATCH))
            loss = ((run(tensors, given) - answers) / spread).square().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(tensors.values()), 1.0)
            optimiser.step()
            slower.step()
    found = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
    arrays = {name: found.get(name, np.zeros_like(array)) for name, array in model.network.arrays.items()}
    network = model.network.with_arrays(arrays)
    trained = without_promise(model, network, "it is trained from scratch", known=False)
    return trained, float(agree(trained.run(x), expected).mean())


def _check(model: Any, sample: Any) -> None:
    if not isinstance(model, CompiledModel) or not callable(sample):
        raise ProgramError(
            f"training like {shortened(model)} with inputs of {shortened(sample)}; expected a compiled model and a "
            "function sample(rng, steps)"
        )
    if not isinstance(model.weights, (RecurrentWeights, HubWeights)):
        raise UnsupportedProgram(
            f"{model.program.name} on {model.target} is a network of LSRL's own, which has no initial weights to train "
            "from; use target='lstm' or 'mamba'"
        )


def _with_own_norms(model: CompiledModel) -> CompiledModel:
    """With the ε that its norms have in the stock configuration: ours may be so large that they do next to nothing."""
    if not isinstance(model.weights, HubWeights):
        return model
    stock, config = type(model.module.config)(), model.weights.config
    own = {name: getattr(stock, name) for name in NORM_SETTINGS if name in config}
    return replace(model, network=HubNetwork(replace(model.weights, config={**config, **own})))


def _begun(model: CompiledModel) -> tuple[dict[str, torch.Tensor], Run]:
    """The weights as torch or transformers draw them, and what runs with them; states before the first step are 0."""
    import torch

    module: Any = model.module
    if isinstance(model.weights, RecurrentWeights):
        for part in (module.recurrent, module.readout):
            part.reset_parameters()
        zeros = {name: torch.zeros_like(state) for name, state in module.named_buffers()}
        tensors = {name: tensor.requires_grad_() for name, tensor in module.named_parameters()}
        return tensors, lambda given, x: torch.func.functional_call(module, {**given, **zeros}, (x,))
    drawn = dict(type(module)(module.config).state_dict())
    trainable = Trainable(model.network)
    tensors = {
        name: (_map(tensor) if name.startswith(OF_MAPS) else drawn[name].clone()).requires_grad_()
        for name, tensor in trainable.tensors().items()
    }
    return tensors, trainable.run


def _map(like: torch.Tensor) -> torch.Tensor:
    """A map into or out of the stream, as torch draws that of a linear layer; small numbers for a vector."""
    within = BEGIN if like.ndim == 1 else 1 / math.sqrt(like.shape[-1])
    return like.new_empty(like.shape).uniform_(-within, within)


def _drawn(model: CompiledModel, sample: Sampler, rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
    steps = min(LENGTH, model.max_length or LENGTH)
    x = np.stack([sample(rng, steps) for _ in range(count)])
    return x.astype(model.network.dtype), model.program.run(x).astype(model.network.dtype)
