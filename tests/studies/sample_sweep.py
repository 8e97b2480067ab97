"""A small sweep, and measurements that go wrong, which the workers of tests find in this module."""

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lsrl.errors import LsrlError
from lsrl.studies.cells import SweepCell
from lsrl.studies.sweep import swept

CELLS = [SweepCell("noise", {"lowering": name, "target": n}) for name in ("direct", "paper") for n in range(4)]


def noise(cell, seed):
    """Two rows of random numbers, some of which are not numbers."""
    numbers = cell.generator(seed).normal(size=1000)
    error = [float("nan"), float("inf"), -float("inf"), -0.0][cell.parameters["target"]]
    return [{"error": error, "sum": float(numbers.sum())}, {"error": float(numbers[0]), "sum": 1 / 3}]


def fails_at_two(cell, seed):
    if cell.parameters["target"] == 2:
        raise ValueError("the state\nis infinite")
    return noise(cell, seed)


def leaves_at_two(cell, seed):
    if cell.parameters["target"] == 2:
        sys.exit(0)
    return noise(cell, seed)


def is_not_asked(*_):
    raise AssertionError("nothing was to be measured")


def takes_its_worker_down(cell, seed):
    if cell.parameters["target"] == 2:
        os._exit(1)
    return noise(cell, seed)


def third_takes_forever(cell, seed):
    if cell.parameters["target"] == 2:
        time.sleep(3600)
    return noise(cell, seed)


def in_flight(folder):
    """Two cells that are measured at once: the first fails then, the second ends later."""
    return [SweepCell("in flight", {"number": number, "folder": str(folder)}) for number in range(2)]


def one_fails_while_another_runs(cell, seed):
    mine, other = (
        Path(cell.parameters["folder"]) / f"{n}" for n in (cell.parameters["number"], 1 - cell.parameters["number"])
    )
    mine.touch()
    wait_until(other.exists)
    if cell.parameters["number"] == 0:
        raise ValueError("at once")
    time.sleep(0.5)  # Long enough, as a rule, to be in flight when the failure is known; right as well if not.
    return [{"seed": seed}]


def wait_until(condition, seconds=240):
    """Fails when it has not come true by then."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def bits(frame):
    """A table so that equal means equal bit for bit: NaN is NaN, -0.0 is not 0.0."""
    return frame.columns, frame.dtypes, [tuple(map(repr, row)) for row in frame.rows()]


def run(directory, measure=noise, cells=CELLS, seed=7, version="1", workers=1, **more):
    return swept(cells, measure, directory=directory, seed=seed, version=version, workers=workers, **more)


def stored(directory):
    """The number of cells on disk."""
    return len(list((directory / "cells").glob("*.json")))


@contextmanager
def one_line(error, match):
    """Raises the error, with a message of one line that matches."""
    with pytest.raises(error, match=match) as failure:
        yield failure
    assert "\n" not in str(failure.value)
    assert isinstance(failure.value, LsrlError)
