"""The fuzzer finds what is wrong, and makes it small: with a wrong oracle, wrong weights, and models that lie."""

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

import lsrl

from . import verdicts
from .campaign import case_of
from .cases import Case
from .check import check
from .minimise import minimised, report
from .oracle import MEANINGS
from .running import each_number
from .syntax import ordered

SMALL = 400
"""A minimised case has at most so many characters of code."""


def smallest(target: str, kind: str, wanted: str = "", count: int = 60) -> Case:
    """The first case that fails in that way, made small."""
    for seed in range(count):
        case = case_of(seed, (target,))
        if wanted and wanted not in {node.op for node in ordered(case.outputs)}:
            continue
        failure = check(case).failure
        if failure and failure.kind == kind:
            small = minimised(case, failure, check, seconds=20)
            assert small.size <= case.size
            assert kind in report(small, failure)
            return small
    raise AssertionError(f"nothing found in {count} cases")


def test_a_wrong_oracle_is_caught_and_shown_by_one_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEANINGS, "absolute", each_number(lambda run, params, x: x))
    small = smallest("linear-rnn", "program.run(exact=True): a value", "absolute", count=300)
    *others, last = [node.op for node in ordered(small.outputs)]
    assert last == "absolute"
    assert len(others) <= 2  # something negative, which may be what a state was at first
    assert len(small.sequences) == len(small.sequences[0]) == 1


def changed_by_one(model: Any) -> Any:
    """The model with one weight of its read-out changed by one, as whoever changes the manifest too would do it."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        weights, manifest = Path(folder, "model.safetensors"), Path(folder, "manifest.json")
        before = hashlib.sha256(weights.read_bytes()).hexdigest()
        tensors = load_file(weights)
        tensors["readout.bias"] = tensors["readout.bias"] + 1
        save_file(tensors, weights)
        text = manifest.read_text().replace(before, hashlib.sha256(weights.read_bytes()).hexdigest())
        assert json.loads(text)
        manifest.write_text(text)
        return lsrl.load(folder)


def test_a_changed_weight_is_caught_and_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    compiled = lsrl.compile
    monkeypatch.setattr(lsrl, "compile", lambda *args, **options: changed_by_one(compiled(*args, **options)))
    small = smallest("rnn-relu", "model.run: a value")
    assert len(small.program_code) < SMALL
    assert len(ordered(small.outputs)) <= 2


@dataclass
class Lying:
    """A model that is wrong where its input reaches a number, as one past a limit would be."""

    model: Any
    limit: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def run(self, x: Any) -> Any:
        return self.model.run(x) + (abs(x) >= self.limit).any()


def test_a_model_that_is_wrong_on_some_inputs_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = lsrl.compile
    monkeypatch.setattr(lsrl, "compile", lambda *args, **options: Lying(compiled(*args, **options), 3))
    small = smallest("linear-rnn", "model.run: a value")
    assert len(small.program_code) < SMALL
    assert sum(map(len, small.sequences)) <= 2


def test_silence_about_an_undecided_run_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsrl.Program, "undecided", lambda program, x: ())
    small = smallest("linear-rnn", "program.undecided does not report an undecided run", count=300)
    assert len(small.program_code) < SMALL


def test_other_errors_and_hangs_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(case_of(0, ("linear-rnn",)), max_length=24)

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("unit 3")

    monkeypatch.setattr(lsrl, "compile", broken)
    assert "compiling raises KeyError" in str(check(case).failure)
    with verdicts.time_limit(1), pytest.raises(verdicts.TookTooLong):
        all(number >= 0 for number in count())


def test_messages_of_two_lines_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    class LoudError(lsrl.LsrlError):
        def __str__(self) -> str:
            return "one\ntwo"

    def refusing(*_: Any, **__: Any) -> None:
        raise LoudError("")

    monkeypatch.setattr(lsrl, "compile", refusing)
    assert "a message that is not a line" in str(check(case_of(0, ("linear-rnn",))).failure)
