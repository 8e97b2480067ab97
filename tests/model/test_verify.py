"""`verify` counts what it compared and what it skipped, and what was mostly skipped has not passed."""

import dataclasses

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, Vocabulary, zoo
from lsrl.backends.registry import TARGETS
from lsrl.model import verification
from lsrl.model.verification import verified
from lsrl.rounding.guarantee import Guarantee
from strategies import HUB

level = Input(1, range=(-10, 10), name="level")
whole = Input(1, range=(-10, 10), integer=True, name="whole")


def compiled(value, target="linear-rnn", **options):
    return lsrl.compile(Program(value), target, **{"max_length": 20, **options})


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_always_undecided_is_skipped_and_does_not_pass(target):
    result = compiled(lsrl.ifelse(lsrl.larger(level, -11, width=22), 1, 0), target).verify(12)
    assert (result.cases, result.skipped, result.mismatches) == (12, 12, 0)
    assert not result.passed
    assert result.as_dict()["passed"] is False


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_always_decided_is_compared(target):
    result = compiled(lsrl.ifelse(lsrl.larger(whole, 0, width=1), whole, 0), target).verify(12)
    assert (result.cases, result.skipped, result.mismatches, result.passed) == (12, 0, 0, True)
    assert result.steps == 20


def test_skipped_cases_are_counted_one_by_one():
    model = compiled(lsrl.larger(level, 0, width=1))

    def sample(skipping):
        turns = iter(range(100))
        return lambda rng, steps: np.full((steps, 1), 0.5 if next(turns) in skipping else 2.0)

    for skipping, passed in (((), True), ((3,), True), (range(5), True), (range(6), False), (range(10), False)):
        result = verified(model, cases=10, sample=sample(skipping))
        assert (result.skipped, result.mismatches, result.passed) == (len(skipping), 0, passed)


@pytest.mark.parametrize("together", [1, 7 * 20, 2**18])
def test_a_verdict_does_not_depend_on_how_many_cases_are_computed_at_once(together, monkeypatch):
    model = compiled(lsrl.cumsum(lsrl.larger(level, 0, width=1)))
    alone = model.verify(30, seed=3)
    monkeypatch.setattr(verification, "TOGETHER", together)
    done = []
    result = verified(model, cases=30, seed=3, progress=done.append)
    assert result == alone
    assert 0 < result.skipped < 30
    assert sum(done) == 30
    assert len(done) == -(-30 // max(1, together // 20))


@pytest.mark.parametrize("case", [0, 4, 9])
def test_one_wrong_number_in_one_case_is_found(case):
    model = compiled(lsrl.cumsum(whole))

    class Wrong:
        dtype = model.network.dtype

        def run(self, batch):
            outputs = model.network.run(batch).copy()
            outputs[case, 13, 0] += 1
            return outputs

    result = dataclasses.replace(model, network=Wrong()).verify(10)
    assert (result.mismatches, result.worst_error, result.passed) == (1, 1.0, False)


def test_each_output_is_held_to_its_own_bound():
    model = compiled(lsrl.Concat([whole, whole / 3]), dtype="float32")
    assert model.guarantee.bounds[0] == 0 < model.guarantee.bounds[1]
    loose = dataclasses.replace(model, guarantee=Guarantee((0.0, 1.0), 20))
    swapped = dataclasses.replace(model, guarantee=Guarantee((1.0, 0.0), 20))
    assert loose.verify(10).passed
    assert not swapped.verify(10).passed


def test_what_promises_nothing_is_held_to_equality():
    model = compiled(lsrl.cumsum(Input(1, name="free")) * 0.1, max_length=None)
    assert model.guarantee.kind == "none"
    result = model.verify(10)
    assert result.mismatches > 0
    assert not result.passed


@pytest.mark.parametrize("target", HUB)
def test_programs_over_tokens_are_mostly_compared_on_tokens(target):
    digit = Input(1, range=(0, 3), integer=True, name="digit")
    program = Program(lsrl.latch(digit, digit > 1), vocabulary=Vocabulary.of_numbers(0, 3))
    model = lsrl.compile(program, target, max_length=8)
    seen = []

    class Watched:
        dtype = model.network.dtype

        def run(self, batch):
            seen.append(batch.copy())
            return model.network.run(batch)

    result = dataclasses.replace(model, network=Watched()).verify(60)
    assert result.passed
    assert result.skipped == 0
    unknown = (np.concatenate(seen) == 4).any(axis=(1, 2))
    assert 0 < unknown.sum() <= 30


def test_two_hundred_long_cases_of_parity_are_two_hundred_cases():
    entry = zoo.get("parity")
    model = lsrl.compile(entry.program, "lstm", max_length=256)
    result = model.verify(200)
    assert (result.cases, result.skipped, result.steps, result.passed) == (200, 0, 256, True)
