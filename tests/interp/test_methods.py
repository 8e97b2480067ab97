"""Trained methods: what a mask and an autoencoder exchange, the same from the same seed, and what is a subspace."""

import numpy as np
import pytest
import torch

import lsrl
from lsrl import zoo
from lsrl.interp import Task, counterfactuals, methods, score
from lsrl.interp.exchanges import subspace


def drawn(name, variable, target, n=24):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=64, variables=[variable])
    pairs = [counterfactuals(entry.program, entry.sample, variable, n=n, steps=10, split=s) for s in ("train", "test")]
    return model, *pairs


@pytest.fixture(scope="module")
def window():
    return drawn("moving_sum", "recent", "linear-rnn")


def test_a_mask_and_an_autoencoder_find_all_units_of_a_window(window):
    model, train, test = window
    mask = score(model, methods.BinaryMask(), train, test)
    assert (mask.accuracy, mask.at_site, mask.angle, mask.rank) == (1, 1, 0, 1)
    latents = score(model, methods.SparseAutoencoder(), train, test)
    assert latents.accuracy > 0.9
    assert latents.angle is None


def test_a_mask_leaves_out_what_makes_answers_worse():
    """Below the window are the delays that it goes on from: with them, later answers change that should not."""
    model, train, _ = drawn("moving_sum", "recent", "rnn-relu")
    task = Task(model, train)
    mask, everything = (method.fit(task, "layers.0.hidden") for method in (methods.BinaryMask(), methods.FullVector()))
    assert 0 < len(mask.indices) < len(everything.indices)
    found = [task.accuracy("layers.0.hidden", exchange, train) for exchange in (mask, everything)]
    assert found[0] > found[1]


def test_latents_of_a_counter_are_chosen_so_that_answers_are_right():
    model, train, test = drawn("bracket_balance", "depth", "lstm")
    task, site = Task(model, train), model.sites["depth"].value.coordinates[0].modules[-1]
    exchange = methods.SparseAutoencoder().fit(task, site)
    assert task.accuracy(site, exchange, test) > 0.9


@pytest.mark.parametrize("method", [methods.BinaryMask, methods.SparseAutoencoder, methods.DistributedAlignment])
def test_the_same_seed_makes_the_same_exchange(window, method):
    model, train, _ = window
    task = Task(model, train)
    (module,) = task.modules
    base, source = task.activations(module, train)
    first, again, other = (method(seed=seed).fit(task, module)(base, source) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert method is methods.BinaryMask or not torch.equal(first, other)


def test_what_is_the_same_on_all_pairs_stays_as_it_is():
    """A stream has a channel that is 1 at all times: writing there would change every norm."""
    model, train, _ = drawn("two_thirds", "lead", "hawk")
    task = Task(model, train)
    (coordinate,) = model.sites["lead"].value.coordinates
    base, source = task.activations(coordinate.modules[-1], train)
    still = (torch.cat([base, source]) == base[0]).all(dim=0)
    assert still.sum() > 2
    for method in (methods.RandomDirection(), methods.DistributedAlignment(), methods.LinearProbe()):
        made = method.fit(task, coordinate.modules[-1])(base, source)
        assert torch.equal(made[:, still], base[:, still].double())


def test_a_subspace_exchanges_its_part_and_no_other():
    rng = torch.Generator().manual_seed(0)
    directions, spread = torch.randn(5, 2, generator=rng).double(), torch.tensor([1, 1e-9, 1e3, 0, 2]).double()
    exchange = subspace(directions, spread)
    base, source = torch.randn(2, 7, 5, generator=rng).double() * spread
    made = exchange(base, source)
    assert torch.allclose(exchange(made, source) / spread.clamp(min=1e-9), made / spread.clamp(min=1e-9))
    changed = ((made - base)[:, spread > 0] / spread[spread > 0]).numpy()
    basis = exchange.basis[spread.numpy() > 0] / spread[spread > 0].numpy()[:, None]
    assert np.linalg.matrix_rank(np.hstack([basis, changed.T]), tol=1e-9) == 2


def test_dimensions_are_whole_numbers():
    for made in (methods.PrincipalComponents, methods.DistributedAlignment, methods.SparseAutoencoder):
        for k in (-1, 0, 1.5):
            with pytest.raises(lsrl.ShapeError, match="expected a whole number from 1"):
                made(k=k)
