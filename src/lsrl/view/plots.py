"""Plots of what in-context networks answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lsrl.view.figure_file import Figure

MARKERS = {"even cells": "o--", "uneven cells": "s--", "even planes": "o-", "uneven planes": "s-"}


def map_figure(target: np.ndarray, answers: Mapping[str, np.ndarray], unit: str) -> Figure:
    """A sampled surface and, for each named network output of the same shape, the output and its error."""
    columns = 1 + len(answers)
    figure = Figure(figsize=(2.7 * columns, 4.6), layout="constrained")
    axes = figure.subplots(2, columns, squeeze=False)
    low, high = float(target.min()), float(target.max())
    worst = max(float(np.abs(answer - target).max()) for answer in answers.values())
    shown: Any = None
    for ax, (title, surface) in zip(axes[0], {"target": target, **answers}.items(), strict=True):
        shown = ax.imshow(surface, cmap="terrain", vmin=low, vmax=high, interpolation="none")
        ax.set_title(title, fontsize=9)
    figure.colorbar(shown, ax=axes[0].tolist(), label=unit, shrink=0.8)
    for ax, answer in zip(axes[1][1:], answers.values(), strict=True):
        shown = ax.imshow(np.abs(answer - target), cmap="magma", vmin=0, vmax=worst, interpolation="none")
        root_mean_square = float(np.sqrt(((answer - target) ** 2).mean()))
        ax.set_title(f"|error|, RMS {root_mean_square:.3g} {unit}", fontsize=9)
    figure.colorbar(shown, ax=axes[1].tolist(), label=unit, shrink=0.8)
    for ax in axes.ravel():
        ax.axis("off")
    return figure


def error_figure(tokens: Mapping[str, Sequence[int]], errors: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Error against prompt length for each way to divide the domain into cells, on logarithmic axes."""
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, values in errors.items():
        axes.loglog(
            tokens[name],
            values,
            MARKERS[name],
            label=f"{name} (the paper's)" if name == "even cells" else name,
            markersize=4,
            lw=1.2,
        )
    axes.set(xlabel="prompt tokens (cells)", ylabel="root mean square error", title=title)
    axes.grid(which="both", alpha=0.3)
    axes.legend()
    return figure
