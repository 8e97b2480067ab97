"""A linear stack as a torch module: every matrix a dense parameter, all time steps of a layer at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from lsrl.backends.linear.scan import Wave, block_powers, plan, scan_in_blocks
from lsrl.backends.linear.weights import LayerWeights, StackWeights
from lsrl.backends.torch_environment import tensor_of, torch_defaults


class LinearStack(nn.Module):
    """A stack of linear layers with trainable weights; parameters are named and shaped as in `StackWeights`.

    All are dense. Each call finds out anew which shortcuts the state matrices allow, so training
    may change any entry.

    >>> stack = LinearStack(StackWeights((), csr_array(np.array([[2.0, 1.0]])), np.zeros(1)))
    >>> stack(torch.tensor([[[1.0, 3.0]]], dtype=torch.float64)).tolist()
    [[[5.0]]]
    """

    def __init__(self, weights: StackWeights) -> None:
        super().__init__()
        with torch_defaults():
            self.layers = nn.ModuleList(LinearLayer(layer) for layer in weights.layers)
            self.R, self.r = _parameter(weights.R), _parameter(weights.r)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs (batch, T, output_dim) for x (batch, T, input_dim)."""
        for layer in self.layers:
            x = layer(x)
        return x @ self.R.T + self.r


class LinearLayer(nn.Module):
    """One layer: sₜ = A sₜ₋₁ + B xₜ + b, yₜ = (G xₜ + g) ⊙ relu(C sₜ + d)."""

    def __init__(self, weights: LayerWeights) -> None:
        super().__init__()
        self.A, self.B, self.C = _parameter(weights.A), _parameter(weights.B), _parameter(weights.C)
        self.b, self.init, self.d = _parameter(weights.b), _parameter(weights.init), _parameter(weights.d)
        gates = weights.gates or (None, None)
        self.G, self.g = (None if array is None else _parameter(array) for array in gates)

    def forward(self, x: Tensor) -> Tensor:
        """y (batch, T, m) for x (batch, T, width)."""
        driven = (self.B != 0).any(dim=1) | (self.b != 0)
        s = recurrence(self.A, x @ self.B.T + self.b, self.init, driven)
        y = torch.relu(s @ self.C.T + self.d)
        return y if self.G is None or self.g is None else (x @ self.G.T + self.g) * y


def recurrence(A: Tensor, u: Tensor, init: Tensor, driven: Tensor) -> Tensor:
    """s of sₜ = A sₜ₋₁ + uₜ from s = init: A (n, n), u (batch, T, n), init (n,) → (batch, T, n).

    `driven` (n,) says which components of u can be other than zero.

    >>> recurrence(torch.eye(1), torch.ones(1, 3, 1), torch.zeros(1), torch.tensor([True])).ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    return cast(Tensor, _Recurrence.apply(A, u, init, driven))  # type: ignore[no-untyped-call]


class _Recurrence(torch.autograd.Function):
    """The gradient of a recurrence is one too: backwards in time, with Aᵀ.

    So it is the gradient of every entry of A, zeros included, whichever way a wave was evaluated,
    and can itself be differentiated.
    """

    @staticmethod
    def forward(ctx: Any, A: Tensor, u: Tensor, init: Tensor, driven: Tensor) -> Tensor:
        s = _evaluate(A, u, init, driven)
        ctx.save_for_backward(A, init, s)
        return s

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        A, init, s = ctx.saved_tensors
        everything = torch.ones_like(init, dtype=torch.bool)
        adjoint = recurrence(A.T, gradient.flip(1), torch.zeros_like(init), everything).flip(1)
        by_entry = torch.einsum("bti,btj->ij", adjoint, _one_step_ago(s, init))
        return by_entry, adjoint, adjoint[:, 0].sum(dim=0) @ A, None


def _evaluate(A: Tensor, u: Tensor, init: Tensor, driven: Tensor) -> Tensor:
    s = torch.zeros_like(u)
    for wave in _waves(A, driven):
        rows = list(wave.rows)
        if wave.kind == "cycle":
            for part in wave.components:
                s[..., part] = _cycle(init[list(part)], u.shape[1])
        elif wave.kind == "delay":
            source = A[[part[0] for part in wave.components]].argmax(dim=1)
            for part, column in zip(wave.components, source.tolist(), strict=True):
                s[..., part] = _delay(s[..., column], init[[column, *part]])
        else:
            others = A[rows].clone()
            others[:, rows] = 0
            drive = u[..., rows]
            if others.any():
                drive = drive + _one_step_ago(s, init) @ others.T
            s[..., rows] = _recur(wave, A, drive, init[rows])
    return s


def _recur(wave: Wave, A: Tensor, drive: Tensor, init: Tensor) -> Tensor:
    """The states of a wave that has a drive (batch, T, states of the wave)."""
    if wave.kind == "sum":
        return torch.cumsum(drive, dim=1) + init
    if wave.kind in ("decay", "general"):
        parts = torch.tensor(wave.components, device=A.device)
        return _scan(A[parts[:, :, None], parts[:, None, :]], drive, init)
    return drive


def _scan(matrices: Tensor, drive: Tensor, init: Tensor) -> Tensor:
    """The chunked scan with a block-diagonal A, given as its equal blocks (count, m, m)."""
    (batch, length, _), (count, m, _) = drive.shape, matrices.shape
    powers = torch.from_numpy(block_powers(matrices.cpu().double().numpy())).to(drive)
    longest = len(powers) - 1
    blocks = -(-length // longest)
    padded = nn.functional.pad(drive, (0, 0, 0, blocks * longest - length))
    by_step = padded.reshape(batch, blocks, longest, count, m).permute(2, 3, 4, 1, 0).contiguous()
    scan_in_blocks(powers, by_step, init.reshape(count, m, 1).expand(-1, -1, batch))
    return by_step.permute(4, 3, 0, 1, 2).reshape(batch, blocks * longest, count * m)[:, :length]


def _cycle(init: Tensor, length: int) -> Tensor:
    """(T, period): component i at step t is what component i − t − 1 was at first."""
    period = len(init)
    moved = torch.arange(period, device=init.device) - torch.arange(length, device=init.device)[:, None] - 1
    return init[moved % period]


def _delay(source: Tensor, init: Tensor) -> Tensor:
    """(batch, T) and what source and chain (k + 1,) were at first → the chain's states (batch, T, k)."""
    k = len(init) - 1
    past = init[:-1].flip(0).expand(len(source), -1)
    windows = torch.cat([past, source], dim=1).unfold(1, source.shape[1], 1)
    return windows[:, :k].flip(1).transpose(1, 2)


def _one_step_ago(s: Tensor, init: Tensor) -> Tensor:
    return torch.cat([init.expand(len(s), 1, -1), s[:, :-1]], dim=1)


def _waves(A: Tensor, driven: Tensor) -> tuple[Wave, ...]:
    matrix = A.detach().cpu().double().numpy()
    places = np.flatnonzero(matrix)
    return _planned(len(matrix), places.tobytes(), matrix.ravel()[places].tobytes(), driven.cpu().numpy().tobytes())


@lru_cache(maxsize=256)
def _planned(n: int, places: bytes, weights: bytes, driven: bytes) -> tuple[Wave, ...]:
    """The plan, found once for equal matrices: weights may change between calls, but rarely do."""
    rows, columns = np.divmod(np.frombuffer(places, dtype=np.intp), max(n, 1))
    A = csr_array((np.frombuffer(weights), (rows, columns)), shape=(n, n))
    return plan(A, np.frombuffer(driven, dtype=np.bool_))


def _parameter(array: csr_array | NDArray[Any]) -> nn.Parameter:
    dense = array if isinstance(array, np.ndarray) else array.toarray()
    return nn.Parameter(tensor_of(dense))
