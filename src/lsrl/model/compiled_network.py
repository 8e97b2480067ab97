"""A network that computes a program: what is known of it, and how it runs, streams and is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lsrl.backends.layout import Layout, ReadOut
from lsrl.backends.network import Network
from lsrl.backends.sites import Site, SiteKind, Sites, site_of
from lsrl.backends.target import AnyStack, Style, Target
from lsrl.circuit.facts import Fact
from lsrl.circuit.units import Circuit
from lsrl.errors import FormatError, RangeError, ShapeError
from lsrl.lang import Program
from lsrl.model.report import Report
from lsrl.rounding.guarantee import Guarantee
from lsrl.semantics import report_undecided
from lsrl.semantics.inputs import as_array, check_outputs, checked_floats

if TYPE_CHECKING:
    import torch


class StreamState(NamedTuple):
    """Where streams are: whose state it is, what that network keeps, how many there are, the steps they have seen."""

    network: Network
    kept: Any
    streams: int
    steps: int


@dataclass(frozen=True)
class CompiledNetwork:
    """A network that computes `program`, as `CompiledModel` is for its user.

    `circuit` is what the target made of the program's, `stack` what it was assembled from; a loaded model has neither.
    `undecidable` names comparisons that inputs inside the declaration can leave between 0 and 1, `variables` the values
    that are cut, and `states` says of those that are kept from step to step how to read them there (`Assembly`).

    >>> import lsrl
    >>> model = lsrl.compile(lsrl.Program(lsrl.cumsum(lsrl.Input(1, range=(0, 9), integer=True))), max_length=100)
    >>> model.run([[1], [2], [3]]).ravel().tolist()
    [1.0, 3.0, 6.0]
    """

    program: Program
    target: Target
    style: Style
    inputs: tuple[Fact, ...]
    max_length: int | None
    guarantee: Guarantee
    layout: Layout
    sizes: Report
    network: Network
    stack: AnyStack | None
    circuit: Circuit | None
    undecidable: tuple[str, ...]
    variables: tuple[str, ...] = ()
    states: Mapping[str, ReadOut | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sizes}>"

    @property
    def dtype(self) -> str:
        """What it computes in: float64, float32 or bfloat16, whose numbers NumPy has as float32."""
        return self.network.arithmetic

    @property
    def weights(self) -> Any:
        """The weights of its network, as that backend has them."""
        return self.network.weights

    def run(self, x: Any) -> np.ndarray:
        """Outputs for inputs (T, dim) or (batch, T, dim), shaped likewise.

        Warns with `UndecidedComparisonWarning` if a comparison of the program was undecided. Raises
        `ShapeError`, `NumberError`, or `RangeError` for inputs outside the declaration or sequences longer than
        `max_length`.
        """
        batch, single = self._checked(x)
        # Outputs beyond the floats are refused by `check_outputs`, here and below.
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = self.network.run(batch)
        check_outputs(outputs, self.program.name)
        if self.undecidable:
            report_undecided(self.program, batch)
        return outputs[0] if single else outputs

    def step(self, x: Any, state: StreamState | None = None) -> tuple[np.ndarray, StreamState]:
        """One step of a stream: outputs for inputs (dim,) or (batch, dim), and the next state.

        Without a state the stream begins. Raises as `run` does, and says nothing of undecided comparisons.
        """
        given = as_array(x, self.program.names[self.program.input])
        if given.ndim not in (1, 2):
            raise ShapeError(f"step got an array of shape {given.shape}; expected (dim,) or (batch, dim)")
        single = given.ndim == 1
        batch, _ = self._checked((given[None] if single else given)[:, None, :])
        if state is None:
            state = StreamState(self.network, self.network.start(len(batch)), len(batch), 0)
        if not isinstance(state, StreamState) or state.network is not self.network:
            raise ShapeError("step got a state that is not this model's; expected None, or what its step returned last")
        if len(batch) != state.streams:
            raise ShapeError(f"step got {len(batch)} tokens for {state.streams} streams; expected one for each")
        self.check_length(state.steps + 1)
        with np.errstate(over="ignore", invalid="ignore"):
            outputs, kept = self.network.step(batch[:, 0, :], state.kept)
        check_outputs(outputs[:, None], self.program.name)
        following = StreamState(self.network, kept, state.streams, state.steps + 1)
        return (outputs[0] if single else outputs), following

    def read(self, name: str, x: Any) -> np.ndarray:
        """A program variable at every step, read from the network's activations by the layout.

        Raises `ProgramError` for a value that the network does not compute.
        """
        read_out = self.layout[name]
        batch, single = self._checked(x)
        with np.errstate(over="ignore", invalid="ignore"):
            result = read_out.applied(batch, self.network.activations(batch))
        check_outputs(result, name)
        return result[0] if single else result

    @cached_property
    def sites(self) -> Mapping[str, Sites]:
        """Where the variables that are cut (`lsrl.compile(…, variables=…)`) can be written, in `hooked()`'s modules."""
        return {name: self._sites(name) for name in self.variables}

    def _sites(self, name: str) -> Sites:
        value = self._site(name, "value", self.layout[name])
        if value is None:
            raise FormatError(
                f"{name!r} of {self.program.name} is not one number a component in its layout; save it again"
            )
        kept = self.states.get(name)
        state = None if kept is None else self._site(name, "state", kept)
        if state is not None:
            return Sites(value, state)
        kind = "is in no place of its own there" if name in self.states else "is not kept from step to step"
        return Sites(value, None, f"{name!r} of {self.program.name} on {self.target} {kind}; expected its value site")

    def _site(self, name: str, kind: SiteKind, read_out: ReadOut) -> Site | None:
        addresses = {
            (read.layer, read.part): self.network.address(read.layer, "state" if kind == "state" else read.part)
            for read in read_out.reads
        }
        return site_of(name, kind, read_out, addresses)

    def hooked(self) -> torch.nn.Module:
        """The network as a torch module that runs step by step, or its sublayers do: for hooks.

        (batch, T, dim) → (batch, T, out), bit for bit the outputs of `run` where these are exact. Its modules are named
        in `sites`; it has a `.config` and a `.device`. Raises `MissingPackage` without torch.
        """
        return self.network.hooked()

    @property
    def refuses(self) -> bool:
        """Whether its program is over tokens and guarded: the highest input number stands for what is not a token."""
        return answers_tokens(self.target, self.program)

    @property
    def module(self) -> torch.nn.Module:
        """The same network as a `torch.nn.Module` ((batch, T, dim) → (batch, T, out)), made anew."""
        return self.network.module()

    def check_length(self, steps: int) -> None:
        """Raise `RangeError` for more steps than `max_length`."""
        if self.max_length is not None and steps > self.max_length:
            raise RangeError(
                f"the sequence for {self.program.name} has {steps} steps; "
                f"expected at most max_length={self.max_length}; compile with a larger max_length"
            )

    def _checked(self, x: Any) -> tuple[np.ndarray, bool]:
        name, dtype = self.program.names[self.program.input], str(self.network.dtype)
        batch, single = checked_floats(x, self.inputs, name, dtype)
        self.check_length(batch.shape[1])
        return batch, single


def answers_tokens(target: Target, program: Program) -> bool:
    """Whether a program becomes a language model on a target."""
    return target.tokens and program.vocabulary is not None
