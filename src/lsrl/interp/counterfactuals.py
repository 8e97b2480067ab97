"""Pairs of inputs on which an exchange changes the answer, for finding variables and for testing what was found."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np

from lsrl.errors import FormatError, MissingPackage, ProgramError, RangeError, UndecidedComparisonWarning, shortened
from lsrl.lang import Program
from lsrl.lang.numbers import whole_number
from lsrl.semantics import Kind
from lsrl.zoo.streams import Sampler

Split: TypeAlias = Literal["train", "validation", "test"]

SHARES: dict[Split, range] = {"train": range(6), "validation": range(6, 8), "test": range(8, 10)}
"""Of ten parts that a digest puts pairs into, those of each split: no pair is in two, whatever is drawn."""

TOGETHER, MOST_DRAWS = 256, 64
"""Pairs that are drawn at once, and how often."""

ARRAYS = ("base", "source", "step", "label")


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """Pairs (base, source) of inputs (n, T, dim), the step at which variables of the source are put into the base, and
    what the program then answers: labels (n, T, out). All are informative: the answer changes.
    """

    variables: tuple[str, ...]
    kind: Kind
    split: Split
    seed: int
    base: np.ndarray
    source: np.ndarray
    step: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.step)

    def save(self, path: str | Path) -> None:
        """Write a Parquet file, a row for each pair, which pandas and others read. Needs polars."""
        polars = _polars()
        columns: dict[str, Any] = {name: getattr(self, name).tolist() for name in ARRAYS}
        same = {"variables": list(self.variables), "kind": self.kind, "split": self.split, "seed": self.seed}
        columns |= {name: [value] * len(self) for name, value in same.items()}
        polars.DataFrame(columns).write_parquet(path)

    @staticmethod
    def load(path: str | Path) -> Counterfactuals:
        """What `save` wrote. Raises `FormatError` for anything else."""
        polars = _polars()
        try:
            frame = polars.read_parquet(path)
            ((variables, kind, split, seed),) = frame.select("variables", "kind", "split", "seed").unique().rows()
            arrays = {name: np.array(frame[name].to_list()) for name in ARRAYS}
            if split not in SHARES or kind not in get_args(Kind) or arrays["step"].dtype.kind != "i":
                raise ValueError(f"split {split}, kind {kind}, steps of type {arrays['step'].dtype}")
            return Counterfactuals(tuple(variables), cast(Kind, kind), cast(Split, split), int(seed), **arrays)
        except Exception as problem:
            reason = shortened(str(problem).splitlines()[0] if str(problem) else type(problem).__name__, 80)
            raise FormatError(f"{path} holds no counterfactuals ({reason}); expected a file that save wrote") from None


def counterfactuals(
    program: Program,
    sample: Sampler,
    variables: str | Sequence[str],
    *,
    n: int,
    steps: int = 24,
    split: Split = "train",
    kind: Kind = "value",
    seed: int = 0,
) -> Counterfactuals:
    """Informative pairs, as many for one answer as for another as far as they are found.

    `sample(rng, steps)` draws an input. Pairs where a comparison is left undecided are none.
    Raises `ProgramError` for an unknown split or variable, and `RangeError` where too few pairs of so many drawn change
    the answer.

    >>> from lsrl import zoo
    >>> entry = zoo.get("bracket_balance")
    >>> found = counterfactuals(entry.program, entry.sample, "depth", n=8, steps=12)
    >>> len(found), bool((found.label != entry.program.run(found.base)).any(axis=(1, 2)).all())
    (8, True)
    """
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    for count, what in ((n, "n"), (steps, "steps")):
        whole_number(count, f"{what} of counterfactuals")
    if split not in get_args(Split):
        raise ProgramError(f"split={shortened(split)}; expected one of {', '.join(get_args(Split))}")
    rng = np.random.default_rng([seed, *SHARES[split]])
    by_answer: dict[bytes, list[tuple[np.ndarray, ...]]] = {}
    drawn = 0
    while drawn < MOST_DRAWS and _balanced_size(by_answer, n) < n:
        drawn += 1
        for pair in _drawn(program, sample, names, steps, split, kind, rng):
            by_answer.setdefault(_answer(pair), []).append(pair)
    found = _in_turn(by_answer)[:n]
    if len(found) < n:
        named = ", ".join(names)
        raise RangeError(
            f"{len(found)} of {drawn * TOGETHER:,} pairs drawn for {named} of {program.name} change the answer; "
            f"expected n={n}: draw longer inputs (steps), or ask for fewer"
        )
    arrays = [np.stack(column) for column in zip(*found, strict=True)]
    return Counterfactuals(names, kind, split, seed, *arrays)


def _drawn(
    program: Program,
    sample: Sampler,
    names: Sequence[str],
    steps: int,
    split: Split,
    kind: Kind,
    rng: np.random.Generator,
) -> list[tuple[np.ndarray, ...]]:
    """Informative pairs of a split: (base, source, step, label) of each."""
    base, source = (np.stack([sample(rng, steps) for _ in range(TOGETHER)]) for _ in range(2))
    at = int(rng.integers(steps))
    parts = [
        sha256(b.tobytes() + s.tobytes() + str(at).encode()).digest()[0] % 10 for b, s in zip(base, source, strict=True)
    ]
    own = np.flatnonzero(np.isin(parts, list(SHARES[split])))
    if not len(own):
        return []
    base, source = base[own], source[own]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndecidedComparisonWarning)
        traced = program.trace(source)
        do = {name: (at, traced[name][:, at : at + 1]) for name in names}
        made, plain = program.trace(base, do=do, kind=kind), program.run(base)
    undecided = {place.batch for place in made.undecided}
    changed = np.flatnonzero((made.output != plain).any(axis=(1, 2)))
    return [(base[i], source[i], np.array(at), made.output[i]) for i in changed.tolist() if i not in undecided]


def _answer(pair: tuple[np.ndarray, ...]) -> bytes:
    """What pairs are told apart by: the answer at the step of the exchange, and at the end."""
    *_, step, label = pair
    return bytes(np.round(label[int(step)], 3).tobytes() + np.round(label[-1], 3).tobytes())


def _balanced_size(by_answer: dict[bytes, list[Any]], n: int) -> int:
    """How many pairs there are if none of the answers has more than twice its share."""
    share = 2 * -(-n // max(len(by_answer), 1))
    return sum(min(len(pairs), share) for pairs in by_answer.values())


def _in_turn(by_answer: dict[bytes, list[Any]]) -> list[Any]:
    """One pair of every answer, then another one of each that has one, and so on."""
    longest = max(map(len, by_answer.values()), default=0)
    return [pairs[i] for i in range(longest) for pairs in by_answer.values() if i < len(pairs)]


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise MissingPackage("polars", "reading and writing Parquet files", "study") from None
    return polars
