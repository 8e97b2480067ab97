"""A small benchmark: programs that are public, and one whose disguises are private."""

from functools import partial

from lsrl.benchmark import build
from lsrl.interp import FineTuning

PROGRAMS = {"bracket_balance": ["lstm", "mamba"], "two_thirds": ["linear-rnn"], "zero_crossings": ["gru"]}


def built(directory, monkeypatch, programs=PROGRAMS, size="quick"):
    """A benchmark of these programs, every second of which is private."""
    monkeypatch.setattr("lsrl.benchmark.building.chosen_programs", lambda _: list(programs))
    monkeypatch.setattr("lsrl.benchmark.building.chosen_targets", lambda _, name: programs[name])
    monkeypatch.setattr("lsrl.benchmark.building.PRIVATE", 2)
    monkeypatch.setattr("lsrl.benchmark.networks.FineTuning", partial(FineTuning, steps=5))
    return build(directory, size=size, workers=1)
