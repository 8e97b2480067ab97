"""Pairs of inputs on which an exchange changes the answer, for finding variables and for testing what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np

from lsrl.errors import FormatError, MissingPackage, ProgramError, RangeError, ShapeError, shortened
from lsrl.lang import Program
from lsrl.lang.numbers import whole_number
from lsrl.semantics import Kind, Trace
from lsrl.semantics.inputs import as_array
from lsrl.zoo.streams import Sampler

Split: TypeAlias = Literal["train", "validation", "test"]

SHARES: dict[Split, range] = {"train": range(6), "validation": range(6, 8), "test": range(8, 10)}
"""Of ten parts that a digest puts pairs into, those of each split: no pair is in two, whatever is drawn."""

TOGETHER, MOST_DRAWS, LEAST_DRAWS = 64, 256, 8
"""Pairs that are drawn at once, which have the same step, and how often: at least so often, so that steps differ."""

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

    `sample(rng, steps)` draws an input (steps, dim). Pairs are none where a comparison is left undecided, on the base,
    on the source or after the exchange.
    Raises `ProgramError` for an unknown split or variable, `ShapeError` for what is no whole number or a sampler that
    draws something else, and `RangeError` where that is outside what the program declares, or too few pairs of so many
    drawn change the answer.

    >>> from lsrl import zoo
    >>> entry = zoo.get("bracket_balance")
    >>> found = counterfactuals(entry.program, entry.sample, "depth", n=8, steps=12)
    >>> len(found), bool((found.label != entry.program.run(found.base)).any(axis=(1, 2)).all())
    (8, True)
    """
    names = variable_names(variables)
    whole_number(seed, "seed of counterfactuals", least=0, most=2**63 - 1)
    for count, what, least in ((n, "n", 1), (steps, "steps", 1)):
        whole_number(count, f"{what} of counterfactuals", least)
    if split not in get_args(Split):
        raise ProgramError(f"split={shortened(split)}; expected one of {', '.join(get_args(Split))}")
    if not callable(sample):
        raise ProgramError(f"the sampler is {shortened(sample)}; expected a function sample(rng, steps)")
    rng = np.random.default_rng([seed, *SHARES[split]])
    by_answer: dict[bytes, list[tuple[np.ndarray, ...]]] = {}
    drawn = 0
    while drawn < MOST_DRAWS and _balanced_size(by_answer, n) < n:
        drawn += 1
        for pair in _drawn(program, sample, names, steps, split, kind, rng)[: -(-n // LEAST_DRAWS)]:
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


def variable_names(variables: Any) -> tuple[str, ...]:
    """The name of one variable, or several. Raises `ProgramError` for anything else."""
    names = (variables,) if isinstance(variables, str) else variables
    if not isinstance(names, (list, tuple)) or not names or any(not isinstance(name, str) for name in names):
        raise ProgramError(f"variables={shortened(variables)}; expected a name, or a list of names")
    if len(set(names)) < len(names):
        raise ProgramError(f"variables={shortened(variables)}; expected each of them once")
    return tuple(names)


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
    base, source = (np.stack([_sampled(program, sample, rng, steps) for _ in range(TOGETHER)]) for _ in range(2))
    at = int(rng.integers(steps))
    parts = [
        sha256(b.tobytes() + s.tobytes() + str(at).encode()).digest()[0] % 10 for b, s in zip(base, source, strict=True)
    ]
    own = np.flatnonzero(np.isin(parts, list(SHARES[split])))
    if not len(own):
        return []
    base, source = base[own], source[own]
    plain, _, made = _traces(program, base, source, names, at, kind, exact=False)
    changed = np.flatnonzero((made.output != plain.output).any(axis=(1, 2)))
    if not len(changed):
        return []
    base, source, label = base[changed], source[changed], made.output[changed]
    # What is decided is asked of exact numbers: floats that are off by a digit may say that it is.
    traces = _traces(program, base, source, names, at, kind, exact=True)
    undecided = {place.batch for trace in traces for place in trace.undecided}
    return [(base[i], source[i], np.array(at), label[i]) for i in range(len(changed)) if i not in undecided]


def _traces(
    program: Program, base: np.ndarray, source: np.ndarray, names: Sequence[str], at: int, kind: Kind, *, exact: bool
) -> tuple[Trace, Trace, Trace]:
    """What programs compute on bases, on sources, and on bases after the exchange."""
    plain, traced = program.trace(base, exact=exact), program.trace(source, exact=exact)
    do = {name: (at, traced[name][:, at : at + 1]) for name in names}
    return plain, traced, program.trace(base, exact=exact, do=do, kind=kind)


def _sampled(program: Program, sample: Sampler, rng: np.random.Generator, steps: int) -> np.ndarray:
    """One input (steps, dim). Raises `ShapeError`; that numbers are in their range, the program checks."""
    drawn = as_array(sample(rng, steps), "what the sampler draws")
    wanted = (steps, program.input.dim)
    if drawn.shape != wanted:
        raise ShapeError(f"the sampler draws an array of shape {drawn.shape}; expected (steps, dim) = {wanted}")
    return drawn


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
