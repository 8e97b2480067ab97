"""Reports: the sizes of a network, found from its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lsrl.backends.network import Network
from lsrl.backends.target import Target
from lsrl.lang import Program
from lsrl.notebook import Tabulated
from lsrl.rounding.guarantee import Guarantee


@dataclass(frozen=True, slots=True)
class Report(Tabulated):
    """The sizes of a compiled model.

    `parameters` counts the dense matrices' entries, `nonzeros` those that are not zero;
    `state_dimension` adds up all layers' states; `channels` are those of `widest` that a model with a residual stream
    uses, None without a stream. `compile_seconds` is the wall-clock time. `stability` says
    what changed weights do to it (`CompiledModel.explain` has more); `automata`, what became of states that
    read their own past and have few values; `cost`, what robust forms and cut variables cost.
    """

    program: str
    target: str
    dtype: str
    layers: int
    widest: int
    state_dimension: int
    parameters: int
    nonzeros: int
    compile_seconds: float
    channels: int | None
    guarantee: str
    stability: str = ""
    automata: tuple[str, ...] = ()
    cost: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return asdict(self)

    @property
    def size(self) -> str:
        """How large it is, in a line."""
        used = "" if self.channels is None else f" ({self.channels} in use)"
        return (
            f"{self.program} on {self.target} ({self.dtype}): {self.layers} layers, widest {self.widest}{used}, "
            f"{self.nonzeros:,} non-zeros of {self.parameters:,} parameters"
        )

    def __str__(self) -> str:
        return "; ".join(filter(None, [self.size, *self.automata, self.cost, self.guarantee]))


def report_of(program: Program, target: Target, network: Network, guarantee: Guarantee, seconds: float) -> Report:
    """The report of a network; `seconds` is what compiling it took."""
    return Report(
        program=program.name,
        target=target.name,
        dtype=network.arithmetic,
        **network.sizes._asdict(),
        compile_seconds=seconds,
        guarantee=str(guarantee),
    )
