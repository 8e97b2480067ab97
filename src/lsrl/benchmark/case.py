"""Cases of a benchmark as their users hold them: the network, what to find in it, and the truth where it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.backends.sites import Site
from lsrl.benchmark.case_folder import CHECKPOINT, CIRCUIT, KEY, SITES, changed_file, digest_of, pairs_file, read_task
from lsrl.benchmark.index import INDEX
from lsrl.benchmark.places import undisguised_site
from lsrl.errors import FormatError, ProgramError, listed, shortened
from lsrl.files import read_file
from lsrl.interp import CircuitGraph, Counterfactuals, Key, Method, Score, SiteCheck, check_site, score
from lsrl.interp.counterfactuals import Split
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.loading import load
from lsrl.notebook import html_table
from lsrl.semantics import Kind
from lsrl.studies.results import polars_or_error

if TYPE_CHECKING:
    import polars

CASES = "cases"


@dataclass(frozen=True, eq=False)
class Case:
    """A network of a benchmark. `task` is its `interp.json`, `truth` the folder of its sites, circuit and key."""

    folder: Path
    truth: Path | None
    task: dict[str, Any] = field(repr=False)

    @staticmethod
    def load(folder: str | Path, keys: str | Path | None = None) -> Case:
        """The case in a folder. The truth about a private one is in that of its name in `keys`, if these are given.

        Raises `FormatError` where a file is not what was written.
        """
        place = Path(folder)
        task = read_task(place)
        problem = changed_file(place, task["files"])
        if problem is not None:
            raise FormatError(problem)
        if task["split"] == "public":
            return Case(place, place, task)
        return Case(place, None if keys is None else Path(keys) / task["name"], task)

    @property
    def name(self) -> str:
        """Program, target and form."""
        return str(self.task["name"])

    @property
    def variables(self) -> tuple[str, ...]:
        """What there is to find."""
        return tuple(self.task["variables"])

    @cached_property
    def model(self) -> CompiledModel:
        """The network."""
        return load(self.folder / CHECKPOINT)

    def pairs(self, variable: str, split: Split = "train", kind: Kind = "value") -> Counterfactuals:
        """Counterfactuals of a variable. Raises `ProgramError` where the case has none of these."""
        self._check(variable)
        place = pairs_file(variable, split, kind)
        known = self.task["variables"][variable]["pairs"]
        if place not in known:
            raise ProgramError(f"{self.name} has no pairs {shortened(place)}; expected one of {listed(list(known))}")
        return Counterfactuals.load(self.folder / place)

    @cached_property
    def key(self) -> Key | None:
        """What became of every channel; None for a network without a disguise, and where the truth is elsewhere."""
        if self.truth is None or self.task["form"] != "disguised":
            return None
        return Key.load(self.truth / KEY)

    def site(self, variable: str) -> Site | None:
        """A variable's value site, of a disguised network as it was before (see `key`); None if that is elsewhere.

        Raises `ProgramError` for an unknown variable, and `FormatError` for a damaged file.
        """
        self._check(variable)
        if self.truth is None:
            return None
        if self.task["form"] != "disguised":
            return self.model.sites[variable].value
        path = self.truth / SITES
        try:
            return undisguised_site(json.loads(read_file(path, "the sites of a case"))[variable])
        except (ValueError, KeyError, TypeError) as problem:
            reason = shortened(f"{type(problem).__name__}: {problem}", 80)
            raise FormatError(f"{path} has no site of {variable!r} ({reason}); expected the sites of a case") from None

    @cached_property
    def circuit(self) -> CircuitGraph | None:
        """The channels that the answer needs, or layers where channels are mixed; None if that is elsewhere."""
        return None if self.truth is None else CircuitGraph.load(self.truth / CIRCUIT)

    def score(self, method: Method, variable: str, *, train: Counterfactuals | None = None) -> Score:
        """Let a method find a variable, and see whether exchanges there change the right answers (`interp.score`).

        It is fitted to `train`, or the pairs of that split, and scored on those of the test split.
        """
        train = self.pairs(variable) if train is None else train
        site = None if variable in self.model.sites else self.site(variable)
        return score(self.model, method, train, self.pairs(variable, "test"), site=site, key=self.key)

    def verify(self, model: CompiledModel | None = None) -> tuple[SiteCheck, ...]:
        """Whether every site holds, on the pairs of the test split: of this network, or one that was made of it.

        `interp.with_weights(case.model, …)` is the network with other weights. States without a place of their own, and
        those of disguised networks, are checked as what is read of them. Raises `ProgramError` where the truth is
        elsewhere.
        """
        if self.truth is None:
            raise ProgramError(f"{self.name} is private; expected the folder with its keys: Benchmark.load(…, keys=…)")
        model = self.model if model is None else model
        return tuple(
            check_site(model, self.pairs(variable, "test", kind), site=self.site(variable), key=self.key)
            for variable in self.variables
            for kind in self._checked_kinds(variable)
        )

    def _checked_kinds(self, variable: str) -> tuple[Kind, ...]:
        goes_on = pairs_file(variable, "test", "continuing") in self.task["variables"][variable]["pairs"]
        known = self.key is None and self.model.sites[variable].has_state
        return ("value", "continuing") if goes_on and known else ("value",)

    def _check(self, variable: str) -> None:
        if variable not in self.task["variables"]:
            known = listed(list(self.variables)) or "none: there is no variable to find in it"
            raise ProgramError(f"{shortened(variable)} is no variable of {self.name}; expected {known}")


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A folder of cases: `benchmark["bracket_balance.lstm.plain"]`, and an index with a row for each."""

    directory: Path
    keys: Path | None
    index: polars.DataFrame = field(repr=False)

    def _repr_html_(self) -> str:
        return html_table(self.index.to_dicts(), f"Benchmark in {self.directory}")

    @staticmethod
    def load(directory: str | Path, keys: str | Path | None = None) -> Benchmark:
        """The benchmark in a folder. Raises `FormatError` where none was built."""
        place, package = Path(directory), polars_or_error()
        content = read_file(place / INDEX, "the index of a benchmark: lsrl benchmark build")
        try:
            index = package.read_parquet(content)
            index.select("case", "split", "sha256", "target", "family", "form")
        except package.exceptions.PolarsError as problem:
            reason = shortened(str(problem).splitlines()[0], 80)
            raise FormatError(f"{place / INDEX} is no index of a benchmark ({reason}); build it again") from None
        return Benchmark(place, None if keys is None else Path(keys), index)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all cases."""
        return tuple(self.index["case"].to_list())

    def __getitem__(self, name: str) -> Case:
        """A case by its name. Raises `ProgramError` if there is none, and as `Case.load`."""
        if name not in self.names:
            raise ProgramError(
                f"{shortened(name)} is no case of {self.directory}; expected one such as {self.names[0]}"
            )
        folder = self.directory / CASES / name
        if digest_of(folder) != self.index["sha256"][self.names.index(name)]:
            raise FormatError(f"{folder} is not the case that {INDEX} is about (its SHA-256 differs); build it again")
        return Case.load(folder, self.keys)

    def __iter__(self) -> Iterator[Case]:
        """All cases, one after the other."""
        return (self[name] for name in self.names)
