"""Reports: the sizes of a network, found from its weights."""

from __future__ import annotations

from typing import Any

from lsrl.lang import Program
from lsrl.targets.guarantee import Guarantee
from lsrl.targets.model import Report
from lsrl.targets.registry import Target


def report_of(program: Program, target: Target, weights: Any, guarantee: Guarantee, seconds: float) -> Report:
    """The report of the network with these weights; `seconds` is what compiling it took."""
    return Report(
        program=program.name,
        target=target.name,
        dtype=str(weights.dtype),
        **target.sizes(weights)._asdict(),
        compile_seconds=seconds,
        guarantee=str(guarantee),
    )
