"""Pages of zoo programs, and what their values are by the exact interpreter."""

from fractions import Fraction
from functools import cache

import numpy as np

import lsrl
from lsrl import zoo
from lsrl.explorer.page import explorer_page

STEPS = 9

PROGRAMS = {
    "parity": "lstm",
    "a4": "olmo-hybrid",
    "agreement": "mamba",
    "associative_recall": "lstm",
    "fast_less_slow": "gated-linear-rnn",
    "envelope": "lstm",
    "covered_account": "gru",
    "bucket_sort": "linear-rnn",
    "mean_of_4": "hawk",
    "multiply_digits": "xlstm",
}
"""Programs of different kinds, each on a target: over tokens, automata, filters of reals, products, loops."""


@cache
def model_of(name, target):
    entry = zoo.get(name)
    return lsrl.compile(entry.program, target, max_length=entry.max_length)


def sample_of(name, seed=0):
    return exactly(zoo.get(name).sample(np.random.default_rng(seed), STEPS).tolist())


def exactly(rows):
    return [[Fraction(number) for number in row] for row in rows]


def page_of(name, target, folder):
    """The path of a page that opens with a sample."""
    path = folder / f"{name}.html"
    explorer_page(model_of(name, target), sample_of(name)).save(path)
    return path


def values_of(name, target, rows):
    """What every value of a program is, by its name: (T, dim), exact."""
    program = model_of(name, target).program
    trace = program.trace(rows, exact=True)
    return {value: trace[value] for value in program.names.values()}
