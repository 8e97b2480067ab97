"""Models with other weights: what they promise, and which of their sites hold."""

import numpy as np
import pytest

import lsrl
from lsrl import LsrlError, ProgramError, ShapeError, zoo
from lsrl.backends.registry import TARGETS
from lsrl.interp import check_site, counterfactuals, with_weights
from strategies import rotated

ENTRY = zoo.get("bracket_balance")


def compiled(target, **settings):
    return lsrl.compile(ENTRY.program, target, max_length=64, variables=["depth"], **settings)


def pairs(kind="value", n=12):
    return counterfactuals(ENTRY.program, ENTRY.sample, "depth", n=n, steps=10, split="test", kind=kind)


@pytest.mark.parametrize(("kind", "target"), rotated(["value", "continuing"], TARGETS, 1))
def test_every_site_of_a_compiled_model_holds(kind, target):
    check = check_site(compiled(target), pairs(kind))
    assert check.holds
    assert str(check) == f"'depth' ({kind}) holds: 12 of 12 pairs agree"


def test_what_was_trained_by_its_names_in_torch_is_the_model_with_these_weights():
    model = compiled("gru")
    module = model.module
    weights = {name: parameter * 2 for name, parameter in module.named_parameters() if name.startswith("readout")}
    changed = with_weights(model, weights)
    x = ENTRY.sample(np.random.default_rng(0), 20)
    assert (changed.run(x) == 2 * model.run(x)).all()
    assert (changed.guarantee.kind, changed.variables) == ("none", model.variables)
    assert changed.sites["depth"].value == model.sites["depth"].value


def test_a_site_that_nothing_reads_any_more_does_not_hold_and_one_that_is_read_by_others_does():
    model = compiled("lstm")
    module = model.sites["depth"].value.coordinates[0].modules[-1]
    reading = f"recurrent.weight_ih_l{int(module.split('.')[1]) + 1}"
    cut_off = with_weights(model, {reading: np.zeros_like(model.network.arrays[reading])})
    assert check_site(cut_off, pairs()).agreeing < 12
    same = with_weights(model, {reading: model.network.arrays[reading]})
    assert check_site(same, pairs()).holds


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ({"weight": [1.0]}, ProgramError, "'weight' is no weight of bracket_balance on lstm; expected some of"),
        ({"readout.bias": [1.0, 2.0]}, ShapeError, r"weight readout.bias has shape \(2,\); expected \(1,\)"),
        (7, ProgramError, "weights 7 for .*; expected a compiled model, and arrays by name"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, kind, message):
    with pytest.raises(kind, match=message):
        with_weights(compiled("lstm"), weights)


def test_what_has_no_site_is_refused():
    plain = lsrl.compile(ENTRY.program, "lstm", max_length=64)
    with pytest.raises(LsrlError, match="'depth' has no site in bracket_balance on lstm; expected none there"):
        check_site(plain, pairs(n=4))
