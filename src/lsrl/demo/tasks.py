"""The main job: two dictionaries and an elevation map, answered by compiled networks from their prompts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.backends.registry import target_named
from lsrl.demo.pipelines import generated
from lsrl.demo.results import CELLS, Asked, Demo, cells_named
from lsrl.errors import FormatError, MissingPackage
from lsrl.incontext import FunctionApproximator
from lsrl.incontext.dictionaries import airports, capitals, codes_map, codes_tokens
from lsrl.incontext.sampled import approximator_of
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.model.verification import absolute_errors

STRIDES: dict[str | None, int] = {None: 3, "torch": 9, "transformers": 57}
"""Every third pixel of the map is asked for, in both directions; fewer where torch or Python go step by step."""

CHECKED = 16
"""Points of the map at which the network is compared with the exact interpreter."""

Note = Callable[[Demo, str], object]
"""Told, before each job, what was found so far and what comes next."""


def run_demo(targets: Sequence[str], output: Path, note: Note) -> Demo:
    """Do the main job on each target and write `report.html` into `output`.

    Raises `FormatError` when the report cannot be written and `MissingPackage`, before anything is done.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FormatError(f"cannot write {output}: {problem.strerror}; expected a folder for the report") from None
    dictionaries = [Asked("25 capitals", capitals()), Asked("61 airports", airports())]
    jobs = sum(len(dictionaries) + 2 * len(_orders(target)) for target in targets)
    demo = Demo(jobs=jobs, dictionaries=dictionaries, report=output / "report.html")
    samples = elevation()
    answers: dict[str, np.ndarray] = {}
    for target in targets:
        if target_named(target).tokens:
            _generate_answers(demo, target, output, note)
        else:
            _answer_dictionaries(demo, target, note)
        answers = _draw_map(demo, target, samples, note) | answers
    note(demo, "comparing cells and drawing")
    from lsrl.demo.report import write_demo_report  # what draws takes a second to import: first the answers

    stride = STRIDES[target_named(targets[0]).library]
    write_demo_report(demo, targets[0], samples[::stride, ::stride], answers)
    return demo


def elevation() -> np.ndarray:
    """The elevation map that Matplotlib ships, in metres: 344 × 403 points around the Jacksboro fault."""
    try:
        from matplotlib.cbook import get_sample_data
    except ImportError:
        raise MissingPackage("matplotlib", "the demo", "view") from None

    archive: Any = get_sample_data("jacksboro_fault_dem.npz")
    with archive:
        return np.asarray(archive["elevation"], dtype=np.float64)


def _answer_dictionaries(demo: Demo, target: str, note: Note) -> None:
    words = codes_map()
    note(demo, f"{target}: compiling the dictionary program")
    model = compiled(words.program, target, max_length=words.max_length, dtype=_dtype(target))
    for asked in demo.dictionaries:
        note(demo, f"{target}: asking for {asked.name}")
        prompt = words.prompt(asked.pairs)
        sequences = words.sequences(list(asked.pairs), prompt)
        model.run(sequences[:1])  # the first run prepares the others
        started = time.perf_counter()
        outputs = model.run(sequences)
        seconds = time.perf_counter() - started
        error = absolute_errors(outputs, words.program.run(sequences, exact=True)).max()
        rate = sequences.shape[0] * sequences.shape[1] / seconds
        demo.rows.append(_answered(asked, model, words.read(outputs), error, rate))


def _answered(
    asked: Asked, model: CompiledModel, answers: Sequence[str | None], error: float, rate: float
) -> dict[str, Any]:
    right = asked.count(model.target.name, answers)
    return _row(model, asked.name, right, len(answers), len(answers), error, "", rate)


def _generate_answers(demo: Demo, target: str, output: Path, note: Note) -> None:
    """The dictionaries as text: a checkpoint is saved, and transformers generates from it, without LSRL."""
    words = codes_tokens()
    note(demo, f"{target}: compiling the dictionary program over tokens")
    model = compiled(words.program, target, max_length=words.max_length)
    folder = output / f"{target}-dictionary"
    model.save(folder)
    for asked in demo.dictionaries:
        note(demo, f"{target}: generating the answers to {asked.name}")
        prompts = [words.prompt(key, asked.pairs) for key in asked.pairs]
        answers, rate = generated(folder, prompts, words.value_length + 1)
        error = absolute_errors(*_run_both(model, words.numbers(prompts[0]))).max()
        demo.rows.append(_answered(asked, model, answers, error, rate))


def _run_both(model: CompiledModel, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return model.run(x), model.program.run(x, exact=True)


def _orders(target: str) -> tuple[int, ...]:
    """The kinds of cells that a target can compute: constant and linear ones, which multiply."""
    return (0, 1) if "products" in target_named(target).abilities else (0,)


def _draw_map(demo: Demo, target: str, samples: np.ndarray, note: Note) -> dict[str, np.ndarray]:
    surfaces = {}
    for order in _orders(target):
        approximator = approximator_of(samples, order=order, max_cells=CELLS)
        model = compiled(approximator.program, target, max_length=approximator.max_length, dtype=_dtype(target))
        for uneven in (False, True):
            name = f"map, {cells_named(uneven, order)}"
            note(demo, f"{target}: {name}")
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
    rate = len(points) * (1 + len(prompt)) / seconds
    row = _row(model, name, right, CHECKED, len(points), np.abs(surface - target).max(), " m", rate)
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
    model: CompiledModel, job: str, correct: int, asked: int, points: int, error: float, unit: str, rate: float
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
        "points": points,
        "max_error": float(error),
        "rms": None,
        "unit": unit,
        "compile_ms": sizes.compile_seconds * 1000,
        "tokens_per_second": rate,
    }
