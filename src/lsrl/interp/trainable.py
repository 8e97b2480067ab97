"""Networks whose weights are tensors with gradients: for training them on from where they are.

A hooked network has the weights under names of its own, some of them as buffers. Which is which is seen by marking:
a network with a different number in every weight, whose hooked one is searched for these numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lsrl.backends.network import Network
from lsrl.interp.task import at_once

if TYPE_CHECKING:
    import torch

Tensors: TypeAlias = "Mapping[str, torch.Tensor]"
"""Weights by the names of `Network.arrays`."""


@dataclass(frozen=True, eq=False)
class Trainable:
    """A network that runs with weights that are given at each call, and through which gradients go."""

    network: Network
    hooked: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hooked", self.network.hooked().requires_grad_(False))

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """By the name of each weight, what it is called in the hooked network."""
        arrays = self.network.arrays
        marks = {name: np.full(array.shape, i, array.dtype) for i, (name, array) in enumerate(arrays.items(), start=1)}
        by_mark = dict(enumerate(arrays, start=1))
        found: dict[str, tuple[str, ...]] = {}
        for own, tensor in self.network.with_arrays(marks).hooked().state_dict().items():
            values = set(tensor.ravel().tolist())
            name = by_mark.get(int(values.pop())) if len(values) == 1 else None
            if name is not None and tuple(tensor.shape) == arrays[name].shape:
                found[name] = (*found.get(name, ()), own)
        return found

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights as they are."""
        import torch

        arrays = self.network.arrays
        return {name: torch.tensor(arrays[name]) for name in self.names}

    def run(self, tensors: Tensors, x: torch.Tensor) -> torch.Tensor:
        """The outputs (batch, T, out) for x (batch, T, in)."""
        import torch

        given = {own: tensors[name] for name, owns in self.names.items() for own in owns}
        outputs: torch.Tensor = torch.func.functional_call(self.hooked, given, (x,))
        return outputs

    def outputs(self, module: str, x: torch.Tensor) -> torch.Tensor:
        """What a module puts out (batch, T, n), with the weights as they are."""
        import torch

        parts: list[torch.Tensor] = []
        hook = self.hooked.get_submodule(module).register_forward_hook(
            lambda called, _, output: parts.append(at_once(called, output)[0])
        )
        try:
            with torch.no_grad():
                self.run(self.tensors(), x)
        finally:
            hook.remove()
        return torch.cat(parts, dim=1)[:, self.hooked.positions_before :]

    @contextmanager
    def exchanged(self, masks: Tensors, steps: torch.Tensor) -> Iterator[None]:
        """While it runs on bases and then, in the same batch, as many sources: what `masks[module]` (bases, n) says is
        on a base what it is on its source, at the step (bases,) of each.
        """
        at = steps + self.hooked.positions_before
        handles = []
        try:
            for module, mask in masks.items():
                hook = _Exchange(mask, at)
                handles.append(self.hooked.register_forward_pre_hook(hook.begin))
                handles.append(self.hooked.get_submodule(module).register_forward_hook(hook))
            yield
        finally:
            for handle in handles:
                handle.remove()


class _Exchange:
    """Puts the second half's numbers into the first, in outputs that come position by position, or many at once."""

    def __init__(self, mask: torch.Tensor, places: torch.Tensor) -> None:
        self.mask, self.places, self.position = mask, places, 0

    def begin(self, *_: Any) -> None:
        """The first position is next."""
        self.position = 0

    def __call__(self, module: Any, _: Any, output: Any) -> Any:
        """The output, exchanged for those sequences whose step it is."""
        import torch

        made, restored = at_once(module, output)
        here = self.position + torch.arange(made.shape[1])
        self.position += made.shape[1]
        now = self.places[:, None] == here
        if not now.any():
            return output
        base, source = made[: len(self.mask)], made[len(self.mask) :]
        return restored(torch.cat([torch.where(now[:, :, None] & self.mask[:, None], source, base), source]))
