"""By how much a weight has to change to matter, seen while a network runs on sampled inputs.

Compiled networks have numbers of all sizes beside one another: what is a grain of sand for one weight is all that there
is for another. A weight's unit is what moves the sum it is in by that sum's own spread, over the root of the number of
its terms, so that noise of so many units on all weights together moves every sum by that share of its spread.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from lsrl.interp.trainable import Trainable


class _Watch(TorchFunctionMode):
    """What is multiplied by a weight, and the sums that come out: (rows, in) and (rows, out) for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[int, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        self.biases: dict[int, int] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        given = (*args, *(kwargs or {}).values())
        if func is functional.linear:
            self._note(given[1], given[0], found, given[2] if len(given) > 2 else None)
        elif getattr(func, "__name__", "") in ("matmul", "__matmul__") and given[1].ndim == 2:
            self._note(given[1], given[0], found)
        elif func is torch.baddbmm:
            self._note(given[2], given[1].transpose(0, 1), found.transpose(0, 1), given[0])
        elif func is torch.conv1d:
            kept = found[..., : given[0].shape[-1]]
            self._note(given[1], given[0].transpose(1, 2), kept.transpose(1, 2), given[2])
        return found

    def _note(self, weight: Tensor, read: Tensor, sums: Tensor, bias: Tensor | None = None) -> None:
        rows = [part.detach().flatten(0, -2) for part in (read, sums)]
        self.calls[weight.data_ptr()].append((rows[0], rows[1]))
        if bias is not None:
            self.biases[bias.data_ptr()] = weight.data_ptr()


def units_of(trainable: Trainable, x: np.ndarray) -> dict[str, Tensor]:
    """The unit of every weight; of those that are in no sum, how large they are."""
    tensors, watch = trainable.tensors(), _Watch()
    with torch.no_grad(), watch:
        trainable.run(tensors, torch.tensor(x.astype(trainable.network.dtype)))
    sums = {
        pointer: (torch.cat([read for read, _ in calls]), torch.cat([made for _, made in calls]))
        for pointer, calls in watch.calls.items()
    }
    by_name = {name: sums[tensor.data_ptr()] for name, tensor in tensors.items() if tensor.data_ptr() in sums}
    made = {name: pair[1] for name, pair in by_name.items()}
    spreads = _filled({name: _spread(_together(name, made)) for name in made})
    sizes = _filled({name: pair[0].square().mean(dim=0).sqrt() for name, pair in by_name.items()})
    names = {tensor.data_ptr(): name for name, tensor in tensors.items()}
    found = {}
    for name, tensor in tensors.items():
        weight = names.get(watch.biases.get(tensor.data_ptr(), 0)) or _matrix_of(name)
        reader = _reader_of(name)
        if name in by_name:
            unit = _of_matrix(tensor, sizes[name], spreads[name])
        elif weight in by_name:
            unit = spreads[weight].reshape(tensor.shape) / tensors[weight][0].numel() ** 0.5
        elif reader in by_name:
            unit = by_name[reader][0].std(dim=0) * (tensor != 0)  # a state before the first step, beside later ones
        else:
            unit = tensor.abs()
        found[name] = torch.nan_to_num(unit, 0, 0, 0).to(tensor.dtype)
    return found


def _matrix_of(name: str) -> str:
    """The matrix to whose sums a vector of a linear stack is added."""
    before, _, own = name.rpartition(".")
    matrix = {"b": "B", "d": "C", "g": "G", "r": "R"}.get(own, "")
    return f"{before}.{matrix}" if before else matrix


def _reader_of(name: str) -> str:
    """The matrix that reads a state one step later."""
    return name.replace("[", "_l").rstrip("]").replace("h0", "recurrent.weight_hh").replace(".init", ".A")


def _together(name: str, made: Mapping[str, Tensor]) -> Tensor:
    """The sums that a weight is in: those of inputs and of states are added up."""
    for one, other in ((".A", ".B"), ("_ih_", "_hh_")):
        for this, that in ((one, other), (other, one)):
            if this in name and (partner := name.replace(this, that)) in made:
                return made[name] + made[partner]
    return made[name]


def _spread(sums: Tensor) -> Tensor:
    """The standard deviation of every sum (rows, n); how large it is where it is always the same."""
    spread = sums.std(dim=0) * (sums != sums[0]).any(dim=0)
    return torch.where(spread > 0, spread, sums.abs().mean(dim=0))


def _filled(sizes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Sizes, by the names of weights; for those that are 0 the median of others there, or of other layers."""
    some: dict[str, list[Tensor]] = defaultdict(list)
    for name, own in sizes.items():
        some[_kind(name)].append(own[own > 0])
    typical = {kind: torch.cat(found).median() for kind, found in some.items() if sum(map(len, found))}
    none = torch.zeros(())
    return {
        name: torch.where(own > 0, own, own[own > 0].median() if own.any() else typical.get(_kind(name), none))
        for name, own in sizes.items()
    }


def _kind(name: str) -> str:
    """What a weight is called in every layer."""
    return re.sub(r"\d+", "", name)


def _of_matrix(weight: Tensor, read: Tensor, sums: Tensor) -> Tensor:
    """The units of a matrix (out, in), of a convolution of single channels, or of matrices that are read by rows."""
    units: Tensor
    if weight.ndim == 3 and weight.shape[1] == 1:
        units = (sums / read / weight.shape[2] ** 0.5)[:, None, None]
    elif weight.ndim == 3:
        units = sums[None, :] / read[:, None] / len(read) ** 0.5
    else:
        units = sums[:, None] / read[None] / len(read) ** 0.5
    return units.expand(weight.shape)
