"""What the studies of stock architectures measure on: two in-context networks, small enough for every target.

And programs of the zoo, by their names.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.backends.target import Style
from lsrl.incontext import FunctionApproximator, SequenceMap
from lsrl.lang import Program
from lsrl.model.compiled_model import CompiledModel
from lsrl.model.compiler import compile as compiled
from lsrl.studies.paper_tasks import Task

ARCHITECTURES = tuple(TARGETS)

FORMS: tuple[Style, ...] = ("default", "robust")
"""The styles whose networks compute the same and differ in the noise that they tolerate."""

CELLS, POINTS = 16, 10
KEY, PAIRS, QUERIES = 3, 8, 5
SEQUENCES, STEPS = 4, 64
"""Inputs of a program of the zoo, as many steps unless a study says otherwise."""

FUNCTION = FunctionApproximator(1, 1, max_cells=CELLS)
DICTIONARY = SequenceMap(KEY, symbols=10, max_pairs=PAIRS)

PANELS = {"function": "mean error of the answer", "dictionary": "wrong symbols in %"}


@lru_cache(maxsize=4)
def subject(
    program: str, architecture: str, style: Style = "default", dtype: str | None = None, steps: int = STEPS
) -> CompiledModel:
    """The compiled model: by default as the default compiler makes it, in the target's first dtype."""
    source, max_length = _source(program, steps)
    return compiled(source, architecture, max_length=max_length, style=style, dtype=dtype)


def _source(program: str, steps: int) -> tuple[Program, int]:
    if program in PANELS:
        incontext = FUNCTION if program == "function" else DICTIONARY
        return incontext.program, incontext.max_length
    return zoo.get(program).program, steps


def question(program: str, rng: np.random.Generator, steps: int = STEPS) -> Task:
    """Random queries after a random prompt, or inputs of a program of the zoo, with the right answers.

    >>> question("dictionary", np.random.default_rng(0)).expected.shape
    (5, 3, 1)
    >>> question("parity", np.random.default_rng(0)).expected.shape
    (4, 64, 1)
    """
    if program not in PANELS:
        entry = zoo.get(program)
        drawn = [entry.sample(rng, steps) for _ in range(SEQUENCES)]
        return Task(np.stack(drawn), steps, np.stack([entry.expected(x) for x in drawn]))
    if program == "function":
        steepness, phase = rng.uniform(1, 4), rng.uniform(0, np.pi)
        prompt = FUNCTION.prompt(lambda x: 3 * np.sin(steepness * x + phase), CELLS)
        x = FUNCTION.queries(prompt, rng.uniform(0, 1, (POINTS, 1)))
        return Task(x, 1, FUNCTION.program.run(x)[:, -1:])
    pairs: dict[tuple[int, ...], tuple[int, ...]] = {}
    while len(pairs) < PAIRS:
        key, value = rng.integers(0, 10, (2, KEY)).tolist()
        pairs[tuple(key)] = tuple(value)
    asked = [list(pairs)[i] for i in rng.choice(PAIRS, QUERIES, replace=False)]
    x = DICTIONARY.sequences(asked, DICTIONARY.prompt(pairs))
    return Task(x, KEY, np.array([pairs[key] for key in asked], dtype=float)[:, :, None])


def error_of_answer(program: str, outputs: np.ndarray | None, asked: Task) -> float:
    """Mean |error|, or % of wrong symbols; of a network that cannot be stored, infinity or 100 %."""
    if outputs is None:
        return float("inf") if program == "function" else 100.0
    answers = outputs[:, -asked.last :, : asked.expected.shape[2]]
    with np.errstate(invalid="ignore"):
        distance = np.abs(answers - asked.expected)
        if program == "function":
            return float(distance.mean())
        return float(100 * (~(distance < 0.5)).mean())
