"""Plots of studies: a line for each form or architecture, with its confidence interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lsrl.studies.summaries import Summary, summaries

if TYPE_CHECKING:
    import polars

# Okabe and Ito's palette again, and a marker each: told apart without colours, too.
STYLES = (
    ("#0072B2", "o"), ("#56B4E9", "s"), ("#E69F00", "^"), ("#CC79A7", "v"), ("#999999", "D"),
    ("#009E73", "*"), ("#D55E00", "P"), ("#000000", "X"), ("#7A5C00", "h"),
)  # fmt: skip

FLOOR = 1e-4
"""Errors below this are drawn at 0 on the axis of errors, which is linear up to here."""


def lines_figure(
    frame: polars.DataFrame,
    *,
    panel: str,
    line: str,
    x: str,
    y: str,
    panels: Mapping[str, str],
    xlabel: str,
    smallest_x: float,
    title: str,
) -> Figure:
    """Mean of `y` over `x` (logarithmic, from 0), a line for each value of `line`, an axis for each of `panels`."""
    found = summaries(frame, [panel, line, x], y)
    figure = Figure(figsize=(6.2 * len(panels), 4.8), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    names = list(dict.fromkeys(key[1] for key in found))
    for ax, (name, ylabel) in zip(axes, panels.items(), strict=True):
        for index, one in enumerate(names):
            points = {key[2]: value for key, value in found.items() if key[0] == name and key[1] == one}
            if points:
                _draw(ax, points, str(one), index, len(names))
        ax.set_xscale("symlog", linthresh=smallest_x)
        percent = "%" in ylabel
        if not percent:
            ax.set_yscale("symlog", linthresh=FLOOR)
        ax.set_ylim(bottom=-2 if percent else 0)
        ax.set(xlabel=xlabel, ylabel=ylabel, title=name)
        ax.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.suptitle(title)
    return figure


def bars_figure(
    frame: polars.DataFrame, *, panel: str, bar: str, colour: str, y: str, ylabel: str, title: str
) -> Figure:
    """Mean of `y`: an axis for each value of `panel`, a group of bars for each of `bar`, one for each of `colour`.

    Groups in which all are 0 are left out.
    """
    found = {key: value.mean for key, value in summaries(frame, [panel, bar, colour], y).items()}
    panels, colours = (list(dict.fromkeys(key[i] for key in found)) for i in (0, 2))
    groups = {
        name: list(dict.fromkeys(key[1] for key, mean in found.items() if key[0] == name and mean)) for name in panels
    }
    sizes = [max(1, len(group)) for group in groups.values()]
    figure = Figure(figsize=(8, 1.5 + 0.34 * sum(sizes) + 0.5 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True, height_ratios=[size + 0.8 for size in sizes])
    for ax, (name, group) in zip(axes[:, 0], groups.items(), strict=True):
        for index, one in enumerate(colours):
            places = [i + (index - (len(colours) - 1) / 2) * 0.38 for i in range(len(group))]
            means = [found.get((name, kind, one), 0.0) for kind in group]
            ax.barh(places, means, height=0.36, color=STYLES[2 * index][0])
        ax.set(yticks=range(len(group)), yticklabels=group, ylim=(max(1, len(group)) - 0.5, -0.5))
        ax.set_title(f"{name}{'' if group else ': nothing wrong, whatever the noise is on'}", loc="left", fontsize=10)
        ax.grid(alpha=0.3, axis="x")
    axes[-1, 0].set_xlabel(ylabel)
    keys = [Patch(color=STYLES[2 * index][0], label=str(one)) for index, one in enumerate(colours)]
    axes[0, 0].legend(handles=keys, fontsize=8)  # its own bars may all be left out
    figure.suptitle(title, fontsize=11)
    return figure


def _draw(ax: Any, points: Mapping[Any, Summary], name: str, index: int, count: int) -> None:
    style = _style(index)
    xs: Sequence[float] = list(points)
    means = [value.mean for value in points.values()]
    below = [max(value.mean - value.low, 0) if value.low == value.low else 0 for value in points.values()]
    above = [max(value.high - value.mean, 0) if value.high == value.high else 0 for value in points.values()]
    # Lines that coincide are drawn thinner and thinner, so that all of them show.
    width = 1.2 + 2.5 * (count - index) / count
    line = "-" if index < len(STYLES) else "--"
    ax.errorbar(xs, means, yerr=[below, above], ls=line, ms=6, lw=width, capsize=3, label=name, **style)


def _style(index: int) -> dict[str, Any]:
    """Colour and marker, the second time round with nothing inside."""
    colour, marker = STYLES[index % len(STYLES)]
    return {"color": colour, "marker": marker, "mfc": colour if index < len(STYLES) else "white"}


def bounds_figure(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """A point for each model: the bound it guarantees against the worst error that was seen; 0 is exact."""
    figure = Figure(figsize=(7, 5.2), layout="constrained")
    ax = figure.add_subplot()
    targets = list(dict.fromkeys(row["architecture"] for row in rows))
    for index, target in enumerate(targets):
        own = [row for row in rows if row["architecture"] == target and row["bound"] is not None]
        spread = 1.0 + 0.15 * index
        ax.plot(
            [row["bound"] * spread + FLOOR**4 * index for row in own],
            [row["worst"] for row in own],
            ls="",
            label=target,
            alpha=0.8,
            **_style(index),
        )
    ax.set_xscale("symlog", linthresh=1e-14)
    ax.set_yscale("symlog", linthresh=1e-14)
    ends = [0, 1e4]
    ax.plot(ends, ends, color="#333333", lw=1, ls="--", label="error = bound")
    ax.set(xlabel="guaranteed bound of the error (0: bit for bit)", ylabel="worst error seen", title=title)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return figure
