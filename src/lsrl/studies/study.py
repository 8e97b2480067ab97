"""What a study is: cells to measure, and how to show what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsrl.machine import __version__
from lsrl.studies.cells import SweepCell
from lsrl.studies.measuring import Measure
from lsrl.studies.results import described, write_results
from lsrl.studies.sweep import Progress, Swept, swept
from lsrl.view.figure_file import written

if TYPE_CHECKING:
    import polars
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Study:
    """A named sweep: `cells(quick)` are measured by `measure`; `figures` and `tables` show the results.

    `revision` changes whenever a measurement would: cells of another revision are made anew.
    """

    name: str
    title: str
    caption: str
    revision: str
    cells: Callable[[bool], Sequence[SweepCell]]
    measure: Measure
    figures: Callable[[polars.DataFrame], Mapping[str, Figure]]
    table: Callable[[polars.DataFrame], list[dict[str, Any]]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What makes its measurements: the version of LSRL and the study's revision."""
        return f"lsrl {__version__}, {self.name} {self.revision}"


def conducted(
    study: Study,
    directory: Path,
    *,
    quick: bool = False,
    seed: int = 0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Swept:
    """Measure a study into `directory`/its name: results, metadata, and its figures as SVG and PNG. Raises as `swept`.

    >>> from lsrl.studies import STUDIES
    >>> print(*sorted(STUDIES))
    anatomy architectures circuits disguises drift formats guarantee interchange localization noise realism tolerance
    """
    place = directory / study.name
    result = swept(
        study.cells(quick),
        study.measure,
        directory=place,
        seed=seed,
        version=study.version,
        workers=workers,
        cluster=cluster,
        progress=progress,
    )
    settings = {**study.settings, "quick": quick}
    about = described(settings, seed=seed, version=study.version, cells=result.cells, seconds=result.seconds)
    write_results(place, result.frame, about)
    for name, figure in study.figures(result.frame).items():
        for ending in ("svg", "png"):
            written(figure, place / f"{name}.{ending}")
    return result
