"""The main job: two dictionaries and an elevation map, answered by compiled networks from their prompts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.backends.registry import target_named
from lsrl.demo.pipelines import generated
from lsrl.demo.results import LEGEND, Demo
from lsrl.errors import FormatError
from lsrl.incontext import FunctionApproximator, SequenceMap
from lsrl.incontext.dictionaries import airports, capitals, codes_map, codes_tokens
from lsrl.incontext.sampled import approximator_of
from lsrl.machine import machine
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.model.verification import absolute_errors
from lsrl.view.plots import error_figure, map_figure
from lsrl.view.report import Answered, Picture, write_report

CELLS = 1024
"""Prompt tokens that describe the elevation map."""

STRIDES: dict[str | None, int] = {None: 3, "torch": 9, "transformers": 57}
"""Every third pixel of the map is asked for, in both directions; fewer where torch or Python go step by step."""

CHECKED = 16
"""Points of the map at which the network is compared with the exact interpreter."""

PRODUCTS = "gated-linear-rnn"
"""A target that linear cells, which multiply, compile to."""

Note = Callable[[str], object]


def _name(uneven: bool, order: int) -> str:
    return f"{'uneven' if uneven else 'even'} {('cells', 'planes')[order]}"


def run_demo(targets: Sequence[str], output: Path, note: Note) -> Demo:
    """Do the main job on each target and write `report.html` into `output`.

    `note` is told what happens next. Raises `FormatError` when the report cannot be written, before anything is done.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FormatError(f"cannot write {output}: {problem.strerror}; expected a folder for the report") from None
    demo = Demo(report=output / "report.html")
    for target in targets:
        if target_named(target).tokens:
            _generate_answers(demo, target, output, note)
        else:
            _answer_dictionaries(demo, target, note)
    samples = elevation()
    answers: dict[str, np.ndarray] = {}
    for target in targets:
        answers = _draw_map(demo, target, samples, note) | answers
    stride = STRIDES[target_named(targets[0]).library]
    note("drawing")
    demo.pictures.insert(
        0,
        Picture(
            "map",
            map_figure(samples[::stride, ::stride], answers, "m"),
            f"The Jacksboro fault elevation map (left), and what networks answer after {CELLS:,} prompt tokens: one "
            "network for cells of constant height, one for cells that are planes. All targets answer the same.",
        ),
    )
    note("comparing cells")
    demo.pictures.insert(1, compare_cells())
    write_report(
        demo.report,
        title="In-context answers of compiled networks",
        summary="Each network was compiled from a program. Its weights are fixed: what it answers is in its prompt.",
        rows=demo.table,
        dictionaries=demo.dictionaries,
        pictures=demo.pictures,
        legend=LEGEND,
        machine=", ".join(f"{key} {value}" for key, value in machine().items()),
    )
    return demo


def elevation() -> np.ndarray:
    """The elevation map that Matplotlib ships, in metres: 344 × 403 points around the Jacksboro fault."""
    from matplotlib.cbook import get_sample_data

    archive: Any = get_sample_data("jacksboro_fault_dem.npz")
    with archive:
        return np.asarray(archive["elevation"], dtype=np.float64)


def _answer_dictionaries(demo: Demo, target: str, note: Note) -> None:
    words = codes_map()
    note(f"{target}: compiling the dictionary program")
    model = compiled(words.program, target, max_length=words.max_length, dtype=_dtype(target))
    if not demo.dictionaries:
        demo.pictures.append(Picture("dictionary-program", words.program.draw(), "The dictionary program."))
    if model.stack is not None:
        demo.pictures.append(Picture(f"dictionary-{target}", model.draw(), f"The dictionary program on {target}."))
    for name, pairs in (("25 capitals", capitals()), ("61 airports", airports())):
        note(f"{target}: asking for {name}")
        demo.rows.append(_dictionary_row(demo, words, model, name, pairs))


def _dictionary_row(
    demo: Demo, words: SequenceMap, model: CompiledModel, name: str, pairs: dict[str, str]
) -> dict[str, Any]:
    prompt = words.prompt(pairs)
    sequences = words.sequences(list(pairs), prompt)
    model.run(sequences[:1])  # the first run prepares the others
    started = time.perf_counter()
    outputs = model.run(sequences)
    seconds = time.perf_counter() - started
    error = absolute_errors(outputs, words.program.run(sequences, exact=True)).max()
    rate = sequences.shape[0] * sequences.shape[1] / seconds
    return _answered(demo, model, name, pairs, words.read(outputs), float(error), rate)


def _answered(
    demo: Demo,
    model: CompiledModel,
    name: str,
    pairs: dict[str, str],
    answers: Sequence[str | None],
    error: float,
    rate: float,
) -> dict[str, Any]:
    right = [answer == value for answer, value in zip(answers, pairs.values(), strict=True)]
    demo.dictionaries.append(
        Answered(
            f"{name} on {model.target}",
            f"{sum(right)} of {len(right)} right; the same weights answer both dictionaries.",
            [(key, answer or "not found", ok) for key, answer, ok in zip(pairs, answers, right, strict=True)],
        )
    )
    return _row(model, name, sum(right), len(right), error, "", rate)


def _generate_answers(demo: Demo, target: str, output: Path, note: Note) -> None:
    """The dictionaries as text: a checkpoint is saved, and transformers generates from it, without LSRL."""
    words = codes_tokens()
    note(f"{target}: compiling the dictionary program over tokens")
    model = compiled(words.program, target, max_length=words.max_length)
    folder = output / f"{target}-dictionary"
    model.save(folder)
    for name, pairs in (("25 capitals", capitals()), ("61 airports", airports())):
        note(f"{target}: generating the answers to {name}")
        prompts = [words.prompt(key, pairs) for key in pairs]
        answers, rate = generated(folder, prompts, words.value_length + 1)
        error = absolute_errors(*_run_both(model, words.numbers(prompts[0]))).max()
        demo.rows.append(_answered(demo, model, name, pairs, answers, float(error), rate))
    if model.stack is not None:
        demo.pictures.append(Picture(f"dictionary-{target}", model.draw(), f"The dictionary program on {target}."))


def _run_both(model: CompiledModel, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return model.run(x), model.program.run(x, exact=True)


def _draw_map(demo: Demo, target: str, samples: np.ndarray, note: Note) -> dict[str, np.ndarray]:
    surfaces = {}
    for order in (0, 1) if "products" in target_named(target).abilities else (0,):
        approximator = approximator_of(samples, order=order, max_cells=CELLS)
        model = compiled(approximator.program, target, max_length=approximator.max_length, dtype=_dtype(target))
        for uneven in (False, True):
            name = f"map, {_name(uneven, order)}"
            note(f"{target}: {name}")
            row, surface = _map_row(approximator, model, name, samples, uneven)
            demo.rows.append(row)
            surfaces[name.removeprefix("map, ")] = surface
    return surfaces


def _map_row(
    approximator: FunctionApproximator, model: CompiledModel, name: str, samples: np.ndarray, uneven: bool
) -> tuple[dict[str, Any], np.ndarray]:
    stride = STRIDES[model.target.library]
    target = samples[::stride, ::stride]
    axes = [np.arange(0, count, stride) / (count - 1) for count in samples.shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    prompt = approximator.prompt(samples, CELLS, uneven=uneven)
    started = time.perf_counter()
    answers = approximator.evaluate(model, prompt, points)
    seconds = time.perf_counter() - started
    chosen = np.random.default_rng(0).choice(len(points), CHECKED, replace=False)
    exact = approximator.evaluate(_Exactly(approximator), prompt, points[chosen])
    right = int((absolute_errors(answers[chosen], exact) == 0).all(axis=-1).sum())
    surface = answers.reshape(target.shape)
    row = _row(
        model, name, right, CHECKED, np.abs(surface - target).max(), " m", len(points) * (1 + len(prompt)) / seconds
    )
    return {**row, "rms": float(np.sqrt(((surface - target) ** 2).mean()))}, surface


def _dtype(target: str) -> str:
    """Stock modules compute as their users have them, in float32."""
    return "float64" if target_named(target).library is None else "float32"


@dataclass(frozen=True)
class _Exactly:
    """The exact interpreter, where a model is asked for."""

    approximator: FunctionApproximator

    def run(self, x: Any) -> np.ndarray:
        return self.approximator.program.run(x, exact=True)


def _row(
    model: CompiledModel, job: str, correct: int, asked: int, error: float, unit: str, rate: float
) -> dict[str, Any]:
    sizes = model.sizes
    return {
        "target": model.target.name,
        "dtype": model.dtype,
        "job": job,
        "layers": sizes.layers,
        "width": sizes.widest,
        "parameters": sizes.parameters,
        "correct": correct,
        "asked": asked,
        "max_error": float(error),
        "rms": None,
        "unit": unit,
        "compile_ms": sizes.compile_seconds * 1000,
        "tokens_per_second": rate,
    }


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
            name = _name(uneven, order)
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
