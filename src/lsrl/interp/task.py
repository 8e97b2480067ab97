"""A variable to find in a network: what its modules put out, and what it answers when that is exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from lsrl.backends.torch_environment import undisturbed
from lsrl.errors import ProgramError, ShapeError, listed, shortened
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.model.compiled_network import CompiledNetwork

if TYPE_CHECKING:
    import torch

Exchange: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
"""From a module's output on the base and on the source (pairs, n) to what it should be on the base.

One that exchanges a linear subspace can say which: an attribute `basis` (n, k), whose columns span it.
"""

CLOSE = 0.01
"""Numbers that are not whole agree where they are this close to one another, of the largest of all."""


class Method(Protocol):
    """A way to find a variable: `fit` gets a task and a module, and says what to exchange there."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    def fit(self, task: Task, module: str) -> Exchange:
        """What to exchange in this module's output; `task.train` has the pairs that may be looked at."""


@dataclass(frozen=True, eq=False)
class Task:
    """One variable to find in a network, and pairs to find it by; the network is not told where it is.

    `modules` are where it can be: what every layer puts out, or what each of its sublayers adds to the stream.
    """

    model: CompiledNetwork
    train: Counterfactuals
    network: Any = field(init=False)
    _known: dict[tuple[str, Counterfactuals], tuple[torch.Tensor, torch.Tensor]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", self.model.hooked().requires_grad_(False))
        object.__setattr__(self, "_known", {})

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The modules whose outputs are searched, from the input upwards.

        >>> import lsrl
        >>> from lsrl.interp import counterfactuals
        >>> entry = lsrl.zoo.get("two_thirds")
        >>> model = lsrl.compile(entry.program, "hawk", max_length=64, variables=["lead"])
        >>> Task(model, counterfactuals(entry.program, entry.sample, "lead", n=8)).modules[:2]
        ('model.layers.0.temporal_block', 'model.layers.0.mlp_block')
        """
        addresses = (self.model.network.address(layer, "output") for layer in range(self.model.sizes.layers))
        return tuple(module for address in addresses for module in self._beside(address[-1]))

    def _beside(self, module: str) -> Iterator[str]:
        """A module, and sublayers of the same layer: what is made of modules, which no norm and no hook point is."""
        layer, _, own = module.rpartition(".")
        for name, child in self.network.get_submodule(layer).named_children():
            if name == own or any(child.children()):
                yield f"{layer}.{name}"

    def values(self, pairs: Counterfactuals) -> tuple[np.ndarray, np.ndarray]:
        """What the variable is at the exchange, on bases and on sources: each (pairs, dim)."""
        (name,) = pairs.variables
        rows = np.arange(len(pairs)), pairs.step
        base, source = (self.model.program.trace(x)[name][rows] for x in (pairs.base, pairs.source))
        return base, source

    def outputs(self, module: str, pairs: Counterfactuals) -> tuple[torch.Tensor, torch.Tensor]:
        """A module's output at all steps, on bases and on sources: each (pairs, T, n)."""
        base, source = self._outputs(module, pairs)
        return base.clone(), source.clone()

    def activations(self, module: str, pairs: Counterfactuals) -> tuple[torch.Tensor, torch.Tensor]:
        """A module's output at the exchange, on bases and on sources: each (pairs, n)."""
        rows = np.arange(len(pairs)), pairs.step
        base, source = self._outputs(module, pairs)
        return base[rows], source[rows]

    def answers(self, module: str, exchange: Exchange, pairs: Counterfactuals) -> torch.Tensor:
        """What the network answers (pairs, T, out) after an exchange; gradients go through it.

        Raises `ShapeError` for an exchange that returns something else than a tensor of the base's shape.
        """
        with self.exchanged({module: exchange}, pairs):
            return self._run(pairs.base)

    def accuracy(self, module: str, exchange: Exchange, pairs: Counterfactuals) -> float:
        """IIA: the share of pairs where the network answers what the program does."""
        return self.agreement({module: exchange}, pairs)

    def agreement(self, exchanges: Mapping[str, Exchange], pairs: Counterfactuals) -> float:
        """IIA where several modules' outputs are exchanged at once."""
        with undisturbed(self.model.sizes.widest), self.exchanged(exchanges, pairs):
            found = self._run(pairs.base).numpy()
        return float(agree(found, pairs.label).mean())

    def seen(self, exchanges: Mapping[str, Exchange], pairs: Counterfactuals, modules: Sequence[str]) -> Outputs:
        """What modules put out (pairs, T, n) on bases while others' outputs are exchanged."""
        with undisturbed(self.model.sizes.widest), self.exchanged(exchanges, pairs):
            return self._noted(pairs.base, modules)

    @contextmanager
    def exchanged(self, exchanges: Mapping[str, Exchange], pairs: Counterfactuals) -> Iterator[None]:
        """While the network runs on the bases of pairs, outputs of modules are exchanged at the pairs' steps."""
        handles = []
        try:
            for module, exchange in exchanges.items():
                _, source = self.activations(module, pairs)
                hook = _Hook(exchange, source, pairs.step + self.network.positions_before)
                handles.append(self.network.register_forward_pre_hook(hook.begin))
                handles.append(self.network.get_submodule(module).register_forward_hook(hook))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _outputs(self, module: str, pairs: Counterfactuals) -> tuple[torch.Tensor, torch.Tensor]:
        if module not in dict(self.network.named_modules()):
            raise ProgramError(
                f"{self.model.program.name} on {self.model.target} has no module {shortened(module)}; expected one of "
                f"{listed(list(self.modules))}"
            )
        if (module, pairs) not in self._known:
            with undisturbed(self.model.sizes.widest):
                base, source = (self._noted(x, [module])[module] for x in (pairs.base, pairs.source))
            self._known[module, pairs] = base, source
        return self._known[module, pairs]

    def _noted(self, x: np.ndarray, modules: Sequence[str]) -> Outputs:
        """What modules put out (batch, T, n) in a run on x."""
        import torch

        found: dict[str, list[torch.Tensor]] = {module: [] for module in modules}
        handles = []
        try:
            for module, outputs in found.items():

                def note(called: Any, _: Any, output: Any, to: list[torch.Tensor] = outputs) -> None:
                    to.append(at_once(called, output)[0].detach().clone())

                handles.append(self.network.get_submodule(module).register_forward_hook(note))
            self._run(x)
        finally:
            for handle in handles:
                handle.remove()
        before = self.network.positions_before
        return {module: torch.cat(outputs, dim=1)[:, before:] for module, outputs in found.items()}

    def _run(self, x: np.ndarray) -> torch.Tensor:
        import torch

        outputs: torch.Tensor = self.network(torch.tensor(x.astype(self.model.network.dtype)))
        return outputs


Outputs: TypeAlias = "Mapping[str, torch.Tensor]"


class _Hook:
    """Exchanges a module's outputs, which come position by position, or many at once."""

    def __init__(self, exchange: Exchange, source: torch.Tensor, places: np.ndarray) -> None:
        self.exchange, self.source, self.places, self.position = exchange, source, places, 0

    def begin(self, *_: Any) -> None:
        """The first position is next."""
        self.position = 0

    def __call__(self, module: Any, _: Any, output: Any) -> Any:
        """The output, exchanged for those sequences whose step it is; of several, the first has the numbers."""
        positions, restored = at_once(module, output)
        here = self.places - self.position
        rows = np.flatnonzero((here >= 0) & (here < positions.shape[1]))
        self.position += positions.shape[1]
        if not len(rows):
            return output
        base = positions[rows, here[rows]]
        made = self.exchange(base, self.source[rows])
        if getattr(made, "shape", None) != base.shape or not hasattr(made, "to"):
            shape = tuple(getattr(made, "shape", ()))
            raise ShapeError(
                f"an exchange returned {type(made).__name__} of shape {shape}; expected a tensor of the base's shape, "
                f"{tuple(base.shape)}"
            )
        result = positions.clone()
        result[rows, here[rows]] = made.to(base.dtype)
        return restored(result)


def at_once(module: Any, output: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor], Any]]:
    """A module's output as (batch, positions, n), and how to make that what the module returns."""
    from lsrl.backends.hook_point import HookPoint

    first, others = (output[0], output[1:]) if isinstance(output, tuple) else (output, None)
    single = isinstance(module, HookPoint)

    def restored(made: torch.Tensor) -> Any:
        made = made[:, 0] if single else made
        return made if others is None else (made, *others)

    return first[:, None] if single else first, restored


def close_to(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Which numbers are what is expected: within 1/2, if all of that are whole, else within `CLOSE`."""
    whole = np.array_equal(expected, np.rint(expected))
    within = 0.5 if whole else CLOSE * float(np.abs(expected).max())
    return np.asarray(np.abs(found - expected) < within)


def agree(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """For each sequence (batch, T, n) whether all numbers are what is expected."""
    return np.asarray(close_to(found, expected).all(axis=(1, 2)))
