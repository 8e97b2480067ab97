"""Published ways to find a variable in a network, beside the truth and chance.

All but the autoencoder are linear: they exchange the part of a module's output that is in a subspace. Networks that are
compiled have numbers of very different sizes beside one another (values times 2⁻ᵏ, and a constant 1), so subspaces are
of outputs that are divided by their spread, channel by channel; `standardised=False` leaves that out, as most code
does. Channels that are the same on all pairs stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lsrl.interp.disguise_key import Key
from lsrl.interp.exchanges import Units, site_exchange, spread_of, subspace
from lsrl.interp.task import Exchange, Task
from lsrl.interp.trained_methods import BinaryMask, DistributedAlignment, SparseAutoencoder
from lsrl.lang.numbers import whole_number

if TYPE_CHECKING:
    import torch

    from lsrl.backends.sites import Site

__all__ = [
    "BinaryMask",
    "DistributedAlignment",
    "FullVector",
    "LinearProbe",
    "Oracle",
    "PrincipalComponents",
    "RandomDirection",
    "SingleUnit",
    "SparseAutoencoder",
]

RIDGE = 1e-3
"""How much a probe's weights cost beside what it is off, with numbers of spread 1."""

RANK = 1e-9
"""Directions of a probe that are this much shorter than its longest are rounding."""


@dataclass(frozen=True, slots=True)
class FullVector:
    """Exchange everything: what a module holds of the source goes into the base."""

    name: ClassVar[str] = "full vector"

    def fit(self, task: Task, module: str) -> Exchange:
        """All units."""
        width = task.activations(module, task.train)[0].shape[1]
        return Units(tuple(range(width)), width)


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """The variable's site, from the compiler: what there is to find. Of a disguised model, the key says where it is."""

    site: Site | None = None
    key: Key | None = None
    name: ClassVar[str] = "oracle"

    def fit(self, task: Task, module: str) -> Exchange:
        """The coordinates of the site that are in this module, or the directions that these became."""
        (variable,) = task.train.variables
        site = self.site or task.model.sites[variable].value
        return site_exchange(site, module, task.activations(module, task.train)[0].shape[1], self.key)


@dataclass(frozen=True, slots=True)
class SingleUnit:
    """Activation patching, unit by unit: the one whose exchange changes most answers as it should."""

    name: ClassVar[str] = "single unit"

    def fit(self, task: Task, module: str) -> Exchange:
        """Try every unit that is not the same on all inputs."""
        base, source = task.activations(module, task.train)
        moving = (base != source).any(dim=0).nonzero().ravel().tolist()
        tried = [(task.accuracy(module, Units((i,), base.shape[1]), task.train), i) for i in moving]
        return Units((max(tried)[1],) if tried else (), base.shape[1])


@dataclass(frozen=True, slots=True)
class RandomDirection:
    """A direction drawn at random: what chance finds."""

    seed: int = 0
    standardised: bool = True
    name: ClassVar[str] = "random direction"

    def fit(self, task: Task, module: str) -> Exchange:
        """One of all that go through what varies."""
        import torch

        spread, _ = standard(task, module, self.standardised)
        generator = torch.Generator().manual_seed(self.seed)
        return subspace(torch.randn(len(spread), 1, generator=generator, dtype=torch.float64), spread)


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """The directions in which outputs vary most."""

    k: int = 1
    standardised: bool = True

    def __post_init__(self) -> None:
        whole_number(self.k, "k of PCA")

    @property
    def name(self) -> str:
        """With how many there are."""
        return f"PCA, k = {self.k}"

    def fit(self, task: Task, module: str) -> Exchange:
        """From bases and sources together."""
        import torch

        spread, outputs = standard(task, module, self.standardised)
        _, _, directions = torch.linalg.svd(outputs - outputs.mean(dim=0), full_matrices=False)
        return subspace(directions[: self.k].T, spread)


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

        spread, outputs = standard(task, module, self.standardised)
        wanted = torch.cat([torch.tensor(numbers) for numbers in task.values(task.train)]).double()
        X, Y = outputs - outputs.mean(dim=0), wanted - wanted.mean(dim=0)
        cost = RIDGE * len(X) * torch.eye(X.shape[1], dtype=torch.float64)
        directions, lengths, _ = torch.linalg.svd(torch.linalg.solve(X.T @ X + cost, X.T @ Y), full_matrices=False)
        return subspace(directions[:, lengths > RANK * lengths.max()], spread)


def standard(task: Task, module: str, standardised: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The spread of every channel (n,), 0 where none, and what outputs are divided by it (2 · pairs, n)."""
    import torch

    outputs = torch.cat(task.activations(module, task.train)).double()
    spread = spread_of(outputs)
    spread = spread if standardised else (spread > 0).double()
    return spread, outputs / torch.where(spread > 0, spread, 1)
