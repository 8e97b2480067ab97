"""The demo's report: one HTML file with its pictures inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lsrl.backends.registry import target_named
from lsrl.demo.results import CELLS, LEGEND, SUMMARY_LEGEND, Demo, cells_named
from lsrl.files import write_whole
from lsrl.incontext import FunctionApproximator
from lsrl.incontext.dictionaries import codes_map, codes_tokens
from lsrl.machine import machine
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.view.drawing import Drawing
from lsrl.view.figure_file import Figure, as_svg, written
from lsrl.view.pages import rendered
from lsrl.view.plots import error_figure, map_figure


class Picture(NamedTuple):
    """A figure, what its file is called, and what is written under it."""

    name: str
    figure: Figure | Drawing
    caption: str


PRODUCTS = "gated-linear-rnn"
"""A target that linear cells, which multiply, compile to."""


def write_demo_report(demo: Demo, target: str, samples: np.ndarray, answers: Mapping[str, np.ndarray]) -> None:
    """Write the report, and each picture beside it as PNG. Raises `FormatError` when they cannot be written.

    The dictionary program is drawn for the target; `samples` is the map at the points of the `answers`.
    """
    pictures = [_map_picture(samples, answers), compare_cells(), *_dictionary_pictures(target)]
    page = rendered(
        "demo/report.html",
        summary=demo.summary,
        legend=SUMMARY_LEGEND,
        rows=demo.table,
        row_legend=LEGEND,
        dictionaries=demo.dictionaries,
        pictures=[{"svg": _svg(picture.figure), "caption": picture.caption} for picture in pictures],
        machine=", ".join(f"{key} {value}" for key, value in machine().items()),
    )
    for picture in pictures:
        _save(picture, demo.report.with_name(f"{picture.name}.png"))
    write_whole(demo.report, page.encode())


def _map_picture(samples: np.ndarray, answers: Mapping[str, np.ndarray]) -> Picture:
    return Picture(
        "map",
        map_figure(samples, answers, "m"),
        f"The Jacksboro fault elevation map at {samples.size:,} points (left), and what networks answer there after "
        f"{CELLS:,} prompt tokens: a network for cells of constant height and, on what can multiply, one for planes.",
    )


def _dictionary_pictures(target: str) -> list[Picture]:
    words = codes_tokens() if target_named(target).tokens else codes_map()
    model = compiled(words.program, target, max_length=words.max_length)
    return [
        Picture("dictionary-program", words.program.draw(), "The program that answers both dictionaries."),
        Picture(f"dictionary-{target}", model.draw(), f"Its cells on {target}, layer by layer."),
    ]


def compare_cells() -> Picture:
    """Errors of even and uneven, constant and linear cells on a smooth function with one steep place."""
    points = np.random.default_rng(0).random((1000, 2))
    points = np.rint(points * 1024) / 1024
    tokens: dict[str, list[int]] = {}
    errors: dict[str, list[float]] = {}
    for order in (0, 1):
        approximator = FunctionApproximator(2, 1, order=order, max_cells=CELLS)
        model = compiled(approximator.program, PRODUCTS, max_length=approximator.max_length)
        for uneven in (False, True):
            name = cells_named(uneven, order)
            for cells, error in _errors(approximator, model, points, uneven):
                tokens.setdefault(name, []).append(cells)
                errors.setdefault(name, []).append(error)
    title = "Longer prompts: f(x) = exp(−60 |x − (0.3, 0.6)|²)"
    best, paper = errors["uneven planes"][-1], errors["even cells"][-1]
    return Picture(
        "cells",
        error_figure(tokens, errors, title),
        f"At {tokens['uneven planes'][-1]:,} tokens the error of uneven planes is {paper / best:.0f} times "
        "smaller than that of the paper's even cells. Measured on the network at 1,000 random points.",
    )


def bump(points: np.ndarray) -> np.ndarray:
    """A smooth function of (k, 2) points that is flat but for one place."""
    return np.asarray(np.exp(-60 * ((points - [0.3, 0.6]) ** 2).sum(axis=-1)))


def _errors(
    approximator: FunctionApproximator, model: CompiledModel, points: np.ndarray, uneven: bool
) -> Iterator[tuple[int, float]]:
    for cells in (16, 64, 256, 1024):
        prompt = approximator.prompt(bump, cells, uneven=uneven)
        answers = approximator.evaluate(model, prompt, points)[:, 0]
        yield len(prompt), float(np.sqrt(((answers - bump(points)) ** 2).mean()))


def _svg(figure: Figure | Drawing) -> str:
    return figure.svg if isinstance(figure, Drawing) else as_svg(figure)


def _save(picture: Picture, path: Path) -> None:
    if isinstance(picture.figure, Drawing):
        picture.figure.save(path)
    else:
        written(picture.figure, path, picture.caption)
