"""Variables that are written at their sites: networks then do what their programs say, bit for bit."""

import json
import warnings
from collections import deque

import numpy as np
import pytest

import lsrl
from lsrl import ProgramError, UnsupportedProgram, zoo
from lsrl.backends.registry import TARGETS
from lsrl.circuit.cuts import cut_values
from lsrl.interp import Write, interchange, run_with
from lsrl.model.folder import MANIFEST
from lsrl.zoo.table import kept_answers
from strategies import rotated

STEPS, PAIRS = 16, 6
PROGRAMS = ("bracket_balance", "two_thirds", "reset_dyck", "bucket_sort", "granted", "moving_maximum")
FOUND = [(name, target) for name, target in rotated(PROGRAMS, TARGETS, 3) if kept_answers()[name][target].computes]


def compiled(name, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lsrl.UselessGuaranteeWarning)
        steps = kept_answers()[name][target].steps
        return lsrl.compile(zoo.get(name).program, target, max_length=steps, variables="named")


def pairs(name, seed=0):
    rng = np.random.default_rng(seed)
    x = np.stack([zoo.get(name).sample(rng, STEPS) for _ in range(2 * PAIRS)])
    return x[:PAIRS], x[PAIRS:], rng.integers(0, STEPS, PAIRS)


@pytest.mark.parametrize(("name", "target"), FOUND)
def test_networks_agree_with_their_program_whatever_is_exchanged(name, target):
    model = compiled(name, target)
    base, source, steps = pairs(name)
    assert np.abs(run_with(model, base, []) - model.run(base)).max() <= 2 * model.guarantee.bound
    informative = 0
    for variable, sites in model.sites.items():
        for kind in ("value", "continuing") if sites.has_state else ("value",):
            found = interchange(model, base, source, variable, steps, kind=kind)
            assert found.agreeing_in_all == found.pairs - found.skipped, (variable, kind, str(found))
            informative += found.informative
    together = list(model.sites)[:4]
    found = interchange(model, base, source, together, steps)
    assert found.agreeing_in_all == found.pairs - found.skipped
    assert informative + found.informative > 0


@pytest.mark.parametrize("target", TARGETS)
def test_a_variable_is_read_where_it_is_written(target):
    import torch

    depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    model = lsrl.compile(lsrl.Program((depth > 1) + lsrl.delay(depth)), target, max_length=32, variables=["depth"])
    x = np.array([[[1.0]] * 3 + [[-1.0]] * 5])
    network, sites = model.hooked(), (model.sites["depth"].value, model.sites["depth"].state)
    seen = {module: [] for site in sites for coordinate in site.coordinates for module in coordinate.modules}
    for module, outputs in seen.items():

        def note(_, __, output, to=outputs):
            to.append((output[0] if isinstance(output, tuple) else output).clone())

        network.get_submodule(module).register_forward_hook(note)
    with torch.no_grad():
        options = {"stepwise": True} if network.positions_before else {}
        network(torch.tensor(x.astype(model.dtype)), **options)
    for site in sites:
        for t in range(8):
            at = t + network.positions_before
            now = {module: outputs[at].reshape(-1) for module, outputs in seen.items()}
            assert float(site.read(now)[0]) == x[0, : t + 1].sum()


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "rnn-tanh", "lstm", "gru", "mamba", "hawk"])
@pytest.mark.parametrize("name", ["palindrome", "majority", "kalman_filter"])
def test_a_hooked_network_is_the_network(name, target):
    import torch

    if not kept_answers()[name][target].computes:
        pytest.skip("the target refuses it")
    model = lsrl.compile(zoo.get(name).program, target, max_length=64)
    x = np.stack([zoo.get(name).sample(np.random.default_rng(i), 40) for i in range(3)]).astype(model.dtype)
    network = model.hooked()
    assert network.config.num_hidden_layers == model.sizes.layers
    assert network.device == torch.device("cpu")
    with torch.no_grad():
        found = network(torch.tensor(x)).numpy()
    assert np.abs(found - model.run(x)).max() <= 2 * model.guarantee.bound


def test_cuts_change_no_answer_and_no_guarantee_and_say_what_they_cost():
    plain = lsrl.compile(zoo.get("bracket_balance").program, "lstm", max_length=64)
    model = lsrl.compile(zoo.get("bracket_balance").program, "lstm", max_length=64, variables=["depth"])
    x = pairs("bracket_balance")[0]
    assert np.array_equal(model.run(x), plain.run(x))
    assert model.guarantee == plain.guarantee
    cost = f"1 variable cut: {model.sizes.layers} layers where {plain.sizes.layers} would do"
    assert cost in str(model.report())
    assert plain.report().cost == ""


def test_what_is_cut_is_shared_by_nothing():
    """Equal values are one unit, but not where one of them is cut: writing it would change the other."""
    x = lsrl.Input(1, range=(-5, 5), integer=True)
    depth, twin = lsrl.cumsum(x, name="depth"), lsrl.cumsum(x)
    model = lsrl.compile(lsrl.Program(depth * 100 + twin), "lstm", max_length=9, variables=["depth"])
    ones = np.ones((1, 3, 1))
    found = run_with(model, ones, [Write(model.sites["depth"].value, [1], np.full((1, 1, 1), 7.0))])
    assert found.ravel().tolist() == [101, 702, 303]


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "lstm", "gru", "mamba", "hawk"])
def test_a_cut_that_repeats_one_of_exactly_one_is_not_exactly_one(target):
    x = lsrl.Input(1, range=(0, 1), integer=True)
    clock = lsrl.cyclic(3)
    twice = lsrl.Concat([clock[0], clock[0], clock[1]], name="twice")
    model = lsrl.compile(lsrl.Program(lsrl.total(twice) + x), target, max_length=16, variables=["twice"])
    assert model.verify(5, length=8).passed


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "lstm", "gru", "mamba", "hawk"])
def test_a_comparison_does_not_see_through_what_it_is_made_of(target):
    x = lsrl.Input(1, range=(-4, 4), integer=True)
    inner = lsrl.ReLU(1 - x, name="inner")
    model = lsrl.compile(
        lsrl.Program(lsrl.ReLU(1 - inner, comparison=True) * 2), target, max_length=16, variables=["inner"]
    )
    found = interchange(model, np.full((1, 3, 1), 1.0), np.full((1, 3, 1), 0.0), "inner", 1)
    assert (found.informative, found.agreeing) == (1, 1)


@pytest.mark.parametrize("target", TARGETS)
def test_a_state_that_another_value_is_as_well_has_no_place_of_its_own(target):
    """Equal states are one: the one that is written would take the other with it."""
    x = lsrl.Input(1, range=(-5, 5), integer=True)
    depth = lsrl.cumsum(x, name="depth")
    twin = lsrl.Program(depth * 100 + lsrl.cumsum(x))
    alone = lsrl.Program(depth * 100 + lsrl.cumsum(x * 2))
    for program, has_state in ((twin, False), (alone, True)):
        model = lsrl.compile(program, target, max_length=9, variables=["depth"])
        assert model.sites["depth"].has_state == has_state


@pytest.mark.parametrize("target", ["lstm", "mamba", "hawk", "linear-rnn"])
def test_sites_come_back_with_a_saved_model(target, tmp_path):
    model = compiled("bracket_balance", target)
    model.save(tmp_path / "model")
    loaded = lsrl.load(tmp_path / "model")
    assert loaded.sites == model.sites
    json.dumps(loaded.sites["depth"].value.as_dict())
    base, source, steps = pairs("bracket_balance")
    assert interchange(loaded, base, source, "depth", steps, kind="continuing").accuracy == 1


@pytest.mark.parametrize(
    ("variables", "error", "message"),
    [
        (["width"], ProgramError, "was given the name 'width'; expected x, depth, output"),
        (["output"], ProgramError, "output"),
        (["depth", "depth"], ProgramError, "twice"),
        ("depth", ProgramError, "expected a list of names, or 'named'"),
        (["x"], ProgramError, "is the input"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_a_line(variables, error, message):
    x = lsrl.Input(1, range=(-1, 1), integer=True, name="x")
    program = lsrl.Program(lsrl.Linear(lsrl.cumsum(x, name="depth"), [[2]], name="output"))
    with pytest.raises(error, match=message) as problem:
        lsrl.compile(program, "lstm", variables=variables)
    assert "\n" not in str(problem.value)


def test_what_is_inside_a_step_of_a_loop_is_not_cut():
    x = lsrl.Input(1, range=(-1, 1), name="x")
    loop = lsrl.recur(lambda last: lsrl.ReLU(last / 2 + x, name="inside") - 1, name="loop")
    with pytest.raises(UnsupportedProgram, match="inside a step of the loop of 'loop'"):
        lsrl.compile(lsrl.Program(loop + 1), "lstm", max_length=9, variables=["inside"])
    assert list(cut_values(lsrl.Program(loop + 1), "named").values()) == ["loop"]


def test_booleans_that_exclude_each_other_only_together_are_refused_with_the_reason():
    with pytest.raises(lsrl.RangeError, match="or cut fewer of closes"):
        compiled("modular_brackets", "lstm")


def test_a_state_without_a_place_of_its_own_is_refused():
    model = compiled("moving_sum", "mamba")
    base, source, steps = pairs("moving_sum")
    with pytest.raises(UnsupportedProgram, match="'recent' of moving_sum on mamba is in no place of its own"):
        interchange(model, base, source, "recent", steps, kind="continuing")
    with pytest.raises(ProgramError, match="'total' has no site in moving_sum on mamba; expected recent"):
        interchange(model, base, source, "total", steps)


def test_a_damaged_manifest_is_refused(tmp_path):
    model = compiled("bracket_balance", "lstm")
    model.save(tmp_path / "model")
    path = tmp_path / "model" / MANIFEST
    manifest = json.loads(path.read_text())
    for change in ({"variables": ["nothing"]}, {"variables": []}, {"states": {"depth": {"reads": 1, "constants": []}}}):
        path.write_text(json.dumps(manifest | change))
        with pytest.raises(lsrl.FormatError) as problem:
            lsrl.load(tmp_path / "model")
        assert "\n" not in str(problem.value)
    manifest["states"]["depth"]["reads"][0]["rows"] = [[[99, 1.0]]]
    path.write_text(json.dumps(manifest))
    with pytest.raises(lsrl.FormatError, match="numbers that are not there"):
        lsrl.load(tmp_path / "model")


def test_where_nothing_changes_there_is_no_accuracy():
    model = compiled("bracket_balance", "lstm")
    base = pairs("bracket_balance")[0]
    found = interchange(model, base, base, "depth", 3)
    assert (found.informative, found.agreeing_in_all) == (0, PAIRS)
    assert np.isnan(found.accuracy)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"steps": STEPS}, lsrl.RangeError, "steps=16; expected whole numbers from 0 to 15"),
        ({"steps": -1}, lsrl.RangeError, "expected whole numbers from 0"),
        ({"steps": 0.5}, lsrl.RangeError, "expected whole numbers from 0"),
        ({"steps": None}, lsrl.RangeError, "steps=None; expected whole numbers from 0"),
        ({"steps": [1, 2]}, lsrl.ShapeError, r"shape \(2,\); expected one for all, or 6"),
        ({"variables": []}, ProgramError, "expected a name, or a list of names"),
        ({"variables": ["depth", "depth"]}, ProgramError, "expected each of them once"),
        ({"base": [[1], [1, 2]]}, lsrl.ShapeError, "base is not an array"),
        ({"base": np.full((PAIRS, STEPS, 1), 9)}, lsrl.RangeError, "in the declared range"),
        ({"kind": "later"}, ProgramError, "kind='later'; expected 'value' or 'continuing'"),
    ],
)
def test_what_cannot_be_exchanged_is_refused_in_a_line(given, error, message):
    base, source, steps = pairs("bracket_balance")
    usual = {"base": base, "source": source, "variables": "depth", "steps": steps}
    with pytest.raises(error, match=message) as problem:
        interchange(compiled("bracket_balance", "lstm"), **(usual | given))
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        (
            {"depth": (1, [[1], [1, 2]])},
            lsrl.ShapeError,
            "do sets 'depth' to, is not an array: expected numbers in rows",
        ),
        ({"depth": ([[1], [1, 2]], 3)}, lsrl.RangeError, "expected some of 0 to 15"),
        ({"depth": (deque([[1], [1, 2]]), 3)}, lsrl.RangeError, "expected some of 0 to 15"),
        ({"depth": (1, np.ma.masked_all(1))}, lsrl.ShapeError, "is a masked array"),
    ],
)
def test_what_a_program_cannot_be_set_to_is_refused_in_a_line(do, error, message, exact):
    with pytest.raises(error, match=message) as problem:
        zoo.get("bracket_balance").program.run(pairs("bracket_balance")[0], do=do, exact=exact)
    assert "\n" not in str(problem.value)
