"""A bound as large as the output says nothing: compiling warns of it, names the value, and says what to write."""

import numpy as np
import pytest

import lsrl
from lsrl import Input, Program, ReLU, UselessGuaranteeWarning
from lsrl.backends.registry import TARGETS, target_named

SINGLE = [target for target in TARGETS if "float32" in target_named(target).dtypes]
x = Input(2, range=([0, -100], [1, 100]), integer=True, name="x")
masked = ReLU(-1e10 * x[0] + x[1], name="masked")
BY_HAND = {
    "an output": masked,
    "a part of one": 2 * masked - x[1],
    "what a sum adds up": lsrl.cumsum(masked),
    "what is passed on": lsrl.delay(masked, 2),
}


def compiled(value, target, **options):
    return lsrl.compile(Program(value, name="by hand"), target, dtype="float32", max_length=9, **options)


@pytest.mark.parametrize("target", SINGLE)
@pytest.mark.parametrize("case", BY_HAND)
def test_big_m_by_hand_is_warned_of_with_its_value_and_a_way_out(case, target):
    with pytest.warns(UselessGuaranteeWarning, match=rf"by hand on {target}.*'masked'.*lsrl\.ifelse") as caught:
        model = compiled(BY_HAND[case], target)
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert model.guarantee.kind == "bounded"
    assert "'masked'" in str(model.guarantee)
    for text in (str(model.report()), model.report().guarantee):
        assert "says nothing" in text
        assert "ifelse" in text


def test_the_warning_points_to_the_caller():
    with pytest.warns(UselessGuaranteeWarning) as caught:
        lsrl.compile(Program(masked), dtype="float32")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("target", SINGLE)
def test_a_loaded_model_still_says_so(target, tmp_path):
    with pytest.warns(UselessGuaranteeWarning):
        compiled(masked, target).save(tmp_path)
    assert "says nothing" in str(lsrl.load(tmp_path).guarantee)


@pytest.mark.parametrize("target", SINGLE)
def test_one_useless_output_is_enough(target):
    with pytest.warns(UselessGuaranteeWarning, match="in output 1, .*'masked'"):
        compiled(lsrl.Concat([x[1], masked]), target)


@pytest.mark.parametrize("target", SINGLE)
def test_the_way_out_is_exact_and_needs_no_warning(target):
    model = compiled(lsrl.ifelse(x[0], 0, ReLU(x[1])), target)
    assert model.guarantee.kind == "exact"
    given = [[0, 100], [1, 100], [0, -100], [1, -100]]
    assert model.run(given).ravel().tolist() == [100, 0, 0, 0]


@pytest.mark.parametrize("target", SINGLE)
def test_a_ramp_that_is_too_narrow_for_a_sum_is_told_to_be_wider(target):
    real = Input(1, range=(-10, 10), name="real")
    with pytest.warns(UselessGuaranteeWarning, match=r"'high'.*wider ramps \(width="):
        lsrl.compile(Program(lsrl.larger(lsrl.cumsum(real), 50, name="high")), target, max_length=100, dtype="float32")
    wide = Program(lsrl.larger(lsrl.cumsum(real), 50, width=10, name="high"))
    assert lsrl.compile(wide, target, max_length=100, dtype="float32").guarantee.bound < 0.1


@pytest.mark.parametrize("target", SINGLE)
def test_a_bound_that_says_something_needs_no_warning(target):
    model = compiled(x / 3, target)
    assert model.guarantee.kind == "bounded"
    assert model.guarantee.bound < 1e-3


@pytest.mark.parametrize("target", [target for target in TARGETS if "float64" in target_named(target).dtypes])
def test_big_m_by_hand_is_right_where_floats_are_fine_enough(target):
    model = lsrl.compile(Program(masked), target, dtype="float64")
    assert model.guarantee.bound < 1e-3
    found = model.run([[0, 77], [1, 77], [0, -3]])
    assert np.abs(found.ravel() - [77, 0, 0]).max() <= model.guarantee.bound
