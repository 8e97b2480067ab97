"""Methods scored on a benchmark: what each finds, by architecture, family and form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsrl.benchmark.case import CASES, Benchmark, Case
from lsrl.benchmark.methods import OF_CIRCUITS, PUBLISHED, Named, made_method, named_method
from lsrl.benchmark.standings import standings, write_page
from lsrl.errors import LsrlError, ProgramError
from lsrl.interp import Counterfactuals, score_circuit
from lsrl.machine import __version__
from lsrl.notebook import html_table
from lsrl.studies.cells import SweepCell
from lsrl.studies.results import described, write_results
from lsrl.studies.sweep import Progress, Swept, swept

if TYPE_CHECKING:
    import polars

REVISION = "1"
LEADERBOARD = "leaderboard"
SEEDS, QUICK_SEEDS = 3, 1

FORMS = {"variable": ("plain", "disguised", "fine-tuned"), "circuit": ("decoy",)}
"""Where methods are scored. A decoy changes no variable; without one, all channels that move are of the circuit."""


@dataclass(frozen=True)
class Leaderboard:
    """Methods scored: a row for each case, variable, method and seed, and the page that shows them."""

    frame: polars.DataFrame
    page: Path
    sweep: Swept

    def _repr_html_(self) -> str:
        tables = [(f"Methods that find a {kind}", standings(self.frame, kind)) for kind in FORMS]
        return "".join(html_table(rows, title) for title, rows in tables if rows)


def score_methods(
    directory: Path,
    methods: Sequence[str] = PUBLISHED,
    *,
    quick: bool = False,
    keys: Path | None = None,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Leaderboard:
    """Score methods, by name or as FILE.py:CLASS, on a benchmark, into its folder `leaderboard`.

    Each seed has a bootstrap sample of the pairs that a method is fitted to, and initial values of its own: three, or
    with `quick` one, and the first variable of each case only. What was scored before is taken over. The oracle needs
    the truth: of private cases, from `keys`.
    Raises `ProgramError` for an unknown method, `FormatError` where there is no benchmark, and as `swept` does.
    """
    directory = Path(directory)
    benchmark = Benchmark.load(directory, keys)
    named = [named_method(spec) for spec in methods]
    cells = list(_cells(benchmark, named, QUICK_SEEDS if quick else SEEDS, quick))
    if not cells:
        raise ProgramError(f"{directory} has no case for {', '.join(methods)}; expected a benchmark with some")
    version = f"lsrl {__version__}, leaderboard {REVISION}"
    place = directory / LEADERBOARD
    result = swept(
        cells,
        partial(scores_of, directory=directory, keys=keys),
        directory=place,
        seed=seed,
        version=version,
        workers=workers,
        cluster=cluster,
        progress=progress,
    )
    settings = {"methods": list(methods), "quick": quick}
    about = described(settings, seed=seed, version=version, cells=result.cells, seconds=result.seconds)
    write_results(place, result.frame, about)
    return Leaderboard(result.frame, write_page(place, result.frame, about), result)


def _cells(benchmark: Benchmark, methods: Sequence[Named], seeds: int, quick: bool) -> Sequence[SweepCell]:
    """A cell for every case, method and seed."""
    rows = benchmark.index.filter(benchmark.index["variables"] != "").to_dicts()
    return [
        SweepCell(
            "leaderboard",
            {name: row[name] for name in ("case", "family", "target", "form", "split")}
            | {"made": row["sha256"][:16], "method": method.spec, "code": method.digest[:16], "kind": method.kind}
            | {"number": number, "first_only": quick, "truth": _is_known(benchmark, row)},
        )
        for row, method, number in product(rows, methods, range(seeds))
        if row["form"] in FORMS[method.kind] and (method.spec != "oracle" or _is_known(benchmark, row))
    ]


def _is_known(benchmark: Benchmark, row: Mapping[str, Any]) -> bool:
    return row["split"] == "public" or benchmark.keys is not None


def scores_of(cell: SweepCell, seed: int, *, directory: Path, keys: Path | None) -> list[dict[str, Any]]:
    """What a method finds in a case: a row for each variable, or the reason why there is no score."""
    given: Mapping[str, Any] = cell.parameters
    case = Case.load(directory / CASES / given["case"], keys)
    rows = []
    for variable in case.variables[: 1 if given["first_only"] else None]:
        method = made_method(given["method"], case, variable, cell.seed(seed, "number"))
        train = _resampled(case.pairs(variable), cell.generator(seed, "number"))
        try:
            find = _variable if given["kind"] == "variable" else _circuit
            found = {**find(case, method, variable, train), "failed": ""}
        except LsrlError as refusal:
            found = {"failed": str(refusal)}
        # What is published has one name for whatever number of directions.
        name = method.name if given["code"] else given["method"].removeprefix(OF_CIRCUITS)
        rows.append({"variable": variable, "name": name, **found})
    return rows


def _variable(case: Case, method: Any, variable: str, train: Counterfactuals) -> dict[str, Any]:
    found = case.score(method, variable, train=train).as_dict()
    return {name: found[name] for name in ("module", "accuracy", "at_site", "isolation", "angle", "rank")}


def _circuit(case: Case, method: Any, variable: str, train: Counterfactuals) -> dict[str, Any]:
    found = score_circuit(case.model, method, train, case.pairs(variable, "test"), graph=case.circuit)
    return {name: getattr(found, name) for name in ("auroc", "cpr", "cmd", "silent", "moving")}


def _resampled(pairs: Counterfactuals, rng: np.random.Generator) -> Counterfactuals:
    rows = rng.integers(0, len(pairs), len(pairs))
    arrays = {name: getattr(pairs, name)[rows] for name in ("base", "source", "step", "label")}
    return replace(pairs, **arrays)
