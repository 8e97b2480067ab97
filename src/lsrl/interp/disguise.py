"""Disguises: other weights of the same function, in which the axes give nothing away.

A unit's number can change its place, its sign or its size if the weights around it go along
(`lsrl.backends.unit_groups`); a unit that nothing reads can compute anything; and in a residual stream, which is only
added to and read linearly, four channels can be mixed. With H in blocks of four a Hadamard matrix divided by 2, whose
entries ±1/2 are powers of two, what writes to the stream is multiplied by H and what reads it by Hᵀ. The norms do not
see that, as their weights are all alike; the two channels of marks stay apart, since beside the 1 that is always there
all else is lost.
Places, signs and powers of two change no digit, but the order of sums; of four that are added up it depends on their
sizes whether that is exact. So it is checked, and refused where an answer differs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from lsrl.backends.network import Network
from lsrl.backends.unit_groups import Arrays, Change, Rearrangement, UnitGroup, put_along, rows_along
from lsrl.errors import ProgramError, UndecidedComparisonWarning, UnsupportedProgram, listed, shortened
from lsrl.interp.changed_weights import without_promise
from lsrl.interp.disguise_key import Column, Key
from lsrl.lang.numbers import whole_number
from lsrl.model.compiled_model import CompiledModel
from lsrl.zoo.streams import Sampler

CHANGES: tuple[Change, ...] = get_args(Change)

SEQUENCES, STEPS = 100, 1000
"""What is run to see that nothing changed, up to the model's `max_length`."""

HELD, LONGEST = 8, 4096
"""Inputs that are held for as long as the model is for, or this long: sums then become as large as they can."""

LARGEST_POWER = 2
"""Units become up to 2 to this times as large, or as small."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """Changes of a network's weights, drawn from a seed; those that its architecture does not allow are left out.

    `changes`: another order of units ("permutation"), other "signs", "powers" of two, four channels of a residual
    stream mixed ("mixing"), and random weights for units that nothing reads ("idle"). `steps` is how long the 100
    sequences are on which answers are compared; 8 inputs that are held come to them. A model of language has scores
    that are too large for sums of halves, and is not mixed. Raises `UnsupportedProgram` for other changes, and
    `ShapeError` for a seed or steps that are no whole numbers.

    >>> import lsrl
    >>> entry = lsrl.zoo.get("bracket_balance")
    >>> model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["depth"])
    >>> disguised, key = Disguise(seed=1).applied(model, entry.sample)
    >>> print(key)
    permutation, signs, idle: 43 of 307 weights not 0 became 101; the same answers on 6,912 steps
    >>> key.site(model.sites["depth"].value).coordinates[0].modules
    ('layers.1.hidden',)
    """

    seed: int = 0
    changes: tuple[Change, ...] = CHANGES
    steps: int = STEPS

    def __post_init__(self) -> None:
        whole_number(self.seed, "seed of Disguise", least=0, most=2**63 - 1)
        whole_number(self.steps, "steps of Disguise")
        known = isinstance(self.changes, (tuple, list)) and all(change in CHANGES for change in self.changes)
        if not known or not self.changes:
            raise UnsupportedProgram(f"changes={shortened(self.changes)}; expected some of {listed(list(CHANGES))}")

    def applied(self, model: CompiledModel, sample: Sampler) -> tuple[CompiledModel, Key]:
        """The model with other weights, and the key. It has no layout and no sites: these are in the key.

        `sample(rng, steps)` draws the inputs on which both are compared. Raises `UnsupportedProgram` for a model that
        is disguised already, where the architecture allows none of the changes, and where answers differ.
        """
        if not isinstance(model, CompiledModel) or not callable(sample):
            raise ProgramError(
                f"a disguise of {shortened(model)} with inputs of {shortened(sample)}; expected a compiled model and a "
                "function sample(rng, steps)"
            )
        name = f"{model.program.name} on {model.target}"
        if not model.layout.reads:
            raise UnsupportedProgram(f"{name} is disguised already; expected the model before that")
        rng = np.random.default_rng(self.seed)
        network, columns, made = _changed(model.network, [c for c in CHANGES if c in self.changes], rng)
        if not made:
            raise UnsupportedProgram(
                f"{name} has no units that allow {listed(list(self.changes))}; expected other changes or another target"
            )
        steps = min(self.steps, model.max_length or self.steps)
        x = np.stack([sample(rng, steps) for _ in range(SEQUENCES)])
        held = np.repeat(x[:HELD, :1], min(LONGEST, model.max_length or LONGEST), axis=1)
        checked = x.shape[0] * x.shape[1] + held.shape[0] * held.shape[1]
        reason = f"it is disguised, which {checked:,} steps show to change nothing, and no proof"
        disguised = without_promise(model, network, reason, known=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndecidedComparisonWarning)
            # What an exact model answers, its program says in a fraction of the time.
            expected = model.program.run if model.guarantee.kind == "exact" else model.run
            wrong = sum(int((disguised.run(given) != expected(given)).any(axis=2).sum()) for given in (x, held))
        if wrong:
            raise UnsupportedProgram(
                f"{wrong:,} of {checked:,} answers of {name} differ after {listed(made)}: sums are no longer exact; "
                "expected fewer changes, or smaller numbers in the program"
            )
        nonzeros = model.network.sizes.nonzeros, network.sizes.nonzeros
        return disguised, Key(self.seed, tuple(made), columns, nonzeros, network.sizes.parameters, checked)


def _changed(
    network: Network, changes: Sequence[Change], rng: np.random.Generator
) -> tuple[Network, dict[str, tuple[Column, ...]], list[Change]]:
    """The network with changed weights, where the numbers of its modules went, and the changes that there were."""
    groups, arrays = network.unit_groups, dict(network.arrays)
    columns: dict[str, tuple[Column, ...]] = {}
    for group in groups:
        arrangement = _drawn(group, arrays, [change for change in changes if change in group.allows], rng)
        arrangement.apply(group, arrays)
        columns |= dict.fromkeys(group.modules, tuple(map(arrangement.column, range(group.size))))
    if "idle" in changes:
        fill_idle_units(groups, arrays, rng)
    made = [change for change in changes if any(change in group.allows for group in groups)]
    return network.with_arrays(arrays), columns, made


def fill_idle_units(groups: Sequence[UnitGroup], arrays: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Random weights for units that nothing reads, in groups that allow it; they do not read one another."""
    unread = {group: ~group.is_read(arrays) for group in groups if "idle" in group.allows}
    for group, idle in unread.items():
        for place in (*group.makes, *group.follows):
            rows = rows_along(arrays, place, group.size).copy()
            rows[idle] = rng.uniform(-1, 1, rows[idle].shape) / math.sqrt(group.size)  # as torch initialises
            put_along(arrays, place, rows)
    for group, idle in unread.items():  # what no gate or tanh bounds could grow for ever
        for place in group.reads:
            rows = rows_along(arrays, place, group.size).copy()
            rows[idle] = 0
            put_along(arrays, place, rows)


def _drawn(group: UnitGroup, arrays: Arrays, changes: Sequence[Change], rng: np.random.Generator) -> Rearrangement:
    """A rearrangement of a group: first mixed, then other signs and sizes, then another order."""
    size, free = group.size, np.arange(group.size) >= group.apart
    factor, order = np.ones(size), np.arange(size)
    if "signs" in changes:
        factor *= rng.choice([-1, 1], size)
    if "powers" in changes:
        factor *= np.where(free, 2.0 ** rng.integers(-LARGEST_POWER, LARGEST_POWER + 1, size), 1)
    if "permutation" in changes:
        order = rng.permutation(size)
    return Rearrangement(_blocks(group, arrays, rng) if "mixing" in changes else (), factor, order)


def _blocks(group: UnitGroup, arrays: Arrays, rng: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Blocks of four drawn at random, the numbers that are used first, so that each of these is in one."""
    used = group.is_made(arrays)
    order = [index for index in rng.permutation(group.size).tolist() if index >= group.apart]
    order.sort(key=lambda index: not used[index])
    count = min(-(-int(used[group.apart :].sum()) // 4), len(order) // 4)
    return tuple(tuple(order[4 * i : 4 * i + 4]) for i in range(count))
