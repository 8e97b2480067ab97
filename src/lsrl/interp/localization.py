"""Finding where a variable is: a method says what to exchange in a module's output, and is scored by what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from lsrl.backends.sites import Site
from lsrl.backends.torch_environment import undisturbed
from lsrl.errors import ProgramError, listed
from lsrl.interp.counterfactuals import Counterfactuals
from lsrl.model.compiled_network import CompiledNetwork

if TYPE_CHECKING:
    import torch

Exchange: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
"""From a module's output on the base and on the source (pairs, n) to what it should be on the base."""

CLOSE = 0.01
"""Answers that are no whole numbers agree where they are this close to one another, of the largest of all."""


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

    `modules` are where it can be: what every layer puts out, or adds to the stream.
    """

    model: CompiledNetwork
    train: Counterfactuals
    network: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", self.model.hooked())

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The modules whose outputs are searched."""
        addresses = (self.model.network.address(layer, "output") for layer in range(self.model.sizes.layers))
        return tuple(dict.fromkeys(address[-1] for address in addresses))

    def values(self, pairs: Counterfactuals) -> tuple[np.ndarray, np.ndarray]:
        """What the variable is at the exchange, on bases and on sources: each (pairs, dim)."""
        (name,) = pairs.variables
        rows = np.arange(len(pairs)), pairs.step
        base, source = (self.model.program.trace(x)[name][rows] for x in (pairs.base, pairs.source))
        return base, source

    def activations(self, module: str, pairs: Counterfactuals) -> tuple[torch.Tensor, torch.Tensor]:
        """A module's output at the exchange, on bases and on sources: each (pairs, n)."""
        return self._seen(module, pairs.base, pairs.step), self._seen(module, pairs.source, pairs.step)

    def answers(self, module: str, exchange: Exchange, pairs: Counterfactuals) -> torch.Tensor:
        """What the network answers (pairs, T, out) after an exchange; gradients go through it."""
        source = self._seen(module, pairs.source, pairs.step)

        def changed(rows: Any, base: torch.Tensor) -> torch.Tensor:
            return exchange(base, source[rows]).to(base.dtype)

        with _at_steps(self.network, module, pairs.step, changed):
            return self._run(pairs.base)

    def accuracy(self, module: str, exchange: Exchange, pairs: Counterfactuals) -> float:
        """IIA: the share of pairs where the network answers what the program does."""
        with undisturbed(self.model.sizes.widest):
            found = self.answers(module, exchange, pairs).numpy()
        whole = np.array_equal(pairs.label, np.rint(pairs.label))
        close = 0.5 if whole else CLOSE * float(np.abs(pairs.label).max())
        return float((np.abs(found - pairs.label) < close).all(axis=(1, 2)).mean())

    def _seen(self, module: str, x: np.ndarray, steps: np.ndarray) -> torch.Tensor:
        import torch

        seen: dict[int, torch.Tensor] = {}

        def noted(rows: Any, output: torch.Tensor) -> torch.Tensor:
            seen.update(zip(rows.tolist(), output.detach().clone(), strict=True))
            return output

        with undisturbed(self.model.sizes.widest), _at_steps(self.network, module, steps, noted):
            self._run(x)
        return torch.stack([seen[i] for i in range(len(x))])

    def _run(self, x: np.ndarray) -> torch.Tensor:
        import torch

        outputs: torch.Tensor = self.network(torch.tensor(x.astype(self.model.dtype)))
        return outputs


@contextmanager
def _at_steps(
    network: Any, module: str, steps: np.ndarray, change: Callable[[Any, torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    """While a network runs, what a module returns for each sequence at its step is changed: `change(rows, output)`."""
    import torch

    from lsrl.backends.hook_point import HookPoint

    position, places = 0, torch.tensor(steps) + network.positions_before

    def begin(*_: Any) -> None:
        nonlocal position
        position = 0

    def hook(called: Any, _: Any, output: Any) -> Any:
        nonlocal position
        first = output[0] if isinstance(output, tuple) else output
        at_once = first[:, None] if isinstance(called, HookPoint) else first
        here = places - position
        rows = torch.nonzero((here >= 0) & (here < at_once.shape[1])).ravel()
        position += at_once.shape[1]
        if not len(rows):
            return output
        result = at_once.clone()
        result[rows, here[rows]] = change(rows, at_once[rows, here[rows]])
        result = result[:, 0] if isinstance(called, HookPoint) else result
        return (result, *output[1:]) if isinstance(output, tuple) else result

    handles = [network.register_forward_pre_hook(begin), network.get_submodule(module).register_forward_hook(hook)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@dataclass(frozen=True, slots=True)
class Score:
    """How well a method found a variable: IIA on pairs it has not seen, in the module that it chose, and at the site.

    Of a disguised model it is not known where that is. What comes before a variable's site can hold it as well (the
    state that it is a copy of): then both are right.
    """

    method: str
    variable: str
    module: str
    accuracy: float
    at_site: float | None

    def __str__(self) -> str:
        found = f"{self.method}: IIA {self.accuracy:.2f} of {self.variable!r} in {self.module}"
        return found if self.at_site is None else f"{found}, {self.at_site:.2f} at its site"


def score(
    model: CompiledNetwork, method: Method, train: Counterfactuals, test: Counterfactuals, *, site: Site | None = None
) -> Score:
    """Let a method find the variable that pairs are about, and see whether exchanges there change the right answers.

    It is fitted to every module, and takes the one where it does best on the pairs it was fitted to. `site` is the
    variable's, of a model that does not tell (`mixed`). Raises `ProgramError` for pairs of other kinds.

    >>> import lsrl
    >>> from lsrl.interp import counterfactuals, methods
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["depth"])
    >>> train, test = (counterfactuals(entry.program, entry.sample, "depth", n=16, steps=10, split=split)
    ...                for split in ("train", "test"))
    >>> print(score(model, methods.SingleUnit(), train, test))
    single unit: IIA 1.00 of 'depth' in layers.0.hidden, 1.00 at its site
    """
    if train.variables != test.variables or len(train.variables) != 1 or {train.kind, test.kind} != {"value"}:
        raise ProgramError(
            f"pairs are about {listed(list(train.variables))} ({train.kind}) and {listed(list(test.variables))} "
            f"({test.kind}); expected one variable, the same, and kind='value'"
        )
    task = Task(model, train)
    (variable,) = train.variables
    fitted = {module: method.fit(task, module) for module in task.modules}
    module = max(fitted, key=lambda module: task.accuracy(module, fitted[module], train))
    if site is None and variable in model.sites:
        site = model.sites[variable].value
    place = None if site is None else site.coordinates[0].modules[-1]
    at_site = None if place is None else task.accuracy(place, fitted[place], test)
    return Score(method.name, variable, module, task.accuracy(module, fitted[module], test), at_site)
