"""One page of all studies whose results are in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lsrl.errors import FormatError, MissingPackage
from lsrl.files import write_whole
from lsrl.studies.results import METADATA, REPAIR, read_results
from lsrl.studies.study import Study
from lsrl.view.pages import rendered


def write_report(directory: Path, studies: Iterable[Study]) -> Path:
    """Write `report.html` from the results that are there. Raises `FormatError`, `MissingPackage`."""
    try:
        from lsrl.view.figure_file import as_svg
    except ImportError:
        raise MissingPackage("matplotlib", "a report", "study") from None
    shown = []
    for study in studies:
        place = directory / study.name
        if os.path.lexists(place / METADATA):
            found = read_results(place)
            made = found.metadata.get("version")
            if made != study.version:  # it may have other columns
                raise FormatError(f"cannot show {place}: it was made by {made!r}; expected {study.version!r}: {REPAIR}")
            figures = [as_svg(figure) for figure in study.figures(found.frame).values()]
            about = {"name": study.name, "title": study.title, "caption": study.caption, "metadata": found.metadata}
            shown.append({**about, "figures": figures, "rows": study.table(found.frame)})
    path = directory / "report.html"
    write_whole(path, rendered("studies/report.html", studies=shown).encode())
    return path
