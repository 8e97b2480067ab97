"""What figures are measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("lsrl", "numpy", "scipy", "python-flint", "torch", "transformers", "polars", "joblib")


def machine() -> dict[str, str]:
    """The system, its processors, and the versions of what computes on it."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": str(os.cpu_count()),
        "python": platform.python_version(),
        **versions,
    }
