"""Mixed channels: the same answers, and no single unit that holds a variable, while the key still says where it is."""

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.interp import counterfactuals, methods, mixed, score

HUB = ("mamba", "falcon-mamba", "mamba2", "hawk", "griffin")


@pytest.mark.parametrize("target", HUB)
@pytest.mark.parametrize("name", ["bracket_balance", "shuffle_dyck", "moving_sum", "s3"])
def test_answers_are_the_same_in_full_passes_and_steps(name, target):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=128)
    disguised, key = mixed(model, entry.sample, seed=1)
    x = np.stack([entry.sample(np.random.default_rng(i), 128) for i in range(20)])
    assert np.array_equal(disguised.run(x), model.run(x))
    first, state = disguised.step(x[:, 0])
    assert np.array_equal(first, model.run(x)[:, 0])
    assert np.array_equal(disguised.step(x[:, 1], state)[0], model.run(x)[:, 1])
    assert np.array_equal(key.matrix @ key.matrix.T, np.eye(len(key.matrix)))
    assert key.nonzeros[1] > key.nonzeros[0]


@pytest.mark.parametrize("target", HUB)
def test_at_the_site_no_single_unit_is_left_and_the_key_finds_all(target):
    entry = zoo.get("bracket_balance")
    model = lsrl.compile(entry.program, target, max_length=64, variables=["depth"])
    disguised, key = mixed(model, entry.sample)
    train, test = (
        counterfactuals(entry.program, entry.sample, "depth", n=32, steps=12, split=split)
        for split in ("train", "test")
    )
    site = model.sites["depth"].value
    assert score(model, methods.SingleUnit(), train, test).at_site == 1
    assert score(disguised, methods.SingleUnit(), train, test, site=site).at_site < 0.2
    assert score(disguised, methods.Oracle(site, key), train, test, site=site).at_site == 1


def test_a_disguised_model_tells_nothing_and_promises_nothing(tmp_path):
    entry = zoo.get("bracket_balance")
    model = lsrl.compile(entry.program, "mamba", max_length=64, variables=["depth"])
    disguised, _ = mixed(model, entry.sample)
    assert not disguised.sites
    assert not disguised.layout.reads
    assert "no proof" in str(disguised.guarantee)
    disguised.save(tmp_path / "model")
    x = entry.sample(np.random.default_rng(0), 64)
    assert np.array_equal(lsrl.load(tmp_path / "model").run(x), model.run(x))


def test_a_network_without_a_stream_is_refused():
    entry = zoo.get("bracket_balance")
    with pytest.raises(lsrl.UnsupportedProgram, match="bracket_balance on lstm has no residual stream"):
        mixed(lsrl.compile(entry.program, "lstm", max_length=64), entry.sample)
