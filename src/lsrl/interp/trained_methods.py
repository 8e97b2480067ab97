"""Ways to find a variable that are trained by gradient descent, so that exchanges change answers as they should.

Code of our own: pyvene and the common SAE libraries change a module's output at given positions of one call, for tokens
that a transformer reads. Here modules are called once a step, with numbers, and each sequence has a step of its own.
Everything is drawn from a seed, and the same again on one machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lsrl.backends.torch_environment import undisturbed
from lsrl.interp.exchanges import Units, spread_of, subspace
from lsrl.interp.task import Exchange, Task
from lsrl.lang.numbers import whole_number

if TYPE_CHECKING:
    import torch

    Masked = Callable[[torch.Tensor], Exchange]

STEPS, RATE = 100, 0.05
"""Of the training of a rotation."""

DONE, GAIN, PATIENCE = 1e-4, 0.01, 20
"""Training ends before where it is only so far off, beside a variance of 1, or gains no such share in so many steps."""

MASK_STEPS, MASK_RATE = 50, 0.1
"""Of the training of a mask: five times as many as it takes to close."""

PENALTY, OPEN, NOISE = 0.1, 1.0, 0.1
"""What a mask costs that is open everywhere, beside answers that are off by their spread; where its logits begin, and
how far from one another."""

WARMEST, COLDEST = 1.0, 0.1
"""The temperature of a mask, from the first step to the last."""

LATENTS, EPOCHS, FASTEST = 4, 500, 0.05
"""Latents of an autoencoder for each channel that moves, and its training, on all outputs at once, ever slower."""


@dataclass(frozen=True, slots=True)
class DistributedAlignment:
    """DAS: a rotation that is trained so that exchanging its first k directions changes answers as it should.

    Geiger et al., Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations,
    2024.
    Where comparisons are saturated, as in compiled networks, there can be no gradient: then it stays as it was drawn.
    """

    k: int = 1
    seed: int = 0
    standardised: bool = True

    def __post_init__(self) -> None:
        whole_number(self.k, "k of DAS")

    @property
    def name(self) -> str:
        """With how many directions there are."""
        return f"DAS, k = {self.k}"

    def fit(self, task: Task, module: str) -> Exchange:
        """Train by the squared distance of answers."""
        import torch

        spread = spread_of(torch.cat(task.activations(module, task.train)))
        spread = spread if self.standardised else (spread > 0).double()
        generator = torch.Generator().manual_seed(self.seed)
        free = torch.randn(len(spread), self.k, generator=generator, dtype=torch.float64)
        with undisturbed(task.model.sizes.widest), torch.enable_grad():
            free.requires_grad_()
            optimiser = torch.optim.Adam([free], lr=RATE)
            steps = STEPS if int((spread > 0).sum()) > self.k else 0
            _train(optimiser, steps, lambda: _loss(task, module, subspace(free, spread)))
        return subspace(free.detach(), spread)


@dataclass(frozen=True, slots=True)
class BinaryMask:
    """DBM, desiderata-based masking: which channels to exchange, by a mask that is trained and then rounded.

    It begins open, is paid for by its size, gets colder, and of what it is when rounded the best on train pairs is
    taken, of these the smallest. Where answers have no gradient, only its size closes it, all channels within a few
    steps: then often all are exchanged. De Cao et al., How do Decisions Emerge across Layers in Neural Models?, 2020;
    Davies et al., Discovering Variable Binding Circuitry with Desiderata, 2023.
    """

    seed: int = 0
    name: ClassVar[str] = "DBM"

    def fit(self, task: Task, module: str) -> Exchange:
        """Train the mask of the channels that move."""
        base, source = task.activations(module, task.train)
        moving = (base != source).any(dim=0).nonzero().ravel()

        def masked(mask: torch.Tensor) -> Exchange:
            def exchange(base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
                moved = source[:, moving].double() - base[:, moving].double()
                return base.double().index_add(1, moving, moved * mask)

            return exchange

        chosen = moving[_trained_mask(task, module, masked, len(moving), self.seed)]
        return Units(tuple(chosen.tolist()), base.shape[1])


@dataclass(frozen=True, slots=True)
class SparseAutoencoder:
    """A TopK sparse autoencoder of a module's outputs, and a mask of its latents that is trained as that of DBM.

    Exchanged is what the chosen latents' decoder makes of the source instead of the base; what the autoencoder misses
    of the base stays. It is trained on all steps of bases and sources, of which at most k latents are not 0.
    Gao et al., Scaling and Evaluating Sparse Autoencoders, 2024, without what they do about dead latents, of which
    small ones have few.
    """

    k: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        whole_number(self.k, "k of the autoencoder")

    @property
    def name(self) -> str:
        """With how many latents are not 0."""
        return f"TopK SAE, k = {self.k}"

    def fit(self, task: Task, module: str) -> Exchange:
        """Train the autoencoder, then the mask."""
        import torch

        outputs = torch.cat(task.outputs(module, task.train)).flatten(0, 1).double()
        spread = spread_of(outputs)
        moving = (spread > 0).nonzero().ravel()
        mean, spread = outputs.mean(dim=0)[moving], spread[moving]
        encoded, decoder = _autoencoder((outputs[:, moving] - mean) / spread, self.k, self.seed)

        def masked(mask: torch.Tensor) -> Exchange:
            def exchange(base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
                ours, theirs = (encoded((part[:, moving].double() - mean) / spread) for part in (base, source))
                return base.double().index_add(1, moving, ((theirs - ours) * mask) @ decoder * spread)

            return exchange

        return masked(_trained_mask(task, module, masked, len(decoder), self.seed).double())


def _autoencoder(x: torch.Tensor, k: int, seed: int) -> tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor]:
    """The encoder (rows, n) → (rows, latents) and the decoder (latents, n) of one that is trained on x."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    decoder = torch.randn(LATENTS * x.shape[1], x.shape[1], generator=generator, dtype=torch.float64)
    decoder = torch.nn.functional.normalize(decoder, dim=1)
    parameters = decoder.clone(), decoder.new_zeros(len(decoder)), decoder  # the encoder begins as its transpose
    encoder, bias, decoder = parameters

    def encoded(rows: torch.Tensor) -> torch.Tensor:
        found = torch.relu(rows @ encoder.T + bias)
        largest = found.topk(min(k, found.shape[1]), dim=1)
        return torch.zeros_like(found).scatter(1, largest.indices, largest.values)

    with undisturbed(x.shape[1]), torch.enable_grad():
        for parameter in parameters:
            parameter.requires_grad_()
        optimiser = torch.optim.Adam(parameters, lr=FASTEST)
        slower = torch.optim.lr_scheduler.LinearLR(optimiser, 1, 0, EPOCHS)

        def after_each() -> None:
            slower.step()
            with torch.no_grad():
                decoder.copy_(torch.nn.functional.normalize(decoder, dim=1))

        epochs = EPOCHS if x.shape[1] else 0
        _train(optimiser, epochs, lambda: (encoded(x) @ decoder - x).square().mean(), after_each)
    for parameter in parameters:
        parameter.requires_grad_(False)
    return encoded, decoder


def _trained_mask(task: Task, module: str, masked: Masked, count: int, seed: int) -> torch.Tensor:
    """Which of `count` features to exchange, as booleans; `masked` makes an exchange of a mask of numbers 0 … 1."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    logits = OPEN + NOISE * torch.randn(count, generator=generator, dtype=torch.float64)
    tried: dict[tuple[bool, ...], float] = {}
    with undisturbed(task.model.sizes.widest), torch.enable_grad():
        logits.requires_grad_()
        optimiser = torch.optim.Adam([logits], lr=MASK_RATE)
        for step in range(MASK_STEPS if count > 1 else count):
            rounded = (logits > 0).detach()
            if not rounded.any():  # closed, and nothing is paid any more for what would open it
                break
            if (key := tuple(rounded.tolist())) not in tried:
                tried[key] = task.accuracy(module, masked(rounded.double()), task.train)
            soft = torch.sigmoid(logits / (WARMEST * (COLDEST / WARMEST) ** (step / MASK_STEPS)))
            _descended(optimiser, _loss(task, module, masked(soft)) + PENALTY * soft.mean())
    best = max(tried, key=lambda mask: (tried[mask], -sum(mask)), default=())
    return torch.tensor(best, dtype=torch.bool)


def _loss(task: Task, module: str, exchange: Exchange) -> torch.Tensor:
    """The squared distance of answers, beside their variance."""
    import torch

    label = torch.tensor(task.train.label)
    loss: torch.Tensor = (task.answers(module, exchange, task.train) - label).square().mean()
    return loss / (label.var() or 1)


def _train(
    optimiser: torch.optim.Optimizer,
    steps: int,
    loss_of: Callable[[], torch.Tensor],
    after_each: Callable[[], None] = lambda: None,
) -> None:
    """Descend so many steps at most: until it is done, or gains nothing any more."""
    best, since = math.inf, 0
    for _ in range(steps):
        loss = loss_of()
        best, since = (loss.item(), 0) if loss.item() < best * (1 - GAIN) else (best, since + 1)
        if best <= DONE or since >= PATIENCE or not _descended(optimiser, loss):
            break
        after_each()


def _descended(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> bool:
    """One step downwards; False where there is nothing to go by: no gradient, or one that is 0 everywhere."""
    import torch

    optimiser.zero_grad()
    if not loss.requires_grad:
        return False
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [parameter.grad for group in optimiser.param_groups for parameter in group["params"]]
    for gradient in gradients:
        if gradient is not None:  # a root or a quotient at 0 has no slope that is finite
            torch.nan_to_num_(gradient, 0, 0, 0)
    optimiser.step()
    return any(gradient is not None and bool(gradient.any()) for gradient in gradients)
