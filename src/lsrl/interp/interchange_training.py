"""Training a network on answers, and on answers after interchange interventions at the sites of its variables.

Geiger et al., Inducing Causal Structure for Interpretable Neural Networks, 2022. In the same passes units that the
compiler left idle are exchanged, too, which must change nothing: the strict part of Gupta et al., InterpBench, 2024.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.interp.task import agree
from lsrl.interp.trainable import Tensors, Trainable
from lsrl.model.compiled_model import CompiledModel

if TYPE_CHECKING:
    import torch

BATCH, CHECK_EVERY, PATIENCE = 32, 10, 40
"""Pairs of a batch; after so many steps answers are counted, and after so many a dose has failed."""

RIGHT = 0.98
"""The share of answers, and of those after exchanges, at which the next dose of noise is due."""

NOISY = 0.8
"""The share of steps in which there is noise."""

PER_DOSE, FASTEST, SMALLEST, BETAS = 0.3, 0.03, 1e-5, (0.9, 0.95)
"""Steps of Adam as a share of the dose, but at most so large; and doses that are not worth giving."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of all variables in one batch: bases (n, T, in), then sources, and what is to be answered on each."""

    x: torch.Tensor
    expected: torch.Tensor
    steps: torch.Tensor
    masks: Mapping[str, torch.Tensor]

    def __len__(self) -> int:
        return len(self.steps)

    def rows(self, own: np.ndarray) -> Pairs:
        """Some of the pairs."""
        both = np.concatenate([own, own + len(self)])
        masks = {module: mask[own] for module, mask in self.masks.items()}
        return Pairs(self.x[both], self.expected[both], self.steps[own], masks)


def pairs_of(model: CompiledModel, trainable: Trainable, given: Sequence[Counterfactuals]) -> Pairs:
    """The pairs, each with what is exchanged in it: its variable, at the value site, and what is idle."""
    import torch

    base, source, label = (np.concatenate([getattr(each, n) for each in given]) for n in ("base", "source", "label"))
    masks: dict[str, torch.Tensor] = {}

    def of(module: str) -> torch.Tensor:
        if module not in masks:
            width = trainable.outputs(module, torch.tensor(base[:1].astype(model.network.dtype))).shape[-1]
            masks[module] = torch.zeros((len(base), width), dtype=torch.bool)
        return masks[module]

    first = 0
    for each in given:
        sites = model.sites[each.variables[0]]
        for coordinate in sites.value.coordinates:
            of(coordinate.modules[-1])[first : first + len(each), coordinate.index] = True
        for coordinate in sites.state.coordinates if each.kind == "continuing" else ():
            for module in coordinate.modules:
                of(module)[first : first + len(each), coordinate.index] = True
        first += len(each)
    for group in model.network.unit_groups:
        idle = torch.tensor(~group.is_read(model.network.arrays))
        for module in group.modules if idle.any() else ():
            if not module.startswith("states."):  # which only a run step by step has
                of(module)[:, idle] = True
    x = torch.tensor(np.concatenate([base, source]).astype(model.network.dtype))
    expected = torch.tensor(np.concatenate([label, model.program.run(source)]).astype(model.network.dtype))
    return Pairs(x, expected, torch.tensor(np.concatenate([each.step for each in given])), masks)


@dataclass(frozen=True, eq=False)
class Training:
    """A network in training, with a unit for each weight, and pairs: to train by, and to see when all is right."""

    trainable: Trainable
    units: Tensors
    pairs: Pairs
    check: Pairs

    def in_doses(self, dose: float, steps: int, seed: int) -> tuple[Tensors, int]:
        """Noise on all weights and training until all is right again, over and over: weights, and how many doses.

        `dose` is how large the noise is, in units. One that does not recover is taken back and followed by a quarter
        of it, one that does by twice as much, up to `dose`. There is none before all is right, nor at the end.
        """
        import torch

        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        kept: Tensors = self.trainable.tensors()
        largest, doses, taken = dose, 0, 0
        score = self.score(kept)
        while taken < steps and dose > SMALLEST and (taken < NOISY * steps or score < 1):
            noisy = score >= RIGHT and taken < NOISY * steps
            start = noise_on(kept, self.units, dose, generator) if noisy else kept
            rate, turns = min(PER_DOSE * dose, FASTEST), min(PATIENCE, steps - taken)
            found, reached, used = self._recovered(start, rate, turns, RIGHT if noisy else 1.0, rng)
            taken += used
            better = reached >= RIGHT if noisy else reached > score
            if better:
                kept, score, doses = found, reached, doses + noisy
            dose = min(2 * dose, largest) if better else dose / 4
        return kept, doses

    def _recovered(
        self, start: Tensors, rate: float, turns: int, enough: float, rng: np.random.Generator
    ) -> tuple[Tensors, float, int]:
        """Train until so many are right: the best weights, how many are right with these, and the steps it took."""
        import torch

        moved = {name: torch.zeros_like(tensor).requires_grad_() for name, tensor in start.items()}
        optimiser = torch.optim.Adam(list(moved.values()), lr=rate, betas=BETAS)
        best, kept = -1.0, start
        for turn in range(1, turns + 1):
            loss = self._loss({name: start[name] + self.units[name] * moved[name] for name in start}, rng)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(moved.values()), 1.0)
            optimiser.step()
            if turn % CHECK_EVERY == 0 or turn == turns:
                now = {name: (start[name] + self.units[name] * moved[name]).detach() for name in start}
                if (score := self.score(now)) > best:
                    best, kept = score, now
                if best >= enough:
                    break
        return kept, best, turn

    def _loss(self, tensors: Tensors, rng: np.random.Generator) -> torch.Tensor:
        """The squared distance of answers on a batch, beside their spread."""
        batch = self.pairs.rows(rng.integers(0, len(self.pairs), BATCH))
        with self.trainable.exchanged(batch.masks, batch.steps):
            answers = self.trainable.run(tensors, batch.x)
        spread = float(self.pairs.expected.std()) or 1.0
        return ((answers - batch.expected) / spread).square().mean()

    def score(self, tensors: Tensors) -> float:
        """The smaller one of the shares of right answers, on bases after the exchange and on sources."""
        right = exchanged_right(self.trainable, tensors, self.check)
        return float(min(half.mean() for half in np.split(right, 2)))


def exchanged_right(trainable: Trainable, tensors: Tensors, pairs: Pairs) -> np.ndarray:
    """Which answers are right: on bases after the exchange, then on sources."""
    import torch

    with torch.no_grad(), trainable.exchanged(pairs.masks, pairs.steps):
        return agree(trainable.run(tensors, pairs.x).numpy(), pairs.expected.numpy())


def noise_on(tensors: Tensors, units: Tensors, dose: float, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """The weights with noise of so many units."""
    import torch

    return {
        name: tensor + dose * units[name] * torch.randn(tensor.shape, generator=generator).to(tensor.dtype)
        for name, tensor in tensors.items()
    }
