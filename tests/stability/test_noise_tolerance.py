"""The noise that a network tolerates, as `explain` estimates it from little noise: held to what is seen and to sums."""

import dataclasses

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, zoo
from lsrl.backends.registry import TARGETS
from lsrl.errors import FormatError, RangeError, ShapeError
from lsrl.interp import with_weights
from lsrl.stability.noise_tolerance import MOST_NOISE, QUANTILE
from lsrl.studies.subjects import question, subject
from lsrl.studies.tolerance import ENOUGH, STEPS, levels, seen_tolerance

digit = Input(1, range=(0, 9), integer=True, name="digit")
ones = np.ones((1, 20, 1))

NETWORKS = [
    ("parity", "lstm"),
    ("s3", "rnn-relu"),
    ("majority", "gru"),
    ("dyck_2_depth_2", "lstm"),
    ("random_automaton", "gru"),
    ("associative_recall", "rnn-relu"),
    ("limiter", "gated-linear-rnn"),
    ("count_vowels", "rnn-relu"),
    ("histogram", "linear-rnn"),
    ("schmitt_trigger", "lstm"),
    ("first_symbol", "mamba"),
    ("dyck_depth", "hawk"),
    ("dyck_depth", "rnn-tanh"),
]


@pytest.mark.parametrize(("program", "target"), NETWORKS)
def test_the_noise_that_is_estimated_is_near_that_which_is_tolerated(program, target):
    model = subject(program, target, steps=STEPS)
    asked = question(program, np.random.default_rng(0), STEPS)
    seen = seen_tolerance(model, asked, np.random.default_rng(1))
    assert seen >= levels(model)[0]
    assert seen / ENOUGH < model.explain(asked.x).tolerance < seen * ENOUGH


def test_weights_of_a_form_count_by_their_squares():
    x = Input(2, range=(0, 1), integer=True)
    found = lsrl.compile(Program(lsrl.Linear(x, [[3, 4]]))).explain([[1, 1]])
    assert found.tolerance == pytest.approx(0.5 / (QUANTILE * 5))


def test_a_weight_is_off_by_the_same_at_every_step():
    found = lsrl.compile(Program(lsrl.cumsum(digit)), max_length=20).explain(ones)
    deviation = sum(range(20))  # of a sum of 20 ones, by the weight of its state
    assert found.tolerance == pytest.approx(0.5 / (QUANTILE * deviation), rel=0.5)


def test_longer_sequences_of_a_sum_tolerate_less():
    model = lsrl.compile(Program(lsrl.cumsum(digit)), "gru", max_length=20)
    assert model.explain(ones[:, :5]).tolerance > 4 * model.explain(ones).tolerance
    assert (model.explain(ones[0]).noise.sequences, model.explain(ones[0]).noise.steps) == (1, 20)


def test_what_is_lost_first_has_a_name():
    counted = lsrl.cumsum(digit, name="sum")
    found = lsrl.compile(Program(lsrl.larger(counted, 100, name="much")), "lstm", max_length=30).explain()
    assert [(limit.name, limit.kind) for limit in found.noise.limits] == [("much", "decision"), ("output[0]", "output")]
    assert found.certified < found.tolerance == found.noise.limits[0].tolerance < found.noise.limits[1].tolerance
    assert str(found).startswith(f"99 of 100 networks tolerate relative noise of σ = {found.tolerance:.2g} on every")
    assert "first lost: 'much'); no decision flips while every weight" in str(found)


def test_decisions_that_read_what_was_one_step_ago_are_looked_at():
    found = lsrl.compile(zoo.get("tomita_2").program, "lstm", max_length=20).explain()
    assert "decision" in {limit.kind for limit in found.noise.limits}
    assert 0.01 < found.tolerance < MOST_NOISE


def test_the_dictionary_is_explained_within_an_order_of_magnitude():
    found = subject("dictionary", "lstm").explain()
    assert found.certified < 1e-5
    assert 1e-3 / 10 < found.tolerance < 1e-3 * 10  # it was seen to tolerate 1e-3 (docs/stability.md)


def test_bits_tolerate_hardly_any_noise():
    pair = Input(2, range=(0, 9), integer=True)
    found = lsrl.compile(Program(lsrl.ifelse(pair[0] > 4, pair[1], 0, name="chosen")), "rnn-tanh").explain()
    assert found.tolerance < 1e-9


def test_comparisons_that_inputs_leave_undecided_do_not_count():
    real = Input(1, range=(0, 9), name="real")
    model = lsrl.compile(Program(lsrl.larger(real, 4, width="1/8", name="high")))
    decided, undecided = ([[x]] for x in (4.2, 4.06))
    assert model.explain(decided).noise.limits[0].tolerance < 0.1
    assert {limit.name: limit.tolerance for limit in model.explain(undecided).noise.limits}["high"] == MOST_NOISE


@pytest.mark.parametrize("target", TARGETS)
def test_noise_is_estimated_on_every_target(target):
    found = lsrl.compile(Program(lsrl.cumsum(digit) + lsrl.delay(digit)), target, max_length=8).explain()
    assert 0 < found.tolerance < MOST_NOISE
    assert found.as_dict()["tolerance"] == found.as_dict()["noise"]["tolerance"] == found.tolerance


def test_what_noise_does_not_move_tolerates_all_that_is_spoken_of():
    found = lsrl.compile(Program(0 * lsrl.delay(digit))).explain()
    assert found.tolerance == MOST_NOISE
    assert str(found).startswith("relative noise on every weight is tolerated up to σ = 0.5 and more (")


def test_bfloat16_holds_no_little_noise():
    found = lsrl.compile(Program(digit > 4), "lstm", dtype="bfloat16").explain()
    assert found.tolerance is found.as_dict()["tolerance"] is found.noise is None
    assert str(found).startswith("no decision flips")


def test_sequences_are_those_that_the_model_runs():
    model = lsrl.compile(Program(lsrl.cumsum(digit)), max_length=4)
    with pytest.raises(RangeError, match="has 5 steps; expected at most max_length=4"):
        model.explain(ones[:, :5])
    with pytest.raises(RangeError):
        model.explain([[10]])
    with pytest.raises(ShapeError):
        model.explain([1, 2])


def test_other_weights_are_not_explained():
    model = lsrl.compile(Program(lsrl.cumsum(digit) * 2), "lstm", max_length=9)
    edited = with_weights(model, {"readout.weight": 2 * model.network.arrays["readout.weight"]})
    with pytest.raises(FormatError, match="are no longer what lstm compiles it to"):
        dataclasses.replace(edited).explain()
