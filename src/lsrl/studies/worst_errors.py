"""The worst error of a network that is seen: in full passes, single steps, and blocks of several lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np

from lsrl.backends.linear.network import NumpyNetwork
from lsrl.backends.linear.row_instructions import Scan
from lsrl.backends.network import Network
from lsrl.backends.torch_environment import tensor_of, torch_or_error, undisturbed
from lsrl.lang import Program
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.model.verification import absolute_errors

Way: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""From inputs (batch, T, dim) to outputs (batch, T, out)."""

BLOCKS = 2, 3, 4, 8, 16, 32
"""Steps of a block in which a scan is tried, besides its own, and single steps."""

SUBNORMAL = 16
"""Bits below the last place of the largest input: so small a bound allows for what is below normal floats alone."""


@dataclass(frozen=True)
class Cases:
    """Inputs (batch, T, dim) and exact outputs, without sequences that leave a comparison undecided."""

    x: np.ndarray
    exact: np.ndarray

    @staticmethod
    def of(program: Program, x: np.ndarray) -> Cases:
        """The cases of these inputs."""
        trace = program.trace(x, exact=True)
        decided = sorted(set(range(len(x))) - {comparison.batch for comparison in trace.undecided})
        return Cases(x[decided], trace.output[decided])


class Worst(NamedTuple):
    """The largest error, how it came about, and how many output numbers broke the guarantee."""

    error: float
    way: str
    mismatches: int


def worst_error(model: CompiledNetwork, cases: Sequence[Cases]) -> Worst:
    """The worst of all ways to run the network on all of the cases."""
    found = [Worst(0.0, "none", 0)]
    for each in cases:
        if len(each.x):
            for name, way in ways(model).items():
                errors = absolute_errors(way(each.x), each.exact)
                found.append(Worst(float(errors.max()), name, int((errors > model.guarantee.bounds).sum())))
    worst = max(found, key=lambda one: one.error)
    return worst._replace(mismatches=sum(one.mismatches for one in found))


def ways(model: CompiledNetwork) -> dict[str, Way]:
    """All ways to run a network, by name."""
    network = model.network
    found: dict[str, Way] = {"pass": network.run, "steps": partial(_stepped, network)}
    if isinstance(network, NumpyNetwork):
        found["module"] = partial(_by_module, network)
        if any(isinstance(instruction, Scan) for instruction in network.instructions):
            found |= {f"blocks of {steps}": NumpyNetwork(network.weights, steps).run for steps in BLOCKS}
    if allows_for_subnormals(model):
        found["flushed"] = partial(_flushed, network)
    return found


def allows_for_subnormals(model: CompiledNetwork) -> bool:
    """Whether nothing rounds but what is so small that it is below the normal floats somewhere in the network."""
    inputs = max(abs(float(end)) for fact in model.inputs for end in (fact.low or 0, fact.high or 0))
    return 0 < model.guarantee.bound < inputs * 2.0 ** -(np.finfo(model.dtype).nmant + SUBNORMAL)


def _stepped(network: Network, x: np.ndarray) -> np.ndarray:
    state, outputs = network.start(len(x)), []
    for t in range(x.shape[1]):
        output, state = network.step(x[:, t], state)
        outputs.append(output)
    return np.stack(outputs, axis=1)


def _by_module(network: NumpyNetwork, x: np.ndarray) -> np.ndarray:
    with undisturbed(network.weights.widest):
        outputs: np.ndarray = network.module()(tensor_of(x)).detach().numpy()
    return outputs


def _flushed(network: Network, x: np.ndarray) -> np.ndarray:
    """A full pass in which numbers below the normal floats become 0, as fast modes of processors have it."""
    network.run(x[:1, :1])  # what is made when it is first used is made as ever
    with _without_subnormals():
        return network.run(x)


@contextmanager
def _without_subnormals() -> Iterator[None]:
    torch = torch_or_error()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
