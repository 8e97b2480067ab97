"""How torch is used wherever a network is made or run: as the weights want it, whatever the caller has set.

What is set here is set for the calling thread alone, so that networks can run in several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
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
        raise MissingPackage("torch", "running a torch network", "torch") from None
    return torch


def tensor_of(array: np.ndarray) -> Tensor:
    """A copy of the array, on the CPU."""
    tensor: Tensor = torch_or_error().tensor(array, device="cpu")
    return tensor


@contextmanager
def torch_defaults() -> Iterator[None]:
    """Tensors are made on the CPU, can be trained, and are computed with in their own precision."""
    torch = torch_or_error()
    with torch.inference_mode(False), torch.autocast("cpu", enabled=False), _on_the_cpu(torch):
        yield


@contextmanager
def undisturbed(width: int) -> Iterator[None]:
    """Torch's defaults, no gradients, and as few threads as are useful for a network of this width."""
    torch = torch_or_error()
    with torch_defaults(), torch.no_grad(), _useful_threads(torch, width):
        yield


def _on_the_cpu(torch: Any) -> AbstractContextManager[Any]:
    # Only where it is needed: a device that is set slows every function of torch down.
    on_the_cpu: AbstractContextManager[Any] = torch.device("cpu")
    return nullcontext() if torch.empty(0).device.type == "cpu" else on_the_cpu


def _useful_threads(torch: Any, width: int) -> AbstractContextManager[Any]:
    # A thread takes its number from torch when it first asks for it, and later on its own one holds.
    if width > LARGEST_OF_ONE_THREAD or torch.get_num_threads() == 1:
        return nullcontext()
    one: AbstractContextManager[Any] = _openmp().limit(limits=1)
    return one


@cache
def _openmp() -> Any:
    """What counts torch's threads, for each thread of Python: `torch.set_num_threads` counts them for new ones, too."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="openmp")
