"""Running a hooked network with some of its channels set to what they are on other inputs, at all steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lsrl.backends.torch_environment import torch_defaults, undisturbed
from lsrl.interp.circuit_channels import output_modules
from lsrl.interp.task import Task, at_once

if TYPE_CHECKING:
    import torch

Activations: TypeAlias = "dict[str, torch.Tensor]"
"""What modules put out: (inputs, positions, channels)."""

Change: TypeAlias = "Callable[[str, int, torch.Tensor], torch.Tensor]"
"""From a module, its first position and its output (inputs, positions, channels) there to what it should put out."""

MOST_NUMBERS = 2**22
"""As many numbers a layer puts out at once, about."""


def channel_names(activations: Activations) -> list[str]:
    """The names of all channels, layer by layer."""
    return [f"{module}[{i}]" for module, output in activations.items() for i in range(output.shape[-1])]


def by_module(numbers: np.ndarray, activations: Activations) -> Activations:
    """Arrays (…, all channels), in the order of their names, as one (…, channels) for each module."""
    import torch

    found, first = {}, 0
    for module, output in activations.items():
        found[module] = torch.tensor(numbers[..., first : first + output.shape[-1]])
        first += output.shape[-1]
    return found


def moving(base: Activations, source: Activations) -> np.ndarray:
    """Which channels differ anywhere between two runs (all channels,)."""
    differ = [(base[module] != source[module]).any(dim=0).any(dim=0).numpy() for module in base]
    return np.concatenate(differ) if differ else np.zeros(0, dtype=bool)


def activations_of(task: Task, x: np.ndarray) -> tuple[Activations, np.ndarray]:
    """What every module puts out on inputs (n, T, dim), and the answers (n, T, out)."""
    import torch

    seen: dict[str, list[torch.Tensor]] = {module: [] for module in output_modules(task.model.network)}

    def noted(module: str, _: int, output: torch.Tensor) -> torch.Tensor:
        seen[module].append(output.clone())
        return output

    with undisturbed(task.model.sizes.widest), changed(task.network, list(seen), noted):
        answers: np.ndarray = task.network(torch.tensor(x.astype(task.model.network.dtype))).numpy()
    return {module: torch.cat(found, dim=1) for module, found in seen.items()}, answers


def answers_patched(task: Task, x: np.ndarray, source: Activations, patched: np.ndarray) -> np.ndarray:
    """The answers (k, n, T, out) on inputs (n, T, dim), where `patched` (k, all channels) says which are the source's.

    Everything else is computed from what it then reads.
    """
    import torch

    largest = max((output.numel() for output in source.values()), default=1)
    together = max(1, MOST_NUMBERS // largest)
    inputs = torch.tensor(x.astype(task.model.network.dtype))
    found = []
    with undisturbed(task.model.sizes.widest):
        for first in range(0, len(patched), together):
            rows = by_module(patched[first : first + together], source)
            count = len(patched[first : first + together])

            def put(module: str, position: int, output: torch.Tensor, rows: Any = rows, k: int = count) -> torch.Tensor:
                apart = output.reshape(k, len(x), *output.shape[1:])
                own = source[module][:, position : position + output.shape[1]]
                return torch.where(rows[module][:, None, None], own, apart).reshape(output.shape)

            with changed(task.network, list(source), put):
                found.append(task.network(inputs.repeat(count, 1, 1)).reshape(count, *x.shape[:2], -1).numpy())
    return np.concatenate(found) if found else np.zeros((0, *x.shape[:2], task.model.program.output.dim))


def gradients_of(task: Task, x: np.ndarray, direction: np.ndarray) -> Activations:
    """The gradient of Σ direction · answers with respect to what every module puts out, on inputs (n, T, dim)."""
    import torch

    seen: dict[str, list[torch.Tensor]] = {module: [] for module in output_modules(task.model.network)}

    def noted(module: str, _: int, output: torch.Tensor) -> torch.Tensor:
        seen[module].append(output)
        return output

    with torch_defaults(), changed(task.network, list(seen), noted):
        inputs = torch.tensor(x.astype(task.model.network.dtype)).requires_grad_()
        pulled = (task.network(inputs) * torch.tensor(direction.astype(task.model.network.dtype))).sum()
        outputs = [output for found in seen.values() for output in found]
        gradients: Sequence[torch.Tensor | None] = torch.autograd.grad(pulled, outputs, allow_unused=True)
    left = iter(zip(outputs, gradients, strict=True))
    apart = {module: [next(left) for _ in found] for module, found in seen.items()}
    return {
        module: torch.cat([torch.zeros_like(output) if own is None else own for output, own in found], dim=1)
        for module, found in apart.items()
    }


@contextmanager
def changed(network: Any, modules: Sequence[str], change: Change) -> Iterator[None]:
    """While a hooked network runs, its modules put out what `change` makes of their outputs."""
    positions: dict[str, int] = {}

    def begin(*_: Any) -> None:
        positions.update(dict.fromkeys(modules, 0))

    handles = [network.register_forward_pre_hook(begin)]
    try:
        for module in modules:
            hook = _hook(module, positions, change)
            handles.append(network.get_submodule(module).register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(name: str, positions: dict[str, int], change: Change) -> Callable[..., Any]:
    def hook(called: Any, _: Any, output: Any) -> Any:
        given, restored = at_once(called, output)
        made = change(name, positions[name], given)
        positions[name] += made.shape[1]
        return restored(made)

    return hook
