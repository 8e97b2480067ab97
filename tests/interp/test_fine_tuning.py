"""Networks that are trained on, or from scratch, and what tells them from compiled ones."""

import numpy as np
import pytest

import lsrl
from lsrl import LsrlError, ProgramError, UnsupportedProgram, zoo
from lsrl.backends.registry import TARGETS
from lsrl.interp import Disguise, FineTuning, realism_of, trained_from_scratch
from lsrl.interp.realism import effective_rank
from lsrl.interp.trainable import Trainable
from lsrl.interp.weight_units import units_of

ENTRY = zoo.get("two_thirds")


def compiled(target):
    return lsrl.compile(ENTRY.program, target, max_length=64, variables=["lead"])


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "rnn-tanh", "lstm", "gru", "mamba", "hawk"])
def test_without_noise_gates_that_have_a_gradient_answer_as_saturated_ones(target):
    model = compiled(target)
    tuned, found = FineTuning(noise=0.0, steps=0).applied(model, ENTRY.sample)
    assert (found.accuracy_before, found.accuracy, found.interchange_accuracy) == (1.0, 1.0, 1.0)
    assert tuned.guarantee.kind == "none"


def test_training_brings_answers_and_sites_back_that_noise_destroys():
    _, before = FineTuning(seed=3, noise=0.1, steps=0).applied(compiled("lstm"), ENTRY.sample)
    tuned, after = FineTuning(seed=3, noise=0.1, steps=120).applied(compiled("lstm"), ENTRY.sample)
    assert before.accuracy < 0.6
    assert after.accuracy > 0.95
    assert after.interchange_accuracy > 0.9 > 2 * before.interchange_accuracy
    assert after.doses > 1
    assert after.nonzeros[1] > 2 * after.nonzeros[0]
    assert realism_of(tuned, ENTRY.sample).zeros < realism_of(compiled("lstm"), ENTRY.sample).zeros


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "gru", "mamba", "hawk"])
def test_every_architecture_takes_noise_on_all_weights_and_its_sites_stay(target):
    model = compiled(target)
    tuned, found = FineTuning(seed=1, steps=100).applied(model, ENTRY.sample)
    assert found.accuracy_before < 0.9
    assert found.accuracy > 0.95
    assert found.interchange_accuracy > 0.9
    assert found.doses > 0
    assert found.moved > 0
    assert found.nonzeros[1] > 0.7 * found.parameters
    assert set(tuned.sites) == {"lead"}


def test_sites_are_read_in_the_sizes_that_numbers_have_after_training():
    entry = zoo.get("moving_sum")
    model = lsrl.compile(entry.program, "lstm", max_length=64, variables=["recent"])
    tuned, found = FineTuning(steps=150).applied(model, entry.sample)
    x = np.stack([entry.sample(np.random.default_rng(seed), 16) for seed in range(32)])
    assert tuned.sites["recent"].value.coordinates[0].scale != model.sites["recent"].value.coordinates[0].scale
    assert np.abs(tuned.read("recent", x) - entry.program.trace(x)["recent"]).mean() < 0.3
    assert {(check.variable, check.kind) for check in found.sites} == {("recent", "value"), ("recent", "continuing")}


@pytest.mark.parametrize("target", TARGETS)
def test_every_weight_of_a_hooked_network_is_found_and_has_a_gradient_or_none(target):
    import torch

    model = lsrl.compile(zoo.get("bracket_balance").program, target, max_length=32)
    trainable = Trainable(model.network)
    assert set(trainable.names) == set(model.network.arrays)
    x = np.stack([zoo.get("bracket_balance").sample(np.random.default_rng(seed), 8) for seed in range(4)])
    tensors = {name: tensor.requires_grad_() for name, tensor in trainable.tensors().items()}
    answers = trainable.run(tensors, torch.tensor(x.astype(model.dtype)))
    assert np.array_equal(answers.detach().numpy(), model.run(x))
    answers.square().sum().backward()
    last = (
        "R"
        if target.endswith("linear-rnn")
        else "readout.weight"
        if "readout.weight" in tensors
        else "maps.readout.weight"
    )
    assert tensors[last].grad.any()
    units = units_of(trainable, x)
    assert all(units[name].shape == tensor.shape and (units[name] >= 0).all() for name, tensor in tensors.items())
    assert units[last].any()


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


@pytest.mark.parametrize("target", ["mamba", "hawk"])
def test_transformers_models_learn_it_from_their_own_first_weights(target):
    trained, accuracy = trained_from_scratch(compiled(target), ENTRY.sample, steps=60)
    _, untrained = trained_from_scratch(compiled(target), ENTRY.sample, steps=1)
    assert accuracy > untrained
    assert not trained.sites
    assert realism_of(trained, ENTRY.sample).zeros < 0.1


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
            lambda: FineTuning().applied(lsrl.compile(ENTRY.program, "lstm", max_length=9), ENTRY.sample),
            UnsupportedProgram,
            "two_thirds on lstm has no variable that is cut",
        ),
        (lambda: FineTuning().applied(None, ENTRY.sample), ProgramError, "expected a compiled model and a function"),
        (
            lambda: trained_from_scratch(compiled("linear-rnn"), ENTRY.sample),
            UnsupportedProgram,
            "two_thirds on linear-rnn is a network of LSRL's own",
        ),
        (lambda: realism_of(None, ENTRY.sample), ProgramError, "realism of None"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(asked, kind, message):
    with pytest.raises(kind, match=message):
        asked()
