"""How torch is used wherever a network runs: as the weights want it, whatever the caller has set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.errors import MissingPackage

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_OF_ONE_THREAD = 256
"""Networks up to this width are run by one thread: more would wait for one another at every step."""


def torch_or_error() -> Any:
    """The package. Raises `MissingPackage` without it."""
    try:
        import torch
    except ImportError:
        raise MissingPackage("torch", "running a network of torch", "torch") from None
    return torch


def tensor_of(array: np.ndarray) -> Tensor:
    """A copy of the array, on the CPU."""
    tensor: Tensor = torch_or_error().tensor(array, device="cpu")
    return tensor


@contextmanager
def undisturbed(width: int) -> Iterator[None]:
    """As few threads as are useful for a network of this width, and the weights' own precision."""
    torch = torch_or_error()
    before = torch.get_num_threads()
    torch.set_num_threads(1 if width <= LARGEST_OF_ONE_THREAD else before)
    try:
        with torch.autocast("cpu", enabled=False), torch.no_grad():
            yield
    finally:
        torch.set_num_threads(before)
