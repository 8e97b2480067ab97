"""Published ways to find a variable in a network, beside the truth and chance.

All are linear: they exchange the part of a module's output that is in a subspace. Networks that are compiled have
numbers of very different sizes beside one another (values times 2⁻ᵏ, and a constant 1), so subspaces are of outputs
that are divided by their spread, channel by channel; `standardised=False` leaves that out, as most code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lsrl.interp.localization import Exchange, Task

if TYPE_CHECKING:
    import torch

    from lsrl.backends.sites import Site
    from lsrl.interp.mixing import Mixing

RIDGE = 1e-3
"""How much a probe's weights cost beside what it is off, with numbers of spread 1."""

STEPS, RATE = 100, 0.05
"""Of the training of a rotation."""


@dataclass(frozen=True, slots=True)
class FullVector:
    """Exchange everything: what a module holds of the source goes into the base."""

    name: ClassVar[str] = "full vector"

    def fit(self, task: Task, module: str) -> Exchange:
        """The source."""
        del task, module
        return _everything


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """The variable's site, from the compiler: what there is to find. Of a disguised model, the key says where it is."""

    site: Site | None = None
    key: Mixing | None = None
    name: ClassVar[str] = "oracle"

    def fit(self, task: Task, module: str) -> Exchange:
        """The coordinates of the site that are in this module, or the directions that these became."""
        import torch

        (variable,) = task.train.variables
        site = self.site or task.model.sites[variable].value
        own = [c.index for c in site.coordinates if module in c.modules]
        if self.key is None or not own:
            return _units(own)
        directions = torch.tensor(self.key.matrix[:, own])
        return _subspace(directions, torch.ones(len(directions), dtype=torch.float64))


@dataclass(frozen=True, slots=True)
class SingleUnit:
    """Activation patching, unit by unit: the one whose exchange changes most answers as it should."""

    name: ClassVar[str] = "single unit"

    def fit(self, task: Task, module: str) -> Exchange:
        """Try every unit that is not the same on all inputs."""
        base, source = task.activations(module, task.train)
        moving = (base != source).any(dim=0).nonzero().ravel().tolist()
        tried = [(task.accuracy(module, _units([i]), task.train), i) for i in moving]
        return _units([max(tried)[1]] if tried else [])


@dataclass(frozen=True, slots=True)
class RandomDirection:
    """A direction drawn at random: what chance finds."""

    seed: int = 0
    standardised: bool = True
    name: ClassVar[str] = "random direction"

    def fit(self, task: Task, module: str) -> Exchange:
        """One of all that go through what varies."""
        import torch

        spread, _ = _spread(task, module, self.standardised)
        generator = torch.Generator().manual_seed(self.seed)
        return _subspace(torch.randn(len(spread), 1, generator=generator, dtype=torch.float64), spread)


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """The directions in which outputs vary most."""

    k: int = 1
    standardised: bool = True

    @property
    def name(self) -> str:
        """With how many there are."""
        return f"PCA, k = {self.k}"

    def fit(self, task: Task, module: str) -> Exchange:
        """From bases and sources together."""
        import torch

        spread, outputs = _spread(task, module, self.standardised)
        _, _, directions = torch.linalg.svd(outputs - outputs.mean(dim=0), full_matrices=False)
        return _subspace(directions[: self.k].T, spread)


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """The directions along which ridge regression reads the variable."""

    standardised: bool = True

    @property
    def name(self) -> str:
        """With what it is given."""
        return "linear probe" if self.standardised else "linear probe, raw"

    def fit(self, task: Task, module: str) -> Exchange:
        """Regress the variable's numbers on bases and sources."""
        import torch

        spread, outputs = _spread(task, module, self.standardised)
        wanted = torch.cat([torch.tensor(numbers) for numbers in task.values(task.train)]).double()
        X, Y = outputs - outputs.mean(dim=0), wanted - wanted.mean(dim=0)
        cost = RIDGE * len(X) * torch.eye(X.shape[1], dtype=torch.float64)
        return _subspace(torch.linalg.solve(X.T @ X + cost, X.T @ Y), spread)


@dataclass(frozen=True, slots=True)
class DistributedAlignment:
    """DAS: a rotation that is trained so that exchanging its first k directions changes answers as it should.

    Geiger et al., Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations,
    2024.
    Where comparisons are saturated, as in compiled networks, there is no gradient to train it by.
    """

    k: int = 1
    seed: int = 0
    standardised: bool = True

    @property
    def name(self) -> str:
        """With how many directions there are."""
        return f"DAS, k = {self.k}"

    def fit(self, task: Task, module: str) -> Exchange:
        """Train by the squared distance of answers."""
        import torch

        spread, _ = _spread(task, module, self.standardised)
        if len(spread) < self.k:
            return _everything
        generator = torch.Generator().manual_seed(self.seed)
        free = torch.randn(len(spread), self.k, generator=generator, dtype=torch.float64).requires_grad_()
        label = torch.tensor(task.train.label)
        optimiser = torch.optim.Adam([free], lr=RATE)
        for _ in range(STEPS):
            optimiser.zero_grad()
            loss = (task.answers(module, _subspace(free, spread), task.train) - label).square().mean()
            if not loss.requires_grad:
                break
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return _subspace(free.detach(), spread)


def _everything(_: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
    return source


def _units(indices: list[int]) -> Exchange:
    def exchange(base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        made = base.clone()
        made[:, indices] = source[:, indices]
        return made

    return exchange


def _subspace(directions: torch.Tensor, spread: torch.Tensor) -> Exchange:
    """Exchange the part in the span of directions (n, k), of outputs that are divided by their spread (n,)."""
    import torch

    basis, _ = torch.linalg.qr(directions)

    def exchange(base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        moved = (source.double() - base.double()) / spread
        made: torch.Tensor = base.double() + (moved @ basis) @ basis.T * spread
        return made

    return exchange


def _spread(task: Task, module: str, standardised: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The spread of every channel (n,), 1 where it never moves, and all outputs divided by it (2 · pairs, n)."""
    import torch

    outputs = torch.cat(task.activations(module, task.train)).double()
    spread = outputs.std(dim=0) if standardised else torch.ones(outputs.shape[1], dtype=torch.float64)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    return spread, outputs / spread
