"""The study of guarantees: how it looks for the worst error of a network, and that none is above its bound."""

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.backends.linear.network import NumpyNetwork
from lsrl.model.verification import absolute_errors
from lsrl.studies import bounds
from lsrl.studies.directed_search import found_inputs, is_searchable
from lsrl.studies.worst_errors import Cases, ways, worst_error
from lsrl.zoo.samplers import fading, rounding


def searched(name, target, steps):
    entry = zoo.get(name)
    model = lsrl.compile(entry.program, target, max_length=steps)
    assert is_searchable(model, entry.stream)
    return model, entry, found_inputs(model, entry.stream, steps, np.random.default_rng(0))


def sampled(entry, steps, dtype):
    rng = np.random.default_rng(0)
    return Cases.of(entry.program, np.stack([rounding(entry.stream)(rng, steps) for _ in range(8)]).astype(dtype))


@pytest.mark.parametrize(("name", "target"), [("clamped_integrator", "rnn-relu"), ("median_filter", "gru")])
def test_a_search_finds_worse_than_random_inputs_and_nothing_above_the_bound(name, target):
    model, entry, x = searched(name, target, 200)
    tried = Cases.of(entry.program, x), sampled(entry, 200, model.dtype)
    found, random = (worst_error(model, [cases]) for cases in tried)
    assert random.error < found.error <= model.guarantee.bound
    assert (found.mismatches, random.mismatches) == (0, 0)


def test_a_limiter_does_not_keep_an_integrator_from_drifting():
    # Half an ulp of 16 at every step, which no sequence of reals drawn at random comes near.
    model, entry, x = searched("clamped_integrator", "rnn-relu", 400)
    error = worst_error(model, [Cases.of(entry.program, x)]).error
    assert error > 400 * 2.0**-53 * 2
    assert model.guarantee.bound <= 100 * error


def test_a_search_is_the_same_again_and_stays_inside_the_declaration():
    _, entry, x = searched("sample_and_hold", "gru", 30)
    assert np.array_equal(x, searched("sample_and_hold", "gru", 30)[2])
    assert (x >= entry.stream.low).all()
    assert (x <= entry.stream.high).all()
    assert not entry.program.undecided(x)


def test_single_steps_are_off_by_more_than_chunks_of_a_sum():
    entry = zoo.get("pi_controller")
    model = lsrl.compile(entry.program, "mamba2", max_length=512)
    cases = sampled(entry, 512, model.dtype)
    found = worst_error(model, [cases])
    assert found.way == "steps"
    assert absolute_errors(model.run(cases.x), cases.exact).max() < found.error <= model.guarantee.bound


def test_a_scan_is_tried_in_blocks_of_several_lengths():
    entry = zoo.get("biquad")
    model = lsrl.compile(entry.program, "linear-rnn")
    assert isinstance(model.network, NumpyNetwork)
    found = ways(model)
    assert {"pass", "steps", "module", "blocks of 2", "blocks of 16"} <= set(found)
    x = sampled(entry, 100, model.dtype).x
    outputs = [way(x) for way in found.values()]
    assert all(np.allclose(one, outputs[0], atol=1e-12) for one in outputs)
    assert len({one.tobytes() for one in outputs}) > 2


def test_numbers_below_the_normal_floats_are_flushed_where_a_bound_allows_for_no_more():
    entry = zoo.get("rotation")
    model = lsrl.compile(entry.program, "mamba")
    x = fading(entry.stream, model.dtype, 200, np.random.default_rng(0))
    found = worst_error(model, [Cases.of(entry.program, x)])
    assert (found.way, found.mismatches) == ("flushed", 0)
    assert model.guarantee.bound <= 100 * found.error
    assert np.float64(5e-324) > 0  # and no longer than that


def test_a_cell_says_what_was_found_and_how():
    wanted = {"program": "dc_blocker", "architecture": "rnn-relu"}
    cell = next(cell for cell in bounds.cells(True) if wanted.items() <= dict(cell.parameters).items())
    (row,) = bounds.measure(cell, 0)
    assert row["kind"] == "bounded"
    assert 0 < row["worst"] <= row["bound"] <= 100 * row["worst"]
    assert (row["mismatches"], row["steps"]) == (0, bounds.UNLIMITED)
    assert row["way"] in ("pass", "steps")
