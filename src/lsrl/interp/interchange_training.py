"""Training a network of torch on answers, and on answers after interchange interventions at given sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.backends.torch_environment import torch_defaults
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.interp.task import close_to
from lsrl.model.compiled_model import CompiledModel

if TYPE_CHECKING:
    import torch

Arrays = Mapping[str, np.ndarray]

RATE = 0.003
"""Of Adam, in the units of weights."""


def trained(
    model: CompiledModel, start: Arrays, units: Arrays, moved: Arrays, pairs: Sequence[Counterfactuals], steps: int
) -> dict[str, np.ndarray]:
    """How far weights are best moved from their start, each in its unit, from where they are moved to already.

    A batch is all pairs of one variable, sources behind bases: one pass gives answers on sources, and those on bases
    after the exchange. Weights are `start` + `units` · moved; the best are kept, by answers that are right.
    """
    import torch

    network = model.hooked().requires_grad_(False)
    free = {name: torch.tensor(array).requires_grad_() for name, array in moved.items()}
    begin, unit = ({name: torch.tensor(arrays[name]) for name in units} for arrays in (start, units))
    dtype = getattr(torch, model.dtype)
    optimiser = torch.optim.Adam(list(free.values()), lr=RATE)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    best, kept = -1.0, dict(moved)
    batches = [_Batch(model, network, each) for each in pairs]
    with torch_defaults(), torch.enable_grad():
        for _ in range(steps):
            right, losses = [], []
            for batch in batches:
                weights = {_hooked_name(name): (begin[name] + unit[name] * free[name]).to(dtype) for name in units}
                answers = batch.answers(weights)
                losses.append(((answers - batch.expected) / batch.spread).square().mean())
                right.append(close_to(answers.detach().numpy(), batch.expected.numpy()).all(axis=(1, 2)).mean())
            if np.mean(right) > best:
                best, kept = float(np.mean(right)), {name: one.detach().numpy().copy() for name, one in free.items()}
            optimiser.zero_grad()
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(free.values()), 1.0)
            optimiser.step()
            slower.step()
    return kept


def _hooked_name(name: str) -> str:
    """The name of a weight of torch's module in the network that runs step by step."""
    of, _, kind = name.partition(".")
    if of != "recurrent":
        return name
    kind, _, layer = kind.rpartition("_l")
    return f"layers.{layer}.{kind}"


class _Batch:
    """Pairs of one variable: bases, then sources, and what must be answered."""

    def __init__(self, model: CompiledModel, network: Any, pairs: Counterfactuals) -> None:
        import torch

        (variable,) = pairs.variables
        self.network, self.site, self.steps = network, model.sites[variable].value, torch.tensor(pairs.step)
        base, source, label = (array.astype(model.dtype) for array in (pairs.base, pairs.source, pairs.label))
        self.x = torch.tensor(np.concatenate([base, source]))
        answers = model.program.run(source).astype(model.dtype)
        self.expected = torch.tensor(np.concatenate([label, answers]))
        self.spread = self.expected.flatten(0, 1).std(dim=0).clamp(min=1e-3)

    def answers(self, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """On bases after the exchange, and on sources."""
        import torch

        handles = []
        for coordinate in self.site.coordinates:
            module = self.network.get_submodule(coordinate.modules[-1])
            handles.append(module.register_forward_hook(self._exchange(coordinate.index)))
        try:
            found: torch.Tensor = torch.func.functional_call(self.network, dict(weights), (self.x,))
        finally:
            for handle in handles:
                handle.remove()
        return found

    def _exchange(self, index: int) -> Any:
        step = 0

        def hook(_: Any, __: Any, output: torch.Tensor) -> torch.Tensor:
            nonlocal step
            half, made = len(self.steps), output.clone()
            made[:half, index] = output[half:, index].where(self.steps == step, output[:half, index])
            step += 1
            return made

        return hook
