"""Methods are scored by what exchanges do, on pairs they have not seen: the truth is 1, and chance is not."""

import json
from functools import cache

import numpy as np
import pytest
import torch

import lsrl
from lsrl import zoo
from lsrl.backends.sites import Coordinate, Site
from lsrl.interp import Disguise, Task, counterfactuals, methods, score
from lsrl.interp.exchanges import site_exchange


@cache
def pairs_of(name, variable, n):
    entry = zoo.get(name)
    return [counterfactuals(entry.program, entry.sample, variable, n=n, steps=10, split=s) for s in ("train", "test")]


def task_of(name, variable, target, n=24):
    return lsrl.compile(zoo.get(name).program, target, max_length=64, variables=[variable]), *pairs_of(
        name, variable, n
    )


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


@pytest.mark.parametrize(
    ("target", "sublayers"),
    [("lstm", {"hidden"}), ("linear-rnn", {"output"}), ("mamba", {"mixer"}), ("mamba2", {"mixer"})]
    + [("hawk", {"temporal_block", "mlp_block"}), ("griffin", {"temporal_block", "mlp_block"})],
)
def test_all_that_layers_put_out_or_add_to_a_stream_is_searched(target, sublayers):
    model, train, _ = task_of("two_thirds", "lead", target, n=2)
    modules = Task(model, train).modules
    assert {module.rpartition(".")[2] for module in modules} == sublayers
    assert len(modules) == len(sublayers) * model.sizes.layers


@pytest.fixture(scope="module")
def two_counters():
    """Two counters, both cut, and one value that is made of the first: it should go along, the second not."""
    x = lsrl.Input(2, range=(-1, 1), integer=True, name="x")
    ups, downs = lsrl.cumsum(x[0], name="ups"), lsrl.cumsum(x[1], name="downs")
    many = lsrl.Linear(ups > 1, [[2]], name="many")
    program = lsrl.Program(many + (downs > 0), name="two_counters")
    model = lsrl.compile(program, "lstm", max_length=32, variables=["ups", "downs", "many"])

    def sample(rng, steps):
        return rng.integers(-1, 2, (steps, 2)).astype(float)

    return model, *(counterfactuals(program, sample, "ups", n=24, steps=10, split=s) for s in ("train", "test"))


def test_isolation_says_whether_other_variables_stay_what_the_program_says(two_counters):
    places = [two_counters[0].sites[name].value.coordinates[0].modules[-1] for name in ("ups", "downs")]
    assert places[0] == places[1]
    truth = score(*swapped(two_counters, methods.Oracle()))
    assert (truth.accuracy, truth.isolation) == (1, 1)
    assert score(*swapped(two_counters, methods.FullVector())).isolation < 0.5
    assert score(*swapped(task_of("two_thirds", "lead", "lstm"), methods.Oracle())).isolation is None


class OnlyElsewhere:
    """Exchanges everything but at one module."""

    name = "only elsewhere"

    def __init__(self, module):
        self.module = module

    def fit(self, _, module):
        if module == self.module:
            return lambda base, source: base
        return lambda base, source: source


def test_rank_is_one_plus_how_many_modules_are_better():
    model, train, test = task_of("bracket_balance", "depth", "lstm")
    (coordinate,) = model.sites["depth"].value.coordinates
    site, task = coordinate.modules[-1], Task(model, train)
    found = score(model, OnlyElsewhere(site), train, test)
    others = [task.accuracy(module, lambda _, source: source, train) for module in task.modules if module != site]
    assert found.at_site == 0
    assert found.rank == 1 + sum(other > 0 for other in others) > 1
    assert (found.angle, found.isolation) == (None, None)


def test_the_angle_is_of_what_moves_whatever_its_size(two_counters):
    model, train, test = two_counters
    for method, angle in ((methods.Oracle(), 0), (methods.SingleUnit(), 0), (methods.FullVector(), 90)):
        assert score(model, method, train, test).angle == angle
    assert 1 < score(model, methods.RandomDirection(), train, test).angle < 90


def test_of_a_disguised_model_the_key_says_what_there_was_to_find():
    model, train, test = task_of("bracket_balance", "depth", "mamba")
    disguised, key = Disguise().applied(model, zoo.get("bracket_balance").sample)
    site = model.sites["depth"].value
    assert score(disguised, methods.Oracle(site, key), train, test, site=site).angle is None
    truth = score(disguised, methods.Oracle(site, key), train, test, site=site, key=key)
    assert (truth.at_site, truth.rank) == (1, 1)
    assert truth.angle < 1e-6
    assert score(disguised, methods.SingleUnit(), train, test, site=site, key=key).angle > 30
    unknown = score(disguised, methods.SingleUnit(), train, test)
    assert (unknown.at_site, unknown.angle, unknown.rank) == (None, None, None)


def test_what_was_exchanged_in_a_module_is_exchanged_in_what_became_of_it():
    """Whatever a disguise does to numbers: exchanging first and disguising then is the same."""
    rng = np.random.default_rng(0)
    matrix, (base, source) = rng.normal(size=(5, 5)), torch.tensor(rng.normal(size=(2, 7, 5)))

    class Key:
        def directions(self, _, indices):
            return matrix[:, list(indices)]

    site = Site("depth", "value", 2, tuple(Coordinate(i, ("m",), 2 * i, 1.0, 0.0, False) for i in range(2)))
    plain, hidden = site_exchange(site, "m", 5), site_exchange(site, "m", 5, Key())
    M = torch.tensor(matrix)
    assert torch.allclose(hidden(base @ M.T, source @ M.T), plain(base, source) @ M.T)


def test_a_score_is_json_and_its_text_is_short():
    model, train, test = task_of("two_thirds", "lead", "lstm")
    found = score(model, methods.Oracle(), train, test)
    assert str(found) == "oracle: IIA 1.00 of 'lead' in layers.1.hidden, 1.00 at its site"
    assert json.loads(json.dumps(found.as_dict())) == found.as_dict()
    assert set(found.as_dict()) >= {"accuracy", "at_site", "isolation", "angle", "rank"}


class Given:
    """A method that exchanges what it is given."""

    def __init__(self, exchange):
        self.name, self.exchange = "given", exchange

    def fit(self, *_):
        return self.exchange


@pytest.mark.parametrize(
    ("method", "error", "message"),
    [
        (methods.Oracle, lsrl.ProgramError, "the method is <class .*; expected an object with a name and a function"),
        (object(), lsrl.ProgramError, "expected an object with a name and a function fit"),
        (Given(3), lsrl.ProgramError, "given fits 3 to layers.0.hidden; expected a function"),
        (Given(lambda base, _: base[:, :1]), lsrl.ShapeError, r"returned Tensor of shape \(\d, 1\); expected a tensor"),
        (Given(lambda base, _: base.numpy()), lsrl.ShapeError, "returned ndarray"),
        (Given(lambda *_: None), lsrl.ShapeError, "returned NoneType"),
    ],
)
def test_a_method_that_is_none_is_refused_in_a_line(two_counters, method, error, message):
    model, train, test = two_counters
    with pytest.raises(error, match=message) as problem:
        score(model, method, train, test)
    assert "\n" not in str(problem.value)


def test_pairs_of_another_program_are_refused_in_a_line(two_counters):
    model, train, test = two_counters
    _, *others = task_of("bracket_balance", "depth", "lstm", n=4)
    x = lsrl.Input(2, range=(-1, 1), integer=True)
    another = lsrl.Program(lsrl.cumsum(x[0], name="ups") > 5, name="another")
    for program, pairs, message in (
        (model, (train, others[1]), "pairs are about ups .* and depth .*; expected one variable"),
        (lsrl.compile(another, "lstm", max_length=32), (train, test), "of 24 labels are not what another answers"),
        (task_of("bracket_balance", "depth", "lstm", n=1)[0], (train, test), "inputs of dimension 2 .* expected 1 and"),
    ):
        with pytest.raises(lsrl.ProgramError, match=message) as problem:
            score(program, methods.Oracle(), *pairs)
        assert "\n" not in str(problem.value)
    site = lsrl.compile(zoo.get("two_thirds").program, "mamba", max_length=9, variables=["lead"]).sites["lead"].value
    with pytest.raises(lsrl.ProgramError, match="is in model.layers.1.mixer, which two_counters on lstm does not have"):
        score(model, Given(lambda base, _: base), train, test, site=site)
    with pytest.raises(lsrl.ProgramError, match="has no module 'layers.99'; expected one of layers.0.hidden"):
        Task(model, train).activations("layers.99", train)
