"""What `lsrl bench` measures: sizes, compile times, speeds, memory, each beside its goal.

Times are wall-clock medians in a warm process unless a row says otherwise. The authors' figures
are of their own implementation on a comparable two-core machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lsrl.automata import automaton
from lsrl.backends.registry import targets_with
from lsrl.backends.torch_environment import torch_or_error
from lsrl.incontext import FunctionApproximator, SequenceMap, TokenMap
from lsrl.lang import Input, Program
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled

WIDER = 2.2
"""The goal for a torch module's hidden units, for each number of the circuit."""

WARM_UP = 0.5
"""Seconds that a task runs before it is timed."""

LONGEST = 1_000_000
"""Steps that the dictionary for the speed figures is compiled for."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, and the goal it is held to (None: only reported)."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    sense: Literal["at most", "at least"] = "at most"
    authors: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.sense == "at most" else self.value >= self.goal

    def as_dict(self) -> dict[str, Any]:
        """The figure as plain JSON types."""
        return {**asdict(self), "reached": self.reached}


def dictionary_program(length: int, pairs: int = 20) -> SequenceMap:
    """The benchmark's dictionary: keys and values of `length` symbols 0…9."""
    return SequenceMap(length, length, symbols=10, max_pairs=pairs)


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """All figures, one after the other as they are measured; `quick` leaves out the slow sizes."""
    yield from import_figures()
    for length in (10, 100) if quick else (10, 100, 1000):
        yield from size_figures(length, repeats=3 if length == 1000 else 15)
    yield from speed_figures(1 if quick else 10)
    yield from function_figures()
    yield from stock_figures(1 if quick else 10)
    yield from hub_figures(1 if quick else 10)
    yield from automaton_figures(10 if quick else 200)


def import_figures() -> Iterator[Figure]:
    """How long `import lsrl` takes in a fresh process, and whether it pulls torch in."""
    code = (
        "import time; t = time.perf_counter(); import lsrl, sys; print(time.perf_counter() - t, 'torch' in sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(6)]
    seconds = [float(run.stdout.split()[0]) for run in runs[1:]]
    yield Figure("import lsrl", statistics.median(seconds), "s", 0.3)
    yield Figure("torch imported by it", float("True" in runs[0].stdout), "", 0)


def size_figures(length: int, repeats: int = 15) -> Iterator[Figure]:
    """Sizes and compile time of the dictionary program with keys and values of `length`."""
    sequence_map = dictionary_program(length)
    goal = {10: 0.05, 100: 0.5, 1000: 3.0}[length]
    for target in targets_with(lambda target: target.library is None):
        name = f"dictionary T={length}, {target}"
        at_ten = length == 10 and target == "linear-rnn"
        model = compiled(sequence_map.program, target, max_length=sequence_map.max_length)
        yield Figure(
            f"{name}: widest layer", model.sizes.widest, "", 4 * length + 20, authors="15,370" if at_ten else ""
        )
        yield Figure(
            f"{name}: non-zeros", model.sizes.nonzeros, "", 150 * length + 500, authors="365,000" if at_ten else ""
        )
        yield Figure(f"{name}: layers", model.sizes.layers, "", 40)
        yield Figure(f"{name}: state dimension", model.sizes.state_dimension, "", authors="22,857" if at_ten else "")
        seconds = median_seconds(partial(_compiled_anew, length, target), repeats)
        yield Figure(f"{name}: compile", seconds, "s", goal, authors="24–91 s" if at_ten else "")


def _compiled_anew(length: int, target: str) -> CompiledModel:
    sequence_map = dictionary_program(length)
    return compiled(sequence_map.program, target, max_length=sequence_map.max_length)


def speed_figures(scale: int) -> Iterator[Figure]:
    """Tokens per second of the T=10 dictionary, and memory for a long sequence."""
    sequence_map = dictionary_program(10)
    rng = np.random.default_rng(0)
    for target in targets_with(lambda target: target.library is None):
        model = compiled(sequence_map.program, target, max_length=LONGEST)
        single = rng.integers(0, 10, (10_000 * scale, 1)).astype(np.float64)
        batch = rng.integers(0, 10, (64, 200 * scale, 1)).astype(np.float64)
        at = "87–123" if target == "linear-rnn" else ""
        yield Figure(
            f"run T=10 dictionary, {target}: one sequence of {len(single):,}",
            len(single) / median_seconds(partial(model.run, single), 3),
            "tokens/s",
            100_000,
            "at least",
            at,
        )
        yield Figure(
            f"run T=10 dictionary, {target}: batch of 64 × {batch.shape[1]:,}",
            batch[..., 0].size / median_seconds(partial(model.run, batch), 3),
            "tokens/s",
            200_000,
            "at least",
        )
    yield peak_memory(model, 100_000 * scale)
    tokens = rng.integers(0, 10, (2_000, 1))
    seconds = median_seconds(lambda: sequence_map.program.run(tokens, exact=True), 3)
    yield Figure(
        "exact interpreter, T=10 dictionary",
        len(tokens) / seconds,
        "tokens/s",
        2_000,
        "at least",
        "7–21 (function program)",
    )


def peak_memory(model: CompiledModel, tokens: int) -> Figure:
    """How much memory running a long sequence takes at most, beyond its input and output."""
    x = np.random.default_rng(0).integers(0, 10, (tokens, 1)).astype(np.float64)
    tracemalloc.start()
    y = model.run(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    what = f"memory to run one sequence of {tokens:,}, beyond input and output"
    return Figure(what, (peak - y.nbytes) / 2**20, "MiB", 256)


def function_figures() -> Iterator[Figure]:
    """Sizes, compile time and speed of the function program from 2 to 2 dimensions."""
    approximator = FunctionApproximator(2, 2, max_cells=64)
    for target in targets_with(lambda target: target.library is None):
        mine = target == "linear-rnn"
        model = compiled(approximator.program, target, max_length=approximator.max_length)
        name = f"function 2 → 2, {target}"
        yield Figure(f"{name}: widest layer", model.sizes.widest, "", authors="282" if mine else "")
        yield Figure(f"{name}: non-zeros", model.sizes.nonzeros, "", authors="3,160" if mine else "")
        seconds = median_seconds(partial(compiled, approximator.program, target, max_length=approximator.max_length), 7)
        yield Figure(f"{name}: compile", seconds, "s", authors="0.2–0.3 s" if mine else "")
        prompt = approximator.prompt(lambda x: x, 64)
        queries = approximator.queries(prompt, np.random.default_rng(0).random((256, 2)))
        rate = queries.shape[0] * queries.shape[1] / median_seconds(partial(model.run, queries), 3)
        yield Figure(f"{name}: run, batch of 256 prompts", rate, "tokens/s", authors="440" if mine else "")


def stock_figures(scale: int) -> Iterator[Figure]:
    """The T=10 dictionary in torch's own modules: sizes, compile time, and speed beside random weights."""
    sequence_map = dictionary_program(10)
    widest = compiled(sequence_map.program, max_length=sequence_map.max_length).sizes.widest
    x = np.random.default_rng(0).integers(0, 10, (64, 100 * scale, 1)).astype(np.float32)
    for target in targets_with(lambda target: target.library == "torch"):
        model = compiled(sequence_map.program, target, max_length=LONGEST, dtype="float32")
        name = f"dictionary T=10, {target}"
        yield Figure(
            f"{name}: hidden size over the circuit's widest layer ({widest})", model.sizes.widest / widest, "", WIDER
        )
        yield Figure(f"{name}: layers", model.sizes.layers, "")
        yield Figure(f"{name}: parameters", model.sizes.parameters, "")
        yield Figure(f"{name}: compile", median_seconds(partial(_compiled_anew, 10, target), 7), "s", 0.5)
        seconds = median_seconds(partial(model.run, x), 3)
        yield Figure(
            f"run T=10 dictionary, {target}: batch of 64 × {x.shape[1]:,}", x[..., 0].size / seconds, "tokens/s"
        )
        ours: Any = model.module.requires_grad_(False).recurrent
        random: Any = type(ours)(**model.weights.module_arguments).requires_grad_(False)
        given = torch_or_error().from_numpy(x)
        times = [(_once(random, given), _once(ours, given)) for _ in range(7)]
        ratio = statistics.median(mine / theirs for theirs, mine in times[1:])
        yield Figure(f"{name}: time of the module over that of one with random weights", ratio, "")


def hub_figures(scale: int) -> Iterator[Figure]:
    """The T=10 dictionary as text, with room for 100 pairs, in the transformers models."""
    words = TokenMap(10, symbols="0123456789", max_pairs=100)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 10, (64, 10 * scale, 1)).astype(np.float32)
    pairs = [("".join(map(str, rng.integers(0, 10, 10))), "0123456789") for _ in range(10)]
    for target in targets_with(lambda target: target.tokens):
        compile_ = partial(compiled, words.program, target, max_length=words.max_length)
        model = compile_()
        name = f"dictionary T=10 as text, {target}"
        yield Figure(f"{name}: layers", model.sizes.layers, "", 24)
        yield Figure(f"{name}: hidden size", model.sizes.widest, "", 1024)
        yield Figure(f"{name}: parameters", model.sizes.parameters, "")
        yield Figure(f"{name}: compile", median_seconds(compile_, 7), "s", 2)
        with tempfile.TemporaryDirectory() as folder:
            model.save(folder)
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
        yield Figure(f"{name}: checkpoint", size / 1e6, "MB", 200)
        rate = x[..., 0].size / median_seconds(partial(model.run, x), 3)
        yield Figure(f"run {name}: batch of 64 × {x.shape[1]:,}", rate, "tokens/s")
        prompt = words.prompt(pairs[0][0], pairs)
        seconds = median_seconds(partial(model.complete, prompt), 3)
        yield Figure(f"{name}: an answer of 10 symbols to a prompt of 10 pairs", seconds, "s")


def automaton_figures(count: int) -> Iterator[Figure]:
    """Random automata of up to 32 states and 8 symbols where a layer feeds them back, followed for 10,000 steps."""
    rng = np.random.default_rng(0)
    tables = [
        rng.integers(0, n, (n, k)) for n, k in zip(rng.integers(1, 33, count), rng.integers(1, 9, count), strict=True)
    ]
    large = [rng.integers(0, 20, (20, 8)) for _ in range(7)]
    for target in ("rnn-relu", "lstm", "gru"):
        wrong, width = 0, 0.0
        for table in tables:
            states, symbols = table.shape
            model = compiled(_automaton_program(table), target)
            word = rng.integers(0, symbols, 10_000)
            wrong += int((model.run(word[:, None]).argmax(axis=-1) != _states(table, word)).sum())
            width = max(width, model.sizes.widest / (states * symbols + states))
        name = f"{count} random automata, {target}"
        yield Figure(f"{name}: wrong states in 10,000 steps each", wrong, "", 0)
        yield Figure(f"{name}: hidden size over states · symbols + states", width, "", 1)
        seconds = [median_seconds(partial(compiled, _automaton_program(table), target), 1) for table in large]
        yield Figure(f"random automaton of 20 states and 8 symbols, {target}: compile", max(seconds), "s", 0.5)


def _states(table: np.ndarray, word: np.ndarray) -> list[int]:
    state, found = 0, []
    for symbol in word:
        state = int(table[state, symbol])
        found.append(state)
    return found


def _automaton_program(table: np.ndarray) -> Program:
    symbol = Input(1, range=(0, max(table.shape[1] - 1, 1)), integer=True, name="symbol")
    return Program(automaton(symbol, table.tolist()), name="automaton")


def _once(task: Callable[[object], object], argument: object) -> float:
    started = time.perf_counter()
    task(argument)
    return time.perf_counter() - started


def median_seconds(task: Callable[[], object], repeats: int) -> float:
    """The median wall-clock time of a task in a warm process: after running it for half a second."""
    warm = time.perf_counter() + WARM_UP
    task()
    while time.perf_counter() < warm:
        task()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
