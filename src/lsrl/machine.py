"""What figures are measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("lsrl", "numpy", "scipy", "python-flint", "torch", "transformers", "polars", "joblib")


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


__version__ = _installed("lsrl") or "?"


def machine() -> dict[str, str]:
    """The system, its processors, and the versions of what computes on it."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": str(os.cpu_count()),
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := _installed(package))},
    }
