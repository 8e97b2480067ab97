"""What methods exchange: single units, or the part of an output that is in a subspace.

Networks that are compiled have numbers of very different sizes beside one another (values times 2⁻ᵏ, and a constant 1),
so subspaces are of outputs that are divided by their spread, channel by channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsrl.backends.sites import Site
from lsrl.interp.disguise_key import Key

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Exchange some of `width` units, and nothing else."""

    indices: tuple[int, ...]
    width: int

    @property
    def basis(self) -> np.ndarray:
        """Their axes."""
        return np.eye(self.width)[:, list(self.indices)]

    def __call__(self, base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """The base with these units of the source."""
        made = base.clone()
        made[:, list(self.indices)] = source[:, list(self.indices)]
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """Read k numbers of base and source (n, k), and write their differences along as many directions (n, k)."""

    read: torch.Tensor
    write: torch.Tensor

    @property
    def basis(self) -> np.ndarray:
        """Along what outputs change."""
        return np.asarray(self.write.detach())

    def __call__(self, base: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """The base with the source's part."""
        made: torch.Tensor = base.double() + (source.double() - base.double()) @ self.read @ self.write.T
        return made


def subspace(directions: torch.Tensor, spread: torch.Tensor) -> Subspace:
    """The exchange of what is in the span of directions (n, k), of outputs divided by their spread (n,).

    Channels without any spread stay as they are, and of more directions than others there are, some are left out.
    Gradients go through it.
    """
    import torch

    moving = spread > 0
    basis, _ = torch.linalg.qr(directions[moving])
    shape = len(spread), basis.shape[1]
    read, write = (basis.new_zeros(shape).index_put((moving,), part) for part in _scaled(basis, spread[moving]))
    return Subspace(read, write)


def _scaled(basis: torch.Tensor, spread: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return basis / spread[:, None], basis * spread[:, None]


def spread_of(outputs: torch.Tensor) -> torch.Tensor:
    """The standard deviation of every channel of outputs (…, n), 0 where all are the same."""
    rows = outputs.reshape(-1, outputs.shape[-1]).double()
    # Of numbers that are all the same a rounded mean can differ.
    return rows.std(dim=0) * (rows != rows[0]).any(dim=0)


def site_exchange(site: Site, module: str, width: int, key: Key | None = None) -> Units | Subspace:
    """The exchange of what a site has in a module of so many numbers: units, or what these became by a disguise."""
    import torch

    own = tuple(coordinate.index for coordinate in site.coordinates if module in coordinate.modules)
    if key is None or not own:
        return Units(own, width)
    matrix = key.directions(module, range(width))
    read = np.linalg.inv(matrix).T
    return Subspace(torch.tensor(read[:, own]), torch.tensor(matrix[:, own]))


def largest_angle(found: np.ndarray, true: np.ndarray, spread: np.ndarray) -> float | None:
    """The largest principal angle in degrees between two spans of columns (n, k), of outputs divided by their spread.

    Channels without any spread are left out, as no exchange changes them. Spans of different dimension are 90° apart:
    what is too much, or missing, is at a right angle to all of the other. None where nothing moves in the true one.

    >>> axes = np.eye(3)
    >>> round(largest_angle(axes[:, :1] + axes[:, 1:2], axes[:, :1], np.ones(3)))
    45
    >>> largest_angle(axes[:, :2], axes[:, :1], np.ones(3))
    90.0
    """
    from scipy.linalg import subspace_angles

    ours, theirs = (_orthonormal(columns[spread > 0] / spread[spread > 0, None]) for columns in (found, true))
    if not theirs.shape[1]:
        return None
    if ours.shape[1] != theirs.shape[1]:
        return 90.0
    return float(np.degrees(subspace_angles(ours, theirs).max()))


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the span of columns, of whatever sizes."""
    from scipy.linalg import orth

    lengths = np.linalg.norm(columns, axis=0)
    basis: np.ndarray = orth(columns[:, lengths > 0] / lengths[lengths > 0]) if lengths.any() else columns[:, :0]
    return basis
