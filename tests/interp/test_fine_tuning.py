"""Networks that are trained on, or from scratch, and what tells them from compiled ones."""

import numpy as np
import pytest

import lsrl
from lsrl import LsrlError, ProgramError, UnsupportedProgram, zoo
from lsrl.interp import Disguise, FineTuning, realism_of, trained_from_scratch
from lsrl.interp.realism import effective_rank

ENTRY = zoo.get("two_thirds")


def compiled(target):
    return lsrl.compile(ENTRY.program, target, max_length=64, variables=["lead"])


@pytest.mark.parametrize("target", ["rnn-relu", "rnn-tanh", "lstm", "gru"])
def test_without_noise_gates_that_have_a_gradient_answer_as_saturated_ones(target):
    model = compiled(target)
    tuned, found = FineTuning(noise=0.0, steps=0).applied(model, ENTRY.sample)
    assert (found.accuracy_before, found.accuracy, found.interchange_accuracy) == (1.0, 1.0, 1.0)
    assert tuned.guarantee.kind == "none"


def test_training_brings_answers_and_sites_back_that_noise_destroys():
    _, before = FineTuning(seed=3, noise=0.1, steps=0).applied(compiled("lstm"), ENTRY.sample)
    tuned, after = FineTuning(seed=3, noise=0.1, steps=120).applied(compiled("lstm"), ENTRY.sample)
    assert before.accuracy < 0.6
    assert after.accuracy > 0.85
    assert after.interchange_accuracy > max(0.85, before.interchange_accuracy)
    assert after.nonzeros[1] > 2 * after.nonzeros[0]
    assert realism_of(tuned, ENTRY.sample).zeros < realism_of(compiled("lstm"), ENTRY.sample).zeros


def test_the_same_seed_trains_the_same_network():
    tuned = [FineTuning(seed=5, steps=3).applied(compiled("gru"), ENTRY.sample)[0] for _ in range(2)]
    first, second = (each.network.arrays for each in tuned)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_networks_of_float32_are_trained_in_float32():
    model = lsrl.compile(ENTRY.program, "lstm", max_length=64, variables=["lead"], dtype="float32")
    tuned, _ = FineTuning(steps=2).applied(model, ENTRY.sample)
    trained, _ = trained_from_scratch(model, ENTRY.sample, steps=2)
    assert {each.dtype for each in (tuned, trained)} == {"float32"}


def test_an_lstm_learns_a_counter_from_scratch_and_has_other_statistics():
    model = compiled("lstm")
    trained, accuracy = trained_from_scratch(model, ENTRY.sample, steps=400)
    assert accuracy > 0.3
    plain, scratch = (realism_of(each, ENTRY.sample) for each in (model, trained))
    assert plain.zeros > 0.5 > scratch.zeros
    assert plain.kurtosis > 10 > scratch.kurtosis


def test_statistics_are_of_what_is_there():
    entry = zoo.get("moving_sum")
    model = lsrl.compile(entry.program, "lstm", max_length=64, variables="named")
    disguised, _ = Disguise(seed=1).applied(model, entry.sample)
    plain, hidden = realism_of(model, entry.sample), realism_of(disguised, entry.sample)
    assert hidden.zeros < plain.zeros
    assert hidden.dead < plain.dead  # units that nothing reads compute something now
    assert effective_rank(np.diag([1.0, 1.0, 0.0])) == pytest.approx(2)
    assert effective_rank(np.zeros((2, 2))) == 0


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        (lambda: FineTuning(noise=2), ProgramError, "noise=2; expected a number from 0 to 1"),
        (lambda: FineTuning(steps=-1), LsrlError, "steps of FineTuning"),
        (
            lambda: FineTuning().applied(compiled("mamba"), ENTRY.sample),
            UnsupportedProgram,
            "two_thirds on mamba is not trained on: that is for torch's RNN, LSTM and GRU",
        ),
        (
            lambda: FineTuning().applied(lsrl.compile(ENTRY.program, "lstm", max_length=9), ENTRY.sample),
            UnsupportedProgram,
            "two_thirds on lstm has no variable that is cut",
        ),
        (lambda: FineTuning().applied(None, ENTRY.sample), ProgramError, "expected a compiled model and a function"),
        (
            lambda: trained_from_scratch(compiled("hawk"), ENTRY.sample),
            UnsupportedProgram,
            "two_thirds on hawk is not trained from scratch",
        ),
        (lambda: realism_of(None, ENTRY.sample), ProgramError, "realism of None"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(asked, kind, message):
    with pytest.raises(kind, match=message):
        asked()
