"""Which case belongs to which seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from . import inputs
from .cases import ALSO, GATED, HUB, TARGETS, Case, dtypes_of
from .families import FAMILIES, clock, long_memory, many_latches, remainder
from .generate import Maker
from .loops import recur
from .operations import USES
from .syntax import Node, make, ordered
from .token_programs import token_case


def case_of(seed: int, targets: Sequence[str] = TARGETS) -> Case:
    """The case of that seed: always the same for the same targets."""
    rng = random.Random(seed)
    target = targets[seed % len(targets)]
    if target in HUB and rng.random() < 0.4:
        return token_case(rng, target)
    return rng.choice([random_case, random_case, wide_case, loop_case])(rng, target)


def loop_case(rng: random.Random, target: str) -> Case:
    """A program with states that read their own past, of an input of any kind, most often of few numbers."""
    few = make("input", dim=rng.choice([1, 1, 2]), range=(0, rng.choice([1, 1, 2, 3, 5])), grid=1, name="x")
    real = make("input", dim=rng.choice([1, 1, 2]), range=(-2, rng.choice([1, 4])), grid=None, name="x")
    x = rng.choice([few, few, real, inputs.declared(rng)])
    steps = rng.choice([2, 5, 9, 16, 24, 24, 60])
    sequences = [inputs.sequence(rng, x, steps) for _ in range(3)]
    maker = Maker(rng, x, sequences, target)
    for uses, most in (USES, 3), ([recur], 2), (USES, 2), ([recur], 1), (USES, 3):
        for _ in range(rng.randint(0, most)):
            maker.grow(uses)
    while not any("recur" in _operations(node) for node in maker.pool):
        maker.grow([recur])
    outputs = chosen(rng, maker)
    if not any(node.op == "recur" for node in ordered(outputs)):
        outputs = (*outputs, next(node for node in reversed(maker.pool) if "recur" in _operations(node)))
    case = finished(rng, Case(outputs, tuple(sequences), target, "float32", steps))
    return replace(case, max_length=None) if rng.random() < 0.3 else case


def wide_case(rng: random.Random, target: str) -> Case:
    """A program of one of the families; the sequences last longer than what it remembers, if not always."""
    family = rng.choice([family for family in FAMILIES if family is not many_latches or target in GATED])
    outputs = family(rng, target)
    x = next(node for node in ordered(outputs) if node.op == "input")
    longest = 150 if target not in HUB else 80
    steps = rng.choice([4, 12, 20, 40, longest if family in {long_memory, clock, remainder} else 20])
    if family in {clock, remainder, long_memory} and rng.random() < 0.1:
        steps = 600
    lengths = [steps, steps, rng.randint(1, steps)]
    sequences = tuple(inputs.sequence(rng, x, length) for length in lengths)
    return finished(rng, Case(outputs, sequences, target, "float32", steps))


def random_case(rng: random.Random, target: str) -> Case:
    """A program of random operations, and sequences for it."""
    x = inputs.declared(rng)
    within = inputs.narrowed(rng, x)
    steps = rng.choice([1, 2, 5, 9, 12, 16, 24])
    samples = [inputs.sequence(rng, x, steps, within) for _ in range(2)]
    maker = Maker(rng, x, samples, target)
    wanted = rng.choice([2, 3, 4, 6, 9, 14, 25])
    for _ in range(4 * wanted):
        if len(maker.pool) > wanted:
            break
        maker.grow(USES)
    outputs = chosen(rng, maker)
    others = [inputs.sequence(rng, x, rng.choice([steps, steps, rng.randint(1, steps)]), within) for _ in range(2)]
    return finished(rng, Case(outputs, (*samples, *others), target, "float32", steps, within))


def _operations(node: Node) -> set[str]:
    return {inner.op for inner in ordered([node])}


def chosen(rng: random.Random, maker: Maker) -> tuple[Node, ...]:
    """One to three of the newest values, which depend on the input."""
    newest = maker.pool[-3:] if rng.random() < 0.95 else [*maker.pool[-2:], maker.pool[-1]]
    picked = [newest[-1], *(node for node in newest[:-1] if rng.random() < 0.4)]
    return tuple(picked) if maker.x in ordered(picked) else (*picked, maker.x)


STYLES = (None, None, "robust")


def finished(rng: random.Random, case: Case) -> Case:
    """The case with a dtype that its target has, now and then in robust forms, with another declared length or none."""
    dtype = rng.choice([*dtypes_of(case.target), "float32"])
    steps = case.max_length or 1
    length = rng.choice([steps, steps, steps, steps, steps + 3, 64, 1000, 4096, None])
    longest = max(map(len, case.sequences))
    length = max(length, longest) if length else None
    also, style = rng.choice(ALSO), rng.choice(STYLES)
    return replace(case, dtype=dtype, max_length=length, also=also, style=style)
