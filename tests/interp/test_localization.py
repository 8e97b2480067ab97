"""Methods are scored by what exchanges do, on pairs they have not seen: the truth is 1, and chance is not."""

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.interp import Task, counterfactuals, methods, score


def task_of(name, variable, target, n=24):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=64, variables=[variable])
    pairs = [counterfactuals(entry.program, entry.sample, variable, n=n, steps=10, split=s) for s in ("train", "test")]
    return model, *pairs


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "rnn-tanh", "lstm", "gru", "mamba", "mamba2", "hawk"])
@pytest.mark.parametrize(("name", "variable"), [("bracket_balance", "depth"), ("moving_sum", "recent")])
def test_the_truth_is_always_right_and_so_is_everything(name, variable, target):
    model, train, test = task_of(name, variable, target)
    found = score(model, methods.Oracle(), train, test)
    assert (found.accuracy, found.at_site) == (1, 1)
    assert score(model, methods.FullVector(), train, test).accuracy == 1


@pytest.mark.parametrize("target", ["lstm", "mamba"])
def test_one_unit_holds_a_counter_and_no_window(target):
    assert score(*swapped(task_of("bracket_balance", "depth", target), methods.SingleUnit())).at_site == 1
    assert score(*swapped(task_of("moving_sum", "recent", target), methods.SingleUnit())).accuracy < 0.5


def swapped(task, method):
    model, train, test = task
    return model, method, train, test


@pytest.mark.parametrize("method", [methods.LinearProbe(), methods.PrincipalComponents(8)])
def test_linear_methods_find_a_window_where_nothing_else_moves(method):
    assert score(*swapped(task_of("moving_sum", "recent", "linear-rnn"), method)).accuracy == 1


def test_a_rotation_is_trained_where_answers_have_a_gradient():
    model, train, test = task_of("moving_sum", "recent", "linear-rnn")
    das, chance = methods.DistributedAlignment(8), methods.RandomDirection()
    assert score(model, das, train, test).accuracy > 2 * score(model, chance, train, test).accuracy


def test_activations_are_those_of_the_step_of_the_exchange():
    model, train, _ = task_of("bracket_balance", "depth", "gru")
    task = Task(model, train)
    (coordinate,) = model.sites["depth"].value.coordinates
    base, source = task.activations(coordinate.modules[-1], train)
    for seen, values in zip((base, source), task.values(train), strict=True):
        assert np.array_equal(seen[:, coordinate.index].numpy() * coordinate.scale, values[:, 0])
