"""Studies: how stable compiled networks are, and why. `STUDIES` by name; `conducted` runs one."""

from lsrl.studies import (
    anatomy,
    architectures,
    bounds,
    circuits,
    disguises,
    drift,
    formats,
    interchange,
    localization,
    noise,
    realism,
    tolerance,
)
from lsrl.studies.report import write_report
from lsrl.studies.study import Study, conducted

STUDIES: dict[str, Study] = {
    module.STUDY.name: module.STUDY
    for module in (
        noise,
        architectures,
        anatomy,
        tolerance,
        formats,
        drift,
        bounds,
        interchange,
        localization,
        circuits,
        disguises,
        realism,
    )
}

__all__ = ["STUDIES", "Study", "conducted", "write_report"]
