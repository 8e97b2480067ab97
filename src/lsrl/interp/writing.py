"""Running a network with variables written at their sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lsrl.backends.sites import Coordinate, Site
from lsrl.backends.torch_environment import undisturbed
from lsrl.errors import ProgramError, ShapeError
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.semantics.inputs import Declaration, as_array, checked_floats
from lsrl.semantics.interventions import checked_steps

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """What is written at a site: numbers (batch, steps, dim) at some steps, or such as broadcast to them."""

    site: Site
    steps: Sequence[int]
    numbers: np.ndarray


def run_with(model: CompiledNetwork, x: np.ndarray, writes: Sequence[Write]) -> np.ndarray:
    """The outputs (batch, T, out) of a model for x (batch, T, in) while variables are written.

    Raises `ShapeError` for inputs or numbers of another shape, `RangeError` for inputs outside what the program
    declares and steps that are not there, `NumberError` for numbers that are not finite, and `ProgramError` for sites
    of another model.

    >>> import lsrl
    >>> depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    >>> model = lsrl.compile(lsrl.Program(depth * 2), "lstm", max_length=9, variables=["depth"])
    >>> ones = np.ones((1, 3, 1))
    >>> run_with(model, ones, [Write(model.sites["depth"].value, [1], np.full((1, 1, 1), 9))]).ravel().tolist()
    [2.0, 18.0, 6.0]
    """
    batch, single = checked_floats(x, model.inputs, model.program.names[model.program.input], str(model.network.dtype))
    if single:
        raise ShapeError(f"x has shape {batch.shape[1:]}; expected (batch, T, dim)")
    model.check_length(batch.shape[1])
    network = model.hooked()
    checked = [_checked(model, network, write, batch.shape) for write in writes]
    return run_hooked(model, network, batch, checked)


def _checked(model: CompiledNetwork, network: torch.nn.Module, write: Write, shape: tuple[int, ...]) -> Write:
    """What is written, if a batch of this shape has room for it and the network such modules."""
    site, name = write.site, write.site.variable
    steps = checked_steps(write.steps, shape[1], name, "a write")
    modules, where = dict(network.named_modules()), f"{model.program.name} on {model.target}"
    for module in (module for coordinate in site.coordinates for module in coordinate.modules):
        if module not in modules:
            raise ProgramError(f"{where} has no module {module!r}, a site of {name!r}; expected a site of this model")
    numbers = as_array(write.numbers, f"what is written to {name!r}")
    wanted = (shape[0], len(steps), site.dim)
    try:
        whole = np.broadcast_to(numbers, wanted)
    except ValueError:
        raise ShapeError(
            f"what is written to {name!r} has shape {numbers.shape}; expected (batch, steps, dim) = {wanted}"
        ) from None
    floats, _ = checked_floats(whole, [Declaration(None, None, None)] * site.dim, name)
    return Write(site, steps, floats)


def run_hooked(model: CompiledNetwork, network: torch.nn.Module, x: np.ndarray, writes: Sequence[Write]) -> np.ndarray:
    """The same on a hooked network of the model, for one that is run again and again."""
    import torch

    with undisturbed(model.sizes.widest), written(network, writes):
        inputs = torch.tensor(x.astype(model.network.dtype))
        steps_alone = network.positions_before and any(write.site.kind == "state" for write in writes)
        outputs: np.ndarray = (network(inputs, stepwise=True) if steps_alone else network(inputs)).numpy()
    return outputs


@contextmanager
def written(network: torch.nn.Module, writes: Sequence[Write]) -> Iterator[None]:
    """While a hooked network runs, write; what its modules return elsewhere stays as it is."""
    by_module: dict[str, list[tuple[Coordinate, Write]]] = defaultdict(list)
    for write in writes:
        for coordinate in write.site.coordinates:
            for module in coordinate.modules:
                by_module[module].append((coordinate, write))
    handles = []
    try:
        for name, entries in by_module.items():
            hook = _Hook(entries, cast(int, network.positions_before))
            handles.append(network.register_forward_pre_hook(hook.begin))
            handles.append(network.get_submodule(name).register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Hook:
    """Writes into a module's outputs, which come position by position, or many at once."""

    def __init__(self, entries: Sequence[tuple[Coordinate, Write]], before: int) -> None:
        self.entries, self.before, self.position = entries, before, 0

    def begin(self, *_: Any) -> None:
        """The first position is next."""
        self.position = 0

    def __call__(self, module: torch.nn.Module, _: Any, output: Any) -> Any:
        """The output with what is written to it; of several, the first has the numbers."""
        if isinstance(output, tuple):
            return self(module, _, output[0]), *output[1:]
        from lsrl.backends.hook_point import HookPoint

        result = output.clone()
        at_once = result[:, None] if isinstance(module, HookPoint) else result  # (batch, positions, n, …)
        for coordinate, write in self.entries:
            if coordinate.index >= at_once.shape[2]:
                raise ProgramError(
                    f"the site of {write.site.variable!r} is number {coordinate.index} of a module with "
                    f"{at_once.shape[2]}; expected a site of this model"
                )
            for i, step in enumerate(write.steps):
                place = step + self.before - self.position
                if 0 <= place < at_once.shape[1]:
                    number = coordinate.stored(write.numbers[:, i, coordinate.component])
                    there = at_once[:, place, coordinate.index]
                    there.copy_(output.new_tensor(number).reshape(-1, *[1] * (there.ndim - 1)).expand_as(there))
        self.position += at_once.shape[1]
        return result
